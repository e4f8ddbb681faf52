//! Learning: courses and certifications, as a learning platform records them (DOMAIN P1, P4, L12).

use serde::{Deserialize, Serialize};

use crate::account;
use crate::decide::{Actor, Command, History, State};
use crate::fact::{Body, Fact, LearningFact, Visit};
use crate::id::AccountId;
use crate::links::Links;
use crate::refusal::Refusal;
use crate::stream::StreamName;
use crate::text;
use crate::time::Time;

// Facts. When it was is when the event occurred.

/// An account completed a course.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CourseCompleted {
    /// The account.
    pub account: AccountId,
    /// What the learning platform knows the course by.
    pub course: String,
    /// The course's title.
    pub title: String,
    /// The name of the badge that comes with it, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub badge: Option<String>,
}

impl Body for CourseCompleted {
    fn stream(&self) -> StreamName {
        StreamName::learning(self.account)
    }

    fn personal(&mut self, _: Visit<'_>) {
        let Self {
            account: _,
            course: _,
            title: _,
            badge: _,
        } = self;
    }
}

/// An account was awarded a certification, or again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificationAwarded {
    /// The account.
    pub account: AccountId,
    /// What the learning platform knows the certification by.
    pub certification: String,
    /// Its title.
    pub title: String,
    /// Whether it is a Certified Designation, which is listed apart.
    pub designation: bool,
    /// When it expires, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,
}

impl Body for CertificationAwarded {
    fn stream(&self) -> StreamName {
        StreamName::learning(self.account)
    }

    fn personal(&mut self, _: Visit<'_>) {
        let Self {
            account: _,
            certification: _,
            title: _,
            designation: _,
            expires_at: _,
        } = self;
    }
}

// Fold

/// What an account learned, in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Learned {
    courses: Vec<CourseCompleted>,
    certifications: Vec<CertificationAwarded>,
}

impl State for Learned {
    type Fact = LearningFact;

    fn apply(&mut self, fact: &LearningFact) {
        match fact {
            LearningFact::CourseCompleted(course) => self.courses.push(course.clone()),
            LearningFact::CertificationAwarded(certification) => {
                self.certifications.push(certification.clone());
            }
        }
    }
}

// Decisions

/// The most characters of what a course or certification is known by.
pub const KEY_MAX: usize = 100;
/// The most characters of a title or a badge's name.
pub const TITLE_MAX: usize = 200;

/// Records what an account learned. A service may. What is recorded already is not recorded again:
/// a course counts once, and of a certification the latest award holds.
#[derive(Debug, Clone)]
pub struct Record {
    /// The account.
    pub account: AccountId,
    /// When it was.
    pub at: Time,
    /// What it learned.
    pub achievement: Achievement,
}

/// What can be learned.
#[derive(Debug, Clone)]
pub enum Achievement {
    /// A course was completed.
    Course {
        /// What the learning platform knows it by.
        course: String,
        /// Its title.
        title: String,
        /// The name of the badge that comes with it.
        badge: Option<String>,
    },
    /// A certification was awarded.
    Certification {
        /// What the learning platform knows it by.
        certification: String,
        /// Its title.
        title: String,
        /// Whether it is a Certified Designation.
        designation: bool,
        /// When it expires.
        expires_at: Option<Time>,
    },
}

impl Command for Record {
    fn writes(&self, _: &Actor, _: &Links) -> StreamName {
        StreamName::learning(self.account)
    }

    fn reads(&self, _: &Actor, _: &History) -> Vec<StreamName> {
        vec![StreamName::account(self.account)]
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        if !actor.roles.service {
            return Err(Refusal::NotPermitted { who: "services" });
        }
        if self.at > history.now() {
            return Err(Refusal::InFuture { field: "at" });
        }
        account::is_here(self.account, history)?;
        let learned: Learned = history.state(&self.writes(actor, history.links()));
        let fact = self.fact()?;
        let is_known = match &fact {
            LearningFact::CourseCompleted(course) => learned
                .courses
                .iter()
                .any(|known| known.course == course.course),
            // The latest award holds: a correction may bring an earlier one back.
            LearningFact::CertificationAwarded(awarded) => {
                let mut latest = learned.certifications.iter().rev();
                latest.find(|known| known.certification == awarded.certification) == Some(awarded)
            }
        };
        Ok(if is_known { vec![] } else { vec![fact.into()] })
    }

    /// A service isn't a member: what it does is done by no profile.
    fn registers_its_actor(&self) -> bool {
        true
    }

    fn happened_at(&self) -> Option<Time> {
        Some(self.at)
    }
}

impl Record {
    fn fact(&self) -> Result<LearningFact, Refusal> {
        let account = self.account;
        Ok(match &self.achievement {
            Achievement::Course {
                course,
                title,
                badge,
            } => LearningFact::CourseCompleted(CourseCompleted {
                account,
                course: text::key("course", course, KEY_MAX)?,
                title: valid_text("title", title)?,
                badge: badge
                    .as_deref()
                    .map(|badge| valid_text("badge", badge))
                    .transpose()?,
            }),
            Achievement::Certification {
                certification,
                title,
                designation,
                expires_at,
            } => LearningFact::CertificationAwarded(CertificationAwarded {
                account,
                certification: text::key("certification", certification, KEY_MAX)?,
                title: valid_text("title", title)?,
                designation: *designation,
                expires_at: *expires_at,
            }),
        })
    }
}

fn valid_text(field: &'static str, text: &str) -> Result<String, Refusal> {
    text::line(text, TITLE_MAX).ok_or(Refusal::FieldInvalid {
        field,
        max: TITLE_MAX,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::Roles;
    use crate::given::{
        ada, after, bob, certified, community, completed, erased, eve, given, registered, role,
        service,
    };

    fn course(course: &str) -> Record {
        Record {
            account: ada(),
            at: Time::from_micros(7),
            achievement: Achievement::Course {
                course: course.into(),
                title: " Sourdough ".into(),
                badge: Some("Baker".into()),
            },
        }
    }

    fn certification(expires: i64) -> Record {
        Record {
            account: ada(),
            at: Time::from_micros(7),
            achievement: Achievement::Certification {
                certification: "MASTER-1".into(),
                title: "Master".into(),
                designation: true,
                expires_at: Some(Time::from_micros(expires)),
            },
        }
    }

    #[test]
    fn a_service_records_what_somebody_learned() {
        community([])
            .when(service(bob()), course("SD-1"))
            .then([completed(ada(), "SD-1")]);
        community([])
            .when(service(bob()), certification(9))
            .then([certified(ada(), "MASTER-1", 9)]);
    }

    #[test]
    fn a_service_needs_no_account_of_its_own() {
        given([registered(ada(), "Ada")])
            .when(service(eve()), course("SD-1"))
            .then([completed(ada(), "SD-1")]);
    }

    #[test]
    fn nobody_else_does_not_even_admins() {
        let roles = Roles {
            admin: true,
            community_manager: true,
            analyst: true,
            service: false,
        };
        community([])
            .when(role(ada(), roles), course("SD-1"))
            .then_refused(Refusal::NotPermitted { who: "services" });
    }

    #[test]
    fn a_course_is_completed_once() {
        community([completed(ada(), "SD-1")])
            .when(service(bob()), course("SD-1"))
            .then([]);
    }

    #[test]
    fn a_certification_is_awarded_again_for_longer() {
        let given = || community([certified(ada(), "MASTER-1", 9)]);
        given().when(service(bob()), certification(9)).then([]);
        given()
            .when(service(bob()), certification(10))
            .then([certified(ada(), "MASTER-1", 10)]);
        // And corrected.
        community([
            certified(ada(), "MASTER-1", 9),
            certified(ada(), "MASTER-1", 10),
        ])
        .when(service(bob()), certification(9))
        .then([certified(ada(), "MASTER-1", 9)]);
    }

    #[test]
    fn nobody_has_learned_what_is_still_to_come() {
        let tomorrow = Record {
            at: after(1),
            ..course("SD-1")
        };
        community([])
            .when(service(bob()), tomorrow)
            .then_refused(Refusal::InFuture { field: "at" });
    }

    #[test]
    fn only_members_learn() {
        let stranger = Refusal::AccountNotFound { account: ada() };
        given([])
            .when(service(bob()), course("SD-1"))
            .then_refused(stranger.clone());
        community([erased(ada(), crate::erasure::Content::Keep)])
            .when(service(bob()), course("SD-1"))
            .then_refused(stranger);
    }

    #[test]
    fn courses_have_keys_that_programs_can_agree_on() {
        for key in ["", "a b", "a/b", &"x".repeat(KEY_MAX + 1)] {
            community([])
                .when(service(bob()), course(key))
                .then_refused(Refusal::KeyInvalid {
                    field: "course",
                    max: KEY_MAX,
                });
        }
    }
}
