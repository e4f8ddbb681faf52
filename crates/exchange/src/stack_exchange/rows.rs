//! The rows of one file of a dump, one after the other: `<users><row Id="1" …/>…</users>`.
//!
//! Whatever isn't like that is an error that tells where it is, what was found and what was
//! expected.

use std::borrow::Cow;
use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use plaudit_domain::Time;
use quick_xml::XmlVersion;
use quick_xml::errors::SyntaxError;
use quick_xml::events::attributes::Attribute;
use quick_xml::events::{BytesStart, Event};

use crate::error::{ImportError, Malformed, shown};

/// What a whole file ends with; so one that doesn't was cut off.
const CUT_OFF: &str = "the rest of it: it was cut off, get the whole file again";

/// Reads a file row by row. After each, `each` gets the row and how many bytes were read. In the
/// end it tells how many there are.
pub(super) fn read(
    path: &Path,
    mut each: impl FnMut(&Row<'_>, u64) -> Result<(), ImportError>,
) -> Result<u64, ImportError> {
    let unreadable = |source| ImportError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    // Votes.xml holds <votes>.
    let root = name.trim_end_matches(".xml").to_ascii_lowercase();
    let file = fs::File::open(path).map_err(unreadable)?;
    let mut reader = quick_xml::Reader::from_reader(Counting::new(file));
    let mut buffer = Vec::new();
    let mut place = Place::Before;
    loop {
        buffer.clear();
        // Of an element it is the line that it begins in: what is between two is read by itself.
        let line = reader.get_ref().lines + 1;
        let malformed = |found: String, expected: &str| Malformed {
            file: name.clone(),
            line: Some(line),
            row: None,
            found,
            expected: expected.to_owned(),
        };
        let event = reader
            .read_event_into(&mut buffer)
            .map_err(|error| not_xml(error, malformed, unreadable))?;
        let read = reader.get_ref().bytes;
        match (event, place) {
            (Event::Start(tag), Place::Before) if tag.name().0 == root => {
                place = Place::Inside;
            }
            (Event::Empty(tag), Place::Before) if tag.name().0 == root => {
                place = Place::After;
            }
            (Event::Start(tag) | Event::Empty(tag), Place::Before) => {
                let found = format!("the root element is <{}>", tag.name().0);
                return Err(malformed(found, &format!("<{root}>")).into());
            }
            (Event::Start(tag) | Event::Empty(tag), Place::Inside) if tag.name().0 == "row" => {
                each(&Row::of(&tag, &malformed)?, read)?;
            }
            (Event::Start(tag) | Event::Empty(tag), _) => {
                let found = format!("an element <{}>", tag.name().0);
                return Err(malformed(found, &format!("only <row …/> in <{root}>")).into());
            }
            // That tags match is checked by the reader.
            (Event::End(tag), _) if tag.name().0 == root => place = Place::After,
            (Event::Text(text), _) if text.trim().is_empty() => {}
            (Event::Text(text), Place::Before) => {
                let found = format!("the file begins with {}", shown(text.trim()));
                return Err(
                    malformed(found, &format!("XML with the root element <{root}>")).into(),
                );
            }
            (Event::Text(_) | Event::CData(_) | Event::GeneralRef(_), _) => {
                let found = "text that belongs to no row".to_owned();
                return Err(malformed(found, &format!("only <row …/> in <{root}>")).into());
            }
            (Event::Eof, Place::After) => return Ok(read),
            (Event::Eof, Place::Before) => {
                let found = "there is no element in the file".to_owned();
                return Err(malformed(found, &format!("<{root}>")).into());
            }
            (Event::Eof, Place::Inside) => {
                let found = format!("the file ends before </{root}>");
                return Err(malformed(found, CUT_OFF).into());
            }
            (
                Event::End(_)
                | Event::Decl(_)
                | Event::Comment(_)
                | Event::PI(_)
                | Event::DocType(_),
                _,
            ) => {}
        }
    }
}

/// Why what was read isn't XML.
fn not_xml(
    error: quick_xml::Error,
    malformed: impl Fn(String, &str) -> Malformed,
    unreadable: impl Fn(io::Error) -> ImportError,
) -> ImportError {
    let malformed = match error {
        quick_xml::Error::Io(error) => {
            return unreadable(io::Error::new(error.kind(), error));
        }
        // All other mistakes of syntax are elements that are never closed.
        quick_xml::Error::Syntax(error) if error != SyntaxError::InvalidBangMarkup => {
            malformed(format!("the file ends early ({error})"), CUT_OFF)
        }
        quick_xml::Error::Encoding(error) => {
            malformed(format!("bytes that are no text ({error})"), "UTF-8")
        }
        error @ (quick_xml::Error::Syntax(_)
        | quick_xml::Error::IllFormed(_)
        | quick_xml::Error::InvalidAttr(_)
        | quick_xml::Error::Escape(_)
        | quick_xml::Error::Namespace(_)) => malformed(error.to_string(), "well-formed XML"),
    };
    malformed.into()
}

/// Where the reader is: before the root element, inside or after it.
#[derive(Clone, Copy)]
enum Place {
    Before,
    Inside,
    After,
}

/// One row: named values.
pub(super) struct Row<'a> {
    attributes: Vec<Attribute<'a>>,
    /// The mistake at this row that is still to be told.
    malformed: &'a dyn Fn(String, &str) -> Malformed,
}

impl<'a> Row<'a> {
    fn of(
        tag: &'a BytesStart<'_>,
        malformed: &'a dyn Fn(String, &str) -> Malformed,
    ) -> Result<Self, Malformed> {
        let attributes = tag
            .attributes()
            .collect::<Result<_, _>>()
            .map_err(|error| malformed(error.to_string(), "attributes like Id=\"1\""))?;
        Ok(Self {
            attributes,
            malformed,
        })
    }

    /// A mistake in this row.
    pub(super) fn malformed(&self, found: impl Into<String>, expected: &str) -> Malformed {
        Malformed {
            row: self.raw("Id").map(|id| id.value.clone().into_owned()),
            ..(self.malformed)(found.into(), expected)
        }
    }

    fn raw(&self, name: &str) -> Option<&Attribute<'a>> {
        self.attributes
            .iter()
            .find(|attribute| attribute.key.0 == name)
    }

    /// A text, where there is one.
    pub(super) fn text(&self, name: &str) -> Result<Option<Cow<'_, str>>, Malformed> {
        self.raw(name)
            .map(|attribute| {
                attribute
                    .normalized_value(XmlVersion::Implicit1_0)
                    .map_err(|error| {
                        self.malformed(
                            format!("{name} has a malformed reference ({error})"),
                            "references like &amp; and &#10;",
                        )
                    })
            })
            .transpose()
    }

    /// A text that has to be there.
    pub(super) fn required_text(&self, name: &str) -> Result<Cow<'_, str>, Malformed> {
        self.text(name)?
            .ok_or_else(|| self.malformed(format!("{name} is missing"), "a text"))
    }

    /// A whole number, where there is one.
    pub(super) fn number(&self, name: &str) -> Result<Option<i64>, Malformed> {
        self.text(name)?
            .map(|text| {
                text.parse().map_err(|_| {
                    self.malformed(format!("{name} is {}", shown(&text)), "a whole number")
                })
            })
            .transpose()
    }

    /// A whole number that has to be there.
    pub(super) fn required_number(&self, name: &str) -> Result<i64, Malformed> {
        self.number(name)?
            .ok_or_else(|| self.malformed(format!("{name} is missing"), "a whole number"))
    }

    /// A moment, which has to be there. Dumps tell times in UTC, and don't say so.
    pub(super) fn time(&self, name: &str) -> Result<Time, Malformed> {
        const EXPECTED: &str = "a time like 2014-01-21T20:26:05.383";
        let Some(text) = self.text(name)? else {
            return Err(self.malformed(format!("{name} is missing"), EXPECTED));
        };
        format!("{text}Z")
            .parse()
            .map_err(|_| self.malformed(format!("{name} is {}", shown(&text)), EXPECTED))
    }
}

/// Counts the lines and bytes that were read.
struct Counting<R> {
    inner: BufReader<R>,
    lines: u64,
    bytes: u64,
}

impl<R: Read> Counting<R> {
    fn new(inner: R) -> Self {
        Self {
            inner: BufReader::with_capacity(1 << 16, inner),
            lines: 0,
            bytes: 0,
        }
    }
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let read = available.len().min(buffer.len());
        buffer[..read].copy_from_slice(&available[..read]);
        self.consume(read);
        Ok(read)
    }
}

impl<R: Read> BufRead for Counting<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        let read = &self.inner.buffer()[..amount];
        self.lines += read.iter().filter(|&&byte| byte == b'\n').count() as u64;
        self.bytes += amount as u64;
        self.inner.consume(amount);
    }
}
