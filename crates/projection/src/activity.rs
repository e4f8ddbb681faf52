//! Whether a user group is active (DOMAIN G7). It depends on the clock, so no row says it: it is right at
//! any moment, and for any moment in the past (DOMAIN G8).

use plaudit_domain::{Period, Time};

/// From when on a group is what, and how many meetings it should hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expectations {
    /// So many days after its last meeting a group is at risk.
    pub at_risk_after_days: i64,
    /// After more than so many it is inactive.
    pub inactive_after_days: i64,
    /// How many meetings it holds in a year at least.
    pub held_per_year: u32,
    /// How many it holds in a month, ideally.
    pub ideal_per_month: u32,
}

impl Default for Expectations {
    fn default() -> Self {
        Self {
            at_risk_after_days: 60,
            inactive_after_days: 90,
            held_per_year: 4,
            ideal_per_month: 1,
        }
    }
}

/// How a group is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// It met not long ago.
    Active,
    /// It is still active, and won't be for long.
    AtRisk,
    /// It isn't any more: its leaders are no active leaders.
    Inactive,
}

/// How active a group is at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// How it is.
    pub status: Status,
    /// Since when.
    pub since: Time,
    /// When its last held meeting began.
    pub last_held_at: Option<Time>,
    /// From when on it is, or was, at risk if it doesn't meet.
    pub at_risk_at: Time,
    /// The last moment at which it is, or was, active if it doesn't meet.
    pub active_until: Time,
    /// How many days it is still active; what has begun of a day counts as one.
    pub days_left: i64,
    /// How many meetings it held in the last 365 days.
    pub held_last_year: u32,
    /// How many it should have held at least.
    pub minimum: u32,
    /// How many meetings it held in each of the last twelve months of the calendar, in UTC, the one that
    /// isn't over last.
    pub months: [u32; 12],
    /// In how many of these it held as many as it ideally does.
    pub ideal_months: u32,
}

impl Activity {
    /// Whether its leaders are active leaders.
    pub fn is_active(&self) -> bool {
        match self.status {
            Status::Active | Status::AtRisk => true,
            Status::Inactive => false,
        }
    }

    /// Whether it held as many meetings as it should at least.
    pub fn meets_minimum(&self) -> bool {
        self.held_last_year >= self.minimum
    }
}

/// How many days figures look back: `held` of [`activity`] has all meetings of these, and of the last
/// twelve months.
pub const DAYS_SHOWN: i64 = 366;

const DAY: i64 = 86_400_000_000;

/// How active a group is at a moment. Its meetings count from when they began, if they were held: the last
/// of them by then, and all of the last year, in any order. A group that never met is as one that met when
/// it was created.
pub fn activity(
    created_at: Time,
    last_held_at: Option<Time>,
    held: &[Time],
    now: Time,
    expected: &Expectations,
) -> Activity {
    let by_now = held.iter().copied().filter(|&at| at <= now);
    let last_held_at = by_now
        .clone()
        .chain(last_held_at)
        .filter(|&at| at <= now)
        .max();
    let met_at = last_held_at.unwrap_or(created_at);
    let at_risk_at = after(met_at, expected.at_risk_after_days);
    let active_until = after(met_at, expected.inactive_after_days);
    let (status, since) = if now > active_until {
        (Status::Inactive, active_until)
    } else if now >= at_risk_at {
        (Status::AtRisk, at_risk_at)
    } else {
        (Status::Active, met_at)
    };
    let left = active_until.as_micros() - now.as_micros();
    let year_ago = after(now, -365);
    let months = months(by_now.clone(), now);
    Activity {
        status,
        since,
        last_held_at,
        at_risk_at,
        active_until,
        days_left: left.max(0).div_euclid(DAY) + i64::from(left.max(0).rem_euclid(DAY) > 0),
        held_last_year: count(by_now.filter(|&at| at >= year_ago)),
        minimum: expected.held_per_year,
        months,
        ideal_months: count(
            months
                .iter()
                .filter(|&&held| held >= expected.ideal_per_month),
        ),
    }
}

fn months(held: impl Iterator<Item = Time> + Clone, now: Time) -> [u32; 12] {
    let mut months = [0; 12];
    let mut until = Period::Month.end(now);
    for month in months.iter_mut().rev() {
        let from = Period::Month.start(Time::from_micros(until.as_micros() - 1));
        *month = count(held.clone().filter(|&at| from <= at && at < until));
        until = from;
    }
    months
}

fn count<T>(of: impl Iterator<Item = T>) -> u32 {
    u32::try_from(of.count()).unwrap_or(u32::MAX)
}

fn after(moment: Time, days: i64) -> Time {
    Time::from_micros(moment.as_micros().saturating_add(days * DAY))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Time {
        text.parse().unwrap()
    }

    fn seconds(moment: Time, seconds: i64) -> Time {
        Time::from_micros(moment.as_micros() + seconds * 1_000_000)
    }

    fn of(created: &str, held: &[Time], now: Time) -> Activity {
        activity(time(created), None, held, now, &Expectations::default())
    }

    const CREATED: &str = "2025-01-01T00:00:00Z";

    /// The same evening in three time zones: where a meeting is makes no difference to how long ago it was.
    const MEETINGS: [&str; 3] = [
        "2026-03-01T19:00:00+01:00",
        "2026-03-02T07:00:00+13:00",
        "2026-03-01T10:00:00-08:00",
    ];

    #[test]
    fn g7_a_group_is_active_for_90_days_at_risk_from_60_and_inactive_past_90_to_the_second() {
        for met in MEETINGS.map(time) {
            for (days, before, status, left) in [
                (60, -1, Status::Active, 31),
                (60, 0, Status::AtRisk, 30),
                (60, 1, Status::AtRisk, 30),
                (90, -1, Status::AtRisk, 1),
                (90, 0, Status::AtRisk, 0),
                (90, 1, Status::Inactive, 0),
                (91, 0, Status::Inactive, 0),
            ] {
                let now = seconds(after(met, days), before);
                let found = of(CREATED, &[met], now);
                assert_eq!((found.status, found.days_left), (status, left), "{now}");
                assert_eq!(found.is_active(), status != Status::Inactive);
            }
            // To the microsecond, which is all that a time has.
            let at = |micros| Time::from_micros(after(met, 90).as_micros() + micros);
            assert!(of(CREATED, &[met], at(0)).is_active());
            assert!(!of(CREATED, &[met], at(1)).is_active());
        }
    }

    #[test]
    fn g7_a_clock_that_changes_in_between_makes_a_day_no_shorter() {
        // Berlin goes over to summer time on 29 March 2026.
        let met = time("2026-03-01T19:00:00+01:00");
        let now = time("2026-05-30T20:00:00+02:00");
        assert_eq!(of(CREATED, &[met], now).status, Status::AtRisk);
        assert_eq!(
            of(CREATED, &[met], seconds(now, 1)).status,
            Status::Inactive
        );
    }

    #[test]
    fn g7_a_new_group_is_as_one_that_met_when_it_was_created() {
        let created = time(CREATED);
        let new = of(CREATED, &[], seconds(created, 60));
        assert_eq!((new.status, new.days_left), (Status::Active, 90));
        assert_eq!((new.last_held_at, new.since), (None, created));
        assert!(of(CREATED, &[], after(created, 90)).is_active());
        assert!(!of(CREATED, &[], seconds(after(created, 90), 1)).is_active());
    }

    #[test]
    fn g7_a_held_meeting_restores_a_group() {
        let (first, again) = (time("2026-01-01T18:00:00Z"), time("2026-06-01T18:00:00Z"));
        let held = [first, again];
        let before = of(CREATED, &held, seconds(again, -1));
        assert_eq!(before.status, Status::Inactive);
        assert_eq!(before.since, after(first, 90));
        let then = of(CREATED, &held, again);
        assert_eq!((then.status, then.since), (Status::Active, again));
        assert_eq!(then.days_left, 90);
    }

    #[test]
    fn g7_meetings_of_365_days_are_held_against_the_minimum_and_months_against_the_ideal() {
        let now = time("2026-11-15T12:00:00Z");
        let held = [
            after(now, -366),
            after(now, -365),
            time("2026-03-31T23:59:59Z"),
            time("2026-04-01T00:00:00Z"),
            time("2026-04-20T18:00:00Z"),
        ];
        let found = of(CREATED, &held, now);
        assert_eq!((found.held_last_year, found.minimum), (4, 4));
        assert!(found.meets_minimum());
        assert_eq!(found.months, [0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(found.ideal_months, 2);
        assert!(!of(CREATED, &held, seconds(now, 1)).meets_minimum());
    }

    #[test]
    fn g8_activity_is_right_for_any_moment_in_the_past() {
        let held = [time("2026-01-10T18:00:00Z"), time("2026-07-10T18:00:00Z")];
        for (moment, status, last) in [
            ("2025-02-01T00:00:00Z", Status::Active, None),
            ("2026-01-10T17:59:59Z", Status::Inactive, None),
            ("2026-01-10T18:00:00Z", Status::Active, Some(held[0])),
            ("2026-03-11T18:00:00Z", Status::AtRisk, Some(held[0])),
            ("2026-07-01T00:00:00Z", Status::Inactive, Some(held[0])),
            ("2026-07-11T00:00:00Z", Status::Active, Some(held[1])),
        ] {
            // What was held later isn't known then, even where it is said to be the last one.
            let expected = Expectations::default();
            let now = time(moment);
            let found = activity(time(CREATED), Some(held[1]), &held, now, &expected);
            assert_eq!(
                (found.status, found.last_held_at),
                (status, last),
                "{moment}"
            );
        }
    }
}
