//! A made-up community, the same whenever it is made: a few members write most, and a few posts get most of the
//! likes.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use plaudit_domain::acceptance::{Accepted, AcceptedAnswer};
use plaudit_domain::account::Registered;
use plaudit_domain::badge::Granted;
use plaudit_domain::fact::{AccountFact, BadgeFact, KudosFact, LearningFact, LikeFact, PostFact};
use plaudit_domain::kudos::Enrolled;
use plaudit_domain::learning::CourseCompleted;
use plaudit_domain::like::Like;
use plaudit_domain::post::{Created, Kind};
use plaudit_domain::{AccountId, Fact, NewEvent, Origin, PostId, Time};
use plaudit_journal::Journal;
use plaudit_journal::keys::{Keyring, MasterKey};
use plaudit_journal::sqlite::SqliteJournal;
use plaudit_testing::random::Random;

const MEMBERS: usize = 44_000;
const LIKES: usize = 566_000;

/// So many events are recorded at once.
const BATCH: usize = 20_000;

/// The directory of the community, which is made where there is none.
pub async fn community(kept: &Path) -> PathBuf {
    let made = kept.join(format!("community-of-{MEMBERS}"));
    if made.exists() {
        return made;
    }
    println!("making a community in {}", made.display());
    let unfinished = kept.join("unfinished");
    let _ = std::fs::remove_dir_all(&unfinished);
    std::fs::create_dir_all(&unfinished).unwrap();
    record(&unfinished).await;
    let rebuilt = Command::new(env!("CARGO_BIN_EXE_plaudit"))
        .args(["rebuild", "--data"])
        .arg(&unfinished)
        .status();
    assert!(rebuilt.unwrap().success(), "it can't be folded");
    std::fs::rename(&unfinished, &made).unwrap();
    made
}

async fn record(directory: &Path) {
    let master = MasterKey::file(&directory.join("master.key")).unwrap();
    let keys = Keyring::open(&directory.join("keys.sqlite"), &master).unwrap();
    let journal = directory.join("journal.sqlite");
    let journal = SqliteJournal::open(&journal, Arc::new(keys)).unwrap();
    let mut history = History::default();
    for _ in 0..MEMBERS {
        history.somebody_joins();
        if history.events.len() >= BATCH {
            let events = std::mem::take(&mut history.events);
            journal.append_many(events).await.unwrap();
        }
    }
    journal.append_many(history.events).await.unwrap();
}

#[derive(Default)]
struct History {
    random: Random,
    events: Vec<NewEvent>,
    happened: i64,
    accounts: Vec<AccountId>,
    posts: Vec<Written>,
    /// Places of questions among the posts.
    questions: Vec<usize>,
    accepted: HashSet<PostId>,
    liked: HashSet<(PostId, AccountId)>,
}

#[derive(Clone, Copy)]
struct Written {
    post: PostId,
    author: AccountId,
}

impl History {
    /// Somebody joins, and what happens until the next one does.
    fn somebody_joins(&mut self) {
        let account = AccountId(self.random.uuid());
        self.accounts.push(account);
        let registered = Registered {
            account,
            name: format!("Member {}", self.accounts.len()).into(),
            origin: None,
        };
        self.happens(AccountFact::Registered(registered));
        self.happens(KudosFact::Enrolled(Enrolled {
            profile: account,
            accounts: BTreeSet::from([account]),
        }));
        // Of a hundred members' time.
        for (times, part) in [
            (28, Self::asks as fn(&mut Self)),
            (100, Self::answers),
            (27, Self::comments),
            (10, Self::learns),
            (5, Self::is_granted_a_badge),
            (LIKES * 100 / MEMBERS, Self::likes),
        ] {
            let more = self.random.place(100) < times % 100;
            for _ in 0..times / 100 + usize::from(more) {
                part(self);
            }
        }
    }

    fn happens(&mut self, fact: impl Into<Fact>) {
        self.happened += 1;
        self.events.push(NewEvent {
            id: self.random.uuid(),
            // One every three minutes, from 2020 on.
            occurred_at: Time::from_micros(1_577_836_800_000_000 + self.happened * 180_000_000),
            actor: self.accounts.last().copied(),
            correlation: None,
            causation: None,
            imported: false,
            fact: fact.into(),
        });
    }

    fn writes(&mut self, kind: Kind, parent: Option<PostId>, length: usize) -> Written {
        let (post, author) = (PostId(self.random.uuid()), self.somebody());
        let written = Written { post, author };
        let is_topic = kind.is_top_level();
        let created = Created {
            post,
            kind,
            author: Some(author),
            parent,
            group: None,
            title: is_topic.then(|| self.random.text(60).into()),
            body: self.random.text(length).into(),
            tags: match is_topic {
                true => (0..3)
                    .map(|_| format!("tag-{}", self.random.few(300)))
                    .collect(),
                false => Vec::new(),
            },
            origin: None,
        };
        self.posts.push(written);
        self.happens(PostFact::Created(created));
        written
    }

    fn asks(&mut self) {
        self.questions.push(self.posts.len());
        self.writes(Kind::Question, None, 500);
    }

    /// One of the latest questions is answered, and the first answer of most is accepted.
    fn answers(&mut self) {
        let latest = self.questions.len().min(50);
        if latest == 0 {
            return self.asks();
        }
        let place = self.questions.len() - 1 - self.random.place(latest);
        let question = self.posts[self.questions[place]];
        let answer = self.writes(Kind::Answer, Some(question.post), 500);
        if self.random.place(3) == 0 && self.accepted.insert(question.post) {
            self.happens(PostFact::AnswerAccepted(Accepted {
                question: question.post,
                asker: Some(question.author),
                accepted: AcceptedAnswer {
                    answer: answer.post,
                    author: Some(answer.author),
                },
                replaced: None,
            }));
        }
    }

    fn comments(&mut self) {
        if let Some(on) = self.some_post() {
            self.writes(Kind::Comment, Some(on.post), 150);
        }
    }

    fn likes(&mut self) {
        let account = self.accounts[self.random.place(self.accounts.len())];
        let Some(Written { post, author }) = self.some_post() else {
            return;
        };
        if author != account && self.liked.insert((post, account)) {
            self.happens(LikeFact::Liked(Like {
                post,
                account,
                author: Some(author),
            }));
        }
    }

    fn learns(&mut self) {
        let course = self.random.few(30);
        let completed = CourseCompleted {
            account: self.somebody(),
            course: format!("course-{course}"),
            title: format!("Course {course}"),
            badge: course
                .is_multiple_of(2)
                .then(|| format!("Completed course {course}")),
        };
        self.happens(LearningFact::CourseCompleted(completed));
    }

    fn is_granted_a_badge(&mut self) {
        let number = self.random.place(20);
        let granted = Granted {
            account: self.somebody(),
            badge: format!("badge-{number}"),
            title: format!("Badge {number}"),
            origin: Origin {
                source: "elsewhere".to_owned(),
                id: self.happened.to_string(),
            },
        };
        self.happens(BadgeFact::Granted(granted));
    }

    fn some_post(&mut self) -> Option<Written> {
        let count = self.posts.len();
        (count > 0).then(|| self.posts[self.random.few(count)])
    }

    /// Mostly one of the few who write most.
    fn somebody(&mut self) -> AccountId {
        self.accounts[self.random.few(self.accounts.len())]
    }
}
