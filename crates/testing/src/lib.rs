//! What tests of several crates need of the machine.

pub mod postgres;

/// Whether `PLAUDIT_REQUIRE` names what a test would be skipped without.
pub fn is_required(what: &str) -> bool {
    let required = std::env::var("PLAUDIT_REQUIRE").unwrap_or_default();
    required.split([',', ' ']).any(|part| part == what)
}
