//! What can be said on the command line. Every option can also come from the environment, as
//! `PLAUDIT_…`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use plaudit_domain::{AccountId, Time};
use plaudit_exchange::lines::Format;

/// The backend of an online community: every action is an event, everything shown is folded from
/// events.
#[derive(Debug, Parser)]
#[command(name = "plaudit", version, propagate_version = true)]
pub struct Cli {
    /// The directory that holds the community: its journal, and what is folded from it.
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

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the community over GraphQL.
    Serve(Serve),
    /// Record a history from elsewhere. Importing it again records only what is new.
    #[command(subcommand)]
    Import(Import),
    /// Take the history, or what is folded from it, along.
    Export(Export),
    /// Fold the whole history anew. A running server goes on with what it has until it restarts.
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
        default_value = "127.0.0.1:4000"
    )]
    pub listen: SocketAddr,

    /// Take tokens that `plaudit token` prints. Only on a loopback address.
    #[arg(long, env = "PLAUDIT_DEV")]
    pub dev: bool,

    /// Where the directory holds nothing yet, fill it with a small community to try.
    #[arg(long, env = "PLAUDIT_DEMO")]
    pub demo: bool,
}

/// Record a history from elsewhere.
#[derive(Debug, Subcommand)]
pub enum Import {
    /// A Stack Exchange data dump: Users.xml, Posts.xml, Comments.xml, Votes.xml and, if they are
    /// there, PostHistory.xml.
    StackExchange {
        /// The folder with the dump's files.
        folder: PathBuf,
        /// A CSV with the columns vote_id and user_id_imputed: who cast which vote. The dump
        /// doesn't say; every vote that isn't listed gets a pseudonymous voter of its own.
        #[arg(long, value_name = "FILE")]
        voters: Option<PathBuf>,
        /// The site's name; by default the folder's.
        #[arg(long, value_name = "NAME")]
        site: Option<String>,
        /// How it tells how far it is.
        #[command(flatten)]
        report: Report,
    },
    /// An export of a Polis conversation: comments.csv and votes.csv.
    Polis {
        /// The folder with the export's files.
        folder: PathBuf,
        /// The conversation's name; by default the folder's.
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// How it tells how far it is.
        #[command(flatten)]
        report: Report,
    },
    /// Events as `plaudit export events --personal` writes them in NDJSON.
    Events {
        /// The file; - reads standard input.
        file: PathBuf,
        /// How it tells how far it is.
        #[command(flatten)]
        report: Report,
    },
}

/// How long work tells how far it is.
#[derive(Debug, Clone, Copy, Args)]
pub struct Report {
    /// Tell progress and outcome in JSON lines instead.
    #[arg(long)]
    pub json: bool,
}

/// Take the history, or what is folded from it, along.
#[derive(Debug, Args)]
pub struct Export {
    /// What to export.
    #[arg(value_enum)]
    pub table: Table,

    /// How it is written: ndjson or csv.
    #[arg(long, default_value_t = Format::Ndjson)]
    pub format: Format,

    /// The file to write; without it, standard output.
    #[arg(long, value_name = "PATH")]
    pub out: Option<PathBuf>,

    /// Only events that occurred at or after this time, like 2026-01-31T12:00:00Z.
    #[arg(long, value_name = "TIME")]
    pub from: Option<Time>,

    /// Only events that occurred before this time.
    #[arg(long, value_name = "TIME")]
    pub to: Option<Time>,

    /// Only events of this type, like PostLiked. May be repeated.
    #[arg(long = "type", value_name = "TYPE")]
    pub types: Vec<String>,

    /// With personal data: names, titles and texts. Without, they are withheld.
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
    /// The account that requests are made as: its UUID, as `plaudit export accounts` shows it. One
    /// that isn't registered yet can register itself with the token.
    #[arg(long, value_name = "ID")]
    pub account: AccountId,

    /// For how many hours it is good.
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=8760))]
    pub hours: u32,
}
