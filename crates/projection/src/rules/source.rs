//! Reading a rule file so that every mistake in it is found at once, each with its place.
//!
//! Whoever reads takes the keys that it knows, goes on with something harmless where one is wrong, and
//! [ends](Table::end) the table: what is left then is unknown. Nothing that was read is used where
//! there is any mistake.

use std::cell::RefCell;
use std::fmt;
use std::ops::RangeInclusive;

use plaudit_domain::Time;
use toml::de::{DeTable, DeValue};

/// The most of anything: rules, badges, steps of a challenge, tests, events of a test.
const MOST: usize = 1_000;
/// The most characters of an id.
const ID_MAX: usize = 60;
/// The most characters of a title or name.
const TITLE_MAX: usize = 100;
/// The most characters of a description.
const DESCRIPTION_MAX: usize = 300;

/// Where in a file something stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// The file's name.
    pub(super) file: String,
    /// From 1.
    pub(super) line: usize,
    /// From 1, in characters.
    pub(super) column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// A rule file, with the mistakes that were found in it.
#[derive(Debug)]
pub(super) struct Source<'s> {
    name: &'s str,
    text: &'s str,
    mistakes: RefCell<Vec<(Place, String)>>,
}

impl<'s> Source<'s> {
    pub(super) fn new(name: &'s str, text: &'s str) -> Self {
        Self {
            name,
            text,
            mistakes: RefCell::default(),
        }
    }

    /// The file as a table; what isn't TOML is a mistake.
    pub(super) fn table(&'s self) -> Table<'s> {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        for error in errors {
            let offset = error.span().map_or(0, |span| span.start);
            self.mistake(
                offset,
                format!("this is no TOML: {}", error.message().trim()),
            );
        }
        Table {
            source: self,
            what: "the file",
            offset: 0,
            entries: table.into_inner(),
            asked: Vec::new(),
            had: Vec::new(),
        }
    }

    /// Notes a mistake: what is wrong, and what to do.
    pub(super) fn mistake(&self, offset: usize, what: impl Into<String>) {
        let mistake = (self.place(offset), what.into());
        self.mistakes.borrow_mut().push(mistake);
    }

    /// How many mistakes there are so far.
    pub(super) fn mistakes(&self) -> usize {
        self.mistakes.borrow().len()
    }

    /// The mistakes, in the order of their places.
    pub(super) fn into_mistakes(self) -> Vec<(Place, String)> {
        let mut mistakes = self.mistakes.into_inner();
        mistakes.sort();
        mistakes
    }

    /// The place of a byte.
    pub(super) fn place(&self, offset: usize) -> Place {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line = before.rsplit('\n').next().unwrap_or_default();
        Place {
            file: self.name.to_owned(),
            line: before.matches('\n').count() + 1,
            column: line.chars().count() + 1,
        }
    }
}

/// Something, and the byte of its file where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) offset: usize,
}

/// A table that is being read.
#[derive(Debug)]
pub(super) struct Table<'s> {
    pub(super) source: &'s Source<'s>,
    /// What it is, in messages.
    what: &'static str,
    pub(super) offset: usize,
    entries: DeTable<'s>,
    /// The keys that it may have.
    asked: Vec<&'static str>,
    /// Those of them that it had.
    had: Vec<&'static str>,
}

impl<'s> Table<'s> {
    /// Notes a mistake at the table itself.
    pub(super) fn mistake(&self, what: impl Into<String>) {
        self.source.mistake(self.offset, what);
    }

    /// The value of a key, where it is there.
    pub(super) fn take(&mut self, key: &'static str) -> Option<Value<'s>> {
        self.asked.push(key);
        let value = self.entries.remove(key)?;
        self.had.push(key);
        Some(Value {
            source: self.source,
            key: key.to_owned(),
            offset: value.span().start,
            value: value.into_inner(),
        })
    }

    /// The value of a key that has to be there.
    pub(super) fn need(&mut self, key: &'static str) -> Option<Value<'s>> {
        let value = self.take(key);
        if value.is_none() {
            let what = self.what;
            self.mistake(format!("{what} needs `{key}`: add it"));
        }
        value
    }

    /// The tables of a key of which there has to be one at least; where there is none, what to do.
    pub(super) fn some_tables(
        &mut self,
        key: &'static str,
        what: &'static str,
        otherwise: &str,
    ) -> Vec<Table<'s>> {
        let before = self.source.mistakes();
        let tables = self.tables(key, what);
        if tables.is_empty() && self.source.mistakes() == before {
            self.mistake(otherwise);
        }
        tables
    }

    /// The tables of a key, `[[key]]`.
    pub(super) fn tables(&mut self, key: &'static str, what: &'static str) -> Vec<Table<'s>> {
        let values = self.take(key).map(Value::list).unwrap_or_default();
        let tables = values.into_iter().map(|value| value.table(what));
        tables.flatten().collect()
    }

    /// Whether a key that was taken was there, right or wrong.
    pub(super) fn had(&self, key: &str) -> bool {
        self.had.contains(&key)
    }

    /// All other keys, with their values.
    pub(super) fn rest(&mut self) -> Vec<(At<String>, Value<'s>)> {
        let entries = std::mem::take(&mut self.entries);
        let rest = entries.into_iter().map(|(key, value)| {
            let key = At {
                offset: key.span().start,
                value: key.into_inner().into_owned(),
            };
            let value = Value {
                source: self.source,
                key: key.value.clone(),
                offset: value.span().start,
                value: value.into_inner(),
            };
            (key, value)
        });
        rest.collect()
    }

    /// Refuses all keys that weren't asked for.
    pub(super) fn end(mut self) {
        for (key, _) in self.rest() {
            let hint = hint(&key.value, self.asked.iter().copied(), '`');
            let (what, name) = (self.what, &key.value);
            let mistake = format!("{what} has no key `{name}`: {hint}");
            self.source.mistake(key.offset, mistake);
        }
    }

    /// What programs know it by.
    pub(super) fn id(&mut self) -> Option<At<String>> {
        let id = self.need("id")?.text()?;
        let is_plain = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '-');
        if id.value.is_empty() || id.value.len() > ID_MAX || !id.value.chars().all(is_plain) {
            let mistake = format!(
                "{:?} is no id: write 1 to {ID_MAX} lower-case letters, digits and hyphens",
                id.value
            );
            self.source.mistake(id.offset, mistake);
            return None;
        }
        Some(id)
    }

    /// A title or name.
    pub(super) fn title(&mut self, key: &'static str) -> String {
        let title = self.need(key).and_then(|value| value.short(TITLE_MAX));
        title.map(|title| title.value).unwrap_or_default()
    }

    /// What something is for.
    pub(super) fn description(&mut self) -> String {
        let description = self.need("description").and_then(Value::description);
        description.map(|it| it.value).unwrap_or_default()
    }

    /// Whether something is so; not, if nothing is said.
    pub(super) fn flag(&mut self, key: &'static str) -> bool {
        let value = self.take(key).and_then(Value::truth);
        value.is_some_and(|value| value.value)
    }
}

/// A value that is being read. What it shouldn't be is a mistake, and nothing.
#[derive(Debug)]
pub(super) struct Value<'s> {
    pub(super) source: &'s Source<'s>,
    /// What it is the value of.
    key: String,
    pub(super) offset: usize,
    value: DeValue<'s>,
}

impl<'s> Value<'s> {
    fn at<T>(&self, value: T) -> At<T> {
        let offset = self.offset;
        At { value, offset }
    }

    fn mistake(&self, what: impl Into<String>) {
        self.source.mistake(self.offset, what);
    }

    fn wrong<T>(&self, expected: &str) -> Option<T> {
        let (key, found) = (&self.key, self.value.type_str());
        self.mistake(format!("`{key}` is {expected}, not of the type {found}"));
        None
    }

    /// A text.
    pub(super) fn text(self) -> Option<At<String>> {
        match self.value.as_str() {
            Some(text) => Some(self.at(text.to_owned())),
            None => self.wrong("a text, like \"…\""),
        }
    }

    /// A text for people.
    pub(super) fn short(self, most: usize) -> Option<At<String>> {
        let (source, key) = (self.source, self.key.clone());
        let text = self.text()?;
        let length = text.value.chars().count();
        if text.value.trim().is_empty() || length > most {
            let mistake = format!("`{key}` has {length} characters: write 1 to {most} of them");
            source.mistake(text.offset, mistake);
        }
        Some(text)
    }

    /// A title or name.
    pub(super) fn title(self) -> Option<At<String>> {
        self.short(TITLE_MAX)
    }

    /// What something is for.
    pub(super) fn description(self) -> Option<At<String>> {
        self.short(DESCRIPTION_MAX)
    }

    /// Whether it is a list.
    pub(super) fn is_list(&self) -> bool {
        self.value.is_array()
    }

    /// A whole number within bounds.
    pub(super) fn integer(self, bounds: RangeInclusive<i64>) -> Option<At<i64>> {
        let Some(integer) = self.value.as_integer() else {
            return self.wrong("a whole number");
        };
        let value = i64::from_str_radix(integer.as_str(), integer.radix()).ok();
        let value = value.filter(|value| bounds.contains(value));
        if value.is_none() {
            let (key, first, last) = (&self.key, bounds.start(), bounds.end());
            self.mistake(format!(
                "`{key}` is {integer}: write a whole number from {first} to {last}"
            ));
        }
        value.map(|value| self.at(value))
    }

    /// A share.
    pub(super) fn share(self) -> Option<f64> {
        let text = match &self.value {
            DeValue::Float(float) => float.as_str(),
            DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str(),
            DeValue::Integer(_)
            | DeValue::String(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_)
            | DeValue::Table(_) => return self.wrong("a number from 0.0 to 1.0"),
        };
        let share = text
            .parse()
            .ok()
            .filter(|share| (0.0..=1.0).contains(share));
        if share.is_none() {
            let key = &self.key;
            self.mistake(format!("`{key}` is {text}: write a number from 0.0 to 1.0"));
        }
        share
    }

    /// True or false.
    pub(super) fn truth(self) -> Option<At<bool>> {
        match self.value.as_bool() {
            Some(truth) => Some(self.at(truth)),
            None => self.wrong("true or false"),
        }
    }

    /// A moment.
    pub(super) fn time(self) -> Option<At<Time>> {
        let Some(time) = self.value.as_datetime() else {
            return self.wrong("a time, like 2026-01-31T12:00:00Z, without quotes");
        };
        // What has no offset doesn't say when it is.
        let moment = time.offset.and_then(|_| time.to_string().parse().ok());
        if moment.is_none() {
            let key = &self.key;
            self.mistake(format!(
                "`{key}` is {time}, which isn't one moment: write a date, a time and an offset, like 2026-01-31T12:00:00Z"
            ));
        }
        moment.map(|moment| self.at(moment))
    }

    /// A list.
    pub(super) fn list(self) -> Vec<Self> {
        let Self {
            source,
            key,
            offset,
            value,
        } = self;
        let DeValue::Array(values) = value else {
            let found = value.type_str();
            source.mistake(
                offset,
                format!("`{key}` is a list, like […], or [[{key}]], not of the type {found}"),
            );
            return Vec::new();
        };
        if values.len() > MOST {
            let (found, mistake) = (values.len(), "leave some out");
            source.mistake(
                offset,
                format!("there are {found} of `{key}`, and {MOST} at most are taken: {mistake}"),
            );
            return Vec::new();
        }
        let values = values.into_iter().map(|value| Self {
            source,
            key: key.clone(),
            offset: value.span().start,
            value: value.into_inner(),
        });
        values.collect()
    }

    /// A list of texts.
    pub(super) fn texts(self) -> Vec<At<String>> {
        self.list().into_iter().filter_map(Self::text).collect()
    }

    /// A table.
    pub(super) fn table(self, what: &'static str) -> Option<Table<'s>> {
        let (source, offset) = (self.source, self.offset);
        match self.value {
            DeValue::Table(entries) => Some(Table {
                source,
                what,
                offset,
                entries,
                asked: Vec::new(),
                had: Vec::new(),
            }),
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_) => self.wrong("a table"),
        }
    }

    /// One of some names, each of which means something.
    pub(super) fn choice<T: Copy>(self, what: &str, of: &[(&str, T)]) -> Option<T> {
        let source = self.source;
        let name = self.text()?;
        choose(source, &name, what, of)
    }
}

/// What a name means, where it is one of some.
pub(super) fn choose<T: Copy>(
    source: &Source<'_>,
    name: &At<String>,
    what: &str,
    of: &[(&str, T)],
) -> Option<T> {
    let chosen = of.iter().find(|(known, _)| *known == name.value);
    if chosen.is_none() {
        let hint = hint(&name.value, of.iter().map(|(known, _)| *known), '"');
        source.mistake(
            name.offset,
            format!("{:?} is no {what}: {hint}", name.value),
        );
    }
    chosen.map(|(_, meaning)| *meaning)
}

/// What somebody may have meant by a name that isn't known.
pub fn hint<'a>(name: &str, known: impl Iterator<Item = &'a str> + Clone, quote: char) -> String {
    let nearest = known
        .clone()
        .map(|known| (strsim::damerau_levenshtein(name, known), known))
        .min();
    let quoted = |name: &str| format!("{quote}{name}{quote}");
    match nearest {
        None => "there is none".to_owned(),
        // Half of another name is no slip of the finger.
        Some((distance, nearest)) if distance * 2 <= nearest.chars().count() => {
            format!("did you mean {}?", quoted(nearest))
        }
        Some(_) => {
            let known: Vec<String> = known.map(quoted).collect();
            format!("write {}", known.join(", "))
        }
    }
}
