//! Where a database is.

use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use rustls::{ClientConfig, RootCertStore};
use tokio::task::JoinHandle;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::PostgresError;
use crate::home::{Connecting, Home};

/// How long a server may take to let somebody in, unless the address says otherwise.
const CONNECT: Duration = Duration::from_secs(5);

/// After so long without an answer to what was sent, a connection is lost.
const UNANSWERED: Duration = Duration::from_secs(15);

/// A connection that nothing comes from for so long is looked after.
const QUIET: Duration = Duration::from_secs(15);

/// How long somebody waits for a connection of a pool.
const FOR_A_CONNECTION: Duration = Duration::from_secs(10);

/// Where a database is, who connects, and how. What it shows has no password.
#[derive(Clone)]
pub struct Address {
    config: Arc<Config>,
    name: Arc<str>,
    home: Home,
}

/// Why something is no address of a database.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// It isn't such a URL.
    #[error(
        "expected the URL of a database, like postgres://plaudit:PASSWORD@db.example.org:5432/plaudit \
         (what is special in a password is written like %40 for @)"
    )]
    Malformed,
    /// It names no server.
    #[error(
        "the URL of a database has to name its server, like postgres://plaudit@localhost/plaudit"
    )]
    NoServer,
    /// It names no database.
    #[error("the URL of a database has to name it at the end, like postgres://localhost/plaudit")]
    NoDatabase,
}

impl Address {
    /// Whether a text is meant to be such an address.
    pub fn is_meant(text: &str) -> bool {
        text.starts_with("postgres:") || text.starts_with("postgresql:")
    }

    /// Reads a URL, `postgres://USER:PASSWORD@HOST:PORT/DATABASE`.
    ///
    /// Other hosts than this machine are only talked to by TLS, with a certificate that this machine trusts
    /// (or `SSL_CERT_FILE` does); `?sslmode=disable` says that it may be without.
    ///
    /// # Errors
    /// If it is none. The error doesn't show it, for there may be a password in it.
    pub fn parse(url: &str) -> Result<Self, AddressError> {
        if !Self::is_meant(url) {
            return Err(AddressError::Malformed);
        }
        let mut config: Config = url.parse().map_err(|_| AddressError::Malformed)?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(AddressError::NoServer);
        }
        if config.get_dbname().is_none_or(str::is_empty) {
            return Err(AddressError::NoDatabase);
        }
        // "prefer" would go on in plain text wherever somebody in between says that there is no TLS.
        if config.get_ssl_mode() == SslMode::Prefer {
            config.ssl_mode(match is_this_machine(&config) {
                true => SslMode::Disable,
                false => SslMode::Require,
            });
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        if config.get_application_name().is_none() {
            config.application_name("plaudit");
        }
        config.keepalives_idle(QUIET);
        config.tcp_user_timeout(UNANSWERED);
        let name = name(&config).into();
        let config = Arc::new(config);
        let home = Home::here();
        Ok(Self { config, name, home })
    }

    /// What to call it in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same, with a setting of the server's for each of its sessions, like a search path.
    pub fn with_setting(mut self, name: &str, value: &str) -> Self {
        let before = self.config.get_options().map(|it| format!("{it} "));
        // In options a backslash goes before what would end one.
        let value = value.replace('\\', "\\\\").replace(' ', "\\ ");
        let options = format!("{}-c {name}={value}", before.unwrap_or_default());
        Arc::make_mut(&mut self.config).options(options);
        self
    }

    /// Runs something that belongs to connections to it, for longer than whoever asks may run.
    pub fn spawn<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        self.home.spawn(task)
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    pub(crate) fn tls(&self) -> Result<MakeRustlsConnect, PostgresError> {
        let mut roots = RootCertStore::empty();
        if self.config.get_ssl_mode() != SslMode::Disable {
            let found = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(found.certs);
            if roots.is_empty() {
                return Err(PostgresError::Refused {
                    address: self.name().to_owned(),
                    reason: "this machine trusts no certificate authority, so it can't be known who \
                             answers: install ca-certificates, or name a file of them by SSL_CERT_FILE"
                        .to_owned(),
                });
            }
        }
        // Said here, and not for the whole process: others may have another one.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| PostgresError::Refused {
                address: self.name().to_owned(),
                reason: error.to_string(),
            })?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(MakeRustlsConnect::new(config))
    }

    /// At most so many connections, made as they are needed.
    ///
    /// # Errors
    /// If there is nothing to make them with.
    pub fn pool(&self, most: usize) -> Result<Pool, PostgresError> {
        let settings = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let connecting = Connecting {
            tls: self.tls()?,
            home: self.home.clone(),
        };
        let manager = Manager::from_connect(Config::clone(&self.config), connecting, settings);
        Pool::builder(manager)
            .max_size(most)
            .wait_timeout(Some(FOR_A_CONNECTION))
            .create_timeout(Some(FOR_A_CONNECTION))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| PostgresError::Refused {
                address: self.name().to_owned(),
                reason: error.to_string(),
            })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({})", self.name)
    }
}

/// Whether all that is sent stays on this machine.
fn is_this_machine(config: &Config) -> bool {
    let is_local = |host: &Host| match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse().is_ok_and(|it: IpAddr| it.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    };
    match config.get_hostaddrs() {
        [] => config.get_hosts().iter().all(is_local),
        addresses => addresses.iter().all(IpAddr::is_loopback),
    }
}

fn ports(config: &Config) -> Vec<u16> {
    match config.get_ports() {
        [] => vec![5432],
        ports => ports.to_vec(),
    }
}

fn name(config: &Config) -> String {
    let mut hosts: Vec<_> = config.get_hosts().iter().map(host).collect();
    if hosts.is_empty() {
        hosts = config
            .get_hostaddrs()
            .iter()
            .map(IpAddr::to_string)
            .collect();
    }
    let user = config.get_user().map(|user| format!("{user}@"));
    let user = user.unwrap_or_default();
    let ports: Vec<_> = ports(config).iter().map(u16::to_string).collect();
    let (hosts, ports) = (hosts.join(","), ports.join(","));
    let database = config.get_dbname().unwrap_or_default();
    format!("postgres://{user}{hosts}:{ports}/{database}")
}

fn host(host: &Host) -> String {
    match host {
        Host::Tcp(name) if name.contains(':') => format!("[{name}]"),
        Host::Tcp(name) => name.clone(),
        #[cfg(unix)]
        Host::Unix(path) => path.display().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_it_shows_has_the_password() {
        let url = "postgres://ada:hunter2@db.example.org:6543/plaudit?password=hunter3";
        let address = Address::parse(url).unwrap();
        for shown in [address.to_string(), format!("{address:?}")] {
            assert!(shown.contains("ada@db.example.org:6543/plaudit"), "{shown}");
            assert!(!shown.contains("hunter"), "{shown}");
        }
    }

    #[test]
    fn what_is_no_address_is_told_without_showing_it() {
        for url in [
            "",
            "hunter2",
            "mysql://ada:hunter2@localhost/plaudit",
            "postgres://ada:hunter2@localhost:port/plaudit",
            "postgres://ada:hunter2@localhost/plaudit?nonsense=1",
            "postgres://ada:hunter2@localhost",
            "postgres:///plaudit?password=hunter2",
        ] {
            let error = Address::parse(url).unwrap_err();
            for shown in [error.to_string(), format!("{error:?}")] {
                assert!(!shown.contains("hunter2"), "{shown}");
            }
        }
    }

    #[test]
    fn other_machines_are_talked_to_by_tls_unless_it_is_said() {
        for (url, mode) in [
            ("postgres://localhost/p", SslMode::Disable),
            ("postgresql://127.0.0.1/p", SslMode::Disable),
            ("postgres://[::1]/p", SslMode::Disable),
            ("postgres://%2Frun%2Fpostgresql/p", SslMode::Disable),
            ("postgres://localhost/p?sslmode=require", SslMode::Require),
            ("postgres://db.example.org/p", SslMode::Require),
            ("postgres://localhost,db.example.org/p", SslMode::Require),
            (
                "postgres://db.example.org/p?sslmode=disable",
                SslMode::Disable,
            ),
        ] {
            let address = Address::parse(url).unwrap();
            assert_eq!(address.config().get_ssl_mode(), mode, "{url}");
        }
    }
}
