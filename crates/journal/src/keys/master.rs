//! The master key, under which all others are kept.

use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use super::KeysError;
use super::key::{KEY, Key};

/// The key under which the keys of accounts are kept. Who has it and the keyring can read everything,
/// so keep it elsewhere than the keyring's backups; who loses it loses all personal data.
#[derive(Clone)]
pub struct MasterKey(pub(super) Key);

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl MasterKey {
    /// A key as text, as in an environment variable: 64 hexadecimal digits, or 32 bytes in base64.
    ///
    /// # Errors
    /// If it is something else. The error doesn't show what.
    pub fn parse(text: &str) -> Result<Self, KeysError> {
        decode(text).ok_or(KeysError::NotAMasterKey {
            place: "what was given".into(),
        })
    }

    /// Reads the key from a file, which holds it as text. Where there is no file a new key is made,
    /// for its owner only.
    ///
    /// # Errors
    /// If the file can't be read or made, or holds something else.
    pub fn file(path: &Path) -> Result<Self, KeysError> {
        let text = match fs::read_to_string(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => make(path),
            read => read,
        };
        let text = text.map_err(|source| KeysError::Storage {
            keys: path.display().to_string(),
            source: source.into(),
        })?;
        decode(&Zeroizing::new(text)).ok_or_else(|| KeysError::NotAMasterKey {
            place: path.display().to_string(),
        })
    }
}

/// Makes the file whole or not at all. If another process is making one too, one of the two stays,
/// and both read it. It is on the disk when this returns: what is sealed from here on needs it.
fn make(path: &Path) -> io::Result<String> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder)?;
    // A temporary file has mode 0600 from the start.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    let text = Zeroizing::new(hex(Key::random()?.bytes()));
    writeln!(file, "{}", *text)?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Ok(_) => {}
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error.error),
    }
    // Its name is on the disk only after this; elsewhere than on Unix folders can't be synced.
    #[cfg(unix)]
    fs::File::open(folder)?.sync_all()?;
    fs::read_to_string(path)
}

fn decode(text: &str) -> Option<MasterKey> {
    let text = text.trim();
    let bytes = Zeroizing::new(if text.len() == 2 * KEY {
        unhex(text)?
    } else {
        BASE64.decode(text).ok()?
    });
    Key::of(&bytes).map(MasterKey)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let byte = |pair: &[u8]| u8::try_from(digit(pair[0])? << 4 | digit(pair[1])?).ok();
    text.as_bytes().chunks_exact(2).map(byte).collect()
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_and_base64_name_the_same_key() {
        let key = Key::of(&std::array::from_fn::<u8, KEY, _>(|n| {
            u8::try_from(n).unwrap().wrapping_mul(37)
        }))
        .unwrap();
        let padded = base64::prelude::BASE64_STANDARD.encode(key.bytes());
        for text in [
            hex(key.bytes()),
            hex(key.bytes()).to_uppercase(),
            format!(" {}\n", hex(key.bytes())),
            padded.trim_end_matches('=').to_owned(),
            padded,
        ] {
            assert!(MasterKey::parse(&text).unwrap().0 == key, "{text}");
        }
    }

    #[test]
    fn what_is_no_key_is_told_without_showing_it() {
        for text in [
            "",
            "hunter2",
            &"x".repeat(64),
            &"ä".repeat(32),
            &"ab".repeat(31),
        ] {
            let error = MasterKey::parse(text).unwrap_err().to_string();
            assert!(error.contains("64 hexadecimal digits"), "{error}");
            assert!(text.is_empty() || !error.contains(text), "{error}");
        }
    }

    #[test]
    fn debug_output_never_shows_the_key() {
        let master = MasterKey(Key::of(&[7; KEY]).unwrap());
        assert_eq!(format!("{master:?}"), "MasterKey");
    }

    #[test]
    fn a_file_is_made_once_and_read_from_then_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets").join("master.key");
        let made = MasterKey::file(&path).unwrap();
        assert!(MasterKey::file(&path).unwrap().0 == made.0);
        let text = fs::read_to_string(&path).unwrap();
        assert!(MasterKey::parse(&text).unwrap().0 == made.0);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(
                fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
    }

    #[test]
    fn many_may_make_the_same_file_at_the_same_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        let keys: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| MasterKey::file(&path).unwrap()))
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        assert!(keys.iter().all(|key| key.0 == keys[0].0));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_of_something_else_is_told_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        fs::write(&path, "").unwrap();
        let error = MasterKey::file(&path).unwrap_err().to_string();
        assert!(error.contains("master.key"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"");
    }
}
