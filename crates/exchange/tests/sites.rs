//! Real sites, against totals that others computed from the same dumps.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use plaudit_domain::fact::{AccountFact, BadgeFact, LikeFact, PostFact, WatchFact};
use plaudit_domain::post::Kind;
use plaudit_domain::{AccountId, Event, Fact, PostId};
use plaudit_exchange::Summary;
use plaudit_exchange::stack_exchange::Options;

use crate::community::{Community, assert_references_resolve_backwards, datasets};
use crate::dump::skipped;

/// A site that was imported.
struct Imported {
    name: &'static str,
    oracle: PathBuf,
    summary: Summary,
    events: Vec<Event>,
}

/// The sites that there are, with voters and without. They are imported once for all tests.
fn sites(voters: bool) -> &'static [Imported] {
    static SITES: [OnceLock<Vec<Imported>>; 2] = [const { OnceLock::new() }; 2];
    SITES[usize::from(voters)].get_or_init(|| {
        let Some(datasets) = datasets() else {
            return Vec::new();
        };
        ["se-conlang-meta", "se-beer-2016-09"]
            .into_iter()
            .map(|name| import(&datasets, name, voters))
            .collect()
    })
}

#[tokio::main(flavor = "current_thread")]
async fn import(datasets: &Path, name: &'static str, voters: bool) -> Imported {
    let community = Community::new();
    let options = options(datasets, name, voters, &community);
    let summary = community.import_site(options).await.unwrap();
    Imported {
        name,
        oracle: datasets.join("oracle").join(name),
        summary,
        events: community.events().await,
    }
}

pub fn options(datasets: &Path, site: &str, voters: bool, community: &Community) -> Options {
    let folder = datasets.join(site);
    Options {
        voters: voters.then(|| folder.join("imputed_voters.csv")),
        folder,
        site: None,
        scratch: community.scratch(),
    }
}

#[test]
fn what_is_recorded_and_skipped_agrees_with_the_totals_of_the_site() {
    for Imported {
        name: site,
        oracle,
        summary,
        events,
    } in sites(true)
    {
        let totals = std::fs::read_to_string(oracle.join("site_totals.json")).unwrap();
        let totals: serde_json::Value = serde_json::from_str(&totals).unwrap();
        let total = |name: &str| totals[name].as_u64().unwrap();
        let kinds = |wanted| {
            let posts = events.iter().filter(|event| {
                matches!(&event.fact, Fact::Post(PostFact::Created(post)) if post.kind == wanted)
            });
            posts.count() as u64
        };
        let skips = |kind: &str, reason: &str| -> u64 {
            let skipped = summary.skipped.iter();
            let skipped = skipped.filter(|(is, _)| is.kind == kind && is.reason.contains(reason));
            skipped.map(|(_, count)| count).sum()
        };
        assert_eq!(kinds(Kind::Question), total("questions"));
        assert_eq!(kinds(Kind::Answer), total("answers"));
        assert_eq!(kinds(Kind::Comment), total("comments"));
        assert_eq!(
            summary.recorded["PostLiked"],
            total("likes_on_existing_posts")
        );
        assert_eq!(
            summary.recorded["PostLiked"] + skips("up vote", ""),
            total("likes_all_incl_deleted_posts")
        );
        assert_eq!(
            skips("down vote", "no counterpart"),
            total("dislikes_on_existing_posts")
        );
        assert_eq!(skips("down vote", ""), total("dislikes_all"));
        assert_eq!(
            summary.recorded["AnswerAccepted"],
            total("accepted_answers")
        );
        assert_eq!(
            summary.recorded["AnswerAccepted"] + skips("acceptance", ""),
            total("accept_votes_all")
        );
        assert_eq!(
            summary.recorded["PostWatched"],
            total("favourites_on_existing_posts")
        );
        assert_eq!(summary.recorded["BadgeGranted"], total("badges"));
        // One like of the larger site has no voter; so it has a pseudonym.
        let pseudonyms = u64::from(*site == "se-beer-2016-09");
        assert_eq!(
            summary.recorded["AccountRegistered"],
            total("users") + pseudonyms
        );
        // Its totals count down votes too, and no edits.
        assert_eq!(
            summary.total_recorded() - summary.recorded["PostEdited"] - pseudonyms,
            total("importable_events") - total("dislikes_on_existing_posts")
        );
        let without_author = |kind: &str| summary.without_author.get(kind).copied();
        assert_eq!(
            without_author("question").unwrap_or_default()
                + without_author("answer").unwrap_or_default(),
            total("posts_without_owner")
        );
        assert_eq!(
            without_author("comment"),
            Some(total("comments_without_user"))
        );
        assert_eq!(summary.not_read, ["PostLinks.xml", "Tags.xml"]);
    }
}

#[test]
fn what_is_skipped_is_what_it_was() {
    for Imported {
        name: site,
        summary,
        ..
    } in sites(true)
    {
        if *site == "se-conlang-meta" {
            assert_eq!(
                skipped(summary),
                [
                    "2 approved edit suggestion: its post is not imported",
                    "13 bumped by the site: has no counterpart here",
                    "9 deletion: its post is not in the dump",
                    "117 down vote: has no counterpart here",
                    "16 down vote: its post is not in the dump",
                    "5 edit of a text: its post is not imported",
                    "54 initial tags: part of the post's creation",
                    "8 initial text: its post is not imported",
                    "169 initial text: part of the post's creation",
                    "8 initial title: its post is not imported",
                    "54 initial title: part of the post's creation",
                    "5 made community wiki: has no counterpart here",
                    "1 moderator review: has no counterpart here",
                    "1 post closed: has no counterpart here",
                    "3 post deleted: has no counterpart here",
                    "3 post undeleted: has no counterpart here",
                    "2 suggested edit applied: its post is not imported",
                    "4 tag wiki: not a post of the forum",
                    "4 tag wiki excerpt: not a post of the forum",
                    "3 undeletion: the post is not deleted",
                    "2 up vote: its post is not in the dump",
                    "135 voter: its vote is not a like that is imported",
                    "948 voter: told by the like",
                ]
            );
        }
    }
}

#[test]
fn events_name_only_what_is_there_before_them() {
    for voters in [true, false] {
        for site in sites(voters) {
            assert_references_resolve_backwards(&site.events);
        }
    }
}

#[test]
fn without_voters_every_like_has_one_of_its_own() {
    for Imported {
        summary, events, ..
    } in sites(false)
    {
        let likes = summary.recorded["PostLiked"];
        let mut likers: Vec<_> = events
            .iter()
            .filter_map(|event| match &event.fact {
                Fact::Like(LikeFact::Liked(like)) => Some(like.account),
                _ => None,
            })
            .collect();
        likers.sort_unstable();
        likers.dedup();
        assert_eq!(likers.len() as u64, likes);
    }
}

/// What a history amounts to, computed straight from its facts.
#[derive(Default)]
struct Totals {
    user: HashMap<AccountId, String>,
    post: HashMap<PostId, (Kind, Option<AccountId>, Option<PostId>)>,
    id_of: HashMap<PostId, String>,
    by_user: HashMap<(String, &'static str), u64>,
    by_post: HashMap<(String, &'static str), u64>,
    accepted: HashMap<String, String>,
    /// To whom each badge was granted.
    badges: BTreeMap<String, Vec<AccountId>>,
}

impl Totals {
    fn of(events: &[Event]) -> Self {
        let mut totals = Self::default();
        for event in events {
            totals.add(&event.fact);
        }
        totals
    }

    fn user(&mut self, user: Option<AccountId>, what: &'static str) {
        if let Some(user) = user.and_then(|user| self.user.get(&user)) {
            *self.by_user.entry((user.clone(), what)).or_default() += 1;
        }
    }

    fn post(&mut self, post: PostId, what: &'static str) {
        let id = self.id_of[&post].clone();
        *self.by_post.entry((id, what)).or_default() += 1;
    }

    fn add(&mut self, fact: &Fact) {
        match fact {
            Fact::Account(AccountFact::Registered(account)) => {
                let origin = account.origin.clone().unwrap();
                self.user.insert(account.account, origin.id);
            }
            Fact::Post(PostFact::Created(post)) => {
                let id = post.origin.clone().unwrap().id;
                self.post
                    .insert(post.post, (post.kind, post.author, post.parent));
                self.user(
                    post.author,
                    match post.kind {
                        Kind::Question => "questions",
                        Kind::Answer => "answers",
                        Kind::Comment => "comments",
                        Kind::Discussion | Kind::Article => unreachable!(),
                    },
                );
                match post.kind {
                    Kind::Answer => self.post(post.parent.unwrap(), "answers"),
                    Kind::Comment => self.post(post.parent.unwrap(), "comments"),
                    Kind::Question | Kind::Discussion | Kind::Article => {}
                }
                self.id_of.insert(post.post, id);
            }
            Fact::Post(PostFact::AnswerAccepted(accepted)) => {
                let answer = accepted.accepted;
                let question = self.post[&accepted.question];
                assert_eq!(
                    self.post[&answer.answer],
                    (Kind::Answer, answer.author, Some(accepted.question))
                );
                assert_eq!(question, (Kind::Question, accepted.asker, None));
                assert_eq!(accepted.replaced, None);
                self.user(answer.author, "answers_accepted");
                self.user(accepted.asker, "accepts_given");
                self.post(answer.answer, "accepted_votes");
                let (question, answer) = (
                    self.id_of[&accepted.question].clone(),
                    self.id_of[&answer.answer].clone(),
                );
                self.accepted.insert(question, answer);
            }
            Fact::Like(LikeFact::Liked(like)) => {
                assert_eq!(self.post[&like.post].1, like.author);
                self.user(like.author, "likes_received");
                self.user(Some(like.account), "likes_given");
                self.post(like.post, "likes");
            }
            Fact::Watch(WatchFact::Watched(watch)) => {
                self.user(Some(watch.account), "favourites_given");
                self.user(self.post[&watch.post].1, "favourites_received");
                self.post(watch.post, "favourites");
            }
            Fact::Post(PostFact::Edited(edited)) => {
                assert_eq!(self.post[&edited.post].1, edited.author);
            }
            Fact::Badge(BadgeFact::Granted(granted)) => {
                assert!(self.user.contains_key(&granted.account));
                let name = granted.badge.clone();
                assert_eq!(name, granted.title);
                self.badges.entry(name).or_default().push(granted.account);
            }
            _ => unreachable!("nothing was deleted"),
        }
    }
}

/// The rows of a table, by column.
fn table(path: PathBuf) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

#[test]
fn what_users_did_and_received_agrees_row_for_row() {
    for Imported { oracle, events, .. } in sites(true) {
        let totals = Totals::of(events);
        let rows = table(oracle.join("user_totals.csv"));
        assert!(rows.len() > 200);
        for row in rows {
            for what in [
                "questions",
                "answers",
                "comments",
                "answers_accepted",
                "accepts_given",
                "likes_received",
                // Those given count favourites of posts that aren't in the dump.
                "favourites_received",
            ] {
                let counted = totals.by_user.get(&(row["user_id"].clone(), what));
                let counted = counted.copied().unwrap_or_default().to_string();
                assert_eq!(counted, row[what], "{what} of user {}", row["user_id"]);
            }
        }
    }
}

#[test]
fn what_posts_received_agrees_row_for_row() {
    for Imported { oracle, events, .. } in sites(true) {
        let totals = Totals::of(events);
        let posts = events.iter().filter_map(|event| match &event.fact {
            Fact::Post(PostFact::Created(post)) if post.kind != Kind::Comment => Some(post),
            _ => None,
        });
        let posts: HashMap<_, _> = posts
            .map(|post| (post.origin.clone().unwrap().id, post))
            .collect();
        let rows = table(oracle.join("post_totals.csv"));
        assert_eq!(rows.len(), posts.len());
        for row in rows {
            let id = &row["post_id"];
            let post = posts[id];
            assert_eq!(post.kind.as_str(), row["type"]);
            let owner = post.author.map(|author| totals.user[&author].clone());
            assert_eq!(owner.unwrap_or_default(), row["owner_id"]);
            let parent = post.parent.map(|parent| totals.id_of[&parent].clone());
            assert_eq!(parent.unwrap_or_default(), row["parent_id"]);
            let accepted = totals.accepted.get(id).cloned().unwrap_or_default();
            assert_eq!(accepted, row["dump_accepted_answer_id"]);
            for what in [
                "likes",
                "comments",
                "accepted_votes",
                "answers",
                "favourites",
            ] {
                if row[what].is_empty() {
                    continue;
                }
                let counted = totals.by_post.get(&(id.clone(), what));
                let counted = counted.copied().unwrap_or_default().to_string();
                assert_eq!(counted, row[what], "{what} of post {id}");
            }
        }
    }
}

/// DOMAIN K6: some of them many times to one user.
#[test]
fn k6_what_badges_were_granted_agrees_row_for_row() {
    for Imported { oracle, events, .. } in sites(true) {
        let badges = Totals::of(events).badges;
        let rows = table(oracle.join("badge_totals.csv"));
        assert_eq!(rows.len(), badges.len());
        for row in rows {
            let accounts = &badges[&row["badge"]];
            assert_eq!(accounts.len().to_string(), row["grants"], "{row:?}");
            let users: HashSet<_> = accounts.iter().collect();
            assert_eq!(users.len().to_string(), row["users"], "{row:?}");
        }
    }
}

#[test]
fn titles_and_tags_end_as_the_dump_has_them() {
    let Some(datasets) = datasets() else { return };
    for Imported {
        name: site, events, ..
    } in sites(true)
    {
        let mut now: HashMap<String, (Option<String>, Vec<String>)> = HashMap::new();
        let mut id_of = HashMap::new();
        for event in events {
            match &event.fact {
                Fact::Post(PostFact::Created(post)) if post.kind == Kind::Question => {
                    let id = post.origin.clone().unwrap().id;
                    id_of.insert(post.post, id.clone());
                    let title = post
                        .title
                        .as_ref()
                        .map(|title| title.get().unwrap().clone());
                    now.insert(id, (title, post.tags.clone()));
                }
                Fact::Post(PostFact::Edited(edit)) => {
                    if let Some(title) = &edit.title {
                        now.get_mut(&id_of[&edit.post]).unwrap().0 = title.get().cloned();
                    }
                    if let Some(tags) = &edit.tags {
                        now.get_mut(&id_of[&edit.post]).unwrap().1 = tags.clone();
                    }
                }
                _ => {}
            }
        }
        let posts = std::fs::read_to_string(datasets.join(site).join("Posts.xml")).unwrap();
        let attribute = |row: &str, name: &str| {
            let start = row.find(&format!(" {name}=\""))? + name.len() + 3;
            let value = &row[start..][..row[start..].find('"')?];
            let entities = [
                ("&lt;", "<"),
                ("&gt;", ">"),
                ("&quot;", "\""),
                ("&#39;", "'"),
                ("&amp;", "&"),
            ];
            let text = entities
                .iter()
                .fold(value.to_owned(), |text, (from, to)| text.replace(from, to));
            Some(text)
        };
        let questions: Vec<_> = posts
            .lines()
            .filter(|row| row.contains(" PostTypeId=\"1\""))
            .collect();
        assert_eq!(questions.len(), now.len());
        for row in questions {
            let (title, tags) = &now[&attribute(row, "Id").unwrap()];
            assert_eq!(*title, attribute(row, "Title"));
            let tags: String = tags.iter().map(|tag| format!("<{tag}>")).collect();
            assert_eq!(Some(tags), attribute(row, "Tags"));
        }
    }
}
