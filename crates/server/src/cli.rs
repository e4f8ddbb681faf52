//! What can be said on the command line. Every option can also come from the environment, as
//! `PLAUDIT_…`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::{BoolishValueParser, PossibleValuesParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use plaudit_domain::{AccountId, Fact, Time};
use plaudit_exchange::lines::Format;

/// The backend of an online community.
///
/// Every action is an event; everything that people see is folded from events.
#[derive(Debug, Parser)]
#[command(name = "plaudit", version, after_help = TO_BEGIN)]
pub struct Cli {
    /// The directory that holds the community.
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "PLAUDIT_DATA",
        default_value = "data"
    )]
    pub data: PathBuf,

    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const TO_BEGIN: &str = "\
To begin with a small community to try, and a token to take part in it:
  plaudit serve --dev --demo";

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the community over GraphQL.
    Serve(Serve),
    /// Record a history from elsewhere.
    ///
    /// Importing it again, or more of it, records only what is new. It can be stopped at any moment
    /// and begun again, and a server may run beside it.
    #[command(subcommand)]
    Import(Import),
    /// Write the history, or what is folded from it, as a table.
    Export(Export),
    /// Fold the whole history anew.
    ///
    /// A running server goes on with what it has until it is restarted.
    Rebuild(Rebuild),
    /// Print a token for a server that runs with --dev.
    Token(Token),
    /// Print the GraphQL schema.
    Schema,
}

/// Serve the community over GraphQL.
#[derive(Debug, Args)]
pub struct Serve {
    /// The address to listen on.
    #[arg(
        long,
        value_name = "ADDR",
        env = "PLAUDIT_LISTEN",
        default_value = "127.0.0.1:4000",
        value_parser = address
    )]
    pub listen: SocketAddr,

    /// Take tokens that `plaudit token` prints; on loopback only.
    #[arg(long, env = "PLAUDIT_DEV", value_parser = BoolishValueParser::new())]
    pub dev: bool,

    /// Fill a new directory with a small community to try.
    #[arg(long, env = "PLAUDIT_DEMO", value_parser = BoolishValueParser::new())]
    pub demo: bool,
}

/// Record a history from elsewhere.
#[derive(Debug, Subcommand)]
pub enum Import {
    /// A site of Stack Exchange, from its data dump.
    StackExchange {
        /// The folder with Users.xml, Posts.xml, Comments.xml, Votes.xml …
        folder: PathBuf,
        /// A CSV that tells who voted: vote_id,user_id_imputed.
        ///
        /// The dump doesn't say. Every vote that isn't listed gets a pseudonymous voter of its own.
        #[arg(long, value_name = "FILE")]
        voters: Option<PathBuf>,
        /// The site's name; by default the folder's tells it.
        #[arg(long, value_name = "NAME")]
        site: Option<String>,
        /// How it tells how far it is.
        #[command(flatten)]
        report: Report,
    },
    /// A conversation of Polis, from its export.
    Polis {
        /// The folder with comments.csv and votes.csv.
        folder: PathBuf,
        /// The conversation's name; by default the folder's.
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// How it tells how far it is.
        #[command(flatten)]
        report: Report,
    },
    /// Events, as `plaudit export events --personal` writes them.
    Events {
        /// The file, in NDJSON; - for standard input.
        file: PathBuf,
        /// How it tells how far it is.
        #[command(flatten)]
        report: Report,
    },
}

/// How long work tells how far it is.
#[derive(Debug, Clone, Copy, Args)]
pub struct Report {
    /// Tell progress and outcome in lines of JSON.
    #[arg(long)]
    pub json: bool,
}

/// Write the history, or what is folded from it, as a table.
#[derive(Debug, Args)]
pub struct Export {
    /// What to export.
    #[arg(value_enum)]
    pub table: Table,

    /// How it is written: ndjson or csv.
    #[arg(long, default_value_t = Format::Ndjson)]
    pub format: Format,

    /// The file to write; by default standard output.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,

    /// Only events from this time on, like 2026-01-31T12:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub from: Option<Time>,

    /// Only events before this time.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub to: Option<Time>,

    /// Only events of this type, like PostLiked; may be repeated.
    #[arg(
        long = "type",
        value_name = "TYPE",
        value_parser = event_types(),
        hide_possible_values = true
    )]
    pub types: Vec<String>,

    /// Events with names, titles and texts, which are withheld otherwise.
    #[arg(long)]
    pub personal: bool,
}

/// What can be exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Table {
    /// The history itself.
    Events,
    /// Accounts, with what each did and received.
    Accounts,
    /// Profiles, with what their accounts did and received.
    Profiles,
    /// Posts, with what they received.
    Posts,
}

/// Fold the whole history anew.
#[derive(Debug, Args)]
pub struct Rebuild {
    #[command(flatten)]
    pub(crate) report: Report,
}

/// Print a token for a server that runs with --dev.
#[derive(Debug, Args)]
pub struct Token {
    /// The account that requests are made as: a UUID.
    ///
    /// `plaudit export accounts` shows those that there are. One that isn't registered yet can
    /// register itself with the token.
    #[arg(long, value_name = "ID", value_parser = account)]
    pub account: AccountId,

    /// For how many hours it is good.
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=8760))]
    pub hours: u32,
}

fn address(text: &str) -> Result<SocketAddr, &'static str> {
    read(
        text,
        "expected an IP address and a port, like 127.0.0.1:4000",
    )
}

fn time(text: &str) -> Result<Time, &'static str> {
    read(text, "expected a time like 2026-01-31T12:00:00Z")
}

fn account(text: &str) -> Result<AccountId, &'static str> {
    read(
        text,
        "expected a UUID like d1f1713e-8694-5c73-942f-1421ca6d8a5f",
    )
}

/// Reads a value; whoever can't write it learns from an example, not from a parser.
fn read<T: FromStr>(text: &str, expected: &'static str) -> Result<T, &'static str> {
    text.parse().map_err(|_| expected)
}

fn event_types() -> PossibleValuesParser {
    PossibleValuesParser::new(Fact::TYPES.iter().map(|(name, _)| *name))
}
