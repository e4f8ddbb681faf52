//! The documents of apps that a server is given: a file of them, or a directory.

use std::fs;
use std::path::{Path, PathBuf};

use plaudit_api::GivenDocument;
use serde::Deserialize;
use serde_json::Value;

use super::{BadUsage, Failure};

/// Reads the documents of a path: of a directory those in all files below it that end in .graphql or .gql, each
/// with its fragments; of a .json file those of a manifest, by their ids.
pub(super) fn read(path: &Path) -> Result<Vec<GivenDocument>, Failure> {
    let mut files = Vec::new();
    find(path, &mut files)?;
    let mut documents = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).map_err(|error| bad(&file, &error.to_string()))?;
        match file
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            true => documents.extend(manifest(&file, &text)?),
            false => documents.push(GivenDocument {
                id: None,
                text,
                from: file.display().to_string(),
            }),
        }
    }
    match documents.is_empty() {
        true => Err(bad(
            path,
            "there is no document: expected .graphql files, or a .json file of documents",
        )),
        false => Ok(documents),
    }
}

/// The files of a path, in order.
fn find(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let unreadable = |error: std::io::Error| bad(path, &error.to_string());
    if !fs::metadata(path).map_err(unreadable)?.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let entries = fs::read_dir(path).map_err(unreadable)?;
    let entries = entries.map(|entry| Ok(entry?.path()));
    let mut entries: Vec<PathBuf> = entries.collect::<Result<_, _>>().map_err(unreadable)?;
    entries.sort();
    for entry in entries {
        let is_document = |path: &Path| {
            let extension = path.extension().and_then(|extension| extension.to_str());
            matches!(extension, Some("graphql" | "gql" | "json"))
        };
        if entry.is_dir() || is_document(&entry) {
            find(&entry, files)?;
        }
    }
    Ok(())
}

/// A manifest, as the tools of apps write it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Manifest {
    /// As Apollo's do.
    Apollo { operations: Vec<Operation> },
    /// As GraphQL Code Generator and Relay do: texts by their ids.
    Map(serde_json::Map<String, Value>),
}

#[derive(Deserialize)]
struct Operation {
    id: String,
    body: String,
}

fn manifest(file: &Path, text: &str) -> Result<Vec<GivenDocument>, Failure> {
    const EXPECTED: &str =
        "expected {\"ID\": \"TEXT\", …}, or {\"operations\": [{\"id\": …, \"body\": …}, …]}";
    let manifest =
        serde_json::from_str(text).map_err(|error| bad(file, &format!("{error}: {EXPECTED}")))?;
    let document = |id: String, text: String| GivenDocument {
        from: format!("{}: {id}", file.display()),
        id: Some(id),
        text,
    };
    match manifest {
        Manifest::Apollo { operations } => {
            let documents = operations.into_iter();
            Ok(documents.map(|it| document(it.id, it.body)).collect())
        }
        Manifest::Map(texts) => {
            let documents = texts.into_iter().map(|(id, text)| {
                let Value::String(text) = text else {
                    return Err(bad(file, &format!("{id} is no text: {EXPECTED}")));
                };
                Ok(document(id, text))
            });
            documents.collect()
        }
    }
}

fn bad(path: &Path, why: &str) -> Failure {
    BadUsage(format!(
        "the documents of {} can't be read: {why}",
        path.display()
    ))
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_as(name: &str, text: &str) -> Result<Vec<(Option<String>, String)>, String> {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("below")).unwrap();
        fs::write(directory.path().join("below").join(name), text).unwrap();
        fs::write(directory.path().join("README.md"), "not this").unwrap();
        let documents = read(directory.path()).map_err(|failure| failure.to_string())?;
        let documents = documents.into_iter();
        Ok(documents
            .map(|document| (document.id, document.text))
            .collect())
    }

    #[test]
    fn documents_are_read_as_tools_write_them() {
        let a = || vec![(Some("a".to_owned()), "{b}".to_owned())];
        assert_eq!(
            read_as("a.graphql", "{b}"),
            Ok(vec![(None, "{b}".to_owned())])
        );
        assert_eq!(read_as("a.json", r#"{"a":"{b}"}"#), Ok(a()));
        let apollo = r#"{"format":"apollo-persisted-query-manifest","version":1,
            "operations":[{"id":"a","name":"A","type":"query","body":"{b}"}]}"#;
        assert_eq!(read_as("a.json", apollo), Ok(a()));
    }

    #[test]
    fn what_is_no_document_is_refused_by_name() {
        for (name, text, why) in [
            ("a.txt", "{b}", "there is no document"),
            ("a.json", "[", "a.json can't be read: EOF"),
            ("a.json", r#"{"a":1}"#, "a is no text"),
            (
                "a.json",
                r#"{"operations":[{"id":1}]}"#,
                "operations is no text",
            ),
        ] {
            let error = read_as(name, text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
