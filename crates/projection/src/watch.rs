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

row! {
    table "group_watch", primary (group_key, account);
    /// An account watches a group.
    pub struct GroupWatch {
        /// The group.
        pub group_key: Key,
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

impl Pair for GroupWatch {
    fn pair(&self) -> (Key, Key) {
        (self.group_key, self.account)
    }
}

pub(crate) fn touch(fact: &WatchFact, touched: &mut Touched) {
    match fact {
        WatchFact::Watched(watch) | WatchFact::Unwatched(watch) => {
            touched.watch(watch.post, watch.account);
        }
        WatchFact::GroupWatched(watch) | WatchFact::GroupUnwatched(watch) => {
            touched.groups.insert(watch.group);
            touched.account(watch.account);
            touched.group_watches.insert((watch.group, watch.account));
        }
    }
}

pub(crate) fn fold(fact: &WatchFact, event: &Event, rows: &mut Rows) -> Result<(), FoldError> {
    match fact {
        WatchFact::Watched(watch) => watch_post(watch, true, event, rows),
        WatchFact::Unwatched(watch) => watch_post(watch, false, event, rows),
        WatchFact::GroupWatched(watch) => watch_group(watch, true, event, rows),
        WatchFact::GroupUnwatched(watch) => watch_group(watch, false, event, rows),
    }
}

fn watch_post(
    watch: &watch::Watch,
    watches: bool,
    event: &Event,
    rows: &mut Rows,
) -> Result<(), FoldError> {
    let account = rows.account(watch.account)?.key;
    let key = rows.post(watch.post)?.key;
    let change = if watches {
        let watch = Watch {
            post: key,
            account,
            at: event.occurred_at,
        };
        i64::from(rows.watches.insert(watch))
    } else {
        -i64::from(rows.watches.remove(key, account).is_some())
    };
    rows.post(watch.post)?.watchers += change;
    Ok(())
}

fn watch_group(
    watch: &watch::GroupWatch,
    watches: bool,
    event: &Event,
    rows: &mut Rows,
) -> Result<(), FoldError> {
    let account = rows.account(watch.account)?.key;
    let group_key = rows.groups.get_mut(watch.group)?.key;
    let change = if watches {
        let watch = GroupWatch {
            group_key,
            account,
            at: event.occurred_at,
        };
        i64::from(rows.group_watches.insert(watch))
    } else {
        -i64::from(rows.group_watches.remove(group_key, account).is_some())
    };
    rows.groups.get_mut(watch.group)?.watchers += change;
    Ok(())
}
