//! The server as its clients see it.

mod audit;
mod cli;
mod graphql;
mod listening;
mod pages;
mod served;
mod tidy;
