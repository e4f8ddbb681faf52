//! `plaudit verify`

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Instant;

use plaudit_replay::verify::{Finding, Stage, Verified, Watch, inspect, rows};
use plaudit_store::checks::{Check, Miscount};
use plaudit_store::compare::{Difference, How};
use plaudit_store::snapshot::Value;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use crate::cli::{Report, Verify};
use crate::data::{Data, Place};
use crate::http::stop_signal;
use crate::progress::{Verifying, line};

use super::{Failure, say};

const JOURNAL: &str = "journal";
const READ_MODELS: &str = "read models";

/// Something isn't as it should be. It is told apart for the exit code.
#[derive(Debug, thiserror::Error)]
pub enum Differences {
    /// All was looked at.
    #[error("{0}")]
    Found(String),
    /// Some of it.
    #[error("{found}; the rest could not be verified: {failure}")]
    Unfinished {
        /// How many there are.
        found: String,
        /// What was in the way.
        failure: Failure,
    },
}

/// Looks whether the journal is whole, and the rows are what it comes to.
pub async fn run(place: &Place, Verify { limit, report }: Verify) -> Result<(), Failure> {
    let data = Data::existing(place).await?;
    let began = Instant::now();
    let mut findings = Findings::new(limit, report);
    let verified = verify(&data, &mut findings).await;
    let told = findings.finish().map_err(Failure::from);
    let found = findings.count();
    let (events, verified) = match verified.and_then(|verified| told.map(|()| verified)) {
        Ok(verified) => verified,
        Err(failure) if found == 0 => return Err(failure),
        Err(failure) => {
            let found = differences(found);
            return Err(Differences::Unfinished { found, failure }.into());
        }
    };
    tell(events, verified, &findings, began.elapsed().as_secs_f64())?;
    match found {
        0 => Ok(()),
        found => Err(Differences::Found(differences(found)).into()),
    }
}

async fn verify(data: &Data, findings: &mut Findings) -> Result<(u64, Option<Verified>), Failure> {
    let generations = data.generations().await?;
    let generations = generations.as_made(data.journal()).await?;
    let events = inspect(data.journal(), &generations, findings).await?;
    // Only what comes now leaves something behind.
    let stop = stop_signal()
        .map_err(|error| format!("can't listen to signals, and so couldn't stop: {error}"))?;
    tokio::select! {
        verified = rows(data.journal(), &generations, findings) => Ok((events, verified?)),
        () = stop => Err("it was stopped before all was verified".into()),
    }
}

/// Says what was verified.
fn tell(
    events: u64,
    verified: Option<Verified>,
    findings: &Findings,
    seconds: f64,
) -> Result<(), Failure> {
    if findings.json {
        let rows = verified.map(|verified| {
            json!({
                "position": verified.position, "tables": verified.tables, "rows": verified.rows,
                "figures": verified.figures,
            })
        });
        line(&json!({ "verified": {
            "events": events, "read_models": rows, "differences": findings.counts,
            "seconds": seconds,
        }}));
        return Ok(());
    }
    if findings.count() > 0 {
        return Ok(());
    }
    let rows = match verified {
        Some(Verified {
            position,
            tables,
            rows,
            figures,
        }) => format!(
            "{rows} rows in {tables} tables are what a replay up to event {} comes to; {figures} kinds \
             of figures add up",
            position.unwrap_or_default()
        ),
        None => "there are no read models yet".to_owned(),
    };
    say(format_args!(
        "nothing is wrong: {events} events are whole; {rows} ({seconds:.1} s)"
    ))
}

fn differences(found: u64) -> String {
    match found {
        1 => "1 difference was found".to_owned(),
        found => format!("{found} differences were found"),
    }
}

/// What was found, told as it comes.
struct Findings {
    limit: u64,
    json: bool,
    shown: Verifying,
    /// By tables, and by figures that are counted anew.
    counts: BTreeMap<String, u64>,
    /// What kept one from being told.
    failed: Option<io::Error>,
}

impl Findings {
    fn new(limit: u64, report: Report) -> Self {
        Self {
            limit,
            json: report.json,
            shown: Verifying::new(report),
            counts: BTreeMap::new(),
            failed: None,
        }
    }

    fn count(&self) -> u64 {
        self.counts.values().sum()
    }

    /// Says how many weren't told.
    fn finish(&mut self) -> io::Result<()> {
        self.shown.finish();
        let mut more = Vec::new();
        for (among, count) in &self.counts {
            let left = count.saturating_sub(self.limit);
            if left > 0 && !self.json {
                more.push(format!("{among}: {left} more; --limit tells more of them"));
            }
        }
        for line in more {
            self.print(&line);
        }
        self.failed.take().map_or(Ok(()), Err)
    }

    fn print(&mut self, line: &str) {
        let told = self.shown.aside(|| writeln!(io::stdout(), "{line}"));
        // Who doesn't read it doesn't want it; that there are differences they learn all the same.
        let failed = told
            .err()
            .filter(|it| it.kind() != io::ErrorKind::BrokenPipe);
        self.failed = self.failed.take().or(failed);
    }
}

impl Watch for Findings {
    fn at(&mut self, stage: Stage, done: u64, total: Option<u64>) {
        self.shown.at(stage, done, total);
    }

    fn found(&mut self, finding: Finding) {
        let told = Told::of(&finding);
        let count = self.counts.entry(told.among()).or_default();
        *count += 1;
        if *count > self.limit {
            return;
        }
        let text = match self.json {
            true => told.json().to_string(),
            false => told.text(),
        };
        self.print(&text);
    }
}

/// A difference, as it is told.
struct Told {
    /// The table, or `journal` or `read models`.
    table: &'static str,
    /// The row, or the event.
    key: Vec<(&'static str, Value)>,
    id: Option<Value>,
    how: Vec<Wrong>,
    /// The figure that it is about, if it is about one.
    figure: Option<&'static str>,
}

/// Something that is wrong with a row, or otherwise.
enum Wrong {
    Simply(String),
    Cell {
        column: &'static str,
        /// What it holds, and what it should, unless it may be personal.
        values: Option<(Value, Value)>,
        /// What shows it.
        by: &'static str,
    },
}

impl Told {
    fn of(finding: &Finding) -> Self {
        match finding {
            Finding::Journal(flaw) => Self::event(flaw.position(), flaw.to_string()),
            Finding::Unfoldable(stopped) => {
                let position = stopped.position.cast_signed();
                Self::event(Some(position), stopped.to_string())
            }
            Finding::Foreign(error) => Self::simply(READ_MODELS, error.to_string()),
            Finding::Damaged(damage) => Self::simply(READ_MODELS, damage.clone()),
            Finding::Row(difference) => Self::row(difference),
            Finding::Figure { check, miscount } => Self::figure(check, miscount),
        }
    }

    fn event(position: Option<i64>, what: String) -> Self {
        let position = position.map(|position| ("position", Value::Integer(position)));
        Self {
            key: position.into_iter().collect(),
            ..Self::simply(JOURNAL, what)
        }
    }

    fn simply(table: &'static str, what: String) -> Self {
        Self {
            table,
            key: Vec::new(),
            id: None,
            how: vec![Wrong::Simply(what)],
            figure: None,
        }
    }

    fn row(difference: &Difference) -> Self {
        let how = match &difference.how {
            How::Missing => vec![Wrong::Simply("is missing".to_owned())],
            How::Surplus => vec![Wrong::Simply("should not be there".to_owned())],
            How::Cells(cells) => {
                let cells = cells.iter().map(|cell| Wrong::Cell {
                    column: cell.column,
                    values: cell.values.clone(),
                    by: "replay",
                });
                cells.collect()
            }
        };
        Self {
            table: difference.table,
            key: difference.key.clone(),
            id: difference.id.clone(),
            how,
            figure: None,
        }
    }

    fn figure(check: &Check, miscount: &Miscount) -> Self {
        let values = (
            Value::Integer(miscount.kept),
            Value::Integer(miscount.counted),
        );
        Self {
            table: check.table,
            key: vec![("key", Value::Integer(miscount.key))],
            id: Some(miscount.id.clone()),
            how: vec![Wrong::Cell {
                column: check.column,
                values: Some(values),
                by: check.from,
            }],
            figure: Some(check.column),
        }
    }

    /// What it is counted among: those of its table, or of its figure.
    fn among(&self) -> String {
        match self.figure {
            Some(figure) => format!("{}.{figure}", self.table),
            None => self.table.to_owned(),
        }
    }

    fn text(&self) -> String {
        let mut place = self.table.to_owned();
        // What is wrong with an event names it.
        if self.table != JOURNAL {
            for (name, value) in &self.key {
                place += &format!(" {name} {}", text(value));
            }
            if let Some(id) = &self.id {
                place += &format!(" ({})", text(id));
            }
        }
        let how: Vec<String> = self.how.iter().map(Wrong::text).collect();
        format!("{place}: {}", how.join("; "))
    }

    fn json(&self) -> Json {
        let key = self.key.iter();
        let key: Map<String, Json> = key
            .map(|(name, value)| ((*name).into(), json(value)))
            .collect();
        let how: Vec<Json> = self.how.iter().map(Wrong::json).collect();
        json!({ "difference": {
            "table": self.table, "key": key, "id": self.id.as_ref().map(json), "wrong": how,
        }})
    }
}

impl Wrong {
    fn text(&self) -> String {
        match self {
            Self::Simply(what) => what.clone(),
            Self::Cell {
                column,
                values: Some((kept, right)),
                by,
            } => format!("{column} is {}, but {} by {by}", text(kept), text(right)),
            Self::Cell {
                column,
                values: None,
                by,
            } => format!("{column} is another text by {by}"),
        }
    }

    fn json(&self) -> Json {
        match self {
            Self::Simply(what) => json!({ "what": what }),
            Self::Cell { column, values, by } => {
                let values = values.as_ref();
                json!({
                    "column": column, "by": by,
                    "is": values.map(|(kept, _)| json(kept)),
                    "should_be": values.map(|(_, right)| json(right)),
                })
            }
        }
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Text(text) => format!("{text:?}"),
        Value::Bytes(bytes) => id(bytes),
    }
}

fn json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Integer(number) => json!(number),
        Value::Text(text) => json!(text),
        Value::Bytes(bytes) => json!(id(bytes)),
    }
}

/// A public id, if it is one.
fn id(bytes: &[u8]) -> String {
    Uuid::from_slice(bytes).map_or_else(|_| format!("{bytes:02x?}"), |id| id.to_string())
}
