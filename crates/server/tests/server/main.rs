//! The server as its clients see it.

mod audit;
mod graphql;
mod listening;
mod pages;
mod served;
mod tidy;
