//! What accounts learned (DOMAIN P4, L12).

use plaudit_domain::fact::LearningFact;
use plaudit_domain::learning::{CertificationAwarded, CourseCompleted};
use plaudit_domain::{Event, Time};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::deed::{Action, Deed};
use crate::fold::FoldError;
use crate::row::{Key, row};
use crate::rows::Rows;
use crate::touched::Touched;
use crate::weight::{TEXTS, map, vector};

row! {
    table "course", primary (account, course);
    /// An account completed a course.
    pub struct Course {
        /// The account.
        pub account: Key,
        /// What the learning platform knows the course by.
        pub course: String,
        /// Its title.
        pub title: String,
        /// The name of the badge that comes with it.
        pub badge: Option<String>,
        /// When it was completed.
        pub at: Time,
        /// The position of the completion.
        pub position: i64,
    }
}

row! {
    table "certification", primary (account, certification, position);
    /// An account was awarded a certification, once for each time.
    pub struct Certification {
        /// The account.
        pub account: Key,
        /// What the learning platform knows the certification by.
        pub certification: String,
        /// The position of the award.
        pub position: i64,
        /// Its title.
        pub title: String,
        /// Whether it is a Certified Designation.
        pub designation: bool,
        /// When it was awarded.
        pub at: Time,
        /// When it expires, if it does.
        pub expires_at: Option<Time>,
    }
}

/// The courses of some accounts, by account. They come, and never go.
#[derive(Debug, Default)]
pub struct Courses {
    completed: FxHashMap<Key, FxHashSet<String>>,
    added: Vec<Course>,
}

impl Courses {
    /// Adds a course as the store has it.
    pub fn load(&mut self, course: Course) {
        let courses = self.completed.entry(course.account).or_default();
        courses.insert(course.course);
    }

    /// The rows that the store doesn't have.
    pub fn added(&self) -> &[Course] {
        &self.added
    }

    pub(crate) fn weight(&self) -> usize {
        map(&self.completed) + vector(&self.added) + self.added.len() * 2 * TEXTS
    }

    /// Adds a course; whether that is new.
    fn insert(&mut self, course: Course) -> bool {
        let courses = self.completed.entry(course.account).or_default();
        let is_new = courses.insert(course.course.clone());
        if is_new {
            self.added.push(course);
        }
        is_new
    }

    /// How many different courses some accounts completed together.
    pub(crate) fn different(&self, accounts: impl Iterator<Item = Key>) -> i64 {
        let courses = accounts.filter_map(|account| self.completed.get(&account));
        let different: FxHashSet<&String> = courses.flatten().collect();
        i64::try_from(different.len()).unwrap_or(i64::MAX)
    }
}

pub(crate) fn touch(fact: &LearningFact, touched: &mut Touched) {
    match fact {
        LearningFact::CourseCompleted(CourseCompleted { account, .. }) => {
            touched.account(*account);
            touched.courses_of.insert(*account);
        }
        LearningFact::CertificationAwarded(CertificationAwarded { account, .. }) => {
            touched.account(*account);
        }
    }
}

pub(crate) fn fold(fact: &LearningFact, event: &Event, rows: &mut Rows) -> Result<(), FoldError> {
    let position = event.position.cast_signed();
    let at = event.occurred_at;
    match fact {
        LearningFact::CourseCompleted(completed) => {
            let account = rows.account(completed.account)?.key;
            let course = Course {
                account,
                course: completed.course.clone(),
                title: completed.title.clone(),
                badge: completed.badge.clone(),
                at,
                position,
            };
            // A course counts once, however often it was completed.
            if rows.courses.insert(course) {
                let account = rows.accounts.by_key(account)?;
                account.counts.courses_completed += 1;
                account.active(at);
                let deed = Deed::done(Action::CourseCompleted, account, event);
                rows.deeds.push(deed);
            }
        }
        LearningFact::CertificationAwarded(awarded) => {
            let account = rows.account(awarded.account)?;
            account.active(at);
            let deed = Deed::done(Action::CertificationAwarded, account, event);
            let certification = Certification {
                account: account.key,
                certification: awarded.certification.clone(),
                position,
                title: awarded.title.clone(),
                designation: awarded.designation,
                at,
                expires_at: awarded.expires_at,
            };
            rows.certifications.push(certification);
            rows.deeds.push(deed);
        }
    }
    Ok(())
}
