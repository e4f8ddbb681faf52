//! What can happen in a community, and who may make it happen.
//!
//! Everything here is pure: no I/O, no clock, no async. Time, ids and the actor are arguments.
//! A concept is a file, always in the same order: the facts that are stored, the state folded
//! from a stream of them, the commands that decide on new ones, and their tests.
//!
//! [`fact`] is the table of contents: every fact that can be stored stands there, with its name.

pub mod acceptance;
pub mod account;
pub mod affiliation;
pub mod agreement;
pub mod attendance;
pub mod badge;
pub mod benefit;
pub mod calendar;
pub mod company_name;
pub mod decide;
pub mod erasure;
pub mod event;
pub mod fact;
pub mod feedback;
pub mod group;
pub mod id;
pub mod kudos;
pub mod leadership;
pub mod learning;
pub mod like;
pub mod link_code;
pub mod links;
pub mod lozenge;
pub mod meeting;
pub mod membership;
pub mod names;
pub mod notification;
pub mod period;
pub mod personal;
pub mod post;
pub mod presentation;
pub mod profile;
pub mod refusal;
pub mod report;
pub mod requirement;
pub mod review;
pub mod rsvp;
pub mod rules;
pub mod sponsor;
pub mod stream;
mod text;
pub mod time;
pub mod visibility;
pub mod watch;
pub mod zone;

pub use decide::{Actor, Command, History, Roles, decide};
pub use event::{Event, NewEvent, Position};
pub use fact::Fact;
pub use id::{AccountId, BenefitId, GiftId, GroupId, MeetingId, Origin, PostId, PresentationId};
pub use period::Period;
pub use personal::Personal;
pub use refusal::Refusal;
pub use stream::StreamName;
pub use time::Time;
pub use visibility::Visibility;

#[cfg(test)]
mod given;
#[cfg(test)]
mod tests;
