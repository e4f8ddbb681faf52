//! Numbers that look drawn, and are the same with the same seed.

use uuid::Uuid;

/// What is between one number and the next before they are mixed.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// Draws numbers, by SplitMix64.
#[derive(Debug, Default)]
pub struct Random(pub u64);

impl Random {
    /// The number that is drawn after so many others, by who begins with 0.
    pub fn after(count: u64) -> u64 {
        mixed(count.wrapping_mul(STEP))
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mixed(self.0)
    }

    /// A number below another one.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.number() % bound
    }

    /// A place among so many.
    pub fn place(&mut self, count: usize) -> usize {
        self.below(count as u64) as usize
    }

    /// Mostly the same few: the square of a number below one lies near zero.
    pub fn few(&mut self, count: usize) -> usize {
        let below_one = self.number() as f64 / u64::MAX as f64;
        ((below_one * below_one * count as f64) as usize).min(count - 1)
    }

    /// Mostly one of the last.
    pub fn late(&mut self, count: usize) -> usize {
        count - 1 - self.few(count)
    }

    /// An id.
    pub fn uuid(&mut self) -> Uuid {
        Uuid::from_u64_pair(self.number(), self.number())
    }

    /// Words, of at least so many bytes.
    pub fn text(&mut self, length: usize) -> String {
        const WORDS: [&str; 8] = [
            "the",
            "answer",
            "of",
            "Grüße",
            "people",
            "\"quoted\"",
            "is",
            "community\n",
        ];
        let mut text = String::with_capacity(length + 10);
        while text.len() < length {
            text.push_str(WORDS[self.place(WORDS.len())]);
            text.push(' ');
        }
        text
    }
}

fn mixed(number: u64) -> u64 {
    let mixed = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
