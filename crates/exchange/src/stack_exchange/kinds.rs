//! What the numbers in a dump mean, in the words in which they are counted.
//!
//! From the dumps' own readme and the site's schema; a number that isn't here is counted by itself.

use std::borrow::Cow;

/// `PostTypeId`
pub(super) fn post(kind: i64) -> Cow<'static, str> {
    match kind {
        1 => "question",
        2 => "answer",
        3 => "orphaned tag wiki",
        4 => "tag wiki excerpt",
        5 => "tag wiki",
        6 => "moderator nomination",
        7 => "wiki placeholder",
        8 => "privilege wiki",
        _ => return format!("post of type {kind}").into(),
    }
    .into()
}

/// `VoteTypeId`
pub(super) fn vote(kind: i64) -> Cow<'static, str> {
    match kind {
        1 => "acceptance",
        2 => "up vote",
        3 => "down vote",
        4 => "offensive vote",
        5 => "favourite",
        6 => "close vote",
        7 => "reopen vote",
        8 => "bounty start",
        9 => "bounty close",
        10 => "deletion",
        11 => "undeletion",
        12 => "spam vote",
        13 => "moderator informed",
        15 => "moderator review",
        16 => "approved edit suggestion",
        _ => return format!("vote of type {kind}").into(),
    }
    .into()
}

/// `PostHistoryTypeId`
pub(super) fn history(kind: i64) -> Cow<'static, str> {
    match kind {
        1 => "initial title",
        2 => "initial text",
        3 => "initial tags",
        4 => "edit of a title",
        5 => "edit of a text",
        6 => "edit of tags",
        7 => "rollback of a title",
        8 => "rollback of a text",
        9 => "rollback of tags",
        10 => "post closed",
        11 => "post reopened",
        12 => "post deleted",
        13 => "post undeleted",
        14 => "post locked",
        15 => "post unlocked",
        16 => "made community wiki",
        17 => "post migrated",
        18 => "question merged",
        19 => "question protected",
        20 => "question unprotected",
        22 => "question unmerged",
        24 => "suggested edit applied",
        25 => "post tweeted",
        31 => "comments moved to chat",
        33 => "post notice added",
        34 => "post notice removed",
        35 => "post migrated away",
        36 => "post migrated here",
        37 => "merge source",
        38 => "merge destination",
        50 => "bumped by the site",
        52 => "became a hot question",
        53 => "no longer a hot question",
        _ => return format!("post history of type {kind}").into(),
    }
    .into()
}
