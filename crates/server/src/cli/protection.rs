//! What whoever asks a server may ask for: the limits of `plaudit serve`.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::BoolishValueParser;
use plaudit_api::Limits;

use crate::http::{self, Browsers, HeaderName, Origin, Rate, Rates, Settings, SubscriptionLimits};

/// What clients may ask for.
#[derive(Debug, Args)]
#[command(next_help_heading = "What clients may ask for")]
pub struct Protection {
    /// The highest cost of an operation: about the number of fields of its answer.
    #[arg(long, value_name = "COST", env = "PLAUDIT_MAX_COST", default_value_t = Limits::default().cost,
        value_parser = clap::value_parser!(u64).range(1..=1_000_000_000), hide_short_help = true)]
    pub max_cost: u64,

    /// How deep fields may be nested.
    #[arg(long, value_name = "LEVELS", env = "PLAUDIT_MAX_DEPTH", default_value_t = Limits::default().depth,
        value_parser = clap::value_parser!(u64).range(1..=30), hide_short_help = true)]
    pub max_depth: u64,

    /// The most aliases in a document.
    #[arg(long, value_name = "NUMBER", env = "PLAUDIT_MAX_ALIASES", default_value_t = Limits::default().aliases,
        hide_short_help = true)]
    pub max_aliases: u64,

    /// The most directives in a document.
    #[arg(long, value_name = "NUMBER", env = "PLAUDIT_MAX_DIRECTIVES",
        default_value_t = Limits::default().directives, hide_short_help = true)]
    pub max_directives: u64,

    /// The most tokens in a document.
    #[arg(long, value_name = "NUMBER", env = "PLAUDIT_MAX_TOKENS", default_value_t = Limits::default().tokens,
        hide_short_help = true)]
    pub max_tokens: u64,

    /// The most bytes of a document, without its variables.
    #[arg(long, value_name = "BYTES", env = "PLAUDIT_MAX_DOCUMENT", default_value_t = Limits::default().bytes,
        hide_short_help = true)]
    pub max_document: u64,

    /// The most fields that a document selects with all its fragments spread.
    #[arg(long, value_name = "NUMBER", env = "PLAUDIT_MAX_SELECTIONS",
        default_value_t = Limits::default().selections,
        value_parser = clap::value_parser!(u64).range(1..=20_000), hide_short_help = true)]
    pub max_selections: u64,

    /// The most errors of an answer.
    #[arg(long, value_name = "NUMBER", env = "PLAUDIT_MAX_ERRORS", default_value_t = Limits::default().errors,
        hide_short_help = true)]
    pub max_errors: usize,

    /// The most bytes of a body.
    #[arg(long, value_name = "BYTES", env = "PLAUDIT_MAX_BODY",
        default_value_t = http::Limits::default().body_bytes, hide_short_help = true)]
    pub max_body: usize,

    /// For how many seconds a body may come in, and an operation be executed.
    #[arg(long, value_name = "SECONDS", env = "PLAUDIT_MAX_TIME",
        default_value_t = http::Limits::default().request_time.as_secs(),
        value_parser = clap::value_parser!(u64).range(1..=3_600), hide_short_help = true)]
    pub max_time: u64,

    /// The most connections that are open at once.
    #[arg(long, value_name = "NUMBER", env = "PLAUDIT_MAX_CONNECTIONS", default_value_t = http::CONNECTIONS as u64,
        value_parser = clap::value_parser!(u64).range(1..=10_000_000), hide_short_help = true)]
    pub max_connections: u64,

    /// The most operations that go on over a WebSocket at once.
    #[arg(long, value_name = "NUMBER", env = "PLAUDIT_MAX_OPERATIONS",
        default_value_t = SubscriptionLimits::default().connection as u64,
        value_parser = clap::value_parser!(u64).range(1..=1_000_000), hide_short_help = true)]
    pub max_operations: u64,

    /// How many seconds a client may take to say who it is, over a WebSocket.
    #[arg(long, value_name = "SECONDS", env = "PLAUDIT_MAX_INIT_TIME",
        default_value_t = SubscriptionLimits::default().init_time.as_secs(),
        value_parser = clap::value_parser!(u64).range(1..=60), hide_short_help = true)]
    pub max_init_time: u64,

    /// The most subscriptions of an account at once; 0 for as many as it likes.
    #[arg(
        long,
        value_name = "NUMBER",
        env = "PLAUDIT_ACCOUNT_SUBSCRIPTIONS",
        default_value_t = SubscriptionLimits::default().account,
        hide_short_help = true
    )]
    pub account_subscriptions: u32,

    /// The most subscriptions from an address at once; 0 for as many as they like.
    #[arg(
        long,
        value_name = "NUMBER",
        env = "PLAUDIT_ADDRESS_SUBSCRIPTIONS",
        default_value_t = SubscriptionLimits::default().address,
        hide_short_help = true
    )]
    pub address_subscriptions: u32,

    /// The cost that an account may spend a second, in the long run; 0 for whatever it likes.
    #[arg(
        long,
        value_name = "COST",
        env = "PLAUDIT_ACCOUNT_RATE",
        default_value_t = 5_000,
        hide_short_help = true
    )]
    pub account_rate: u32,

    /// The cost that an account may spend at once.
    #[arg(long, value_name = "COST", env = "PLAUDIT_ACCOUNT_BURST", default_value_t = 100_000,
        value_parser = clap::value_parser!(u32).range(1..), hide_short_help = true)]
    pub account_burst: u32,

    /// The cost that may be spent a second from an address, in the long run; 0 for whatever it likes.
    ///
    /// Of IPv6 a network of 64 bits is an address.
    #[arg(
        long,
        value_name = "COST",
        env = "PLAUDIT_ADDRESS_RATE",
        default_value_t = 20_000,
        hide_short_help = true
    )]
    pub address_rate: u32,

    /// The cost that may be spent from an address at once.
    #[arg(long, value_name = "COST", env = "PLAUDIT_ADDRESS_BURST", default_value_t = 400_000,
        value_parser = clap::value_parser!(u32).range(1..), hide_short_help = true)]
    pub address_burst: u32,

    /// The header in which the proxy before this server says whom a request is from, like x-forwarded-for.
    ///
    /// Its last address is believed. Without this none is: whoever connects is the client.
    #[arg(
        long,
        value_name = "HEADER",
        env = "PLAUDIT_ADDRESS_HEADER",
        hide_short_help = true
    )]
    pub address_header: Option<HeaderName>,

    /// Documents that clients may name by `documentId` in place of sending them.
    ///
    /// A directory of .graphql files, named by sha256: and the hash of their texts, or a .json file of documents
    /// by id, as tools for apps write it.
    #[arg(
        long,
        value_name = "DIR|FILE",
        env = "PLAUDIT_DOCUMENTS",
        conflicts_with = "allow_only",
        hide_short_help = true
    )]
    pub documents: Option<PathBuf>,

    /// Execute these documents, and no others.
    #[arg(long, value_name = "DIR|FILE", env = "PLAUDIT_ALLOW_ONLY")]
    pub allow_only: Option<PathBuf>,

    /// Let pages of an origin send requests, and open WebSockets.
    ///
    /// A scheme, a host and perhaps a port, without a path; may be repeated. By default none elsewhere may.
    #[arg(long = "cors-origin", value_name = "ORIGIN", env = "PLAUDIT_CORS_ORIGINS", value_delimiter = ',',
        value_parser = Origin::parse, hide_short_help = true)]
    pub cors_origins: Vec<Origin>,

    /// Tell nothing of the schema: no introspection, no suggestions, no GraphiQL.
    #[arg(long, env = "PLAUDIT_NO_INTROSPECTION", value_parser = BoolishValueParser::new(), hide_short_help = true)]
    pub no_introspection: bool,

    /// Answer with the statuses of the newer draft of GraphQL over HTTP: 422 for what can't be executed, 294 for
    /// what was executed in part. It holds where application/graphql-response+json is accepted.
    #[arg(long, env = "PLAUDIT_NEWER_STATUSES", value_parser = BoolishValueParser::new(),
        hide_short_help = true)]
    pub newer_statuses: bool,
}

impl Protection {
    /// What documents and operations may come to.
    pub fn limits(&self) -> Limits {
        Limits {
            cost: self.max_cost,
            bytes: self.max_document,
            tokens: self.max_tokens,
            depth: self.max_depth,
            aliases: self.max_aliases,
            directives: self.max_directives,
            selections: self.max_selections,
            errors: self.max_errors,
            introspection: !self.no_introspection,
        }
    }

    /// How the API is served.
    ///
    /// # Errors
    /// If an operation may cost more than anybody may ever spend.
    pub fn settings(&self) -> Result<Settings, String> {
        let time = Duration::from_secs(self.max_time);
        let rate = |name: &str, per_second, burst: u32| {
            let (Some(per_second), Some(burst)) =
                (NonZeroU32::new(per_second), NonZeroU32::new(burst))
            else {
                return Ok(None);
            };
            if u64::from(burst.get()) < self.max_cost {
                return Err(format!(
                    "--{name}-burst is {burst}, but --max-cost lets an operation cost {}: it would be refused for \
                     ever. Raise one, or lower the other",
                    self.max_cost
                ));
            }
            Ok(Some(Rate { per_second, burst }))
        };
        Ok(Settings {
            limits: http::Limits {
                body_bytes: self.max_body,
                body_time: time,
                request_time: time,
            },
            rates: Rates {
                account: rate("account", self.account_rate, self.account_burst)?,
                address: rate("address", self.address_rate, self.address_burst)?,
                address_header: self.address_header.clone(),
            },
            subscriptions: SubscriptionLimits {
                account: self.account_subscriptions,
                address: self.address_subscriptions,
                connection: self.max_operations as usize,
                init_time: Duration::from_secs(self.max_init_time),
                ..SubscriptionLimits::default()
            },
            newer_statuses: self.newer_statuses,
        })
    }

    /// What browsers may do.
    pub fn browsers(&self) -> Browsers {
        Browsers {
            origins: self.cors_origins.clone(),
            graphiql: !self.no_introspection,
        }
    }
}
