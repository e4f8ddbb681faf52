//! What a client asks for, as it comes over the wire.

use std::fmt;

use async_graphql::Variables;
use serde::de::{Deserialize, Deserializer, Error as _};
use uuid::Uuid;

/// A GraphQL request: a document, which of its operations is meant, and the values of its
/// variables.
#[derive(Debug, Default)]
pub struct Operation {
    /// The text of the document; empty, if it is only named.
    pub query: String,
    /// The operation that is meant; needed where the document has several.
    pub operation_name: Option<String>,
    /// The id of the request that it came by, for the history; one is drawn where there is none.
    pub request: Option<Uuid>,
    /// The id of the last answer that the client got over an earlier connection, to go on behind it.
    pub last_answer: Option<String>,
    pub(crate) variables: Variables,
    pub(crate) named: Option<Named>,
    /// How many bytes all of that took.
    pub(crate) bytes: usize,
}

/// How a client names a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Named {
    /// By `documentId`.
    Id(String),
    /// By the SHA-256 of its text, as Apollo's clients do.
    Hash(String),
}

impl Named {
    /// What of `documentId` and extensions names a document that has no text, or has.
    fn read(
        query: Option<&str>,
        id: Option<String>,
        extensions: Option<Object>,
    ) -> Result<Option<Self>, MalformedRequest> {
        let hash = extensions.as_ref().and_then(|it| it.get("persistedQuery"));
        let hash = hash.filter(|persisted| !persisted.is_null());
        // Clients that have to send a text send none beside a name.
        let query = query.filter(|query| !query.is_empty() || id.is_none());
        let hash = hash.map(|persisted| {
            let version = persisted.get("version").and_then(serde_json::Value::as_u64);
            let hash = persisted.get("sha256Hash").and_then(|hash| hash.as_str());
            match (version, hash) {
                (Some(1), Some(hash)) => Ok(hash.to_ascii_lowercase()),
                _ => Err(MalformedRequest::new(
                    "extensions.persistedQuery has to be {\"version\": 1, \"sha256Hash\": \"…\"}",
                )),
            }
        });
        match (query, id, hash.transpose()?) {
            (None, None, None) => Err(MalformedRequest::no_query()),
            (Some(_), Some(_), _) => Err(MalformedRequest::new(
                "send either `query` or `documentId`, not both",
            )),
            (None, Some(id), _) => Ok(Some(Self::Id(id))),
            (_, None, hash) => Ok(hash.map(Self::Hash)),
        }
    }
}

/// A request that holds no operation: what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MalformedRequest(String);

impl Operation {
    /// How many bytes all of it took.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Reads the body of a POST request.
    ///
    /// # Errors
    /// If it isn't a JSON object with the parameters of GraphQL over HTTP.
    pub fn from_json(body: &[u8]) -> Result<Self, MalformedRequest> {
        // Windows tools like to send one; it means nothing in UTF-8.
        let body = body
            .strip_prefix(b"\xef\xbb\xbf")
            .unwrap_or(body)
            .trim_ascii();
        match body.first() {
            Some(b'{') => {}
            // A batch would multiply what one request may cost.
            Some(b'[') => {
                return Err(MalformedRequest::new(
                    "batches are not served: send one operation a request",
                ));
            }
            Some(_) => return Err(MalformedRequest::new("the body is not a JSON object")),
            None => {
                return Err(MalformedRequest::new(
                    r#"the body is empty: send JSON like {"query": "{ __typename }"}"#,
                ));
            }
        }
        let wire: Wire = serde_json::from_slice(body)
            .map_err(|error| MalformedRequest(format!("the body can't be read: {error}")))?;
        let last_answer = last_event(wire.extensions.as_ref())?;
        let named = Named::read(wire.query.as_deref(), wire.document_id, wire.extensions)?;
        Ok(Self {
            named,
            query: wire.query.unwrap_or_default(),
            operation_name: wire.operation_name,
            request: None,
            last_answer,
            variables: wire.variables.unwrap_or_default(),
            bytes: body.len(),
        })
    }

    /// Reads the parameters of a GET request, where variables and extensions are JSON in a string.
    ///
    /// # Errors
    /// If neither a query nor a document's id is there, or variables or extensions aren't JSON objects.
    pub fn from_parameters(
        query: Option<String>,
        document_id: Option<String>,
        operation_name: Option<String>,
        variables: Option<&str>,
        extensions: Option<&str>,
    ) -> Result<Self, MalformedRequest> {
        let bytes = [query.as_deref(), variables, extensions];
        let bytes = bytes.into_iter().flatten().map(str::len).sum();
        let extensions = embedded("extensions", extensions)?;
        let named = Named::read(query.as_deref(), document_id, extensions)?;
        Ok(Self {
            named,
            query: query.unwrap_or_default(),
            operation_name: operation_name.filter(|name| !name.is_empty()),
            request: None,
            last_answer: None,
            variables: embedded("variables", variables)?.unwrap_or_default(),
            bytes,
        })
    }
}

/// Where a client is that follows something, as the answers say it: WebSockets have no header for that.
fn last_event(extensions: Option<&Object>) -> Result<Option<String>, MalformedRequest> {
    let last = extensions.and_then(|it| it.get("lastEventId"));
    match last {
        None | Some(serde_json::Value::Null) => Ok(None),
        Some(serde_json::Value::String(last)) => Ok(Some(last.clone())),
        Some(_) => Err(MalformedRequest::new(
            "extensions.lastEventId has to be a string, like extensions.eventId of an answer",
        )),
    }
}

fn embedded<'a, T: Deserialize<'a>>(
    parameter: &str,
    json: Option<&'a str>,
) -> Result<Option<T>, MalformedRequest> {
    let Some(json) = json.filter(|json| !json.is_empty()) else {
        return Ok(None);
    };
    serde_json::from_str(json)
        .map_err(|error| MalformedRequest(format!("{parameter} can't be read: {error}")))
}

/// The body of a POST request. Parameters that we don't know are none of our business: the
/// specification keeps them for later.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    #[serde(default, deserialize_with = "query")]
    query: Option<String>,
    #[serde(default, deserialize_with = "operation_name")]
    operation_name: Option<String>,
    #[serde(default, deserialize_with = "variables")]
    variables: Option<Variables>,
    #[serde(default, deserialize_with = "document_id")]
    document_id: Option<String>,
    #[serde(default, deserialize_with = "extensions")]
    extensions: Option<Object>,
}

/// A JSON object of which only some is known.
type Object = serde_json::Map<String, serde_json::Value>;

fn query<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    named("query", deserializer)
}

fn document_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    named("documentId", deserializer)
}

fn operation_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    named("operationName", deserializer)
}

fn variables<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Variables>, D::Error> {
    named("variables", deserializer)
}

fn extensions<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Object>, D::Error> {
    named("extensions", deserializer)
}

/// Says in an error which parameter it is about, which serde doesn't.
fn named<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    parameter: &str,
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Option::deserialize(deserializer)
        .map_err(|error| D::Error::custom(format_args!("{parameter}: {error}")))
}

impl MalformedRequest {
    fn new(what: &str) -> Self {
        Self(what.to_owned())
    }

    fn no_query() -> Self {
        Self::new("there is no `query`, and no `documentId`")
    }
}

impl fmt::Display for MalformedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for MalformedRequest {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_to_send_a_text_sends_an_empty_one_beside_a_name() {
        let body = br#"{"query":"","documentId":"a","extensions":{"persistedQuery":null}}"#;
        let operation = Operation::from_json(body).unwrap();
        assert_eq!(operation.named, Some(Named::Id("a".into())));
    }

    #[test]
    fn a_body_holds_a_query_and_perhaps_more() {
        let operation = Operation::from_json(
            b"\xef\xbb\xbf\n {\"query\":\"query Q { __typename }\",\"operationName\":\"Q\",\
              \"variables\":{\"a\":[1,{\"b\":null}]},\"extensions\":{\"c\":1},\"later\":true}",
        )
        .unwrap();
        assert_eq!(operation.query, "query Q { __typename }");
        assert_eq!(operation.operation_name.as_deref(), Some("Q"));
        assert_eq!(operation.variables.to_string(), "{a: [1, {b: null}]}");
    }

    #[test]
    fn who_follows_says_where_they_are() {
        let last = |extensions: &str| {
            let body = format!(r#"{{"query":"{{a}}","extensions":{extensions}}}"#);
            Operation::from_json(body.as_bytes()).unwrap().last_answer
        };
        assert_eq!(last(r#"{"lastEventId":"7"}"#).as_deref(), Some("7"));
        assert_eq!(last(r#"{"lastEventId":null}"#), None);
        assert_eq!(last("{}"), None);
    }

    #[test]
    fn null_is_as_good_as_nothing() {
        let operation = Operation::from_json(
            br#"{"query":"{a}","operationName":null,"variables":null,"extensions":null}"#,
        )
        .unwrap();
        assert_eq!(operation.operation_name, None);
        assert!(operation.variables.is_empty());
    }

    #[test]
    fn a_body_that_is_no_operation_is_refused_by_name() {
        for (body, why) in [
            ("", "the body is empty"),
            ("[{\"query\":\"{a}\"}]", "batches are not served"),
            ("\"{a}\"", "not a JSON object"),
            (
                "{\"query\":\"{a}\"",
                "EOF while parsing an object at line 1",
            ),
            (
                "{\"query\":\"{a}\"} x",
                "trailing characters at line 1 column 17",
            ),
            (
                "{\"query\":\"{a}\",\"query\":\"{b}\"}",
                "duplicate field `query`",
            ),
            ("{\"qeury\":\"{a}\"}", "there is no `query`"),
            ("{\"query\":null}", "there is no `query`"),
            (
                "{\"query\":0}",
                "query: invalid type: integer `0`, expected a string at line 1",
            ),
            (
                "{\"query\":\"{a}\",\"documentId\":\"a\"}",
                "either `query` or `documentId`",
            ),
            ("{\"documentId\":1}", "documentId: invalid type: integer"),
            (
                "{\"extensions\":{\"persistedQuery\":{\"version\":2,\"sha256Hash\":\"a\"}}}",
                "extensions.persistedQuery has to be",
            ),
            (
                "{\"query\":\"{a}\",\"extensions\":{\"lastEventId\":7}}",
                "extensions.lastEventId has to be a string",
            ),
            ("{\"query\":\"\u{1}\"}", "control character"),
            ("{\"query\":\"\\ud800\"}", "hex escape"),
            (
                "{\"query\":\"{a}\",\"operationName\":[]}",
                "operationName: invalid type: sequence",
            ),
            (
                "{\"query\":\"{a}\",\"variables\":\"\"}",
                "variables: invalid type: string",
            ),
            (
                "{\"query\":\"{a}\",\"variables\":[1]}",
                "variables: invalid type: sequence",
            ),
            (
                "{\"query\":\"{a}\",\"extensions\":false}",
                "extensions: invalid type: boolean",
            ),
        ] {
            let error = Operation::from_json(body.as_bytes())
                .unwrap_err()
                .to_string();
            assert!(error.contains(why), "{body}: {error}");
        }
        assert!(Operation::from_json(b"{\"query\":\"\xff\"}").is_err());
    }

    #[test]
    fn a_body_of_endless_brackets_is_refused() {
        let body = format!(
            r#"{{"query":"{{a}}","variables":{{"a":{}"#,
            "[".repeat(100_000)
        );
        let error = Operation::from_json(body.as_bytes())
            .unwrap_err()
            .to_string();
        assert!(error.contains("recursion limit"), "{error}");
    }

    #[test]
    fn parameters_of_a_url_hold_json_in_strings() {
        let read = |variables, extensions| {
            Operation::from_parameters(
                Some("{a}".into()),
                None,
                Some(String::new()),
                Some(variables),
                Some(extensions),
            )
        };
        let operation = read(r#"{"a":1}"#, "{}").unwrap();
        assert_eq!(operation.operation_name, None);
        assert_eq!(operation.variables.to_string(), "{a: 1}");
        assert!(read("", "").is_ok());
        for (variables, extensions, why) in [
            (
                "[]",
                "{}",
                "variables can't be read: invalid type: sequence",
            ),
            ("{", "{}", "variables can't be read: EOF"),
            ("{}", "1", "extensions can't be read: invalid type: integer"),
        ] {
            let error = read(variables, extensions).unwrap_err().to_string();
            assert!(error.starts_with(why), "{error}");
        }
        assert_eq!(
            Operation::from_parameters(None, None, None, None, None)
                .unwrap_err()
                .to_string(),
            "there is no `query`, and no `documentId`"
        );
    }
}
