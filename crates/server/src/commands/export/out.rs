//! One file, or standard output.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use tempfile::TempPath;

use crate::commands::Failure;

/// Where rows go.
pub struct Out {
    /// What to call it in messages.
    name: String,
    to: BufWriter<Box<dyn Write + Send>>,
    /// A file has another name until it is whole; if it doesn't come to that, it goes.
    partial: Option<(TempPath, PathBuf)>,
}

impl Out {
    /// Opens what was named, or standard output.
    pub fn open(path: Option<PathBuf>) -> Result<Self, Failure> {
        let Some(path) = path else {
            return Ok(Self::to("standard output".into(), io::stdout(), None));
        };
        let name = path.display().to_string();
        Self::file(name.clone(), path)
            .map_err(|error| format!("{name}: can't be written: {error}").into())
    }

    /// What to call it in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it becomes a file: what is written to anything else may be on the same terminal.
    pub fn is_file(&self) -> bool {
        self.partial.is_some()
    }

    fn file(name: String, path: PathBuf) -> io::Result<Self> {
        match path.metadata() {
            Ok(there) if there.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
            // A pipe or a device: it can't be replaced by a file, and takes what it is given.
            Ok(there) if !there.is_file() => {
                let device = File::options().write(true).open(&path)?;
                Ok(Self::to(name, device, None))
            }
            Ok(_) | Err(_) => {
                let mut partial = path.clone().into_os_string();
                partial.push(".partial");
                let file = File::create(&partial)?;
                let partial = TempPath::try_from_path(partial)?;
                Ok(Self::to(name, file, Some((partial, path))))
            }
        }
    }

    fn to(
        name: String,
        to: impl Write + Send + 'static,
        partial: Option<(TempPath, PathBuf)>,
    ) -> Self {
        Self {
            name,
            to: BufWriter::new(Box::new(to)),
            partial,
        }
    }

    /// Ends, with everything written; the name of the file, if it is one.
    pub fn finish(mut self) -> io::Result<Option<String>> {
        self.flush()?;
        let Self { name, to, partial } = self;
        drop(to);
        let Some((partial, path)) = partial else {
            return Ok(None);
        };
        let synced = File::open(&partial).and_then(|file| file.sync_all());
        synced
            .and_then(|()| Ok(partial.persist(path)?))
            .map_err(|error| named(&name, error))?;
        Ok(Some(name))
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.to
            .write(bytes)
            .map_err(|error| named(&self.name, error))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush().map_err(|error| named(&self.name, error))
    }
}

/// An error that tells what can't be written.
fn named(name: &str, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{name}: {error}"))
}
