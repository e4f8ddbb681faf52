//! Lozenges: status labels, what they are for, and what comes with them (DOMAIN Z).

use plaudit_domain::GroupId;
use plaudit_domain::agreement::Agreement;
use plaudit_domain::lozenge::Terms;

use super::milestones::Figure;
use crate::account::Counts;

/// The rules for lozenges. By default there are none at all.
#[derive(Debug, Clone, Default)]
pub struct Lozenges {
    /// What members are asked to accept, each in its current version.
    pub agreements: Vec<AgreementRule>,
    /// What comes with lozenges.
    pub perks: Vec<Perk>,
    /// The lozenges, the highest first.
    pub all: Vec<Lozenge>,
}

/// An agreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgreementRule {
    /// What it is known by, its title, and its current version.
    pub agreement: Agreement,
    /// Where it can be read.
    pub url: String,
}

/// What comes with a lozenge (DOMAIN Z8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Perk {
    /// What programs know it by.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What it is.
    pub description: String,
    /// Where articles are published without review.
    pub publishes_in: PublishesIn,
}

/// In which groups articles are published without review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublishesIn {
    /// In all.
    All,
    /// In these; none by default.
    Groups(Vec<GroupId>),
}

/// A lozenge.
#[derive(Debug, Clone, PartialEq)]
pub struct Lozenge {
    /// What programs know it by.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What it says of somebody.
    pub description: String,
    /// The higher it is, the earlier it is shown. No two have the same.
    pub precedence: i64,
    /// What comes with it, by the numbers of the perks.
    pub perks: Vec<usize>,
    /// How it is got.
    pub way: Way,
}

/// How a lozenge is got.
#[derive(Debug, Clone, PartialEq)]
pub enum Way {
    /// Staff grant it.
    Granted {
        /// What it names, and what it requires of who asks for it.
        terms: Terms,
        /// What who asks for it acknowledges; none, where nobody can ask.
        request: Option<Ask>,
    },
    /// It comes by itself, as long as all of this holds.
    Derived(Vec<Condition>),
}

/// How a lozenge can be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// What is acknowledged, if anything is.
    pub acknowledgement: Option<String>,
}

/// What has to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Condition {
    /// What is looked at.
    pub measure: Measure,
    /// How much of it there has to be.
    pub bound: Bound,
}

/// What can be looked at of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// A figure.
    Figure(Figure),
    /// The level of the kudos programme.
    Level,
    /// How many user groups it leads that are active: that depends on the clock.
    ActiveGroupsLed,
}

/// How much there has to be of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// So much, or more.
    AtLeast(i64),
    /// Less than that.
    Below(i64),
}

/// What a profile is measured by.
#[derive(Debug, Clone, Copy)]
pub struct Measured<'a> {
    /// What it did and received.
    pub counts: &'a Counts,
    /// Its level in the kudos programme.
    pub level: i64,
    /// How many active user groups it leads, at the moment of asking.
    pub active_groups_led: i64,
}

impl Lozenges {
    /// The lozenge that is known by an id.
    pub fn find(&self, id: &str) -> Option<&Lozenge> {
        self.all.iter().find(|lozenge| lozenge.id == id)
    }

    /// The lozenges that a profile holds, the highest first: those that it deserves, and those that it was
    /// granted.
    pub fn held<'a>(
        &'a self,
        measured: &Measured<'_>,
        is_granted: impl Fn(&str) -> bool,
    ) -> impl Iterator<Item = &'a Lozenge> {
        self.held_by(|measure| measured.of(measure), is_granted)
    }

    /// The perks of a lozenge.
    pub fn perks_of(&self, lozenge: &Lozenge) -> impl Iterator<Item = &Perk> {
        let perks = lozenge.perks.iter();
        perks.filter_map(|&perk| self.perks.get(perk))
    }

    /// Whether any lozenge depends on which groups are active: else nobody has to find out.
    pub fn depend_on_groups(&self) -> bool {
        let is_groups = |it: &Condition| it.measure == Measure::ActiveGroupsLed;
        self.all.iter().any(|lozenge| match &lozenge.way {
            Way::Granted { .. } => false,
            Way::Derived(conditions) => conditions.iter().any(is_groups),
        })
    }

    pub(super) fn held_by(
        &self,
        measured: impl Fn(Measure) -> i64,
        is_granted: impl Fn(&str) -> bool,
    ) -> impl Iterator<Item = &Lozenge> {
        self.all.iter().filter(move |lozenge| match &lozenge.way {
            Way::Granted { .. } => is_granted(&lozenge.id),
            Way::Derived(conditions) => conditions.iter().all(|it| it.holds(&measured)),
        })
    }
}

impl Lozenge {
    /// What the rules say of it, if it is one that staff grant.
    pub fn terms(&self) -> Option<&Terms> {
        match &self.way {
            Way::Granted { terms, .. } => Some(terms),
            Way::Derived(_) => None,
        }
    }

    /// How it can be asked for, if it can.
    pub fn request(&self) -> Option<&Ask> {
        match &self.way {
            Way::Granted { request, .. } => request.as_ref(),
            Way::Derived(_) => None,
        }
    }
}

impl Condition {
    fn holds(&self, measured: impl Fn(Measure) -> i64) -> bool {
        let measured = measured(self.measure);
        match self.bound {
            Bound::AtLeast(least) => measured >= least,
            Bound::Below(most) => measured < most,
        }
    }
}

impl Measure {
    /// What rules call it.
    pub fn name(self) -> &'static str {
        let named = super::labels::MEASURES.iter();
        let named = named.clone().find(|(_, measure)| *measure == self);
        named.map_or("", |(name, _)| name)
    }
}

impl Measured<'_> {
    fn of(&self, measure: Measure) -> i64 {
        match measure {
            Measure::Figure(figure) => figure.of(self.counts),
            Measure::Level => self.level,
            Measure::ActiveGroupsLed => self.active_groups_led,
        }
    }
}

impl PublishesIn {
    /// Whether articles in a group are published without review.
    pub fn includes(&self, group: GroupId) -> bool {
        match self {
            Self::All => true,
            Self::Groups(groups) => groups.contains(&group),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Rules;

    fn standard() -> Lozenges {
        Rules::standard().unwrap().lozenges
    }

    fn held(answers: i64, level: i64, granted: &[&str]) -> Vec<String> {
        let counts = Counts {
            answers,
            accepted_solutions: answers,
            ..Counts::default()
        };
        let measured = Measured {
            counts: &counts,
            level,
            active_groups_led: 0,
        };
        let lozenges = standard();
        let held = lozenges.held(&measured, |id| granted.contains(&id));
        held.map(|lozenge| lozenge.id.clone()).collect()
    }

    #[test]
    fn z2_the_default_precedence() {
        let all: Vec<String> = standard().all.into_iter().map(|it| it.title).collect();
        assert_eq!(
            all,
            [
                "Community Manager",
                "Staff",
                "Community Leader",
                "Partner",
                "Rising Star",
                "Contributor",
                "I'm New Here"
            ]
        );
    }

    #[test]
    fn z3_newcomers_contributors_and_rising_stars_are_so_by_what_they_did() {
        assert_eq!(held(0, 1, &[]), ["new-here"]);
        assert_eq!(held(2, 11, &[]), ["new-here"]);
        assert_eq!(held(3, 11, &[]), ["contributor"]);
        assert_eq!(held(4, 11, &[]), ["contributor"]);
        assert_eq!(held(5, 3, &[]), ["contributor"]);
        assert_eq!(held(5, 4, &[]), ["rising-star", "contributor"]);
    }

    #[test]
    fn z1_all_that_are_held_are_kept_the_highest_first() {
        assert_eq!(
            held(5, 4, &["partner", "community-leader"]),
            ["community-leader", "partner", "rising-star", "contributor"]
        );
        // Nobody is granted what comes by itself, or isn't there.
        assert_eq!(held(0, 1, &["rising-star", "hero"]), ["new-here"]);
    }

    #[test]
    fn z5_what_partner_requires_by_default() {
        let lozenges = standard();
        let partner = lozenges.find("partner").unwrap();
        let terms = partner.terms().unwrap();
        assert!(terms.names_company && terms.requirements.company_in_name);
        assert_eq!(terms.requirements.contributed_within_days, Some(30));
        assert_eq!(terms.requirements.contributions, Some(5));
        assert_eq!(terms.requirements.no_upheld_report_days, Some(90));
        let agreements = terms.requirements.agreements.iter();
        let agreements: Vec<&str> = agreements.map(|it| it.title.as_str()).collect();
        assert_eq!(
            agreements,
            [
                "Terms",
                "Rules of Engagement",
                "Partner Rules of Engagement"
            ]
        );
        assert!(terms.requirements.acknowledgement);
        assert!(partner.request().unwrap().acknowledgement.is_some());
    }

    #[test]
    fn z8_partners_publish_without_review() {
        let lozenges = standard();
        let group = GroupId(uuid::Uuid::nil());
        for (lozenge, publishes) in [("partner", true), ("rising-star", false)] {
            let lozenge = lozenges.find(lozenge).unwrap();
            let mut perks = lozenges.perks_of(lozenge);
            let found = perks.any(|perk| perk.publishes_in.includes(group));
            assert_eq!(found, publishes, "{}", lozenge.id);
        }
        assert!(!PublishesIn::Groups(vec![]).includes(group));
        assert!(PublishesIn::Groups(vec![group]).includes(group));
    }
}
