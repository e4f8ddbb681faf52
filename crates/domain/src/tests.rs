//! Tests of all concepts together.

use std::path::PathBuf;

mod demo;
mod golden;
mod histories;

/// A file or folder in the project's `fixtures`.
fn fixture(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../fixtures")
        .join(path)
}
