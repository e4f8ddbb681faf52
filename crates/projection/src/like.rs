//! Likes: who likes what (DOMAIN F2).

use plaudit_domain::fact::LikeFact;
use plaudit_domain::{Event, Time, like};

use crate::deed::{Action, Change, Deed, Subject};
use crate::fold::FoldError;
use crate::row::{Key, row};
use crate::rows::{Pair, Rows};
use crate::touched::Touched;

row! {
    table "post_like", primary (post, account), index (post, position);
    /// An account likes a post.
    pub struct Like {
        /// The post.
        pub post: Key,
        /// Who likes it.
        pub account: Key,
        /// The position of the liking: likers are listed by it.
        pub position: i64,
        /// When it was liked.
        pub at: Time,
    }
}

impl Pair for Like {
    fn pair(&self) -> (Key, Key) {
        (self.post, self.account)
    }
}

pub(crate) fn touch(fact: &LikeFact, touched: &mut Touched) {
    match fact {
        LikeFact::Liked(like) | LikeFact::Withdrawn(like) => {
            touched.like(like.post, like.account);
            touched.accounts(like.author);
        }
    }
}

pub(crate) fn fold(fact: &LikeFact, event: &Event, rows: &mut Rows) -> Result<(), FoldError> {
    let (LikeFact::Liked(like::Like { post, account, .. })
    | LikeFact::Withdrawn(like::Like { post, account, .. })) = fact;
    let liker = rows.account(*account)?;
    liker.active(event.occurred_at);
    let liker = liker.key;
    let key = rows.post(*post)?.key;
    let (like, sign) = match fact {
        LikeFact::Liked(_) => {
            let like = Like {
                post: key,
                account: liker,
                position: event.position.cast_signed(),
                at: event.occurred_at,
            };
            let is_new = rows.likes.insert(like.clone());
            (Some(like).filter(|_| is_new), 1)
        }
        LikeFact::Withdrawn(_) => (rows.likes.remove(key, liker), -1),
    };
    // Liking twice changes nothing.
    let Some(like) = like else { return Ok(()) };
    let post = rows.post(*post)?;
    post.likes += sign;
    let (subject, hidden) = (post.subject(), post.hidden);
    if !hidden {
        rows.accounts.by_key(liker)?.counts.likes_given += sign;
        if let Some(author) = subject.author {
            rows.accounts.by_key(author)?.counts.likes_received += sign;
        }
    }
    let change = match (fact, hidden) {
        (LikeFact::Liked(_), false) => Change::Done,
        (LikeFact::Liked(_), true) => Change::DoneUnseen,
        (LikeFact::Withdrawn(_), false) => Change::Undone,
        (LikeFact::Withdrawn(_), true) => Change::UndoneUnseen,
    };
    let (got, gave) = deeds(&like, subject, rows)?;
    let deeds = [got, Some(gave)].into_iter().flatten();
    rows.deeds
        .extend(deeds.map(|deed| deed.became(change, event)));
    Ok(())
}

/// What a like is to the post's author, and to who gave it.
pub(crate) fn deeds(
    like: &Like,
    subject: Subject,
    rows: &mut Rows,
) -> Result<(Option<Deed>, Deed), FoldError> {
    let mut deed = |action, account| {
        let account = rows.accounts.by_key(account)?;
        let deed = Deed::of(action, account, like.position, like.at);
        Ok(deed.about(subject))
    };
    let author = subject.author;
    let got = author.map(|author| deed(Action::LikeReceived, author));
    Ok((got.transpose()?, deed(Action::LikeGiven, like.account)?))
}
