//! The `plaudit` binary, as whoever types its name sees it.

mod community;
mod crash;
mod erasing;
mod events;
mod identity;
mod mistakes;
mod oracle;
mod running;
mod serving;
mod sites;
mod tables;
mod texts;
