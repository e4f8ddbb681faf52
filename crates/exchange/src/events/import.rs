//! Events in, from NDJSON.

use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use plaudit_domain::fact::DecodeError;
use plaudit_domain::names::{Name, Names};
use plaudit_domain::{Fact, NewEvent};
use plaudit_journal::SharedJournal;

use super::known::Known;
use super::line::EventLine;
use crate::error::{ImportError, Malformed, shown};
use crate::feed::{self, Feed};
use crate::progress::Progress;
use crate::summary::Summary;

/// The most bytes of a line. No event comes near it; a file that isn't NDJSON at all may.
const LINE_MAX: u64 = 16 << 20;

/// Where events come from.
pub struct Source {
    name: String,
    reader: Box<dyn BufRead + Send>,
    bytes: Option<u64>,
}

impl Source {
    /// A file; `-` is standard input.
    pub fn open(path: &Path) -> Result<Self, ImportError> {
        if path == Path::new("-") {
            return Ok(Self::reader("standard input", BufReader::new(io::stdin())));
        }
        let unreadable = |source| ImportError::Unreadable {
            path: path.to_owned(),
            source,
        };
        let file = fs::File::open(path).map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        if metadata.is_dir() {
            return Err(unreadable(io::ErrorKind::IsADirectory.into()));
        }
        Ok(Self {
            name: path.display().to_string(),
            reader: Box::new(BufReader::with_capacity(1 << 16, file)),
            // A pipe doesn't tell how much is to come.
            bytes: metadata.is_file().then_some(metadata.len()),
        })
    }

    /// Anything that can be read, and what to call it.
    pub fn reader(name: impl Into<String>, reader: impl BufRead + Send + 'static) -> Self {
        Self {
            name: name.into(),
            reader: Box::new(reader),
            bytes: None,
        }
    }
}

/// Imports events. What they name has to be in the journal, or earlier in the source. What
/// precedes a mistake is recorded; importing again goes on from there.
pub async fn import(
    journal: &SharedJournal,
    source: Source,
    progress: &mut dyn Progress,
) -> Result<Summary, ImportError> {
    let journal_to_ask = journal.clone();
    feed::run(journal, progress, move |feed| {
        read(source, feed, Known::nothing(journal_to_ask))
    })
    .await
}

fn read(source: Source, feed: &mut Feed, mut known: Known) -> Result<(), ImportError> {
    let Source {
        name,
        mut reader,
        bytes: total,
    } = source;
    const FILE: feed::File = 0;
    feed.files([name.clone()]);
    let mut text = Vec::new();
    let mut bytes = 0;
    for line in 1_u64.. {
        text.clear();
        let read = (&mut reader)
            .take(LINE_MAX)
            .read_until(b'\n', &mut text)
            .map_err(|source| ImportError::Unreadable {
                path: PathBuf::from(&name),
                source,
            })?;
        if read == 0 {
            break;
        }
        bytes += read as u64;
        let malformed = |(found, expected): (String, String)| Malformed {
            file: name.clone(),
            line: Some(line),
            row: None,
            found,
            expected,
        };
        if read as u64 == LINE_MAX && !text.ends_with(b"\n") {
            let found = format!("a line of more than {LINE_MAX} bytes");
            return Err(malformed((found, "an event a line".into())).into());
        }
        // Some editors put a byte order mark before the first line.
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
        let text = text.trim_ascii();
        if text.is_empty() {
            continue;
        }
        let event = parse(text).map_err(malformed)?;
        feed.row(FILE);
        let Names { made, needed } = Names::of(&event.fact);
        for name in needed {
            if !known.exists(name, feed)? {
                let found = match name {
                    Name::Account(account) => format!("there is no account {account}"),
                    Name::Post(post) => format!("there is no post {post}"),
                    Name::Group(group) => format!("there is no group {group}"),
                    Name::Meeting(meeting) => format!("there is no meeting {meeting}"),
                    Name::Benefit(request) => format!("there is no request {request}"),
                };
                let expected = "an earlier event that makes it, here or in the journal".into();
                return Err(malformed((found, expected)).into());
            }
        }
        feed.record(event, Some(FILE), text.len())?;
        if let Some(made) = made {
            known.remember(made, feed)?;
        }
        if line.is_multiple_of(1024) {
            feed.read(bytes, total)?;
        }
    }
    feed.read(bytes, total)
}

/// An event from a line; otherwise what was found there, and what was expected.
fn parse(text: &[u8]) -> Result<NewEvent, (String, String)> {
    let text = std::str::from_utf8(text)
        .map_err(|error| (format!("bytes that are no text ({error})"), "UTF-8".into()))?;
    let line: EventLine<'_> = serde_json::from_str(text).map_err(|error| {
        let expected = "an event as `plaudit export events` writes it".into();
        (without_line(&error), expected)
    })?;
    let mut fact = Fact::decode(&line.r#type, line.version, line.data.get()).map_err(|error| {
        let known = || {
            let names: Vec<_> = Fact::TYPES.iter().map(|(name, _)| *name).collect();
            format!("one of {}", names.join(", "))
        };
        match error {
            DecodeError::UnknownType { name, version } => (
                format!("type {} in version {version}", shown(&name)),
                known(),
            ),
            DecodeError::Malformed { name, source } => (
                format!("data: {}", without_line(&source)),
                format!("the data of {name}"),
            ),
        }
    })?;
    let stream = fact.stream();
    if stream.as_str() != line.stream {
        let found = format!("stream is {}", shown(&line.stream));
        return Err((found, format!("{stream}, by its data")));
    }
    // It would be kept, and never be read: only the journal that it comes from has its key.
    let mut is_sealed = false;
    fact.personal(&mut |_, value| {
        value.open(&mut |_| {
            is_sealed = true;
            None
        });
    });
    if is_sealed {
        let expected = "what `plaudit export events --personal` writes".into();
        return Err(("data: a sealed value".into(), expected));
    }
    Ok(NewEvent {
        id: line.id,
        occurred_at: line.occurred_at,
        actor: line.actor,
        correlation: line.correlation_id,
        causation: line.causation_id,
        imported: true,
        fact,
    })
}

/// A parser knows of one line only, so its number would mislead.
fn without_line(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    match text.strip_suffix(&place) {
        Some(text) => format!("{text} at column {}", error.column()),
        None => text,
    }
}
