//! What an import did: nothing is dropped silently.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};

/// What an import did. Of every file, the rows that were read are the rows that were recorded,
/// those that were recorded before, and those that were skipped.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Events that were recorded now, by type. A row may come with an event besides its own: a
    /// like with the account that gave it.
    pub recorded: BTreeMap<&'static str, u64>,
    /// Events that an earlier import recorded, by type.
    pub already_recorded: BTreeMap<&'static str, u64>,
    /// Of the posts that were recorded now, those whose author nobody knows, by kind.
    pub without_author: BTreeMap<&'static str, u64>,
    /// Rows that became no event of their own.
    #[serde(serialize_with = "as_list")]
    pub skipped: BTreeMap<Skipped, u64>,
    /// The same rows by file, in the order in which the files were read.
    pub files: Vec<FileRows>,
    /// Files that lay beside and were not read.
    pub not_read: Vec<String>,
}

/// What was skipped, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Skipped {
    /// What it is, like `down vote`.
    pub kind: Cow<'static, str>,
    /// Why, like `its post is not in the dump`.
    pub reason: Cow<'static, str>,
}

/// What became of a file's rows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FileRows {
    /// The file.
    pub file: String,
    /// How many rows it has.
    pub read: u64,
    /// How many of them were recorded now.
    pub recorded: u64,
    /// How many of them were recorded before.
    pub already_recorded: u64,
    /// How many of them were skipped.
    pub skipped: u64,
}

impl FileRows {
    /// Whether every row that was read is accounted for.
    pub fn add_up(&self) -> bool {
        self.read == self.recorded + self.already_recorded + self.skipped
    }
}

impl Summary {
    /// How many events were recorded now.
    pub fn total_recorded(&self) -> u64 {
        self.recorded.values().sum()
    }

    /// How many events had been recorded before.
    pub fn total_already_recorded(&self) -> u64 {
        self.already_recorded.values().sum()
    }

    /// How many posts were recorded now without an author.
    pub fn total_without_author(&self) -> u64 {
        self.without_author.values().sum()
    }

    /// How many rows were skipped.
    pub fn total_skipped(&self) -> u64 {
        self.skipped.values().sum()
    }
}

/// JSON has no maps with keys of two parts.
fn as_list<S: Serializer>(
    skipped: &BTreeMap<Skipped, u64>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Entry<'a> {
        #[serde(flatten)]
        skipped: &'a Skipped,
        count: u64,
    }
    let mut list = serializer.serialize_seq(Some(skipped.len()))?;
    for (skipped, &count) in skipped {
        list.serialize_element(&Entry { skipped, count })?;
    }
    list.end()
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = Vec::new();
        let by_type = |title: &str, counts: &BTreeMap<&'static str, u64>, total: u64| {
            let mut lines = vec![(title.to_owned(), total)];
            lines.extend(
                counts
                    .iter()
                    .map(|(name, &count)| (format!("  {name}"), count)),
            );
            lines
        };
        lines.extend(by_type("recorded", &self.recorded, self.total_recorded()));
        lines.extend(by_type(
            "already recorded",
            &self.already_recorded,
            self.total_already_recorded(),
        ));
        if !self.without_author.is_empty() {
            lines.extend(by_type(
                "recorded without a known author",
                &self.without_author,
                self.total_without_author(),
            ));
        }
        lines.push(("skipped".to_owned(), self.total_skipped()));
        lines.extend(
            self.skipped
                .iter()
                .map(|(Skipped { kind, reason }, &count)| (format!("  {kind}: {reason}"), count)),
        );
        let width = lines
            .iter()
            .map(|(label, _)| label.chars().count())
            .max()
            .unwrap_or_default();
        for (label, count) in lines {
            writeln!(f, "{label:width$}  {:>13}", thousands(count))?;
        }
        if !self.not_read.is_empty() {
            writeln!(f, "not read: {}", self.not_read.join(", "))?;
        }
        Ok(())
    }
}

/// `1234567` as `1,234,567`.
fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary() -> Summary {
        Summary {
            recorded: [("PostLiked", 1_234_567)].into(),
            already_recorded: BTreeMap::new(),
            without_author: [("comment", 37)].into(),
            skipped: [(
                Skipped {
                    kind: "down vote".into(),
                    reason: "has no counterpart here".into(),
                },
                240,
            )]
            .into(),
            files: vec![FileRows {
                file: "Votes.xml".into(),
                read: 1_234_807,
                recorded: 1_234_567,
                already_recorded: 0,
                skipped: 240,
            }],
            not_read: vec!["Tags.xml".into()],
        }
    }

    #[test]
    fn people_read_aligned_lines() {
        assert_eq!(
            summary().to_string(),
            "\
recorded                                  1,234,567
  PostLiked                               1,234,567
already recorded                                  0
recorded without a known author                  37
  comment                                        37
skipped                                         240
  down vote: has no counterpart here            240
not read: Tags.xml
"
        );
    }

    #[test]
    fn programs_read_json() {
        let json = serde_json::to_value(summary()).unwrap();
        assert_eq!(json["recorded"]["PostLiked"], 1_234_567);
        assert_eq!(json["without_author"]["comment"], 37);
        assert_eq!(json["skipped"][0]["kind"], "down vote");
        assert_eq!(json["skipped"][0]["count"], 240);
        assert_eq!(json["files"][0]["file"], "Votes.xml");
    }

    #[test]
    fn a_row_that_is_not_accounted_for_shows() {
        let mut summary = summary();
        assert!(summary.files[0].add_up());
        summary.files[0].read += 1;
        assert!(!summary.files[0].add_up());
    }

    #[test]
    fn thousands_are_told_apart() {
        for (count, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (12345, "12,345")] {
            assert_eq!(thousands(count), text);
        }
    }
}
