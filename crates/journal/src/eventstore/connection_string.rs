//! How to find a server, or a cluster of them.

use std::fmt;
use std::fs::File;
use std::sync::Arc;

use super::dialect::ClientSettings;
use crate::location::of_event_store;

/// What every connection string looks like.
const EXPECTED: &str = "expected a connection string like esdb://db.example.org:2113, \
                        esdb://USER:PASSWORD@one,two,three or esdb+discover://cluster.example.org";

/// The parameter that is ours: what the names of streams begin with.
const PREFIX: &str = "streamprefix";

/// Said where a connection string says nothing of it. What a follower tells may be old; and the client waits so
/// many milliseconds before it connects at all. One that hangs must leave time to ask another.
const USUAL: [(&str, &str); 3] = [
    ("nodePreference", "leader"),
    ("discoveryInterval", "20"),
    ("gossipTimeout", "1500"),
];

/// The parameters that name files, which the client panics at where they can't be read.
const FILES: [&str; 3] = ["tlscafile", "usercertfile", "userkeyfile"];

/// A connection string of EventStoreDB, `esdb://…` or `kurrentdb://…`, and what the names of a community's streams
/// begin with there. What it shows has no password.
#[derive(Clone)]
pub struct ConnectionString {
    name: String,
    pub(super) settings: Arc<ClientSettings>,
    pub(super) prefix: String,
}

/// Why something is no connection string.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConnectionStringError(String);

impl ConnectionString {
    /// Whether a text is meant to be one.
    pub fn is_meant(text: &str) -> bool {
        of_event_store(text).is_some()
    }

    /// Reads one.
    ///
    /// # Errors
    /// If it is none, or names a file that can't be read. The error doesn't show its password.
    pub fn parse(text: &str) -> Result<Self, ConnectionStringError> {
        let (server, parameters) = text.split_once('?').unwrap_or((text, ""));
        let mut prefix = String::new();
        let mut theirs = Vec::new();
        for parameter in parameters.split('&').filter(|it| !it.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            match name.to_ascii_lowercase().as_str() {
                PREFIX => value.clone_into(&mut prefix),
                name if FILES.contains(&name) => {
                    check_file(value)?;
                    theirs.push(parameter.to_owned());
                }
                _ => theirs.push(parameter.to_owned()),
            }
        }
        if prefix.starts_with('$') {
            let what = "streamPrefix can't begin with $: such streams are the server's own";
            return Err(ConnectionStringError(what.to_owned()));
        }
        for (name, value) in USUAL {
            let is_said = |it: &String| it.len() > name.len() && is_called(it, name);
            if !theirs.iter().any(is_said) {
                theirs.push(format!("{name}={value}"));
            }
        }
        let unexpected = || ConnectionStringError(EXPECTED.to_owned());
        let (scheme, server) = of_event_store(server).ok_or_else(unexpected)?;
        let settings = format!("{scheme}:{server}?{}", theirs.join("&")).parse();
        let settings: ClientSettings = settings.map_err(|error| {
            // Where there may be a password, it isn't told what exactly is wrong.
            let what = match text.contains('@') {
                true => EXPECTED.to_owned(),
                false => format!("{EXPECTED}; {error}"),
            };
            ConnectionStringError(what)
        })?;
        if settings.hosts().iter().any(|host| host.host.is_empty()) {
            return Err(unexpected());
        }
        Ok(Self {
            name: without_password(text),
            settings: Arc::new(settings),
            prefix,
        })
    }

    /// What to call it in messages.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for ConnectionString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl fmt::Debug for ConnectionString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

fn is_called(parameter: &str, name: &str) -> bool {
    let own = parameter.split('=').next().unwrap_or_default();
    own.eq_ignore_ascii_case(name)
}

fn check_file(path: &str) -> Result<(), ConnectionStringError> {
    match File::open(path) {
        Ok(_) => Ok(()),
        Err(error) => Err(ConnectionStringError(format!(
            "{path}, which the connection string names, can't be read: {error}"
        ))),
    }
}

/// A connection string as it may be shown.
fn without_password(text: &str) -> String {
    let (server, parameters) = match text.find('?') {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    match (server.find("://"), server.rfind('@')) {
        (Some(scheme), Some(at)) if scheme < at => {
            format!("{}{}{parameters}", &server[..scheme + 3], &server[at + 1..])
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_shows_has_no_password() {
        for (text, shown) in [
            (
                "esdb://ada:love@here:1?tls=false",
                "esdb://here:1?tls=false",
            ),
            ("esdb://ada:l@ve@here,there", "esdb://here,there"),
            ("esdb+discover://here", "esdb+discover://here"),
            (
                "esdb://here?streamPrefix=a.&connectionName=@",
                "esdb://here?streamPrefix=a.&connectionName=@",
            ),
        ] {
            assert_eq!(without_password(text), shown);
        }
        let parsed = ConnectionString::parse("esdb://ada:lovelace@here?tls=false").unwrap();
        assert_eq!(
            format!("{parsed} {parsed:?}"),
            "esdb://here?tls=false esdb://here?tls=false"
        );
        for wrong in [
            "esdb://ada:lovelace@here:port",
            "esdb://ada:lovelace@a:b:c,d",
        ] {
            let error = ConnectionString::parse(wrong).unwrap_err().to_string();
            assert!(!error.contains("lovelace"), "{error}");
        }
    }

    #[test]
    fn the_prefix_of_streams_is_ours_and_the_rest_the_clients() {
        let text = "esdb://here?StreamPrefix=beer.&tls=false&NODEPREFERENCE=follower";
        let parsed = ConnectionString::parse(text).unwrap();
        assert_eq!(parsed.prefix, "beer.");
        let expected =
            "esdb://here?tls=false&nodePreference=follower&discoveryInterval=20&gossipTimeout=1500";
        let expected: ClientSettings = expected.parse().unwrap();
        // Some versions of it can't be compared.
        assert_eq!(format!("{:?}", *parsed.settings), format!("{expected:?}"));
        let error = ConnectionString::parse("esdb://here?streamPrefix=$").unwrap_err();
        assert!(error.to_string().contains("can't begin with $"));
    }

    #[test]
    fn kurrentdbs_schemes_mean_the_same() {
        for (text, esdb) in [
            ("kurrentdb://here?tls=false", "esdb://here?tls=false"),
            ("kdb://here", "esdb://here"),
            ("KurrentDB+Discover://here", "esdb+discover://here"),
            ("kurrent+discover://here", "esdb+discover://here"),
        ] {
            assert!(ConnectionString::is_meant(text), "{text}");
            let (theirs, ours) = (ConnectionString::parse(text), ConnectionString::parse(esdb));
            let (theirs, ours) = (theirs.unwrap(), ours.unwrap());
            assert_eq!(
                format!("{:?}", theirs.settings),
                format!("{:?}", ours.settings)
            );
            assert_eq!(theirs.name(), text);
        }
        for other in ["esdbs://here", "postgres://here", "kdb", "a/kdb://here"] {
            assert!(!ConnectionString::is_meant(other), "{other}");
        }
    }

    #[test]
    fn what_is_none_is_said_to_be_none_and_why() {
        for wrong in ["esdb://", "esdb:", "esdb://here:port", "esdb://here/there"] {
            let error = ConnectionString::parse(wrong).unwrap_err().to_string();
            assert!(error.starts_with("expected a connection string"), "{error}");
        }
        let named = "esdb://here?tlsCaFile=/nowhere/ca.pem";
        let error = ConnectionString::parse(named).unwrap_err().to_string();
        assert!(error.contains("/nowhere/ca.pem"), "{error}");
    }
}
