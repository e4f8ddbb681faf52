//! A key, and what it does to bytes.

use chacha20poly1305::aead::AeadInPlace;
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

/// Bytes of a key.
pub(super) const KEY: usize = 32;
const NONCE: usize = 24;
const TAG: usize = 16;

/// By how much sealed bytes are longer than what they hold.
pub(super) const OVERHEAD: usize = NONCE + TAG;

/// A secret. Wiped from memory as it goes, and in no debug output.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Key(Zeroizing<[u8; KEY]>);

impl Key {
    /// A new one.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut key = Zeroizing::new([0; KEY]);
        getrandom::fill(&mut *key)?;
        Ok(Self(key))
    }

    /// The key of these bytes, if they are as many as a key has.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        Some(Self(Zeroizing::new(bytes.try_into().ok()?)))
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8; KEY] {
        &self.0
    }

    /// Seals bytes for a place, in which alone they can be opened. A nonce of 24 bytes may be drawn at
    /// random for ever, so nothing has to be counted.
    pub fn seal(&self, place: &[u8], bytes: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut nonce = XNonce::default();
        getrandom::fill(&mut nonce)?;
        let mut sealed = Vec::with_capacity(OVERHEAD + bytes.len());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(bytes);
        let tag = self
            .cipher()
            .encrypt_in_place_detached(&nonce, place, &mut sealed[NONCE..])
            .map_err(|_| SealError::TooLong)?;
        sealed.extend_from_slice(&tag);
        Ok(sealed)
    }

    /// What was sealed with this key for this place; nothing, if it wasn't.
    pub fn open(&self, place: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, bytes) = sealed.split_first_chunk::<NONCE>()?;
        let mut bytes = bytes.to_vec();
        self.cipher()
            .decrypt_in_place(nonce.into(), place, &mut bytes)
            .ok()?;
        Some(bytes)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(self.bytes().into())
    }
}

/// Why bytes can't be sealed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SealError {
    #[error("the system gives no random bytes: {0}")]
    Random(#[from] getrandom::Error),
    #[error("a value is longer than can be sealed")]
    TooLong,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_the_same_key_in_the_same_place_only() {
        let key = Key::random().unwrap();
        for text in ["", "Ada", &"long ".repeat(10_000)] {
            let sealed = key.seal(b"here", text.as_bytes()).unwrap();
            assert_eq!(sealed.len(), text.len() + OVERHEAD);
            assert_eq!(key.open(b"here", &sealed).unwrap(), text.as_bytes());
            assert_eq!(key.open(b"there", &sealed), None);
            assert_eq!(Key::random().unwrap().open(b"here", &sealed), None);
        }
    }

    #[test]
    fn sealing_the_same_twice_gives_something_else() {
        let key = Key::random().unwrap();
        assert_ne!(
            key.seal(b"", b"Ada").unwrap(),
            key.seal(b"", b"Ada").unwrap()
        );
    }

    #[test]
    fn what_was_changed_or_cut_does_not_open() {
        let key = Key::random().unwrap();
        let sealed = key.seal(b"", b"Ada").unwrap();
        for byte in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[byte] ^= 1;
            assert_eq!(key.open(b"", &changed), None);
            assert_eq!(key.open(b"", &sealed[..byte]), None);
        }
    }
}
