//! The files of a Stack Exchange dump, read naively: by somebody who knows nothing of how they are
//! imported, or of how points are folded.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use super::tables::csv;

/// A row of a file: its attributes.
pub struct Line<'a>(&'a str);

/// The rows of a file: one a line.
pub fn rows(text: &str) -> impl Iterator<Item = Line<'_>> {
    text.lines().filter(|line| line.contains("<row ")).map(Line)
}

impl<'a> Line<'a> {
    pub fn get(&self, name: &str) -> Option<&'a str> {
        let (_, rest) = self.0.split_once(&format!(" {name}=\""))?;
        Some(rest.split_once('"')?.0)
    }

    pub fn is(&self, name: &str, value: &str) -> bool {
        self.get(name) == Some(value)
    }

    pub fn number(&self, name: &str) -> i64 {
        self.get(name).map_or(0, |text| text.parse().unwrap())
    }
}

/// A question or an answer.
#[derive(Clone, Default)]
pub struct Post {
    pub is_answer: bool,
    pub owner: Option<String>,
    pub parent: Option<String>,
    pub score: i64,
    pub likes: i64,
}

/// What the rules of Stack Exchange make of a dump, as far as votes in favour and acceptances go.
#[derive(Default)]
pub struct Dump {
    pub posts: HashMap<String, Post>,
    /// The points of those who got any, by the ids of users.
    pub points: BTreeMap<String, i64>,
    /// What votes were worth that came when the 200 of a day were used up.
    pub lost: i64,
    /// Votes and acceptances that come to somebody.
    pub credited: usize,
    /// Those that are dated before the post that they are for.
    pub early: usize,
}

impl Dump {
    pub fn read(folder: &Path) -> Self {
        let read = |file: &str| std::fs::read_to_string(folder.join(file)).unwrap();
        let mut dump = Self::default();
        let mut created = HashMap::new();
        let posts = read("Posts.xml");
        for row in rows(&posts) {
            let is_answer = row.is("PostTypeId", "2");
            if is_answer || row.is("PostTypeId", "1") {
                let id = row.get("Id").unwrap().to_owned();
                let text = |name| row.get(name).map(str::to_owned);
                created.insert(id.clone(), row.get("CreationDate").unwrap());
                let post = Post {
                    is_answer,
                    owner: text("OwnerUserId"),
                    parent: text("ParentId"),
                    score: row.number("Score"),
                    likes: 0,
                };
                dump.posts.insert(id, post);
            }
        }

        let voters = csv(std::fs::read(folder.join("imputed_voters.csv")).unwrap());
        let voters: HashMap<&str, &str> = voters
            .iter()
            .map(|row| (row["vote_id"].as_str(), row["user_id_imputed"].as_str()))
            .collect();
        let votes = read("Votes.xml");
        let mut votes: Vec<Line<'_>> = rows(&votes).collect();
        votes.sort_by_key(|vote| (vote.get("CreationDate"), vote.number("Id")));
        let mut liked = HashSet::new();
        let mut deleted = HashSet::new();
        // Of each day, what votes came to; and what came of what, with the posts that it hangs on.
        let mut days: HashMap<(String, &str), i64> = HashMap::new();
        let mut credits: Vec<(String, i64, Vec<String>)> = Vec::new();
        let mut accepted: HashMap<String, String> = HashMap::new();
        for vote in &votes {
            let (id, post) = (vote.get("Id").unwrap(), vote.get("PostId").unwrap());
            let at = vote.get("CreationDate").unwrap();
            let Some(it) = dump.posts.get_mut(post) else {
                continue;
            };
            match vote.get("VoteTypeId").unwrap() {
                "2" if liked.insert((post, voters.get(id).copied().unwrap_or(id))) => {
                    it.likes += 1;
                    dump.early += usize::from(at < created[post]);
                    let Some(owner) = &it.owner else { continue };
                    let worth = match it.is_answer {
                        true => 10,
                        false if at < "2019-11-13" => 5,
                        false => 10,
                    };
                    let day = days.entry((owner.clone(), &at[..10])).or_default();
                    let credit = worth.min(200 - *day);
                    *day += credit;
                    dump.lost += worth - credit;
                    credits.push((owner.clone(), credit, vec![post.to_owned()]));
                }
                "1" => {
                    if let Some(question) = &it.parent {
                        accepted.insert(question.clone(), post.to_owned());
                    }
                }
                "10" => drop(deleted.insert(post)),
                "11" => drop(deleted.remove(post)),
                _ => {}
            }
        }
        for (question, answer) in accepted {
            let owner = |id: &str| dump.posts.get(id).and_then(|post| post.owner.clone());
            let (asker, author) = (owner(&question), owner(&answer));
            if asker.is_some() && asker == author {
                continue;
            }
            for (who, points) in [(author, 15), (asker, 2)] {
                let both = vec![question.clone(), answer.clone()];
                credits.extend(who.map(|who| (who, points, both)));
            }
        }
        credits.retain(|(_, _, posts)| !posts.iter().any(|post| deleted.contains(post.as_str())));
        dump.credited = credits.len();
        for (who, points, _) in credits {
            *dump.points.entry(who).or_default() += points;
        }
        dump
    }
}
