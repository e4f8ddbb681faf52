//! Watching: who wants to hear of what (DOMAIN F5).

use plaudit_domain::fact::WatchFact;
use plaudit_domain::{Event, Time, watch};

use crate::fold::FoldError;
use crate::row::{Key, row};
use crate::rows::{Pair, Rows};
use crate::touched::Touched;

row! {
    table "post_watch", primary (post, account);
    /// An account watches a post.
    pub struct Watch {
        /// The post.
        pub post: Key,
        /// Who watches it.
        pub account: Key,
        /// Since when.
        pub at: Time,
    }
}

impl Pair for Watch {
    fn pair(&self) -> (Key, Key) {
        (self.post, self.account)
    }
}

pub(crate) fn touch(fact: &WatchFact, touched: &mut Touched) {
    match fact {
        WatchFact::Watched(watch) | WatchFact::Unwatched(watch) => {
            touched.watch(watch.post, watch.account);
        }
    }
}

pub(crate) fn fold(fact: &WatchFact, event: &Event, rows: &mut Rows) -> Result<(), FoldError> {
    let (WatchFact::Watched(watch::Watch { post, account })
    | WatchFact::Unwatched(watch::Watch { post, account })) = fact;
    let account = rows.account(*account)?.key;
    let key = rows.post(*post)?.key;
    let change = match fact {
        WatchFact::Watched(_) => {
            let watch = Watch {
                post: key,
                account,
                at: event.occurred_at,
            };
            i64::from(rows.watches.insert(watch))
        }
        WatchFact::Unwatched(_) => -i64::from(rows.watches.remove(key, account).is_some()),
    };
    rows.post(*post)?.watchers += change;
    Ok(())
}
