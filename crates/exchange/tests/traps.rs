//! What is special about the dumps of Stack Exchange, one thing a test.

use plaudit_domain::fact::BadgeFact;
use plaudit_domain::id::derive;
use plaudit_domain::{Fact, Origin, Time};

use crate::community::{Community, assert_references_resolve_backwards};
use crate::dump::{dump, skipped};

const ADA: &str = r#"Id="7" DisplayName="Ada" CreationDate="2020-01-01T10:00:00.000""#;
const BOB: &str = r#"Id="8" DisplayName="Bob" CreationDate="2020-01-01T11:00:00.000""#;
const QUESTION: &str = r#"Id="1" PostTypeId="1" OwnerUserId="7" CreationDate="2020-01-02T10:00:00.000" Title="Why?" Body="Tell me." Tags="&lt;a&gt;&lt;b&gt;""#;
const ANSWER: &str = r#"Id="2" PostTypeId="2" ParentId="1" OwnerUserId="8" CreationDate="2020-01-02T12:00:00.000" Body="So.""#;
const OTHER_ANSWER: &str = r#"Id="3" PostTypeId="2" ParentId="1" OwnerUserId="7" CreationDate="2020-01-02T13:00:00.000" Body="No.""#;
const WIKI: &str =
    r#"Id="4" PostTypeId="5" CreationDate="2020-01-02T10:00:00.000" Body="All on a.""#;

/// The history of [`ADA`], [`BOB`] and their posts.
const POSTED: [&str; 5] = [
    "user 7",
    "user 8",
    r#"question 1 of user 7, "Why?": "Tell me." ["a", "b"]"#,
    r#"answer 2 of user 8 on question 1: "So.""#,
    r#"answer 3 of user 7 on question 1: "No.""#,
];

fn posted() -> crate::dump::Dump {
    dump()
        .users(&[ADA, BOB])
        .posts(&[QUESTION, ANSWER, OTHER_ANSWER])
}

/// What follows on [`POSTED`].
fn after_posted(told: &[String]) -> &[String] {
    assert_eq!(told[..5], POSTED);
    &told[5..]
}

#[tokio::test]
async fn an_empty_dump_is_an_empty_history() {
    let (told, summary) = dump().told().await;
    assert!(told.is_empty());
    assert_eq!(summary.total_recorded(), 0);
}

#[tokio::test]
async fn votes_of_a_day_come_after_the_posts_of_that_day_though_dated_before() {
    let (told, _) = posted()
        .votes(&[r#"Id="9" PostId="1" VoteTypeId="2" CreationDate="2020-01-02T00:00:00.000""#])
        .told()
        .await;
    assert_eq!(
        after_posted(&told),
        ["voter 9", "voter 9 likes question 1 of user 7"]
    );
}

#[tokio::test]
async fn a_day_is_told_before_the_next() {
    let (told, _) = posted()
        .comments(&[
            r#"Id="5" PostId="2" UserId="7" Text="Oh." CreationDate="2020-01-04T00:00:00.000""#,
        ])
        .votes(&[r#"Id="9" PostId="1" VoteTypeId="2" CreationDate="2020-01-03T00:00:00.000""#])
        .told()
        .await;
    assert_eq!(
        after_posted(&told),
        [
            "voter 9",
            "voter 9 likes question 1 of user 7",
            r#"comment 5 of user 7 on answer 2: "Oh.""#
        ]
    );
}

#[tokio::test]
async fn an_account_comes_before_its_posts_also_where_it_registered_later() {
    let late = r#"Id="7" DisplayName="Ada" CreationDate="2020-05-05T10:00:00.000""#;
    let dump = dump().users(&[BOB, late]).posts(&[QUESTION]);
    let community = Community::new();
    let options = dump.options(&community);
    community.import_site(options).await.unwrap();
    let events = community.events().await;
    assert_references_resolve_backwards(&events);
    let told = crate::story::told(&events);
    assert_eq!(told[..2], ["user 8", "user 7"]);
    assert_eq!(
        events[1].occurred_at,
        "2020-05-05T10:00:00Z".parse::<Time>().unwrap(),
        "when it happened stays as it is"
    );
}

#[tokio::test]
async fn a_question_comes_before_its_answers_also_where_it_is_younger() {
    for answered in ["2020-01-02T09:00:00.000", "2019-12-31T09:00:00.000"] {
        let answer = ANSWER.replace("2020-01-02T12:00:00.000", answered);
        let (told, _) = dump()
            .users(&[ADA, BOB])
            .posts(&[&answer, QUESTION])
            .told()
            .await;
        let place = |what: &str| told.iter().position(|told| told.starts_with(what)).unwrap();
        assert!(place("question 1") < place("answer 2"), "{told:?}");
        assert!(place("user 7") < place("question 1"), "{told:?}");
    }
}

#[tokio::test]
async fn a_post_comes_before_what_is_on_it_also_where_it_is_younger() {
    for (file, row) in [
        (
            "comment",
            r#"Id="5" PostId="2" Text="Oh." CreationDate="2019-12-01T00:00:00.000""#,
        ),
        (
            "vote",
            r#"Id="5" PostId="2" VoteTypeId="1" CreationDate="2019-12-01T00:00:00.000""#,
        ),
        (
            "edit",
            r#"Id="5" PostId="2" PostHistoryTypeId="5" Text="Or so." CreationDate="2019-12-01T00:00:00.000""#,
        ),
    ] {
        let dump = posted();
        let dump = match file {
            "comment" => dump.comments(&[row]),
            "vote" => dump.votes(&[row]),
            _ => dump.history(&[row]),
        };
        let (told, _) = dump.told().await;
        assert_eq!(told[..2], ["user 7", "user 8"]);
        assert_eq!(told[2..4], POSTED[2..4], "before the {file}");
        assert_eq!(told.len(), 6, "{told:?}");
        assert_eq!(told[5], POSTED[4], "what nothing refers to stays in place");
    }
}

#[tokio::test]
async fn who_is_not_in_the_dump_is_nobody() {
    let ownerless = QUESTION.replace("OwnerUserId=\"7\" ", "");
    let (told, _) = dump()
        .users(&[ADA])
        .posts(&[&ownerless, ANSWER])
        .comments(&[
            r#"Id="5" PostId="2" Text="Oh." CreationDate="2020-01-02T14:00:00.000""#,
            r#"Id="6" PostId="2" UserId="99" Text="Ah." CreationDate="2020-01-02T15:00:00.000""#,
        ])
        .votes(&[r#"Id="5" PostId="2" VoteTypeId="1" CreationDate="2020-01-02T00:00:00.000""#])
        .told()
        .await;
    assert_eq!(
        told,
        [
            "user 7",
            r#"question 1 of nobody, "Why?": "Tell me." ["a", "b"]"#,
            r#"answer 2 of nobody on question 1: "So.""#,
            r#"comment 5 of nobody on answer 2: "Oh.""#,
            r#"comment 6 of nobody on answer 2: "Ah.""#,
            "nobody accepts answer 2 of nobody to question 1",
        ]
    );
}

#[tokio::test]
async fn users_without_a_name_get_the_one_that_the_site_gives_them() {
    let nameless = r#"Id="7" CreationDate="2020-01-01T10:00:00.000""#;
    let (_, summary) = dump().users(&[nameless]).told().await;
    assert_eq!(summary.recorded["AccountRegistered"], 1);
}

#[tokio::test]
async fn posts_of_other_kinds_are_skipped_with_all_that_is_on_them() {
    let (told, summary) = posted()
        .posts(&[QUESTION, ANSWER, OTHER_ANSWER, WIKI])
        .comments(&[r#"Id="5" PostId="4" Text="Oh." CreationDate="2020-01-04T00:00:00.000""#])
        .votes(&[r#"Id="9" PostId="4" VoteTypeId="2" CreationDate="2020-01-03T00:00:00.000""#])
        .history(&[
            r#"Id="6" PostId="4" PostHistoryTypeId="5" Text="x" CreationDate="2020-01-03T00:00:00.000""#,
        ])
        .told()
        .await;
    assert!(after_posted(&told).is_empty());
    assert_eq!(
        skipped(&summary),
        [
            "1 comment: its post is not imported",
            "1 edit of a text: its post is not imported",
            "1 tag wiki: not a post of the forum",
            "1 up vote: its post is not imported",
        ]
    );
}

#[tokio::test]
async fn what_is_on_posts_that_are_missing_is_skipped() {
    let orphan = ANSWER.replace("ParentId=\"1\"", "ParentId=\"99\"");
    let (told, summary) = dump()
        .users(&[ADA, BOB])
        .posts(&[&orphan])
        .comments(&[r#"Id="5" PostId="98" Text="Oh." CreationDate="2020-01-04T00:00:00.000""#])
        .votes(&[
            r#"Id="9" PostId="98" VoteTypeId="2" CreationDate="2020-01-03T00:00:00.000""#,
            r#"Id="10" PostId="98" VoteTypeId="3" CreationDate="2020-01-03T00:00:00.000""#,
            r#"Id="11" PostId="2" VoteTypeId="2" CreationDate="2020-01-03T00:00:00.000""#,
        ])
        .told()
        .await;
    assert_eq!(told, ["user 7", "user 8"]);
    assert_eq!(
        skipped(&summary),
        [
            "1 answer: its question is not in the dump",
            "1 comment: its post is not in the dump",
            "1 down vote: its post is not in the dump",
            "1 up vote: its post is not imported",
            "1 up vote: its post is not in the dump",
        ]
    );
}

#[tokio::test]
async fn votes_without_a_counterpart_are_counted_by_name() {
    let votes: Vec<_> = [3, 4, 8, 9, 12, 15, 16, 99]
        .into_iter()
        .map(|kind| {
            format!(
                r#"Id="{kind}" PostId="1" VoteTypeId="{kind}" CreationDate="2020-01-03T00:00:00.000""#
            )
        })
        .collect();
    let votes: Vec<_> = votes.iter().map(String::as_str).collect();
    let (told, summary) = posted().votes(&votes).told().await;
    assert!(after_posted(&told).is_empty());
    assert_eq!(
        skipped(&summary),
        [
            "1 approved edit suggestion: has no counterpart here",
            "1 bounty close: has no counterpart here",
            "1 bounty start: has no counterpart here",
            "1 down vote: has no counterpart here",
            "1 moderator review: has no counterpart here",
            "1 offensive vote: has no counterpart here",
            "1 spam vote: has no counterpart here",
            "1 vote of type 99: has no counterpart here",
        ]
    );
}

#[tokio::test]
async fn a_file_of_voters_tells_who_liked() {
    let (told, summary) = posted()
        .votes(&[
            r#"Id="20" PostId="1" VoteTypeId="2" CreationDate="2020-01-03T00:00:00.000""#,
            r#"Id="21" PostId="1" VoteTypeId="2" CreationDate="2020-01-03T00:00:00.000""#,
            r#"Id="22" PostId="1" VoteTypeId="2" CreationDate="2020-01-03T00:00:00.000""#,
            r#"Id="23" PostId="1" VoteTypeId="2" CreationDate="2020-01-03T00:00:00.000""#,
            r#"Id="24" PostId="1" VoteTypeId="3" CreationDate="2020-01-03T00:00:00.000""#,
        ])
        .voters("vote_id,user_id_imputed\r\n20,8\r\n21,8\r\n22,99\r\n24,8\r\n77,8\r\n")
        .told()
        .await;
    assert_eq!(
        after_posted(&told),
        [
            "user 8 likes question 1 of user 7",
            "voter 22",
            "voter 22 likes question 1 of user 7",
            "voter 23",
            "voter 23 likes question 1 of user 7",
        ]
    );
    assert_eq!(
        skipped(&summary),
        [
            "1 down vote: has no counterpart here",
            "1 up vote: its voter likes the post already",
            "1 voter: its vote is not a like that is imported",
            "1 voter: its vote is not in the dump",
            "1 voter: not a user of the dump: the like has a pseudonym",
            "2 voter: told by the like",
        ]
    );
}

#[tokio::test]
async fn a_voter_comes_before_the_vote_also_where_they_registered_later() {
    let late = BOB.replace("2020-01-01", "2021-01-01");
    let (told, _) = dump()
        .users(&[ADA, &late])
        .posts(&[QUESTION])
        .votes(&[r#"Id="20" PostId="1" VoteTypeId="2" CreationDate="2020-01-03T00:00:00.000""#])
        .voters("vote_id,user_id_imputed\n20,8\n")
        .told()
        .await;
    assert_eq!(told[2..], ["user 8", "user 8 likes question 1 of user 7"]);
}

#[tokio::test]
async fn an_accepted_answer_replaces_the_one_before() {
    let (told, summary) = posted()
        .votes(&[
            r#"Id="20" PostId="2" VoteTypeId="1" CreationDate="2020-01-03T00:00:00.000""#,
            r#"Id="21" PostId="2" VoteTypeId="1" CreationDate="2020-01-04T00:00:00.000""#,
            r#"Id="22" PostId="3" VoteTypeId="1" CreationDate="2020-01-05T00:00:00.000""#,
            r#"Id="23" PostId="1" VoteTypeId="1" CreationDate="2020-01-05T00:00:00.000""#,
        ])
        .told()
        .await;
    assert_eq!(
        after_posted(&told),
        [
            "user 7 accepts answer 2 of user 8 to question 1",
            "user 7 accepts answer 3 of user 7 to question 1 instead of answer 2 of user 8",
        ]
    );
    assert_eq!(
        skipped(&summary),
        [
            "1 acceptance: its post is not an answer",
            "1 acceptance: the answer is accepted already",
        ]
    );
}

#[tokio::test]
async fn favourites_are_watches() {
    let (told, summary) = posted()
        .votes(&[
            r#"Id="20" PostId="1" VoteTypeId="5" UserId="8" CreationDate="2020-01-03T00:00:00.000""#,
            r#"Id="21" PostId="1" VoteTypeId="5" UserId="8" CreationDate="2020-01-03T00:00:00.000""#,
            r#"Id="22" PostId="1" VoteTypeId="5" UserId="99" CreationDate="2020-01-03T00:00:00.000""#,
            r#"Id="23" PostId="1" VoteTypeId="5" CreationDate="2020-01-03T00:00:00.000""#,
        ])
        .told()
        .await;
    assert_eq!(after_posted(&told), ["user 8 watches question 1"]);
    assert_eq!(
        skipped(&summary),
        [
            "1 favourite: it doesn't say whose it is",
            "1 favourite: its user is not in the dump",
            "1 favourite: its user watches the post already",
        ]
    );
}

#[tokio::test]
async fn deletions_and_restorations_count_where_they_change_something() {
    let vote = |id, post, kind, day| {
        format!(
            r#"Id="{id}" PostId="{post}" VoteTypeId="{kind}" CreationDate="2020-02-{day:02}T00:00:00.000""#
        )
    };
    let votes = [
        vote(20, 2, 11, 1),
        vote(21, 2, 1, 2),
        vote(22, 1, 10, 3),
        vote(23, 1, 10, 3),
        vote(24, 1, 11, 4),
        vote(25, 2, 10, 5),
    ];
    let votes: Vec<_> = votes.iter().map(String::as_str).collect();
    let (told, summary) = posted().votes(&votes).told().await;
    assert_eq!(
        after_posted(&told),
        [
            "user 7 accepts answer 2 of user 8 to question 1",
            "question 1 of user 7, with answer 2 of user 8 accepted, deleted",
            "question 1 of user 7, with answer 2 of user 8 accepted, restored",
            "answer 2 of user 8 on question 1 deleted",
        ]
    );
    assert_eq!(
        skipped(&summary),
        [
            "1 deletion: the post is deleted already",
            "1 undeletion: the post is not deleted",
        ]
    );
}

#[tokio::test]
async fn the_history_tells_how_a_post_began_and_how_it_went_on() {
    let row = |id, kind, post, minute, text: &str| {
        format!(
            r#"Id="{id}" PostHistoryTypeId="{kind}" PostId="{post}" CreationDate="2020-01-02T14:{minute:02}:00.000" Text="{text}""#
        )
    };
    let history = [
        row(1, 2, 1, 0, "*Tell* me!"),
        row(2, 1, 1, 0, "Wy?"),
        row(3, 3, 1, 0, "&lt;a&gt;"),
        row(4, 4, 1, 1, "Why?"),
        row(5, 5, 1, 2, "Tell me."),
        row(6, 6, 1, 3, "|a|b|"),
        row(7, 5, 1, 4, "Tell me."),
        row(8, 8, 1, 5, "*Tell* me!"),
        row(9, 9, 1, 6, "&lt;a&gt;"),
        row(10, 6, 1, 7, "&lt;a&gt;&lt;b&gt;"),
        row(11, 10, 1, 8, "closed"),
        row(12, 2, 1, 9, "again"),
        row(13, 4, 2, 9, "a title"),
        row(14, 5, 99, 9, "elsewhere"),
        row(15, 5, 3, 10, "No"),
    ];
    let history: Vec<_> = history.iter().map(String::as_str).collect();
    let (told, summary) = posted().history(&history).told().await;
    assert_eq!(
        told[2],
        r#"question 1 of user 7, "Wy?": "*Tell* me!" ["a"]"#
    );
    assert_eq!(told[3..5], POSTED[3..5]);
    assert_eq!(
        told[5..],
        [
            r#"question 1 edited, "Why?""#,
            r#"question 1 edited: "Tell me.""#,
            r#"question 1 edited ["a", "b"]"#,
            r#"question 1 edited: "*Tell* me!""#,
            r#"question 1 edited ["a"]"#,
            r#"question 1 edited ["a", "b"]"#,
            r#"answer 3 edited: "No""#,
        ]
    );
    assert_eq!(
        skipped(&summary),
        [
            "1 edit of a text: changes nothing",
            "1 edit of a text: its post is not in the dump",
            "1 edit of a title: answers have no title and no tags",
            "1 initial tags: part of the post's creation",
            "1 initial text: part of the post's creation",
            "1 initial text: the post has an initial one already",
            "1 initial title: part of the post's creation",
            "1 post closed: has no counterpart here",
        ]
    );
}

#[tokio::test]
async fn edits_and_comments_of_a_day_are_told_by_their_time() {
    let (told, _) = posted()
        .comments(&[
            r#"Id="5" PostId="1" Text="1st" CreationDate="2020-01-03T01:00:00.000""#,
            r#"Id="6" PostId="1" Text="3rd" CreationDate="2020-01-03T03:00:00.000""#,
        ])
        .history(&[
            r#"Id="6" PostId="2" PostHistoryTypeId="5" Text="2nd" CreationDate="2020-01-03T02:00:00.000""#,
        ])
        .told()
        .await;
    assert_eq!(
        after_posted(&told),
        [
            r#"comment 5 of nobody on question 1: "1st""#,
            r#"answer 2 edited: "2nd""#,
            r#"comment 6 of nobody on question 1: "3rd""#,
        ]
    );
}

#[tokio::test]
async fn a_tag_that_was_renamed_on_the_site_is_so_in_the_end() {
    let (told, _) = posted()
        .history(&[
            r#"Id="6" PostId="1" PostHistoryTypeId="3" Text="&lt;old&gt;" CreationDate="2020-01-02T10:00:00.000""#,
            r#"Id="7" PostId="1" PostHistoryTypeId="6" Text="&lt;old&gt;&lt;b&gt;" CreationDate="2020-01-03T02:00:00.000""#,
        ])
        .told()
        .await;
    assert_eq!(
        told[2],
        r#"question 1 of user 7, "Why?": "Tell me." ["old"]"#
    );
    assert_eq!(told[5..], [r#"question 1 edited ["a", "b"]"#]);
}

#[tokio::test]
async fn texts_are_as_they_were_written() {
    let body = "&lt;p&gt;1 &amp;lt; 2&#xD;&#xA;ünïcödé 🍺 &quot;q&quot; &apos;a&apos;&lt;/p&gt;";
    let long = "x".repeat(200_000);
    let (told, _) = dump()
        .posts(&[
            &QUESTION.replace("Tell me.", body),
            &ANSWER.replace("So.", &long),
        ])
        .told()
        .await;
    assert!(
        told[0].contains(r#""<p>1 &lt; 2\r\nünïcödé 🍺 \"q\" 'a'</p>""#),
        "{}",
        told[0]
    );
    assert!(told[1].contains(&long));
}

#[tokio::test]
async fn badges_come_last_in_their_day() {
    let (told, summary) = posted()
        .votes(&[r#"Id="9" PostId="2" VoteTypeId="1" CreationDate="2020-01-02T00:00:00.000""#])
        .comments(&[
            r#"Id="5" PostId="2" UserId="7" Text="Oh." CreationDate="2020-01-03T00:00:00.000""#,
        ])
        .badges(&[r#"Id="1" UserId="7" Name="Teacher" Date="2020-01-02T09:00:00.000""#])
        .told()
        .await;
    assert_eq!(
        after_posted(&told),
        [
            "user 7 accepts answer 2 of user 8 to question 1",
            r#"badge 1 of user 7: "Teacher""#,
            r#"comment 5 of user 7 on answer 2: "Oh.""#,
        ]
    );
    assert_eq!(summary.recorded["BadgeGranted"], 1);
}

#[tokio::test]
async fn a_badge_keeps_when_it_was_granted_and_under_which_id() {
    let community = Community::new();
    let dump = dump()
        .users(&[ADA])
        .badges(&[r#"Id="41" UserId="7" Name="Nice Answer" Date="2020-01-02T09:00:00.383""#]);
    community
        .import_site(dump.options(&community))
        .await
        .unwrap();
    let events = community.events().await;
    let badge = events.last().unwrap();
    assert_eq!(
        badge.occurred_at,
        "2020-01-02T09:00:00.383Z".parse::<Time>().unwrap()
    );
    let Fact::Badge(BadgeFact::Granted(granted)) = &badge.fact else {
        panic!("{badge:?} is no badge");
    };
    let Origin { source, id } = &granted.origin;
    assert!(source.starts_with("stack-exchange:"));
    assert_eq!(id, "41");
    assert_eq!(badge.id, derive(&[source, "event", "Badges", "41"]));
}

/// DOMAIN K6: once per post, for example.
#[tokio::test]
async fn k6_a_user_may_have_a_badge_many_times() {
    let nice =
        |id| format!(r#"Id="{id}" UserId="8" Name="Nice Answer" Date="2020-01-02T10:00:00""#);
    let (told, summary) = posted().badges(&[&nice(2), &nice(1)]).told().await;
    assert_eq!(
        after_posted(&told),
        [
            r#"badge 1 of user 8: "Nice Answer""#,
            r#"badge 2 of user 8: "Nice Answer""#,
        ]
    );
    assert_eq!(summary.total_skipped(), 0);
}

#[tokio::test]
async fn a_user_comes_before_a_badge_that_is_older() {
    let (told, _) = dump()
        .users(&[ADA])
        .badges(&[r#"Id="1" UserId="7" Name="Teacher" Date="2019-12-30T10:00:00.000""#])
        .told()
        .await;
    assert_eq!(told, ["user 7", r#"badge 1 of user 7: "Teacher""#]);
}

#[tokio::test]
async fn badges_of_users_who_are_missing_are_counted() {
    let (told, summary) = posted()
        .badges(&[
            r#"Id="1" UserId="77" Name="Teacher" Date="2020-01-02T10:00:00.000""#,
            r#"Id="2" Name="Teacher" Date="2020-01-02T10:00:00.000""#,
        ])
        .told()
        .await;
    assert!(after_posted(&told).is_empty());
    assert_eq!(
        skipped(&summary),
        [
            "1 badge: it doesn't say whose it is",
            "1 badge: its user is not in the dump",
        ]
    );
}

#[tokio::test]
async fn files_that_are_not_read_are_named() {
    let (_, summary) = posted()
        .file("Tags.xml", "")
        .file("notes.txt", "")
        .told()
        .await;
    assert_eq!(summary.not_read, ["Tags.xml"]);
}
