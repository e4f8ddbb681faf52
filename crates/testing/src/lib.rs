//! What tests of several crates need: of the machine, and of chance.

pub mod postgres;
pub mod random;

use std::io::{Write, stderr};
use std::sync::Mutex;

/// Says why tests are skipped, once for all of a process that are so for the same reason. It isn't kept back, as
/// what a test prints is that passes.
pub fn skipped(why: &str) {
    static TOLD: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let mut told = TOLD.lock().unwrap_or_else(|dead| dead.into_inner());
    if !told.iter().any(|it| it == why) {
        told.push(why.to_owned());
        // Where nobody listens, nobody misses it.
        let _ = writeln!(stderr(), "skipped: {why}");
    }
}

/// Whether `PLAUDIT_REQUIRE` names what a test would be skipped without.
pub fn is_required(what: &str) -> bool {
    let required = std::env::var("PLAUDIT_REQUIRE").unwrap_or_default();
    required.split([',', ' ']).any(|part| part == what)
}
