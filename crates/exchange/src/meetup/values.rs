//! What stands in a column, as Meetup's API writes it.

use plaudit_domain::Time;
use plaudit_domain::zone::Zone;

use crate::csv_file::Record;
use crate::error::{Malformed, shown};

/// What stands for no value.
const NONE: [&str; 4] = ["", "not_found", "null", "NA"];

/// The text in a column, if there is any.
pub(super) fn text<'a>(record: &'a Record<'_>, column: &str) -> Option<&'a str> {
    let text = record.text(column).trim();
    (!NONE.contains(&text)).then_some(text)
}

/// The text in a column that has to have some.
pub(super) fn needed<'a>(record: &'a Record<'_>, column: &str) -> Result<&'a str, Malformed> {
    text(record, column)
        .ok_or_else(|| record.malformed(format!("{column} is empty"), "an id or a word"))
}

/// A count that is more than none.
pub(super) fn count(record: &Record<'_>, column: &str) -> Result<Option<i64>, Malformed> {
    if text(record, column).is_none() {
        return Ok(None);
    }
    Ok(Some(record.number(column)?).filter(|&count| count > 0))
}

/// For how many there is room, if that is limited.
pub(super) fn room(record: &Record<'_>) -> Result<Option<u32>, Malformed> {
    let limit = count(record, "rsvp_limit")?;
    let room = limit.map(|limit| {
        u32::try_from(limit).map_err(|_| {
            let expected = format!("at most {}, or none where there is room for all", u32::MAX);
            record.malformed(format!("rsvp_limit is {limit}"), &expected)
        })
    });
    room.transpose()
}

/// The time in a column, in microseconds, if there is one.
pub(super) fn time(record: &Record<'_>, column: &str) -> Result<Option<i64>, Malformed> {
    let Some(text) = text(record, column) else {
        return Ok(None);
    };
    moment(text)
        .map(|time| Some(time.as_micros()))
        .ok_or_else(|| {
            record.malformed(
            format!("{column} is {}", shown(text)),
            "milliseconds since 1970, or a time like 2017-10-31 02:00:00 or 2017-10-31T02:00:00Z",
        )
        })
}

/// The time in a column that has to have one.
pub(super) fn needed_time(record: &Record<'_>, column: &str) -> Result<i64, Malformed> {
    time(record, column)?.ok_or_else(|| {
        record.malformed(
            format!("{column} is empty"),
            "milliseconds since 1970, or a time",
        )
    })
}

fn moment(text: &str) -> Option<Time> {
    if let Ok(millis) = text.parse::<i64>() {
        return Some(Time::from_micros(millis.saturating_mul(1000)));
    }
    let text = text.replacen(' ', "T", 1);
    let in_utc = || match text.contains('T') {
        true => format!("{text}Z"),
        false => format!("{text}T00:00:00Z"),
    };
    text.parse().or_else(|_| in_utc().parse()).ok()
}

/// The zone in a column, if there is one.
pub(super) fn zone(record: &Record<'_>, column: &str) -> Result<Option<Zone>, Malformed> {
    let Some(name) = text(record, column) else {
        return Ok(None);
    };
    Zone::named(name).map(Some).ok_or_else(|| {
        let found = format!("{column} is {}", shown(name));
        record.malformed(found, "a time zone like Europe/Berlin")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_many_ways() {
        for text in [
            "1509415200000",
            "2017-10-31 02:00:00",
            "2017-10-31T02:00:00",
            "2017-10-31T02:00:00Z",
            "2017-10-31T03:00:00+01:00",
            "2017-10-31 03:00:00+01:00",
        ] {
            let time = moment(text).map(|time| time.to_string());
            assert_eq!(time.as_deref(), Some("2017-10-31T02:00:00Z"), "{text}");
        }
        let midnight = moment("2017-10-31").unwrap().to_string();
        assert_eq!(midnight, "2017-10-31T00:00:00Z");
        assert_eq!(moment("tomorrow"), None);
        assert_eq!(moment("31/10/2017"), None);
    }
}
