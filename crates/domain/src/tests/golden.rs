//! Every fact as it is stored: the shapes that old journals hold, and which therefore stay readable.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use super::fixture;
use crate::fact::{DecodeError, Fact};
use crate::stream::StreamName;

/// A golden file: the body of one fact, with every field that it can have.
struct Golden {
    name: String,
    version: u16,
    body: Value,
}

impl Golden {
    /// All of them.
    fn files() -> Vec<Self> {
        let mut files: Vec<Self> = fs::read_dir(fixture("events"))
            .unwrap()
            .map(|entry| {
                let path = entry.unwrap().path();
                let file = path.file_name().unwrap().to_str().unwrap();
                let (name, version) = file
                    .strip_suffix(".json")
                    .and_then(|stem| stem.split_once(".v"))
                    .unwrap_or_else(|| panic!("{file} is not called <StoredName>.v<version>.json"));
                Self {
                    name: name.to_owned(),
                    version: version.parse().unwrap(),
                    body: serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap(),
                }
            })
            .collect();
        files.sort_by(|a, b| (&a.name, a.version).cmp(&(&b.name, b.version)));
        files
    }

    fn decode(&self) -> Fact {
        self.decode_as(&self.body)
            .unwrap_or_else(|error| panic!("{}.v{}.json: {error}", self.name, self.version))
    }

    fn decode_as(&self, body: &Value) -> Result<Fact, DecodeError> {
        Fact::decode(&self.name, self.version, &body.to_string())
    }
}

fn encoded(fact: &Fact) -> Value {
    serde_json::from_str(&fact.encode().unwrap()).unwrap()
}

#[test]
fn every_type_has_a_golden_file() {
    let files = Golden::files();
    for &(name, version) in Fact::TYPES {
        assert!(
            files.iter().any(|f| f.name == name && f.version == version),
            "add fixtures/events/{name}.v{version}.json, the body of such an event"
        );
    }
}

#[test]
fn every_stream_has_a_category_and_every_category_has_streams() {
    let mut categories = BTreeSet::new();
    for golden in Golden::files() {
        let stream = golden.decode().stream();
        let category = StreamName::category_of(stream.as_str());
        let category = category.unwrap_or_else(|| panic!("{stream} is of no category: add it"));
        // What is left are ids: a category that another begins with would hold that one's streams.
        let rest = &stream.as_str()[category.len()..];
        let is_id = |part: &str| part.chars().any(|it| it.is_ascii_digit());
        assert!(
            rest.is_empty() || is_id(rest.split('-').nth(1).unwrap()),
            "{stream}"
        );
        categories.insert(category);
    }
    assert_eq!(categories, BTreeSet::from(StreamName::CATEGORIES));
}

#[test]
fn every_golden_file_is_of_a_known_type_and_encodes_back_to_itself() {
    for golden in Golden::files() {
        let fact = golden.decode();
        assert_eq!(fact.stored_type(), (&*golden.name, golden.version));
        assert_eq!(encoded(&fact), golden.body, "{}", golden.name);
    }
}

/// Otherwise a field that a golden file leaves out would be out of sight of every test here.
#[test]
fn every_golden_file_shows_every_field_of_its_type() {
    for golden in Golden::files() {
        let mut body = golden.body.clone();
        body["surplus"] = Value::Null;
        let refused = golden.decode_as(&body).unwrap_err().to_string();
        // "unknown field `surplus`, expected one of `post`, `author`" names all there are.
        let fields: Vec<&str> = refused.split('`').skip(1).step_by(2).collect();
        assert_eq!(fields.first(), Some(&"surplus"), "{refused}");
        for field in &fields[1..] {
            assert!(
                golden.body.get(field).is_some(),
                "fixtures/events/{}.v{}.json lacks `{field}`",
                golden.name,
                golden.version
            );
        }
    }
}

/// Text that may stay when personal data goes, by the name of its field, or of its type and field.
/// Ids may stay as well.
const IMPERSONAL: &[&str] = &[
    "kind",
    "tags",
    "origin.source",
    "origin.id",
    "visibility",
    "AccountErased.content",
    // Hashes and times are written as text.
    "code",
    "expires_at",
    // Courses, certifications and groups are nobody's.
    "course",
    "certification",
    "badge",
    "CourseCompleted.title",
    "CertificationAwarded.title",
    "GroupCreated.name",
    "GroupCreated.description",
    "BadgeGranted.title",
    // Words that programs know something by, and times.
    "FeedbackGiven.subject",
    "interactions.kind",
    "interactions.subject",
    "interactions.at",
    "InteractionsRecorded.day",
    "RulesActivated.hash",
    "files.kudos.toml",
    // What rules, agreements, groups and meetings are known by, and say of themselves.
    "agreement",
    "AgreementAccepted.version",
    "affiliation",
    "lozenge",
    "answers.requirement",
    "answers.why",
    "UserGroupCreated.name",
    "UserGroupCreated.description",
    "UserGroupCreated.location",
    "GroupChanged.name",
    "GroupChanged.description",
    "GroupChanged.location",
    "LeaderAppointed.role",
    "details.title",
    "details.description",
    "details.starts_at",
    "details.ends_at",
    "details.zone",
    "details.place",
    "details.online",
    "details.announcements",
    "MeetingCancelled.reason",
    "PresentationRejected.reason",
    "PostReported.reason",
    "ReportsUpheld.measure",
    "ReimbursementRequested.currency",
    "NotificationsRead.until",
    "NotificationPreferencesChanged.muted",
    "KudosGiven.at",
];

/// Judged by what is left and not by what was taken: so a new field of text fails here until it is
/// `Personal`, or said to be impersonal.
#[test]
fn no_personal_text_is_left_where_it_is_withheld() {
    for golden in Golden::files() {
        let mut fact = golden.decode();
        fact.withhold_personal();
        let mut left = BTreeSet::new();
        fields_with_text("", &encoded(&fact), &mut left);
        for field in left {
            let of_type = format!("{}.{field}", golden.name);
            assert!(
                IMPERSONAL.contains(&&*field) || IMPERSONAL.contains(&&*of_type),
                "`{field}` of {} is text: make it Personal and withhold it, or say above that it \
                 is about nobody",
                golden.name
            );
        }
    }
}

#[test]
fn a_withheld_fact_is_read_back_as_it_was_written() {
    for golden in Golden::files() {
        let mut fact = golden.decode();
        fact.withhold_personal();
        let read = golden.decode_as(&encoded(&fact)).unwrap();
        assert_eq!(read, fact, "{}", golden.name);
    }
}

/// The names of all fields that hold text other than ids.
fn fields_with_text(field: &str, value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
        Value::String(text) => {
            if text.parse::<uuid::Uuid>().is_err() {
                found.insert(field.to_owned());
            }
        }
        Value::Array(values) => {
            for value in values {
                fields_with_text(field, value, found);
            }
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                let path = if field.is_empty() {
                    name.clone()
                } else {
                    format!("{field}.{name}")
                };
                fields_with_text(&path, value, found);
            }
        }
    }
}
