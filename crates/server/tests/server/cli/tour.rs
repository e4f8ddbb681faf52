//! The tour of the demo community that README sends people on.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::community::Community;
use super::running::Server;

const STAFF: &str = "fed2f7c0-ff00-5c0d-b3ee-6a6af95ff3f3";
const BEN: &str = "de6f813a-0634-5639-81b4-37ef103a9037";

#[test]
fn every_stop_of_the_tour_has_something_to_show() {
    let community = Community::demo();
    let server = Server::start(&community, []);
    let token = [
        "token",
        "--account",
        STAFF,
        "--role",
        "community_manager",
        "--role",
        "analyst",
    ];
    let client = server.client().with_token(community.does(token).trim());
    let tour = std::fs::read_to_string(tour()).unwrap();
    let stops: Vec<&str> = tour.split("\nquery ").skip(1).collect();
    assert!(stops.len() >= 10);
    let mut empty = Vec::new();
    for stop in stops {
        let (stop, _) = stop.split_once("\n}\n").unwrap_or((stop, ""));
        let (name, _) = stop.split_once(' ').unwrap();
        let shown = client.graphql(&format!("query {stop}\n}}"), json!({}));
        let mut fields = BTreeMap::new();
        look_at(&shown, &mut fields);
        let shows_nothing = fields.into_iter().filter(|(_, shows)| !shows);
        empty.extend(shows_nothing.map(|(field, _)| format!("{name}.{field}")));
    }
    assert_eq!(empty, NOTHING_TO_SHOW);
}

/// What shows nothing of somebody who did nothing yet.
const NOTHING_TO_SHOW: [&str; 2] = ["Upcoming.viewerRsvp", "Told.nodes"];

/// Whether there is anything in each field of an answer, in any of the places where it comes up.
fn look_at(value: &Value, fields: &mut BTreeMap<String, bool>) {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        Value::Array(values) => values.iter().for_each(|value| look_at(value, fields)),
        Value::Object(object) => {
            for (field, value) in object {
                let shows = match value {
                    Value::Null => false,
                    Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => true,
                    Value::Array(values) => !values.is_empty(),
                };
                *fields.entry(field.clone()).or_default() |= shows;
                look_at(value, fields);
            }
        }
    }
}

/// An operation of the tour.
fn stop(start: &str) -> String {
    let tour = std::fs::read_to_string(tour()).unwrap();
    let from = tour.find(start).unwrap();
    let until = tour[from..].find("\n}\n").unwrap();
    format!("{}\n}}", &tour[from..from + until])
}

#[test]
fn the_tour_tells_somebody_something() {
    let community = Community::demo();
    let server = Server::start(&community, []);
    let with_token = |account| {
        let token = community.does(["token", "--account", account]);
        server.client().clone().with_token(token.trim())
    };
    let (maren, ben) = (with_token(STAFF), with_token(BEN));
    let told = || ben.graphql(&stop("query Told"), json!({}))["viewer"]["notifications"].clone();
    assert_eq!(told()["totalCount"], 0);
    let answered = maren.graphql(&stop("mutation Answer"), json!({}));
    assert_eq!(answered["answerCreate"]["userErrors"], json!([]));
    let told = told();
    assert_eq!(told["unreadCount"], 1);
    assert_eq!(told["nodes"][0]["kind"], "ANSWER");
    assert_eq!(told["nodes"][0]["actor"]["name"], "Maren Lindqvist");
}

fn tour() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/tour.graphql")
}
