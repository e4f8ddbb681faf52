//! GraphiQL, the page to try the API out. It loads nothing from the network.

use poem::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use poem::{Response, handler};

/// The page, as `make graphiql` wrote it.
#[cfg(graphiql)]
const PAGE: Option<&[u8]> = Some(include_bytes!("../../assets/graphiql.html.gz"));
#[cfg(not(graphiql))]
const PAGE: Option<&[u8]> = None;

/// What stands there where this binary was built without it.
const INSTEAD: &str = "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<title>Plaudit</title>
<h1>Plaudit</h1>
<p>The API is at <code>/graphql</code>:</p>
<pre>curl --json '{\"query\": \"{ __typename }\"}' http://localhost:PORT/graphql</pre>
<p>GraphiQL would be here. To build it in, run <code>make graphiql</code> (it takes npm), and build
again.</p>
</html>
";

/// The browser holds the page to what it is meant to do: its own scripts and workers, this server,
/// and nobody else.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline' blob:; worker-src blob:; \
    style-src 'unsafe-inline'; img-src data:; font-src data:; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#[handler]
pub(super) fn page() -> Response {
    let response = Response::builder()
        .header(CONTENT_TYPE, "text/html; charset=utf-8")
        .header(CONTENT_SECURITY_POLICY, POLICY)
        .header(REFERRER_POLICY, "no-referrer")
        .header(X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(CACHE_CONTROL, "no-cache");
    match PAGE {
        // Every browser takes gzip, and nobody else comes here.
        Some(page) => response.header(CONTENT_ENCODING, "gzip").body(page),
        None => response.body(INSTEAD),
    }
}
