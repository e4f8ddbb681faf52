//! What people read, folded from what happened.
//!
//! A fold is a pure function of an event and the rows that it touches, in two stages: an event
//! changes accounts, posts and pairs of them ([`fold()`]); at the end of a batch every changed
//! account's profile is computed anew from its accounts ([`Rows::finish`]).
//!
//! The same folds run live and in a rebuild. Live, the rows that a batch touches follow from its
//! events alone ([`Touched`]), so a store fetches them all at once. A rebuild starts with no rows.
//!
//! Rows are declared once, as structs ([`row`]); from that the stores make their tables.

pub mod about;
pub mod account;
pub mod activity;
pub mod agreement;
pub mod attendance;
pub mod badge;
pub mod benefit;
pub mod deed;
mod erasing;
pub mod feedback;
pub mod figure;
mod fold;
pub mod group;
pub mod kudos;
pub mod leadership;
pub mod learning;
pub mod ledger;
pub mod like;
mod link;
pub mod lozenge;
pub mod meeting;
pub mod membership;
pub mod notification;
mod places;
pub mod post;
pub mod presentation;
pub mod profile;
pub mod reckon;
pub mod report;
pub mod review;
pub mod row;
mod rows;
pub mod rsvp;
pub mod rules;
pub mod sponsor;
pub mod standings;
pub mod tally;
pub mod timeline;
mod touched;
pub mod watch;
mod weight;
mod withholding;

pub use about::About;
pub use account::{Account, Counts};
pub use agreement::Acceptance;
pub use attendance::Attendance;
pub use badge::{Badge, GrantedBadge, PostMilestone};
pub use benefit::Benefit;
pub use feedback::{Feedback, Interaction};
pub use figure::{Figure, FigureOfMonth};
pub use fold::{FoldError, Stopped, fold};
pub use group::Group;
pub use kudos::{Gift, Waiting};
pub use leadership::{Application, Leader};
pub use learning::{Certification, Course};
pub use ledger::LedgerEntry;
pub use like::Like;
pub use lozenge::{LozengeGrant, LozengeRequest};
pub use meeting::Meeting;
pub use membership::Membership;
pub use notification::{Notification, Outcome, ReadMark};
pub use post::{Post, PostBody, PostTag};
pub use presentation::Presentation;
pub use profile::Profile;
pub use reckon::Needs;
pub use report::Report;
pub use review::Review;
pub use row::{Key, Origin, Row};
pub use rows::{
    Change, ChangedProfiles, Entities, Entity, Keyed, Missing, Optional, Pair, Pairs, Rows,
    TagChanges,
};
pub use rsvp::Rsvp;
pub use rules::{Groups, Milestones, Rules};
pub use sponsor::Sponsor;
pub use tally::Tally;
pub use timeline::TimelineEntry;
pub use touched::Touched;
pub use watch::{GroupWatch, Watch};
pub use withholding::Unseen;
