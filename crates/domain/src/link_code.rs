//! One-time codes that prove that somebody can log in to two accounts (DOMAIN L3).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::decide::{Actor, Command, History, State};
use crate::fact::{Body, Fact, LinkCodeFact, Visit};
use crate::id::AccountId;
use crate::links::Links;
use crate::refusal::Refusal;
use crate::stream::StreamName;
use crate::time::Time;

/// A code as people see it: 16 characters, 80 bits, in groups of four.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(String);

/// So many random bytes make a code.
pub const CODE_BYTES: usize = 10;

/// Crockford's base 32: without the letters that look like digits.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl Code {
    /// The code that some random bytes make.
    pub fn of(random: [u8; CODE_BYTES]) -> Self {
        let mut code = String::new();
        for part in random.chunks_exact(5) {
            let bits = part
                .iter()
                .fold(0, |bits, byte| bits << 8 | u64::from(*byte));
            for at in (0..8).rev() {
                let digit = bits >> (5 * at) & 31;
                code.push(ALPHABET[digit as usize].into());
            }
        }
        Self(code)
    }

    /// What of it is kept.
    pub fn hash(&self) -> CodeHash {
        CodeHash(Sha256::digest(self.0.as_bytes()).into())
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, digit) in self.0.chars().enumerate() {
            if at > 0 && at % 4 == 0 {
                f.write_str("-")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

impl FromStr for Code {
    type Err = Refusal;

    /// Reads a code as people type it: in small letters, without hyphens, with O for 0.
    fn from_str(text: &str) -> Result<Self, Refusal> {
        let digits = text.chars().filter(|c| *c != '-' && !c.is_whitespace());
        let code: String = digits
            .map(|digit| match digit.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                digit => digit,
            })
            .collect();
        let is_digit = |byte| ALPHABET.contains(&byte);
        if code.len() == 16 && code.bytes().all(is_digit) {
            Ok(Self(code))
        } else {
            Err(Refusal::LinkCodeInvalid)
        }
    }
}

/// The hash of a code: all that is kept of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CodeHash([u8; 32]);

impl fmt::Display for CodeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for CodeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CodeHash({self})")
    }
}

impl From<CodeHash> for String {
    fn from(hash: CodeHash) -> Self {
        hash.to_string()
    }
}

impl TryFrom<String> for CodeHash {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let malformed = || format!("{text:?} is not a SHA-256 in hexadecimal digits");
        let mut hash = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return Err(malformed());
        }
        for (at, byte) in hash.iter_mut().enumerate() {
            let digits = &text[2 * at..2 * at + 2];
            *byte = u8::from_str_radix(digits, 16).map_err(|_| malformed())?;
        }
        Ok(Self(hash))
    }
}

// Facts

/// An account asked for a code.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Made {
    /// The hash of the code.
    pub code: CodeHash,
    /// The account that asked, and that the code proves a log-in to.
    pub account: AccountId,
    /// From this moment on it is good for nothing.
    pub expires_at: Time,
}

impl Body for Made {
    fn stream(&self) -> StreamName {
        StreamName::link_code(self.code)
    }

    fn personal(&mut self, _: Visit<'_>) {
        let Self {
            code: _,
            account: _,
            expires_at: _,
        } = self;
    }
}

// Fold

/// What became of a code. Whether it was used, the links know.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LinkCode {
    made: Option<Made>,
}

impl LinkCode {
    /// How it was made, if it was.
    pub fn made(&self) -> Option<&Made> {
        self.made.as_ref()
    }
}

impl State for LinkCode {
    type Fact = LinkCodeFact;

    fn apply(&mut self, fact: &LinkCodeFact) {
        match fact {
            LinkCodeFact::Made(made) => self.made = Some(made.clone()),
        }
    }
}

// Decisions

/// How long a code is good (DOMAIN L3).
pub const LIFETIME_MICROS: i64 = 10 * 60 * 1_000_000;

/// Makes a code for the actor's account.
#[derive(Debug, Clone)]
pub struct MakeLinkCode {
    /// Its hash; the code itself stays with who asked for it.
    pub code: CodeHash,
}

impl Command for MakeLinkCode {
    fn writes(&self, _: &Actor, _: &Links) -> StreamName {
        StreamName::link_code(self.code)
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        let code: LinkCode = history.state(&self.writes(actor, history.links()));
        match code.made() {
            Some(made) if made.account == actor.account => Ok(vec![]),
            Some(_) => Err(Refusal::LinkCodeInvalid),
            None => {
                let expires = history.now().as_micros() + LIFETIME_MICROS;
                let made = Made {
                    code: self.code,
                    account: actor.account,
                    expires_at: Time::from_micros(expires),
                };
                Ok(vec![LinkCodeFact::Made(made).into()])
            }
        }
    }
}
