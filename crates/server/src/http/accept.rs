//! Which of our two media types a client wants.

use poem::http::header::ACCEPT;
use poem::http::{HeaderMap, HeaderValue};

/// What a GraphQL response is sent as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MediaType {
    /// `application/graphql-response+json`: the status says whether the request was executed.
    GraphQlResponse,
    /// `application/json`: as clients from before expect it, with 200 for every GraphQL response.
    Json,
}

impl MediaType {
    /// The type that a request asks for by its `Accept` header; none if it wants neither.
    ///
    /// The newer type has to be asked for by name: who takes anything gets what every client
    /// understands.
    pub(super) fn asked_for(headers: &HeaderMap) -> Option<Self> {
        let mut named = None;
        let mut json = None;
        let mut anything = None;
        let mut silent = true;
        for header in headers.get_all(ACCEPT) {
            // What can't be read asks for nothing that we have.
            for range in header.to_str().unwrap_or("?").split(',') {
                let (name, parameters) = range.split_once(';').unwrap_or((range, ""));
                let name = name.trim();
                if name.is_empty() {
                    continue;
                }
                silent = false;
                let wanted = Some(quality(parameters));
                if name.eq_ignore_ascii_case("application/graphql-response+json") {
                    named = named.max(wanted);
                } else if name.eq_ignore_ascii_case("application/json") {
                    json = json.max(wanted);
                } else if name == "*/*" || name.eq_ignore_ascii_case("application/*") {
                    anything = anything.max(wanted);
                }
            }
        }
        if silent {
            return Some(Self::Json);
        }
        let named = named.unwrap_or(0);
        let json = json.or(anything).unwrap_or(0);
        if named > 0 && named >= json {
            Some(Self::GraphQlResponse)
        } else if json > 0 {
            Some(Self::Json)
        } else {
            None
        }
    }

    pub(super) fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::GraphQlResponse => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        })
    }
}

/// Whether a request takes answers one after the other, and neither of the types of a single one.
pub(super) fn wants_events(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).iter();
    let mut ranges = accepted.flat_map(|header| header.to_str().unwrap_or("?").split(','));
    let has_events = ranges.any(|range| {
        let (name, parameters) = range.split_once(';').unwrap_or((range, ""));
        name.trim().eq_ignore_ascii_case("text/event-stream") && quality(parameters) > 0
    });
    has_events && MediaType::asked_for(headers).is_none()
}

/// How much a media type is wanted, in thousandths.
fn quality(parameters: &str) -> u16 {
    parameters
        .split(';')
        .filter_map(|parameter| parameter.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
        .and_then(|(_, value)| value.trim().parse::<f32>().ok())
        .map_or(1000, |value| (value.clamp(0.0, 1.0) * 1000.0) as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_get_what_they_ask_for() {
        use MediaType::{GraphQlResponse, Json};
        for (accept, media_type) in [
            (vec![], Some(Json)),
            (vec![""], Some(Json)),
            (vec!["*/*"], Some(Json)),
            (vec!["application/*"], Some(Json)),
            (vec!["application/json"], Some(Json)),
            (vec!["application/json; charset=utf-8"], Some(Json)),
            (
                vec!["application/graphql-response+json"],
                Some(GraphQlResponse),
            ),
            (
                vec!["Application/GraphQL-Response+JSON;q=0.1"],
                Some(GraphQlResponse),
            ),
            (
                vec!["application/json, application/graphql-response+json"],
                Some(GraphQlResponse),
            ),
            (
                vec!["application/json", "application/graphql-response+json"],
                Some(GraphQlResponse),
            ),
            (
                vec!["application/graphql-response+json, */*;q=0.8"],
                Some(GraphQlResponse),
            ),
            (
                vec!["application/graphql-response+json;q=0.5, application/json"],
                Some(Json),
            ),
            (
                vec!["application/graphql-response+json;q=0, */*"],
                Some(Json),
            ),
            (
                vec!["application/json;q=0, application/graphql-response+json;q=0.2"],
                Some(GraphQlResponse),
            ),
            (
                vec!["text/html,application/xhtml+xml,*/*;q=0.8"],
                Some(Json),
            ),
            (vec!["text/html"], None),
            (vec!["application/json;q=0"], None),
            (vec!["text/event-stream, multipart/mixed"], None),
            (vec!["application/json;q=nonsense"], Some(Json)),
        ] {
            let mut headers = HeaderMap::new();
            for value in &accept {
                headers.append(ACCEPT, HeaderValue::from_str(value).unwrap());
            }
            assert_eq!(MediaType::asked_for(&headers), media_type, "{accept:?}");
        }
    }

    #[test]
    fn events_are_for_who_takes_nothing_else_of_ours() {
        for (accept, events) in [
            ("text/event-stream", true),
            ("Text/Event-Stream; charset=utf-8, multipart/mixed", true),
            ("text/event-stream;q=0", false),
            ("text/event-stream, application/json", false),
            (
                "application/graphql-response+json, text/event-stream;q=0.9",
                false,
            ),
            ("*/*", false),
            ("text/html", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(wants_events(&headers), events, "{accept}");
        }
    }
}
