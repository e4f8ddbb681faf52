//! How many files this process may have open: each connection is one.

/// Lets it have as many as its owner may allow it, which is often far more than it has at first; how many that is,
/// where that is known.
#[cfg(unix)]
pub fn raise_open_files() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let most = Rlimit {
        current: maximum,
        maximum,
    };
    match setrlimit(Resource::Nofile, most) {
        Ok(()) => maximum,
        Err(error) => {
            tracing::debug!("no more files can be opened than before: {error}");
            current
        }
    }
}

/// Nothing is known of it here.
#[cfg(not(unix))]
pub fn raise_open_files() -> Option<u64> {
    None
}
