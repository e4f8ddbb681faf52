//! What of the rules rows follow from: the rest is only read when somebody asks.

use plaudit_domain::kudos::Policy;
use plaudit_domain::post::Kind;
use plaudit_domain::{Period, Time};
use sha2::{Digest, Sha256};

use super::milestones::Counted as Reached;
use super::{Counted, Deeds, Reason, Rules, Step};

/// What rows follow from, and nothing else. Rows hold numbers of rules, so their order counts.
#[derive(Debug)]
#[allow(dead_code, reason = "it is there to be hashed as it is written out")]
struct Folding<'a> {
    policy: Policy,
    limits: Vec<(i64, Period)>,
    reasons: Vec<Worth<'a>>,
    /// Of each ladder of posts, the kinds and the thresholds.
    posts: Vec<(&'a [Kind], Vec<i64>)>,
}

/// What a rule or challenge makes of deeds.
#[derive(Debug)]
#[allow(dead_code, reason = "it is there to be hashed as it is written out")]
struct Worth<'a> {
    time: [Option<i64>; 2],
    before_enrolment: f64,
    points: i64,
    badge: Option<usize>,
    what: What<'a>,
}

#[derive(Debug)]
#[allow(dead_code, reason = "it is there to be hashed as it is written out")]
enum What<'a> {
    Rule(&'a Deeds, &'a [usize]),
    /// Each step's deeds, and how often.
    Challenge(Vec<(&'a Deeds, i64)>, Option<Period>, bool),
}

impl Rules {
    /// What tells rules apart by which other rows are folded: a hash, in hexadecimal digits. Those that have
    /// it in common differ in nothing but levels, milestones of profiles, lozenges, user groups, peer kudos
    /// and words, so the rows of one are the rows of the other.
    pub fn folding_hash(&self) -> String {
        let digest = Sha256::digest(format!("{:?}", Folding::of(self)));
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl<'a> Folding<'a> {
    fn of(rules: &'a Rules) -> Self {
        let kudos = &rules.kudos;
        let limits = kudos.limits.iter();
        let ladders = rules.milestones.ladders.iter();
        let posts = ladders.filter_map(|ladder| match &ladder.counts {
            Reached::Post(kinds) => Some((kinds.as_slice(), ladder.thresholds().collect())),
            Reached::Profile(_) => None,
        });
        Self {
            policy: kudos.policy,
            limits: limits.map(|limit| (limit.points, limit.per)).collect(),
            reasons: kudos.reasons.iter().map(Worth::of).collect(),
            posts: posts.collect(),
        }
    }
}

impl<'a> Worth<'a> {
    fn of(reason: &'a Reason) -> Self {
        // Whatever is added to a reason has to find its place here, or to be a word.
        let Reason {
            id: _,
            title: _,
            description: _,
            from,
            until,
            before_enrolment,
            points,
            badge,
            counts,
        } = reason;
        let what = match counts {
            Counted::Each { deeds, limits } => What::Rule(deeds, limits),
            Counted::Steps {
                steps,
                within,
                repeats,
            } => {
                let deeds = |step: &'a Step| (&step.deeds, step.count);
                What::Challenge(steps.iter().map(deeds).collect(), *within, *repeats)
            }
        };
        Self {
            time: [from, until].map(|time| time.map(Time::as_micros)),
            before_enrolment: *before_enrolment,
            points: *points,
            badge: *badge,
            what,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The standard rules, with something in one of the files written otherwise.
    fn changed(file: &str, from: &str, to: &str) -> Rules {
        let mut files = Rules::standard().unwrap().files().to_vec();
        let (_, text) = files.iter_mut().find(|(name, _)| name == file).unwrap();
        assert!(text.contains(from), "{file} has {from}");
        *text = text.replacen(from, to, 1);
        Rules::parse(&files).unwrap()
    }

    const LIKED: &str = "a post of yours\"\non = \"PostLiked\"\nto = \"author\"\npoints = 2";
    const LIKED_MORE: &str = "a post of yours\"\non = \"PostLiked\"\nto = \"author\"\npoints = 3";

    #[test]
    fn what_is_only_read_makes_no_other_rows() {
        let standard = Rules::standard().unwrap();
        for (file, from, to) in [
            ("kudos.toml", "points = 16000", "points = 15000"),
            ("kudos.toml", "\"Luminary\"", "\"Star\""),
            ("kudos.toml", "gifts = 10", "gifts = 20"),
            ("kudos.toml", "repeatable = true\n", ""),
            ("milestones.toml", "retroactive", "# A remark\nretroactive"),
            ("lozenges.toml", "at_least = 4", "at_least = 3"),
            ("groups.toml", "90", "100"),
        ] {
            let rules = changed(file, from, to);
            assert_ne!(rules.hash(), standard.hash(), "{file} {from}");
            assert_eq!(
                rules.folding_hash(),
                standard.folding_hash(),
                "{file} {from}"
            );
        }
    }

    #[test]
    fn what_is_folded_makes_other_rows() {
        let standard = Rules::standard().unwrap();
        let mut hashes = vec![standard.folding_hash()];
        for (file, from, to) in [
            ("kudos.toml", LIKED, LIKED_MORE),
            (
                "kudos.toml",
                "points = 40\nper = \"day\"",
                "points = 41\nper = \"day\"",
            ),
            (
                "kudos.toml",
                "points = 40\nper = \"day\"",
                "points = 40\nper = \"week\"",
            ),
            ("kudos.toml", "\"automatic\"", "\"waitlist\""),
            (
                "kudos.toml",
                "points = 1\nretro",
                "points = 1\nbadge = \"certified\"\nretro",
            ),
            (
                "kudos.toml",
                "retroactive = true",
                "from = 2020-01-01T00:00:00Z",
            ),
            ("challenges.toml", "count = ", "count = 1"),
        ] {
            hashes.push(changed(file, from, to).folding_hash());
        }
        let count = hashes.len();
        hashes.sort();
        hashes.dedup();
        assert_eq!(hashes.len(), count);
    }
}
