//! The `plaudit` binary, as whoever types its name sees it.

mod archive;
mod as_of;
mod community;
mod crash;
mod dump;
mod erasing;
mod events;
mod generations;
mod identity;
mod ledger;
mod mistakes;
mod oracle;
mod preview;
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
