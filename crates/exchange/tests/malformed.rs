//! Whatever is wrong with a dump: where it is, what was found, what was expected; and nothing is
//! recorded.

use crate::dump::{Dump, dump};

const USERS: &str = "<users>\n<row Id=\"7\" DisplayName=\"Ada\" CreationDate=\"2020-01-01T10:00:00.000\"/>\n</users>";

/// A dump whose Votes.xml is this, and one user.
fn votes(content: impl AsRef<[u8]>) -> Dump {
    dump().file("Users.xml", USERS).file("Votes.xml", content)
}

async fn message(dump: Dump) -> String {
    dump.mistake().await.to_string()
}

#[tokio::test]
async fn a_mistake_in_a_file_is_told_with_its_place() {
    const ROW: &str = r#"Id="34" PostId="1" VoteTypeId="2" CreationDate="2014-01-21T00:00:00.000""#;
    let row = |row: String| format!("<votes>\r\n  <row {ROW} />\r\n  <row {row} />\r\n</votes>");
    let id = |id: &str| ROW.replace("34", id);
    let cases = [
        (
            row(id("35").replace(" CreationDate=\"2014-01-21T00:00:00.000\"", "")),
            "Votes.xml, line 3, row Id=\"35\": CreationDate is missing; \
             expected a time like 2014-01-21T20:26:05.383",
        ),
        (
            row(id("35").replace("2014-01-21T00", "2014-13-21T00")),
            "Votes.xml, line 3, row Id=\"35\": CreationDate is \"2014-13-21T00:00:00.000\"; \
             expected a time like 2014-01-21T20:26:05.383",
        ),
        (
            row(id("35").replace("PostId=\"1\"", "PostId=\"one\"")),
            "Votes.xml, line 3, row Id=\"35\": PostId is \"one\"; expected a whole number",
        ),
        (
            row(id("35").replace("PostId=\"1\"", "PostId=\"99999999999999999999\"")),
            "Votes.xml, line 3, row Id=\"35\": PostId is \"99999999999999999999\"; \
             expected a whole number",
        ),
        (
            row(id("35").replace("PostId=\"1\" ", "")),
            "Votes.xml, line 3, row Id=\"35\": PostId is missing; expected a whole number",
        ),
        (
            row(ROW.replace("Id=\"34\" ", "")),
            "Votes.xml, line 3: Id is missing; expected a whole number",
        ),
        (
            row(id("35").replace("PostId=\"1\"", "PostId=1")),
            "Votes.xml, line 3: ",
        ),
        (
            row(id("35").replace("PostId=\"1\"", "PostId=\"&nope;\"")),
            "Votes.xml, line 3, row Id=\"35\": PostId has a malformed reference",
        ),
        (
            "<users></users>".to_owned(),
            "Votes.xml, line 1: the root element is <users>; expected <votes>",
        ),
        (
            "<votes>\n<vote Id=\"1\"/>\n</votes>".to_owned(),
            "Votes.xml, line 2: an element <vote>; expected only <row …/> in <votes>",
        ),
        (
            "<votes>\nhello\n</votes>".to_owned(),
            "Votes.xml, line 1: text that belongs to no row; expected only <row …/> in <votes>",
        ),
        (
            "vote_id,user_id\n1,2\n".to_owned(),
            "Votes.xml, line 1: the file begins with \"vote_id,user_id\\n1,2\"; \
             expected XML with the root element <votes>",
        ),
        (
            String::new(),
            "Votes.xml, line 1: there is no element in the file; expected <votes>",
        ),
        (
            format!("<votes>\n<row {ROW} />\n"),
            "Votes.xml, line 3: the file ends before </votes>; expected the rest of it",
        ),
        (
            format!("<votes>\n<row {ROW} />\n<row Id=\"35\" Post"),
            "Votes.xml, line 3: the file ends early",
        ),
        (
            format!("<votes>\n<row {ROW} />\n</vote>"),
            "Votes.xml, line 3: ",
        ),
    ];
    for (content, expected) in cases {
        let message = message(votes(&content)).await;
        assert!(
            message.starts_with(expected),
            "{content}\n{message}\n{expected}"
        );
    }
}

#[tokio::test]
async fn bytes_that_are_no_text_are_a_mistake() {
    let message = message(votes(b"<votes>\n<row Id=\"1\xff\"/>\n</votes>")).await;
    assert!(
        message.starts_with("Votes.xml, line 2: bytes that are no text"),
        "{message}"
    );
    assert!(message.ends_with("expected UTF-8"), "{message}");
}

#[tokio::test]
async fn an_id_that_stands_twice_is_a_mistake() {
    let twice = USERS.replace(
        "</users>",
        "<row Id=\"7\" CreationDate=\"2020-01-01T10:00:00.000\"/></users>",
    );
    let message = message(dump().file("Users.xml", twice)).await;
    assert_eq!(
        message,
        "Users.xml, line 3, row Id=\"7\": another row has this Id too; expected every Id once"
    );
}

#[tokio::test]
async fn a_question_needs_a_title_and_an_answer_a_question() {
    for (row, expected) in [
        (
            r#"Id="1" PostTypeId="1" CreationDate="2020-01-02T10:00:00.000" Body="x""#,
            "Title is missing; expected a text",
        ),
        (
            r#"Id="1" PostTypeId="2" CreationDate="2020-01-02T10:00:00.000" Body="x""#,
            "ParentId is missing; expected a whole number",
        ),
        (
            r#"Id="1" PostTypeId="2" ParentId="2" CreationDate="2020-01-02T10:00:00.000""#,
            "Body is missing; expected a text",
        ),
    ] {
        let message = message(dump().posts(&[row])).await;
        assert_eq!(
            message,
            format!("Posts.xml, line 3, row Id=\"1\": {expected}")
        );
    }
}

#[tokio::test]
async fn a_mistake_in_the_last_file_records_nothing_of_the_first() {
    let message = message(
        dump()
            .file("Users.xml", USERS)
            .file("Badges.xml", "<badges>"),
    )
    .await;
    assert!(
        message.starts_with("Badges.xml, line 1: the file ends before </badges>"),
        "{message}"
    );
}

#[tokio::test]
async fn a_mistake_in_the_file_of_voters_is_told_with_its_place() {
    for (content, expected) in [
        (
            "vote,user\n1,2\n".as_bytes(),
            "voters.csv, line 1: there is no column vote_id; \
             expected a header with vote_id, user_id_imputed",
        ),
        (
            b"",
            "voters.csv, line 1: there is no column vote_id; \
             expected a header with vote_id, user_id_imputed",
        ),
        (
            b"vote_id,user_id_imputed\n1,2\n3,x\n",
            "voters.csv, line 3: user_id_imputed is \"x\"; expected a whole number",
        ),
        (
            b"vote_id,user_id_imputed\n1,2\n3\n",
            "voters.csv, line 3: 1 values; expected 2, as many as the header has",
        ),
        (
            b"vote_id,user_id_imputed\n1,2\n1,3\n",
            "voters.csv, line 3: vote 1 has a voter already; expected every vote once",
        ),
        (
            b"vote_id,user_id_imputed\n1,\xff\n",
            "voters.csv, line 2: bytes that are no text",
        ),
    ] {
        let message = message(dump().voters(content)).await;
        assert!(message.starts_with(expected), "{message}");
    }
}

#[tokio::test]
async fn a_folder_that_is_no_dump_is_told_what_it_should_hold() {
    let dump = dump().without("Votes.xml").without("Users.xml");
    let folder = dump.path().display().to_string();
    assert_eq!(
        message(dump).await,
        format!(
            "{folder}: there is no Users.xml and no Votes.xml. The dump of a Stack Exchange site \
             is a folder with Users.xml, Posts.xml, Comments.xml and Votes.xml; PostHistory.xml \
             and Badges.xml may be there too"
        )
    );
}

#[tokio::test]
async fn files_that_are_not_there_are_named() {
    let community = crate::community::Community::new();
    let dump = dump();
    let mut options = dump.options(&community);
    options.voters = Some("/nowhere/voters.csv".into());
    let error = community.import_site(options.clone()).await.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("/nowhere/voters.csv: can't be read"),
        "{error}"
    );
    options.folder = "/nowhere/dump".into();
    let error = community.import_site(options).await.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("/nowhere/dump: can't be read"),
        "{error}"
    );
}
