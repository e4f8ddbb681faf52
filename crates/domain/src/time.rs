//! Moments, in microseconds: what every store keeps exactly.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A moment in UTC, in microseconds since 1970. Written as RFC 3339 (`2026-01-31T12:00:00.5Z`).
///
/// Microseconds and not nanoseconds, because PostgreSQL keeps no more, and a moment has to be the
/// same on every journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

impl Time {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);

    /// The moment so many microseconds after 1970-01-01T00:00:00Z; moments beyond the years
    /// −9999 to 9999 become the nearest one within.
    pub fn from_micros(micros: i64) -> Self {
        // In whole seconds: jiff makes no moment of the microseconds in its very last second.
        let first = Timestamp::MIN.as_second() * 1_000_000;
        let last = Timestamp::MAX.as_second() * 1_000_000;
        Self(micros.clamp(first, last))
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub fn as_micros(self) -> i64 {
        self.0
    }

    /// Whole days since 1970-01-01, in UTC.
    pub fn day(self) -> i64 {
        self.0.div_euclid(86_400_000_000)
    }
}

impl From<std::time::SystemTime> for Time {
    fn from(moment: std::time::SystemTime) -> Self {
        Timestamp::try_from(moment).map_or(Self(0), |t| Self::from_micros(t.as_microsecond()))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Within range by construction.
        let moment = Timestamp::from_microsecond(self.0).unwrap_or(Timestamp::UNIX_EPOCH);
        moment.fmt(f)
    }
}

impl FromStr for Time {
    type Err = jiff::Error;

    /// Reads RFC 3339 with any offset; digits beyond microseconds are cut off.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<Timestamp>()
            .map(|t| Self::from_micros(t.as_microsecond()))
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Rfc3339;
        impl de::Visitor<'_> for Rfc3339 {
            type Value = Time;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time like 2026-01-31T12:00:00Z")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Time, E> {
                text.parse()
                    .map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_str(Rfc3339)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_reads_back_as_it_was_written() {
        for text in ["2026-01-31T12:00:00Z", "2014-01-21T20:26:05.383Z"] {
            assert_eq!(text.parse::<Time>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn an_offset_is_turned_into_utc() {
        let time: Time = "2026-01-31T12:00:00+02:00".parse().unwrap();
        assert_eq!(time.to_string(), "2026-01-31T10:00:00Z");
    }

    #[test]
    fn moments_beyond_the_calendar_are_brought_within_it() {
        assert!(Time::from_micros(i64::MAX).to_string().starts_with("9999-"));
        assert!(
            Time::from_micros(i64::MIN)
                .to_string()
                .starts_with("-009999-")
        );
    }

    #[test]
    fn the_last_moment_that_can_be_read_can_be_written() {
        let time: Time = "9999-12-30T22:00:00.999999999Z".parse().unwrap();
        assert_eq!(time.to_string(), "9999-12-30T22:00:00Z");
    }

    #[test]
    fn days_before_1970_are_counted_downwards() {
        assert_eq!(Time::from_micros(-1).day(), -1);
        assert_eq!(Time::from_micros(0).day(), 0);
    }
}
