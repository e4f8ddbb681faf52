//! Periods of the calendar, in UTC.

use std::fmt;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use crate::time::Time;

/// A period of the calendar, in UTC: limits, allowances, challenges and leaderboards go by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// From midnight to midnight.
    Day,
    /// From Monday, 00:00.
    Week,
    /// From the first, 00:00.
    Month,
    /// From the first of January, April, July or October, 00:00.
    Quarter,
}

/// In microseconds.
const DAY: i64 = 86_400_000_000;

impl Period {
    /// The beginning of the one that a moment is in.
    pub fn start(self, at: Time) -> Time {
        // Days and weeks are always as long, and 1970 began on a Thursday. Rules ask very often.
        let since = match self {
            Self::Day => at.as_micros().rem_euclid(DAY),
            Self::Week => (at.as_micros() - 4 * DAY).rem_euclid(7 * DAY),
            Self::Month | Self::Quarter => {
                // The first day of the calendar begins with it.
                return time(self.first_day(at)).unwrap_or(Time::from_micros(i64::MIN));
            }
        };
        Time::from_micros(at.as_micros() - since)
    }

    /// The beginning of the one after that.
    pub fn end(self, at: Time) -> Time {
        let next = self.first_day(at).checked_add(self.length()).ok();
        // There is none after the last one that the calendar has.
        let next = next.and_then(time);
        next.unwrap_or(Time::from_micros(i64::MAX))
    }

    fn first_day(self, at: Time) -> Date {
        // Within range by construction.
        let moment = Timestamp::from_microsecond(at.as_micros()).unwrap_or(Timestamp::UNIX_EPOCH);
        let day = TimeZone::UTC.to_datetime(moment).date();
        match self {
            Self::Day => day,
            Self::Week => {
                let since_monday = day.weekday().to_monday_zero_offset();
                day.saturating_sub(i64::from(since_monday).days())
            }
            Self::Month => day.first_of_month(),
            Self::Quarter => {
                let month = day.month() - (day.month() - 1) % 3;
                let first = Date::new(day.year(), month, 1);
                first.unwrap_or(day)
            }
        }
    }

    fn length(self) -> Span {
        match self {
            Self::Day => 1.day(),
            Self::Week => 1.week(),
            Self::Month => 1.month(),
            Self::Quarter => 3.months(),
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
        })
    }
}

/// When a day begins, where that is a moment: the last one of the calendar begins after the last.
fn time(day: Date) -> Option<Time> {
    let midnight = day.to_datetime(jiff::civil::Time::midnight());
    let midnight = TimeZone::UTC.to_timestamp(midnight).ok()?;
    Some(Time::from_micros(midnight.as_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around(period: Period, at: &str) -> (String, String) {
        let at = at.parse().unwrap();
        (period.start(at).to_string(), period.end(at).to_string())
    }

    #[test]
    fn a_week_begins_on_monday_at_midnight() {
        let week = ("2026-11-16T00:00:00Z".into(), "2026-11-23T00:00:00Z".into());
        for at in [
            "2026-11-16T00:00:00Z",
            "2026-11-18T12:00:00Z",
            "2026-11-22T23:59:59.999999Z",
        ] {
            assert_eq!(around(Period::Week, at), week);
        }
    }

    #[test]
    fn days_months_and_quarters_begin_with_their_first_moment() {
        let at = "2024-02-29T23:59:59.999999Z";
        let of = |period| around(period, at);
        let period = |start: &str, end: &str| {
            let midnight = |day: &str| format!("{day}T00:00:00Z");
            (midnight(start), midnight(end))
        };
        assert_eq!(of(Period::Day), period("2024-02-29", "2024-03-01"));
        assert_eq!(of(Period::Month), period("2024-02-01", "2024-03-01"));
        assert_eq!(of(Period::Quarter), period("2024-01-01", "2024-04-01"));
        let last = around(Period::Quarter, "2024-12-31T12:00:00Z");
        assert_eq!(last, period("2024-10-01", "2025-01-01"));
    }

    #[test]
    fn the_ends_of_the_calendar_are_in_periods_too() {
        for micros in [i64::MIN, i64::MAX] {
            let at = Time::from_micros(micros);
            for period in [Period::Day, Period::Week, Period::Month, Period::Quarter] {
                assert!(
                    period.start(at) <= at && at <= period.end(at),
                    "{period:?} {at}"
                );
            }
        }
    }
}
