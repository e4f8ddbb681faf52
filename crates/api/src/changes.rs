//! What a page shows, and that it has changed: a profile, a post, a leaderboard.

use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::{Context, ID, Object, Result};
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, TryStreamExt};
use plaudit_domain::{AccountId, Position, PostId, Visibility};
use plaudit_projection::standings::Ranking;
use tokio::time::{Instant, sleep_until};

use crate::dispatch::{Dispatcher, Subscriber, Topic};
use crate::event;
use crate::event_filter::accounts_of;
use crate::leaderboard::{Leaderboard, LeaderboardPeriod};
use crate::loader::{PostById, ProfileBy};
use crate::post::Post;
use crate::profile::Profile;
use crate::reading::{Asking, ReadFrom, Reading, not_found, referred};
use crate::schema::post_by_id;

/// Something that changes again so soon is told once.
const EVERY: Duration = Duration::from_millis(250);

/// A profile that has changed.
pub struct ProfileChange {
    position: Position,
    profile: AccountId,
}

/// A post that has changed.
pub struct PostChange {
    position: Position,
    post: PostId,
}

/// A leaderboard that has changed.
pub struct LeaderboardChange {
    position: Position,
    leaderboard: Leaderboard,
}

/// A profile that has changed.
#[Object(crate = "crate::engine")]
impl ProfileChange {
    /// Up to which event it is told, as text: `after` this nothing is missed.
    async fn position(&self) -> String {
        self.position.to_string()
    }

    /// The profile as it is now, as far as who asks may see it.
    async fn profile(&self, context: &Context<'_>) -> Result<Option<Profile>> {
        Profile::by_id(context, self.profile).await
    }
}

/// A post that has changed.
#[Object(crate = "crate::engine")]
impl PostChange {
    /// Up to which event it is told, as text: `after` this nothing is missed.
    async fn position(&self) -> String {
        self.position.to_string()
    }

    /// The post as it is now, also while it is deleted. Null once who asks may not see it any more.
    async fn post(&self, context: &Context<'_>) -> Result<Option<Post>> {
        post_by_id(context, self.post).await
    }
}

/// A leaderboard that has changed.
#[Object(crate = "crate::engine")]
impl LeaderboardChange {
    /// Up to which event it is told, as text: `after` this nothing is missed.
    async fn position(&self) -> String {
        self.position.to_string()
    }

    /// The leaderboard as it is now.
    async fn leaderboard(&self) -> &Leaderboard {
        &self.leaderboard
    }
}

impl ProfileChange {
    /// The changes of a profile, from behind a position or from now on.
    pub async fn follow(
        context: &Context<'_>,
        profile: AccountId,
        after: Option<String>,
    ) -> Result<BoxStream<'static, Result<ReadFrom<Self>>>> {
        let subject = Subject::Profile {
            id: profile,
            was_shown: false,
        };
        let changes = Changes::begin(context, subject, after).await?;
        Ok(changes.told(move |position, _| Some(Self { position, profile })))
    }
}

impl PostChange {
    /// The changes of a post, from behind a position or from now on.
    pub async fn follow(
        context: &Context<'_>,
        post: PostId,
        after: Option<String>,
    ) -> Result<BoxStream<'static, Result<ReadFrom<Self>>>> {
        let subject = Subject::Post {
            id: post,
            was_seen: false,
        };
        let changes = Changes::begin(context, subject, after).await?;
        Ok(changes.told(move |position, _| Some(Self { position, post })))
    }
}

impl LeaderboardChange {
    /// The changes of a leaderboard, from behind a position or from now on.
    pub async fn follow(
        context: &Context<'_>,
        period: LeaderboardPeriod,
        group: Option<ID>,
        after: Option<String>,
    ) -> Result<BoxStream<'static, Result<ReadFrom<Self>>>> {
        let subject = Subject::Leaderboard {
            period,
            group,
            told: Arc::default(),
        };
        let changes = Changes::begin(context, subject, after).await?;
        Ok(changes.told(|position, leaderboard| {
            Some(Self {
                position,
                leaderboard: leaderboard?,
            })
        }))
    }
}

/// What somebody follows, and what has to be known of how it was the last time.
enum Subject {
    Profile {
        id: AccountId,
        was_shown: bool,
    },
    Post {
        id: PostId,
        was_seen: bool,
    },
    Leaderboard {
        period: LeaderboardPeriod,
        group: Option<ID>,
        told: Arc<Ranking>,
    },
}

/// How it is.
struct Looked {
    /// What it is about.
    topics: Vec<Topic>,
    /// Whether who asks may know that it has changed, if it has.
    is_news: bool,
    leaderboard: Option<Leaderboard>,
}

impl Subject {
    /// How it is now; an error where there is nothing that who asks may know of.
    async fn look(&mut self, reading: &Reading) -> Result<Looked> {
        match self {
            Self::Profile { id, was_shown } => {
                let accounts = accounts_of(reading, *id).await?;
                let Some(account) = accounts.first() else {
                    return Err(not_found("profile"));
                };
                let row = reading
                    .loader()
                    .load_one(ProfileBy(account.profile))
                    .await?;
                let is_own = reading.is_profile_of_viewer(account.profile).await?;
                let is_shown = is_own || referred(row)?.visibility == Visibility::Public;
                let topic = match is_own || reading.is_staff_or_analyst() {
                    true => Topic::Account,
                    false => Topic::Shown,
                };
                Ok(Looked {
                    topics: accounts.iter().map(|it| topic(it.id)).collect(),
                    // When somebody does something isn't told of who is private (DOMAIN P6).
                    is_news: std::mem::replace(was_shown, is_shown) || is_shown,
                    leaderboard: None,
                })
            }
            Self::Post { id, was_seen } => {
                let row = reading.loader().load_one(PostById(*id)).await?;
                let is_seen = match row {
                    Some(row) => Post(row).is_seen(reading).await?,
                    None => false,
                };
                if !std::mem::replace(was_seen, is_seen) && !is_seen {
                    return Err(not_found("post"));
                }
                Ok(Looked {
                    topics: vec![Topic::Post(*id)],
                    is_news: true,
                    leaderboard: None,
                })
            }
            Self::Leaderboard {
                period,
                group,
                told,
            } => {
                let found = Leaderboard::of(reading, *period, group.clone(), None).await?;
                let leaderboard = found.ok_or_else(|| not_found("group"))?;
                let ranking = leaderboard.ranking().clone();
                let before = std::mem::replace(told, ranking);
                Ok(Looked {
                    topics: vec![Topic::Leaderboard(leaderboard.scope())],
                    is_news: !Arc::ptr_eq(&before, told),
                    leaderboard: Some(leaderboard),
                })
            }
        }
    }
}

/// Somebody who follows something.
struct Changes {
    asking: Asking,
    subject: Subject,
    subscriber: Subscriber,
    /// Up to here they know how it is.
    reached: Position,
    /// Whether something may have happened since, of which nobody tells.
    is_due: bool,
    /// When they were told the last time.
    told: Option<Instant>,
}

/// How something has changed: up to where, what it is read from now, and of a leaderboard, how that is.
type Change = (Position, Arc<Reading>, Option<Leaderboard>);

impl Changes {
    /// From behind a position, or from now on.
    ///
    /// # Errors
    /// If that is no position, or there is nothing to follow that who asks may know of.
    async fn begin(
        context: &Context<'_>,
        mut subject: Subject,
        after: Option<String>,
    ) -> Result<Self> {
        let asking = context.data_unchecked::<Asking>().clone();
        let reading = Reading::new(asking.clone());
        let now = reading.position();
        let after = reading.place.or(after);
        let after = after.map(|after| event::position(&after)).transpose()?;
        let Looked { topics, .. } = subject.look(&reading).await?;
        let reached = after.map_or(now, |after| after.min(now));
        if let (Subject::Leaderboard { told, .. }, true) = (&mut subject, reached < now) {
            *told = Arc::default();
        }
        let dispatcher = context.data_unchecked::<Dispatcher>();
        let subscriber = dispatcher.subscribe(topics);
        Ok(Self {
            // Whatever happened while it was looked at, too.
            is_due: asking.community.folded().position > reached,
            asking,
            subject,
            subscriber,
            reached,
            told: None,
        })
    }

    /// What they are told, one after the other.
    fn told<T: Send + 'static>(
        self,
        tell: impl Fn(Position, Option<Leaderboard>) -> Option<T> + Send + 'static,
    ) -> BoxStream<'static, Result<ReadFrom<T>>> {
        let changes = stream::try_unfold(self, |mut changes| async {
            let change = changes.next().await?;
            Ok(change.map(|change| (change, changes)))
        });
        let told = changes.try_filter_map(move |(position, reading, leaderboard)| {
            let told = tell(position, leaderboard);
            ready(Ok(told.map(|told| ReadFrom::new(told, reading))))
        });
        told.boxed()
    }

    /// What comes next; nothing, once the community is closed.
    async fn next(&mut self) -> Result<Option<Change>> {
        loop {
            if !self.is_due && !self.subscriber.changed(self.reached).await {
                return Ok(None);
            }
            if let Some(told) = self.told {
                sleep_until(told + EVERY).await;
            }
            // On the heap: while nothing happens, which is nearly always, it takes no memory.
            let looking = Box::pin(async {
                // What is in use now: others may have been swapped in since the last time.
                let reading = Arc::new(Reading::new(self.asking.clone()));
                let looked = self.subject.look(&reading).await;
                looked.map(|looked| (reading, looked))
            });
            let (reading, looked) = looking.await?;
            self.reached = reading.position();
            let is_other = self.subscriber.follow(looked.topics);
            self.is_due = is_other && self.asking.community.folded().position > self.reached;
            if looked.is_news {
                self.told = Some(Instant::now());
                self.asking.place.reach(self.reached.to_string());
                return Ok(Some((self.reached, reading, looked.leaderboard)));
            }
        }
    }
}
