//! The messages of graphql-transport-ws, as they come and go.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The name under which a client asks for the protocol.
pub(super) const PROTOCOL: &str = "graphql-transport-ws";

/// The most bytes of what a client calls an operation: each has its name for as long as it goes on.
const ID_MAX: usize = 256;

/// What a client says.
#[derive(Debug)]
pub(super) enum Incoming {
    /// Who it is, before anything else.
    Init {
        /// Its `Authorization`, if it tells.
        authorization: Option<String>,
    },
    /// It asks whether somebody is there.
    Ping(Option<Box<RawValue>>),
    /// It is there.
    Pong,
    /// It wants an operation executed.
    Subscribe {
        /// What it calls the operation.
        id: String,
        /// The operation, as it would be the body of a request.
        operation: Box<RawValue>,
    },
    /// It wants nothing more of an operation.
    Complete {
        /// What it called the operation.
        id: String,
    },
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(rename = "type")]
    kind: String,
    id: Option<String>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
}

/// What may stand in the payload of `connection_init`. HTTP's headers have names in any case, and so have these.
#[derive(Deserialize)]
struct Init {
    #[serde(alias = "Authorization")]
    authorization: Option<String>,
}

impl Incoming {
    /// Reads a message.
    ///
    /// # Errors
    /// If it is none of the protocol; what is wrong with it.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let wire: Wire<'_> = serde_json::from_str(text)
            .map_err(|error| format!("the message can't be read: {error}"))?;
        let Wire { kind, id, payload } = wire;
        // Null is as good as nothing.
        let payload = payload.filter(|payload| payload.get() != "null");
        let is_object = payload.is_none_or(|payload| payload.get().starts_with('{'));
        if !is_object {
            return Err(format!("the payload of {kind} is not an object"));
        }
        let named = || {
            let id = id.clone().filter(|id| (1..=ID_MAX).contains(&id.len()));
            id.ok_or_else(|| format!("{kind} needs an id of 1 to {ID_MAX} bytes"))
        };
        Ok(match kind.as_str() {
            "connection_init" => {
                let init: Option<Init> = payload
                    .map(|payload| serde_json::from_str(payload.get()))
                    .transpose()
                    .map_err(|error| format!("the payload of {kind} can't be read: {error}"))?;
                let authorization = init.and_then(|init| init.authorization);
                Self::Init { authorization }
            }
            "ping" => Self::Ping(payload.map(ToOwned::to_owned)),
            "pong" => Self::Pong,
            "subscribe" => Self::Subscribe {
                id: named()?,
                operation: payload
                    .ok_or("subscribe needs a payload with a query")?
                    .to_owned(),
            },
            "complete" => Self::Complete { id: named()? },
            _ => return Err(format!("there is no message of the type {kind:?} to send")),
        })
    }
}

/// What the server says.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Outgoing<'a> {
    /// It knows who the client is.
    ConnectionAck,
    /// It is there.
    Pong {
        #[serde(skip_serializing_if = "Option::is_none")]
        payload: Option<&'a RawValue>,
    },
    /// An answer of an operation.
    Next { id: &'a str, payload: &'a RawValue },
    /// An operation isn't executed, and why.
    Error { id: &'a str, payload: &'a RawValue },
    /// There is nothing more of an operation.
    Complete { id: &'a str },
}

impl Outgoing<'_> {
    pub(super) fn write(&self) -> String {
        // Its keys are strings, and memory takes what is written: nothing can go wrong.
        serde_json::to_string(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_comes_in_the_payload_by_either_name() {
        for (payload, token) in [
            (r#"{"authorization":"Bearer a"}"#, Some("Bearer a")),
            (
                r#"{"Authorization":"Bearer a","more":[1]}"#,
                Some("Bearer a"),
            ),
            ("{}", None),
            ("null", None),
        ] {
            let text = format!(r#"{{"type":"connection_init","payload":{payload}}}"#);
            let Incoming::Init { authorization } = Incoming::read(&text).unwrap() else {
                panic!("{text}");
            };
            assert_eq!(authorization.as_deref(), token, "{text}");
        }
    }

    #[test]
    fn what_is_no_message_of_the_protocol_is_refused_with_why() {
        for (text, why) in [
            ("", "EOF"),
            ("[]", "can't be read"),
            ("{}", "missing field `type`"),
            (
                r#"{"type":"start","id":"1"}"#,
                r#"no message of the type "start""#,
            ),
            (
                r#"{"type":"next","id":"1","payload":{}}"#,
                "no message of the type",
            ),
            (
                r#"{"type":"subscribe","payload":{}}"#,
                "subscribe needs an id",
            ),
            (
                r#"{"type":"subscribe","id":"","payload":{}}"#,
                "subscribe needs an id",
            ),
            (
                r#"{"type":"subscribe","id":1,"payload":{}}"#,
                "invalid type: integer",
            ),
            (r#"{"type":"subscribe","id":"1"}"#, "needs a payload"),
            (
                r#"{"type":"subscribe","id":"1","payload":[]}"#,
                "is not an object",
            ),
            (r#"{"type":"complete"}"#, "complete needs an id"),
            (r#"{"type":"ping","payload":1}"#, "is not an object"),
            (
                r#"{"type":"connection_init","payload":{"authorization":1}}"#,
                "connection_init can't be read",
            ),
        ] {
            let error = Incoming::read(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn what_is_said_is_one_object() {
        let payload: &RawValue = serde_json::from_str(r#"{"data":null}"#).unwrap();
        for (message, text) in [
            (Outgoing::ConnectionAck, r#"{"type":"connection_ack"}"#),
            (Outgoing::Pong { payload: None }, r#"{"type":"pong"}"#),
            (
                Outgoing::Next {
                    id: "a\"b",
                    payload,
                },
                r#"{"type":"next","id":"a\"b","payload":{"data":null}}"#,
            ),
            (
                Outgoing::Complete { id: "1" },
                r#"{"type":"complete","id":"1"}"#,
            ),
        ] {
            assert_eq!(message.write(), text);
        }
    }
}
