//! What is made of the protocol's definitions is current. `PLAUDIT_BLESS=1` makes it anew.
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::fs;
use std::path::Path;

const DEFINITIONS: [&str; 4] = [
    "streams.proto",
    "persistent.proto",
    "gossip.proto",
    "serverfeatures.proto",
];

#[test]
fn what_is_made_of_the_definitions_is_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let made = tempfile::tempdir().unwrap();
    let definitions = protox::compile(DEFINITIONS, [root.join("protos")]).unwrap();
    tonic_build::configure()
        .build_client(false)
        .build_transport(false)
        .bytes(["."])
        .out_dir(made.path())
        .compile_fds(definitions)
        .unwrap();
    let kept = root.join("src/generated");
    if std::env::var_os("PLAUDIT_BLESS").is_some() {
        for (name, text) in texts(made.path()) {
            fs::write(kept.join(name), text).unwrap();
        }
    }
    assert!(
        texts(made.path()) == texts(&kept),
        "src/generated isn't what is made of protos: PLAUDIT_BLESS=1 cargo test -p plaudit-protocol makes it"
    );
}

/// The files of a folder, by their names.
fn texts(folder: &Path) -> Vec<(String, String)> {
    let mut texts: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect();
    texts.sort();
    texts
}
