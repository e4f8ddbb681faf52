//! Which pages elsewhere may send requests here (CORS): those that are listed, and by default none.
//!
//! It is browsers that keep to it, and for their users' sake. No cookie is ever asked for: a token comes in a
//! header, which a page elsewhere may send only where it is listed.

use poem::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, HOST,
    ORIGIN, VARY,
};
use poem::http::{HeaderMap, HeaderValue, Method, StatusCode};
use poem::{Request, Response};

/// What a page may send.
const HEADERS: &str = "accept, authorization, content-type, last-event-id, x-request-id";
/// What it may read.
const EXPOSED: &str = "retry-after, x-request-id";
/// For so many seconds a browser needn't ask again; Chromium takes no more.
const MAX_AGE: &str = "7200";

/// Where a page is from: `https://app.example.com`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(HeaderValue);

impl Origin {
    /// Reads an origin as browsers write it.
    ///
    /// # Errors
    /// If it is none. `*` isn't: whoever may send requests has to be known by name.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const EXPECTED: &str = "expected an origin like https://app.example.com, with no path";
        let scheme_ends = text.find("://").ok_or(EXPECTED)?;
        let (scheme, host) = (&text[..scheme_ends], &text[scheme_ends + 3..]);
        let is_plain = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-:[]".contains(&byte)
        };
        if !matches!(scheme, "http" | "https") || host.is_empty() || !host.bytes().all(is_plain) {
            return Err(EXPECTED);
        }
        HeaderValue::from_str(text).map(Self).map_err(|_| EXPECTED)
    }
}

/// Those that are listed.
#[derive(Debug, Clone, Default)]
pub(super) struct Origins(pub(super) Vec<Origin>);

impl Origins {
    /// The answer to a browser that asks whether a page may send something.
    pub(super) fn preflight(&self, request: &Request) -> Option<Response> {
        let headers = request.headers();
        let asks = request.method() == Method::OPTIONS
            && headers.contains_key(ORIGIN)
            && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        if self.0.is_empty() || !asks {
            return None;
        }
        let mut response = Response::builder().status(StatusCode::NO_CONTENT).finish();
        let answer = response.headers_mut();
        if self.allow(headers.get(ORIGIN), answer) {
            answer.insert(
                ACCESS_CONTROL_ALLOW_METHODS,
                HeaderValue::from_static("GET, POST"),
            );
            answer.insert(
                ACCESS_CONTROL_ALLOW_HEADERS,
                HeaderValue::from_static(HEADERS),
            );
            answer.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE));
        }
        Some(response)
    }

    /// Whether a page may open a WebSocket: for these browsers ask nobody. It may if it is listed, or this server's
    /// own. What isn't a browser tells no origin.
    pub(super) fn may_connect(&self, headers: &HeaderMap) -> bool {
        let Some(origin) = headers.get(ORIGIN) else {
            return true;
        };
        self.0.iter().any(|it| it.0 == origin) || is_own(origin, headers.get(HOST))
    }

    /// Lets a page read an answer, if it is one that is listed. True if so.
    pub(super) fn allow(&self, asked: Option<&HeaderValue>, answer: &mut HeaderMap) -> bool {
        if self.0.is_empty() {
            return false;
        }
        answer.append(VARY, HeaderValue::from_static("origin"));
        let Some(Origin(origin)) = self.0.iter().find(|it| asked == Some(&it.0)) else {
            return false;
        };
        answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        answer.insert(
            ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static(EXPOSED),
        );
        true
    }
}

/// Whether an origin is where a request was sent, by either scheme: a proxy before this server may have another.
fn is_own(origin: &HeaderValue, host: Option<&HeaderValue>) -> bool {
    let text = |value: &HeaderValue| value.to_str().ok().map(str::to_ascii_lowercase);
    let (Some(origin), Some(host)) = (text(origin), host.and_then(text)) else {
        return false;
    };
    let (authority, port) = match origin.split_once("://") {
        Some(("https", authority)) => (authority, ":443"),
        Some(("http", authority)) => (authority, ":80"),
        Some(_) | None => return false,
    };
    let bare = |authority: &str| authority.strip_suffix(port).unwrap_or(authority).to_owned();
    bare(authority) == bare(&host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_connect_from_here_and_from_what_is_listed() {
        let listed = Origins(vec![Origin::parse("https://app.example.com").unwrap()]);
        for (origin, host, may) in [
            (None, "api.example.com", true),
            (Some("https://app.example.com"), "api.example.com", true),
            (Some("https://api.example.com"), "api.example.com", true),
            (Some("https://api.example.com"), "API.example.com:443", true),
            (Some("http://localhost:8080"), "localhost:8080", true),
            (Some("http://localhost:8081"), "localhost:8080", false),
            (Some("http://[::1]:80"), "[::1]", true),
            (Some("https://evil.example"), "api.example.com", false),
            (
                Some("https://api.example.com.evil.example"),
                "api.example.com",
                false,
            ),
            (Some("http://app.example.com"), "api.example.com", false),
            (Some("null"), "api.example.com", false),
            (Some(""), "", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, host.parse().unwrap());
            if let Some(origin) = origin {
                headers.insert(ORIGIN, origin.parse().unwrap());
            }
            assert_eq!(listed.may_connect(&headers), may, "{origin:?} {host}");
        }
    }

    #[test]
    fn an_origin_is_a_scheme_and_a_host() {
        for good in [
            "https://app.example.com",
            "http://localhost:5173",
            "http://[::1]:80",
        ] {
            assert!(Origin::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "*",
            "null",
            "",
            "app.example.com",
            "https://",
            "https://a.b/",
            "ftp://a.b",
            "https://A.b",
            "https://a b",
            "https://*.example.com",
        ] {
            assert!(Origin::parse(bad).is_err(), "{bad}");
        }
    }
}
