//! The `plaudit` binary, as whoever types its name sees it.

mod community;
mod crash;
mod dump;
mod erasing;
mod events;
mod identity;
mod ledger;
mod mistakes;
mod oracle;
mod reputation;
mod rules;
mod running;
mod serving;
mod sites;
mod tables;
mod texts;
mod tour;
mod verify;
mod watching;
