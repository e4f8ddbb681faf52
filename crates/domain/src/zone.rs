//! Time zones by their names in the IANA's database, which is built in: so a name means the same
//! wherever this runs.

use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::time::Time;

/// A time zone, like `Europe/Berlin`.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone {
    name: String,
    zone: TimeZone,
}

/// What clocks show in a zone from a moment on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clock {
    /// From when on.
    pub from: Time,
    /// How far they are ahead of UTC, in seconds.
    pub offset: i32,
    /// How far they were until then.
    pub offset_before: i32,
    /// What that is called, like `CEST`.
    pub name: String,
    /// Whether it is daylight saving time.
    pub is_daylight: bool,
}

impl Zone {
    /// The zone of a name, if there is one. The database has two names that stand for none.
    pub fn named(name: &str) -> Option<Self> {
        let zone = TimeZone::get(name).ok()?;
        let name = zone.iana_name()?.to_owned();
        let is_place = !matches!(name.as_str(), "Factory" | "Etc/Unknown");
        is_place.then_some(Self { name, zone })
    }

    /// Its name, as the database writes it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Date and time of day there at a moment, as in `2026-01-31T19:00:00`, in whole seconds.
    pub fn local(&self, time: Time) -> String {
        let there = moment(time).to_zoned(self.zone.clone());
        there.strftime("%Y-%m-%dT%H:%M:%S").to_string()
    }

    /// What clocks show there between two moments: what they show at the first, and each change after.
    pub fn clocks(&self, first: Time, last: Time) -> Vec<Clock> {
        let (first, last) = (moment(first), moment(last));
        // One microsecond later, so that a change at the very first moment is in force then.
        let after = first
            .checked_add(jiff::SignedDuration::from_micros(1))
            .unwrap_or(first);
        let since = self.zone.preceding(after).next();
        let changes = self.zone.following(first);
        let changes = changes.take_while(|change| change.timestamp() <= last);
        let begin = since.map_or(Timestamp::UNIX_EPOCH, |change| change.timestamp());
        std::iter::once(begin)
            .chain(changes.map(|change| change.timestamp()))
            .map(|from| self.clock(from))
            .collect()
    }

    fn clock(&self, from: Timestamp) -> Clock {
        let info = self.zone.to_offset_info(from);
        let before = from
            .checked_sub(jiff::SignedDuration::from_micros(1))
            .unwrap_or(from);
        Clock {
            from: Time::from_micros(from.as_microsecond()),
            offset: info.offset().seconds(),
            offset_before: self.zone.to_offset(before).seconds(),
            name: info.abbreviation().to_owned(),
            is_daylight: info.dst().is_dst(),
        }
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

fn moment(time: Time) -> Timestamp {
    // Within range by construction.
    Timestamp::from_microsecond(time.as_micros()).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: &str) -> Time {
        time.parse().unwrap()
    }

    #[test]
    fn zones_go_by_their_names_and_nothing_else_does() {
        assert_eq!(
            Zone::named("Europe/Berlin").unwrap().to_string(),
            "Europe/Berlin"
        );
        assert_eq!(Zone::named("UTC").unwrap().name(), "UTC");
        assert_eq!(
            Zone::named("america/sao_PAULO").unwrap().name(),
            "America/Sao_Paulo"
        );
        for name in ["", "Berlin", "Europe/Nowhere", "+02:00", "../etc/passwd"] {
            assert_eq!(Zone::named(name), None, "{name}");
        }
        for name in ["Factory", "factory", "Etc/Unknown", "etc/UNKNOWN"] {
            assert_eq!(Zone::named(name), None, "{name}");
        }
    }

    #[test]
    fn a_moment_is_another_time_of_day_elsewhere() {
        let moment = at("2026-07-01T23:30:00Z");
        for (zone, local) in [
            ("Europe/Berlin", "2026-07-02T01:30:00"),
            ("America/Sao_Paulo", "2026-07-01T20:30:00"),
            ("Asia/Kathmandu", "2026-07-02T05:15:00"),
            ("UTC", "2026-07-01T23:30:00"),
        ] {
            assert_eq!(Zone::named(zone).unwrap().local(moment), local);
        }
    }

    #[test]
    fn clocks_change_twice_a_year_in_berlin() {
        let berlin = Zone::named("Europe/Berlin").unwrap();
        let told = |first, last| -> Vec<_> {
            let clocks = berlin.clocks(at(first), at(last)).into_iter();
            clocks
                .map(|clock| {
                    let Clock {
                        name,
                        offset,
                        offset_before,
                        ..
                    } = &clock;
                    format!(
                        "{} {name} {offset_before} {offset} {}",
                        clock.from, clock.is_daylight
                    )
                })
                .collect()
        };
        assert_eq!(
            told("2026-01-10T00:00:00Z", "2026-06-10T00:00:00Z"),
            [
                "2025-10-26T01:00:00Z CET 7200 3600 false",
                "2026-03-29T01:00:00Z CEST 3600 7200 true",
            ]
        );
        assert_eq!(
            told("2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z"),
            ["2026-03-29T01:00:00Z CEST 3600 7200 true"],
            "a change is in force at its very moment"
        );
    }

    #[test]
    fn a_zone_that_never_changes_shows_the_same_at_any_moment() {
        let utc = Zone::named("UTC").unwrap();
        let clocks = utc.clocks(at("2026-01-10T00:00:00Z"), at("2036-06-10T00:00:00Z"));
        assert_eq!(clocks.len(), 1);
        assert_eq!((clocks[0].offset, clocks[0].offset_before), (0, 0));
    }
}
