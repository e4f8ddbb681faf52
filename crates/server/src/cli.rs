//! What can be said on the command line. Every option can also come from the environment, as
//! `PLAUDIT_…`.

mod protection;

use std::convert::Infallible;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::{BoolishValueParser, NonEmptyStringValueParser, PossibleValuesParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use jsonwebtoken::Algorithm;
use plaudit_domain::account::AccountKind;
use plaudit_domain::{AccountId, Fact, Roles, Time};
use plaudit_exchange::archive::PART_EVENTS;
use plaudit_exchange::lines::Format;

use crate::identity::{keys_location, signing_algorithm};

pub use protection::Protection;

/// The backend of an online community.
///
/// Every action is an event; everything that people see is folded from events.
#[derive(Debug, Parser)]
#[command(name = "plaudit", version, after_help = TO_BEGIN)]
pub struct Cli {
    /// The community's directory.
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "PLAUDIT_DATA",
        default_value = "data"
    )]
    pub data: PathBuf,

    /// The file of the master key; by default master.key in DIR.
    ///
    /// All keys of personal data are kept under it. Where there is no such file, one is made.
    /// PLAUDIT_MASTER_KEY_FILE can name it, and PLAUDIT_MASTER_KEY hold the key itself: 64 hexadecimal
    /// digits.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "PLAUDIT_MASTER_KEY_FILE",
        hide_env = true
    )]
    pub master_key: Option<PathBuf>,

    /// Where the journal is, if it isn't journal.sqlite in DIR: sqlite:PATH, the URL of a PostgreSQL database, or
    /// the connection string of an EventStoreDB.
    ///
    /// Like postgres://plaudit:PASSWORD@db.example.org/plaudit or esdb://USER:PASSWORD@one,two,three; in
    /// PLAUDIT_JOURNAL it doesn't show among processes. Any number of nodes may use the same one, each with a DIR
    /// of its own. Other machines are talked to by TLS, unless ?sslmode=disable, or ?tls=false, says otherwise.
    /// With ?streamPrefix=beer. others may use an EventStoreDB, too.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "PLAUDIT_JOURNAL",
        hide_env = true,
        hide_short_help = true
    )]
    pub journal: Option<Url>,

    /// Where the keys of personal data are, if they aren't in keys.sqlite in DIR: sqlite:PATH, or the URL of a
    /// PostgreSQL database, another one than the journal's.
    ///
    /// PLAUDIT_KEYS can say so, too. All nodes of a community need the same keys and the same master key.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "PLAUDIT_KEYS",
        hide_env = true,
        hide_short_help = true
    )]
    pub keys: Option<Url>,

    /// The URL of a PostgreSQL database for what is folded from the history, if that isn't in DIR.
    ///
    /// Like postgres://plaudit:PASSWORD@db.example.org/plaudit; in PLAUDIT_READ_MODELS it doesn't show among
    /// processes. Other machines are talked to by TLS, unless ?sslmode=disable says otherwise. What is made for
    /// a while only, like an earlier moment, is made in DIR all the same.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "PLAUDIT_READ_MODELS",
        hide_env = true,
        hide_short_help = true
    )]
    pub read_models: Option<Url>,

    /// The directory of rules; by default Plaudit's own.
    ///
    /// A new community keeps them. Later they are changed by `plaudit rules activate`: others that are said here
    /// are told of, and not used. `standard` names those that come with Plaudit.
    #[arg(long, global = true, value_name = "DIR", env = "PLAUDIT_RULES")]
    pub rules: Option<PathBuf>,

    /// How log lines are written: for people, or for programs.
    #[arg(
        long,
        global = true,
        value_name = "FORMAT",
        env = "PLAUDIT_LOG_FORMAT",
        default_value = "text",
        value_enum,
        hide_short_help = true
    )]
    pub log_format: LogFormat,

    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Where something is. There may be a password in it, so it doesn't show.
#[derive(Clone)]
pub struct Url(pub String);

impl FromStr for Url {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Url")
    }
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// An object of JSON a line.
    Json,
}

const TO_BEGIN: &str = "\
To begin with a small community to try, and a token to take part in it:
  plaudit serve --dev --demo";

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the community over GraphQL.
    Serve(Box<Serve>),
    /// Record a history from elsewhere.
    ///
    /// Importing it again, or more of it, records only what is new. It can be stopped at any moment
    /// and begun again, and a server may run beside it.
    #[command(subcommand)]
    Import(Import),
    /// Copy a journal into another one, as it is, and prove that both are the same.
    ///
    /// Ids, order, times and bodies stay what they are, and what is personal stays sealed. What is there already
    /// is compared, not copied again: so it can be stopped and begun again, and takes what came since. Exit code
    /// 3: the target has another history, or they differ.
    Copy(Copy),
    /// Write the history, or what is folded from it, as a table.
    Export(Export),
    /// Fold the whole history anew.
    ///
    /// A running server goes on with what it has, and takes the new rows up once they are there.
    Rebuild(Rebuild),
    /// Make read models as they were at a moment, in a directory of their own.
    ///
    /// `plaudit serve --data DIR --read-only` serves them, and `plaudit export --data DIR` writes their tables.
    /// What is in them is of that moment; who may see it is of today: who is erased or private now is so
    /// there, and what is deleted now has no text. Whom to forget later, the directory doesn't know: remove it
    /// then. It takes as long as a rebuild, and a server may run beside it.
    Replay(Replay),
    /// Prove that nothing is wrong: the journal is whole, and all that people see is what a replay of it
    /// comes to.
    ///
    /// A server may run beside it. It changes nothing, and needs room for the read models a second time
    /// meanwhile. Exit code 3: there are differences.
    Verify(Verify),
    /// Look after rules: what is worth points, which badges and levels there are.
    #[command(subcommand)]
    Rules(Rules),
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

    /// Another address for /metrics, which then isn't served on the first one.
    ///
    /// /health/live and /health/ready are served on both.
    #[arg(
        long,
        value_name = "ADDR",
        env = "PLAUDIT_METRICS_LISTEN",
        value_parser = address,
        hide_short_help = true
    )]
    pub metrics_listen: Option<SocketAddr>,

    /// An address for EventStoreDB's clients, which read the history there and follow it.
    ///
    /// On loopback anybody on this machine may, without a token; elsewhere it takes a certificate, and
    /// tokens of analysts, as Bearer or as the password of any user. Personal data stays sealed.
    #[arg(
        long,
        value_name = "ADDR",
        env = "PLAUDIT_EVENTSTORE_LISTEN",
        value_parser = address,
        hide_short_help = true
    )]
    pub eventstore_listen: Option<SocketAddr>,

    /// The certificate with which those are answered, in PEM; then they all need a token.
    #[arg(
        long,
        value_name = "FILE",
        env = "PLAUDIT_EVENTSTORE_CERTIFICATE",
        requires_all = ["eventstore_listen", "eventstore_key"],
        hide_short_help = true
    )]
    pub eventstore_certificate: Option<PathBuf>,

    /// The key of that certificate, in PEM.
    #[arg(
        long,
        value_name = "FILE",
        env = "PLAUDIT_EVENTSTORE_KEY",
        requires = "eventstore_certificate",
        hide_short_help = true
    )]
    pub eventstore_key: Option<PathBuf>,

    /// Take tokens of `plaudit token`, on loopback only.
    #[arg(long, env = "PLAUDIT_DEV", value_parser = BoolishValueParser::new())]
    pub dev: bool,

    /// Fill a new directory with a small community to try.
    #[arg(long, env = "PLAUDIT_DEMO", value_parser = BoolishValueParser::new())]
    pub demo: bool,

    /// Serve what is there, and change nothing.
    ///
    /// Nothing is recorded or folded: good for what `plaudit replay` made, for a backup, and beside a running
    /// server. With --dev the key of its tokens is made where there is none.
    #[arg(
        long,
        env = "PLAUDIT_READ_ONLY",
        value_parser = BoolishValueParser::new(),
        conflicts_with = "demo"
    )]
    pub read_only: bool,

    /// Memory for what was read, in MiB, for who asks for the same next.
    ///
    /// It holds until something happens: nobody sees anything older for its sake. With 0 everything is read each time.
    #[arg(
        long,
        value_name = "MIB",
        env = "PLAUDIT_KEPT",
        default_value_t = plaudit_api::KEPT_BYTES / 1024 / 1024,
        value_parser = clap::value_parser!(u64).range(..=1_000_000),
        hide_short_help = true
    )]
    pub kept: u64,

    /// Whose tokens are taken otherwise.
    #[command(flatten)]
    pub provider: Provider,

    /// How it tells how far it is, before it serves.
    #[command(flatten)]
    pub report: Report,

    /// What clients may ask for.
    #[command(flatten)]
    pub protection: Protection,
}

/// The site's identity provider.
#[derive(Debug, Args)]
pub struct Provider {
    /// The keys of the identity provider.
    ///
    /// A JSON Web Key Set: its https URL, or a file. From a URL, new keys are taken without a restart.
    #[arg(
        long,
        value_name = "URL|FILE",
        env = "PLAUDIT_JWKS",
        value_parser = keys_location,
        requires_all = ["issuer", "audience"]
    )]
    pub jwks: Option<String>,

    /// The provider, as its tokens name it (iss).
    #[arg(
        long,
        value_name = "ISS",
        env = "PLAUDIT_ISSUER",
        value_parser = NonEmptyStringValueParser::new(),
        requires = "jwks"
    )]
    pub issuer: Option<String>,

    /// This server, as those tokens name it (aud).
    #[arg(
        long,
        value_name = "AUD",
        env = "PLAUDIT_AUDIENCE",
        value_parser = NonEmptyStringValueParser::new(),
        requires = "jwks"
    )]
    pub audience: Option<String>,

    /// The algorithms that tokens may be signed with.
    #[arg(
        long,
        value_name = "NAMES",
        env = "PLAUDIT_ALGORITHMS",
        value_delimiter = ',',
        default_value = "RS256,ES256,EdDSA",
        value_parser = signing_algorithm,
        hide_short_help = true,
        requires = "jwks"
    )]
    pub algorithms: Vec<Algorithm>,

    /// The claim with roles, or the way to it, like realm_access.roles.
    #[arg(
        long,
        value_name = "CLAIM",
        env = "PLAUDIT_ROLES_CLAIM",
        default_value = "roles",
        hide_short_help = true,
        requires = "jwks"
    )]
    pub roles_claim: String,

    /// The claim with the kind of account: personal or managed.
    #[arg(
        long,
        value_name = "CLAIM",
        env = "PLAUDIT_KIND_CLAIM",
        default_value = "account_kind",
        hide_short_help = true,
        requires = "jwks"
    )]
    pub kind_claim: String,

    /// Mail domains of personal accounts; those of other domains are managed.
    ///
    /// It counts where the claim with the kind is absent.
    #[arg(
        long,
        value_name = "DOMAINS",
        env = "PLAUDIT_PERSONAL_DOMAINS",
        value_delimiter = ',',
        hide_short_help = true,
        requires = "jwks"
    )]
    pub personal_domains: Vec<String>,
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
    /// Groups of Meetup, from CSV files as its API gave them.
    Meetup {
        /// The folder with groups.csv, events.csv, and members.csv and rsvps.csv if there are such.
        folder: PathBuf,
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

/// Copy a journal into another one.
#[derive(Debug, Args)]
pub struct Copy {
    /// The journal to copy: a community's directory, sqlite:PATH, postgres://… or esdb://…; of what was recorded in an
    /// EventStoreDB, times are to the second, as its client reads them.
    #[arg(
        long,
        value_name = "JOURNAL",
        env = "PLAUDIT_COPY_FROM",
        hide_env = true
    )]
    pub from: Url,

    /// Where to: a directory, sqlite:PATH, postgres://… or esdb://…; an empty one, or an earlier copy.
    #[arg(long, value_name = "JOURNAL", env = "PLAUDIT_COPY_TO", hide_env = true)]
    pub to: Url,

    /// Its keys: a directory, sqlite:PATH or postgres://…; those of a directory are in it.
    #[arg(
        long,
        value_name = "KEYS",
        env = "PLAUDIT_COPY_FROM_KEYS",
        hide_env = true
    )]
    pub from_keys: Option<Url>,

    /// Where its keys are copied to, if they are: under the master key that is used there.
    ///
    /// What was destroyed here is destroyed there, too. Without it the keys stay where they are, and --keys
    /// names them.
    #[arg(
        long,
        value_name = "KEYS",
        env = "PLAUDIT_COPY_TO_KEYS",
        hide_env = true
    )]
    pub to_keys: Option<Url>,

    /// How it tells how far it is.
    #[command(flatten)]
    pub report: Report,
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
    /// events, accounts, profiles, posts, ledger, badges, groups, meetings, or all of them.
    #[arg(value_enum, hide_possible_values = true)]
    pub table: Table,

    /// How it is written: ndjson, csv or parquet.
    #[arg(long, default_value_t = Format::Ndjson)]
    pub format: Format,

    /// The file to write, by default standard output; or a directory to fill.
    ///
    /// A directory is one that is there, or a name that ends in /. It gets a manifest.json and a file for each
    /// table, all as of one position, and events by month. An export into it that was interrupted goes on
    /// where it was, and a later one writes only those events that are new.
    #[arg(long, value_name = "FILE|DIR")]
    pub out: Option<PathBuf>,

    /// Everything as it was at this time; of a date, its end in UTC.
    ///
    /// Like 2026-01-31T12:00:00Z, or 2026-01-31. It folds all that had happened by then, which takes as long as a rebuild.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub as_of: Option<Time>,

    /// In a directory, after so many events their files are never written again.
    ///
    /// Fewer take less memory, and make more and smaller files.
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = PART_EVENTS,
        value_parser = clap::value_parser!(u32).range(1..=10_000_000),
        hide_short_help = true
    )]
    pub part_events: u32,

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

    /// Tell progress and outcome in lines of JSON, on standard output.
    #[arg(long, requires = "out")]
    pub json: bool,

    /// Also what is personal.
    ///
    /// Of events names, titles and texts; of the other tables what private profiles have.
    #[arg(long)]
    pub personal: bool,
}

/// What can be exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Table {
    /// Everything, into a directory.
    All,
    /// The history itself.
    Events,
    /// Accounts, with what each did and received.
    Accounts,
    /// Profiles, with what their accounts did and received.
    Profiles,
    /// Posts, with what they received.
    Posts,
    /// The points that accounts got and lost, each with the reason.
    Ledger,
    /// The badges that profiles have.
    Badges,
    /// Groups, and how active user groups are at this moment.
    Groups,
    /// Meetings of user groups, and how many came.
    Meetings,
}

/// Fold the whole history anew.
#[derive(Debug, Args)]
pub struct Rebuild {
    /// Memory that rows may take before they are written, in MiB.
    ///
    /// What doesn't fit at once is folded in rounds, which takes longer. The process takes about 200 MiB more.
    #[arg(long, value_name = "MIB", default_value_t = 1792)]
    pub memory: usize,

    #[command(flatten)]
    pub(crate) report: Report,
}

/// Make read models as they were at a moment.
#[derive(Debug, Args)]
pub struct Replay {
    /// The moment, like 2026-01-31T12:00:00Z; of a date, its end in UTC.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub as_of: Time,

    /// The directory, which is made; one that is there has to be empty.
    #[arg(long, value_name = "DIR")]
    pub into: PathBuf,

    /// By which rules: those in force now, or those in force then.
    #[arg(
        long,
        value_name = "now|then",
        value_enum,
        default_value = "now",
        hide_possible_values = true
    )]
    pub rules_at: RulesAt,

    #[command(flatten)]
    pub(crate) report: Report,
}

/// By which rules something was, at an earlier moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RulesAt {
    /// Those in force now.
    Now,
    /// Those that were in force then.
    Then,
}

/// Prove that nothing is wrong.
#[derive(Debug, Args)]
pub struct Verify {
    /// Of each table, and of each figure, tell at most so many differences; all are counted.
    #[arg(long, value_name = "NUMBER", default_value_t = 20)]
    pub limit: u64,

    #[command(flatten)]
    pub(crate) report: Report,
}

/// Look after the rules.
#[derive(Debug, Subcommand)]
pub enum Rules {
    /// Read rules and run the tests beside them. It takes no community.
    Check {
        /// Their directory; by default that of --rules, else those that come with Plaudit.
        directory: Option<PathBuf>,
        /// Tell the outcome in a line of JSON.
        #[arg(long)]
        json: bool,
    },
    /// Bring rules into force, for all history: who did it, when, and what they say is recorded.
    ///
    /// They are checked before. A running server goes on by those before until all is folded anew, and then
    /// takes them up. Going back to those before takes no folding.
    Activate {
        /// Their directory; `standard` for those that come with Plaudit.
        directory: PathBuf,
        /// How it tells how far it is.
        #[command(flatten)]
        report: Report,
    },
    /// Tell who would gain and lose what by other rules.
    ///
    /// All that people have is compared with what they would have, as of now. A server may run beside it. It
    /// changes nothing, and where events have to be folded it needs room for the read models a second time
    /// meanwhile.
    Preview(Preview),
}

/// Tell who would gain and lose what by other rules.
#[derive(Debug, Args)]
pub struct Preview {
    /// Their directory; `standard` for those that come with Plaudit.
    pub directory: PathBuf,

    /// Also write every profile that would have something else, as CSV.
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,

    /// Name so many of those that would gain or lose the most points.
    #[arg(long, value_name = "NUMBER", default_value_t = 10)]
    pub top: usize,

    /// Also name private profiles. Otherwise they are only counted.
    #[arg(long)]
    pub personal: bool,

    #[command(flatten)]
    pub(crate) report: Report,
}

/// Print a token for a server that runs with --dev.
#[derive(Debug, Args)]
pub struct Token {
    /// The account that requests are made as: a UUID.
    ///
    /// `plaudit export accounts` shows those that there are. One that isn't registered yet is by
    /// the first request with the token, if that has a name.
    #[arg(long, value_name = "ID", value_parser = account)]
    pub account: AccountId,

    /// For how many hours it is good.
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=8760))]
    pub hours: u32,

    /// admin, community_manager, analyst or service; may be repeated.
    #[arg(
        long = "role",
        value_name = "ROLE",
        value_enum,
        hide_possible_values = true
    )]
    pub roles: Vec<Role>,

    /// Their name.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,

    /// The address of their picture.
    #[arg(long, value_name = "URL")]
    pub picture: Option<String>,

    /// Whose the account's address is.
    #[arg(long, value_enum)]
    pub kind: Option<Kind>,
}

/// What an account may do besides what every member may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Role {
    /// Changes rules, erases accounts, and does whatever community managers do.
    Admin,
    /// Moderates, grants, reviews.
    CommunityManager,
    /// Reads history.
    Analyst,
    /// A program that records what happens elsewhere.
    Service,
}

/// The kinds of account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Its address is its owner's.
    Personal,
    /// Its address is managed by an organisation.
    Managed,
}

impl Token {
    /// The roles together.
    pub fn roles(&self) -> Roles {
        let has = |role| self.roles.contains(&role);
        Roles {
            admin: has(Role::Admin),
            community_manager: has(Role::CommunityManager),
            analyst: has(Role::Analyst),
            service: has(Role::Service),
        }
    }
}

impl From<Kind> for AccountKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Personal => Self::Personal,
            Kind::Managed => Self::Managed,
        }
    }
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

/// A time; of a date, its last microsecond.
fn moment(text: &str) -> Result<Time, &'static str> {
    let expected = "expected a time like 2026-01-31T12:00:00Z, or a date like 2026-01-31";
    if text.len() == "2026-01-31".len() {
        return read(&format!("{text}T23:59:59.999999Z"), expected);
    }
    read(text, expected)
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
