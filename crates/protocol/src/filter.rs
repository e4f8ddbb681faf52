//! Which events of the whole history a client wants.

use fancy_regex::{Regex, RegexBuilder};
use plaudit_domain::Event;
use tonic::Status;

use crate::generated::streams::read_req::options::FilterOptions;
use crate::generated::streams::read_req::options::filter_options::{self, Expression, Window};

/// So often an expression may go back to try otherwise. Clients send expressions that look ahead, so none
/// of a kind that can't go wrong would do.
const BACKTRACK_LIMIT: usize = 20_000;

/// The most bytes of an expression, and the most prefixes.
const EXPRESSION_MAX: usize = 4_096;
const PREFIXES_MAX: usize = 1_000;

/// After so many events comes a checkpoint, if the client doesn't say after how many.
const WINDOW: u32 = 32;

/// Which events a client wants, and how often it is told how far the server looked.
pub struct Filter {
    by: By,
    wanted: Wanted,
    /// After so many events that were looked at comes a checkpoint.
    pub checkpoint_every: u64,
}

/// What of an event it goes by.
enum By {
    Stream,
    Type,
}

enum Wanted {
    Prefixes(Vec<String>),
    Expression(Box<Regex>),
}

impl Filter {
    /// As it was asked for.
    ///
    /// # Errors
    /// If it is malformed, or larger than is taken.
    pub fn asked(options: FilterOptions) -> Result<Self, Status> {
        let refused = |what: &str| Status::invalid_argument(what.to_owned());
        let (by, expression) = match options.filter {
            Some(filter_options::Filter::StreamIdentifier(expression)) => (By::Stream, expression),
            Some(filter_options::Filter::EventType(expression)) => (By::Type, expression),
            None => return Err(refused("a filter goes by stream or by event type")),
        };
        let window = match options.window {
            Some(Window::Max(0)) => return Err(refused("a filter's window is 1 or more")),
            Some(Window::Max(window)) => window,
            Some(Window::Count(_)) | None => WINDOW,
        };
        let multiplier = options.checkpoint_interval_multiplier.max(1);
        Ok(Self {
            by,
            wanted: Wanted::asked(expression)?,
            checkpoint_every: u64::from(window) * u64::from(multiplier),
        })
    }

    /// Whether an event is wanted.
    ///
    /// # Errors
    /// If that can't be told in a bounded time.
    pub fn admits(&self, event: &Event) -> Result<bool, Status> {
        let text = match self.by {
            By::Stream => event.stream.as_str(),
            By::Type => event.fact.stored_type().0,
        };
        self.wanted.admits(text)
    }
}

impl Wanted {
    fn asked(Expression { regex, prefix }: Expression) -> Result<Self, Status> {
        if regex.is_empty() {
            if prefix.len() > PREFIXES_MAX {
                let what = format!("a filter has {PREFIXES_MAX} prefixes at most");
                return Err(Status::invalid_argument(what));
            }
            return Ok(Self::Prefixes(prefix));
        }
        if regex.len() > EXPRESSION_MAX {
            let what = format!("a filter's expression has {EXPRESSION_MAX} bytes at most");
            return Err(Status::invalid_argument(what));
        }
        let built = RegexBuilder::new(&regex)
            .backtrack_limit(BACKTRACK_LIMIT)
            .build();
        built
            .map(|regex| Self::Expression(Box::new(regex)))
            .map_err(|error| {
                Status::invalid_argument(format!("a filter's expression isn't one: {error}"))
            })
    }

    fn admits(&self, text: &str) -> Result<bool, Status> {
        match self {
            Self::Prefixes(prefixes) => Ok(prefixes
                .iter()
                .any(|prefix| text.starts_with(prefix.as_str()))),
            Self::Expression(regex) => regex.is_match(text).map_err(|error| {
                let what = format!("the filter's expression takes too long: {error}");
                Status::invalid_argument(what)
            }),
        }
    }
}
