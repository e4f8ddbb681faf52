//! Where an export is until it is whole.
//!
//! Files are written to `.partial`, in the places that they are to have. `.partial/begun.json` names those of
//! events that are whole: an export that was interrupted keeps them. Once all are there,
//! `.partial/manifest.json` says so; from then on nothing but moving them is left, which the next export does
//! first if this one doesn't come to it. A directory without `manifest.json` isn't whole.

use std::collections::HashSet;
use std::fs::{self, File, TryLockError};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::manifest::{FileEntry, Manifest, VERSION};
use super::{ArchiveError, events};

const ASIDE: &str = ".partial";
const LOCK: &str = "lock";
const BEGUN: &str = "begun.json";
const MANIFEST: &str = "manifest.json";

/// A directory that is being filled. As long as this is there nobody else fills it.
pub struct Staging {
    directory: PathBuf,
    aside: PathBuf,
    _lock: File,
}

impl Staging {
    /// Opens a directory that is empty, or holds an export.
    pub fn open(directory: &Path) -> Result<Self, ArchiveError> {
        let aside = directory.join(ASIDE);
        let others = others_in(directory).map_err(at(directory))?;
        if let Some(other) = others {
            return Err(ArchiveError::Unusable {
                directory: directory.to_owned(),
                problem: format!(
                    "it is a directory with something else in it ({other}), and no export; name an empty or \
                     new one"
                ),
            });
        }
        fs::create_dir_all(&aside).map_err(at(&aside))?;
        let path = aside.join(LOCK);
        let lock = File::create(&path).map_err(at(&path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(ArchiveError::Unusable {
                    directory: directory.to_owned(),
                    problem: "another export fills it; wait until that is done".to_owned(),
                });
            }
            Err(TryLockError::Error(error)) => return Err(at(&path)(error)),
        }
        let staging = Self {
            directory: directory.to_owned(),
            aside,
            _lock: lock,
        };
        if let Some(whole) = read(&staging.aside.join(MANIFEST))? {
            staging.put_in_use(&whole)?;
        }
        Ok(staging)
    }

    /// What there is in use.
    pub fn in_use(&self) -> Result<Option<Manifest>, ArchiveError> {
        let path = self.directory.join(MANIFEST);
        let manifest = read(&path)?;
        if let Some(newer) = manifest.as_ref().filter(|it| it.manifest_version > VERSION) {
            let problem = format!(
                "it holds an export by Plaudit {}, which is newer; name another directory",
                newer.plaudit
            );
            return Err(self.unusable(problem));
        }
        Ok(manifest)
    }

    /// What an export had done that was interrupted. One that can't be read isn't missed.
    pub fn interrupted(&self) -> Option<Manifest> {
        read(&self.aside.join(BEGUN)).ok().flatten()
    }

    /// Whether a file is there, aside or in use.
    pub fn has(&self, file: &FileEntry) -> bool {
        let aside = self.aside.join(&file.path);
        let metadata =
            fs::metadata(aside).or_else(|_| fs::metadata(self.directory.join(&file.path)));
        metadata.is_ok_and(|it| it.is_file() && it.len() == file.bytes)
    }

    /// Begins with what is kept; whatever else is aside goes.
    pub fn begin(&self, kept: &Manifest) -> Result<(), ArchiveError> {
        self.note(kept)?;
        let names = kept
            .files()
            .map(|file| self.aside.join(&file.path))
            .collect();
        for file in part_files(&self.aside).map_err(at(&self.aside))? {
            remove_unless(&names, &file)?;
        }
        Ok(())
    }

    /// Notes which files are whole.
    pub fn note(&self, begun: &Manifest) -> Result<(), ArchiveError> {
        replace(&self.aside.join(BEGUN), begun)
    }

    /// Begins a file.
    pub fn create(&self, path: String) -> Result<Staged, ArchiveError> {
        let place = self.aside.join(&path);
        if let Some(folder) = place.parent() {
            fs::create_dir_all(folder).map_err(at(folder))?;
        }
        let file = File::create(&place).map_err(at(&place))?;
        Ok(Staged {
            path,
            to: BufWriter::with_capacity(
                1 << 16,
                Hashed {
                    place,
                    file,
                    bytes: 0,
                    hash: Sha256::new(),
                },
            ),
        })
    }

    /// Puts everything in use.
    pub fn commit(self, manifest: &Manifest) -> Result<(), ArchiveError> {
        for file in manifest.files() {
            sync_folder(&self.aside.join(&file.path))?;
        }
        replace(&self.aside.join(MANIFEST), manifest)?;
        self.put_in_use(manifest)?;
        fs::remove_dir_all(&self.aside).map_err(at(&self.aside))
    }

    /// It can be done again from any point.
    fn put_in_use(&self, manifest: &Manifest) -> Result<(), ArchiveError> {
        let in_use = self.directory.join(MANIFEST);
        remove(&in_use)?;
        let mut places = HashSet::new();
        for file in manifest.files() {
            let place = self.directory.join(&file.path);
            if let Some(folder) = place.parent() {
                fs::create_dir_all(folder).map_err(at(folder))?;
            }
            match fs::rename(self.aside.join(&file.path), &place) {
                Err(error) if error.kind() == io::ErrorKind::NotFound && self.has(file) => {}
                renamed => renamed.map_err(at(&place))?,
            }
            places.insert(place);
        }
        // What took their place has more.
        for file in part_files(&self.directory).map_err(at(&self.directory))? {
            remove_unless(&places, &file)?;
        }
        for place in &places {
            sync_folder(place)?;
        }
        remove(&self.aside.join(BEGUN))?;
        fs::rename(self.aside.join(MANIFEST), &in_use).map_err(at(&in_use))?;
        sync_folder(&in_use)
    }

    /// Leaves the directory as it was found.
    pub fn leave(self) {
        if self.interrupted().is_none() {
            // If it isn't empty, somebody has use for it.
            let _ = fs::remove_file(self.aside.join(LOCK));
            let _ = fs::remove_dir(&self.aside);
        }
    }

    /// The directory can't be used for this.
    pub fn unusable(&self, problem: String) -> ArchiveError {
        ArchiveError::Unusable {
            directory: self.directory.clone(),
            problem,
        }
    }
}

/// Something that is in a directory that holds no export; nothing, if it isn't there yet.
fn others_in(directory: &Path) -> io::Result<Option<String>> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        entries => entries?,
    };
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let names: Vec<String> = names.collect::<io::Result<_>>()?;
    let is_export = names.iter().any(|name| name == MANIFEST || name == ASIDE);
    Ok(names.into_iter().find(|_| !is_export))
}

/// The files of events below a directory.
fn part_files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let months = match fs::read_dir(directory.join(events::TABLE)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(files),
        months => months?,
    };
    for month in months {
        for file in fs::read_dir(month?.path())? {
            let file = file?;
            if file.file_name().to_string_lossy().starts_with("part-") {
                files.push(file.path());
            }
        }
    }
    Ok(files)
}

fn remove_unless(kept: &HashSet<PathBuf>, file: &Path) -> Result<(), ArchiveError> {
    match kept.contains(file) {
        true => Ok(()),
        false => remove(file),
    }
}

fn remove(file: &Path) -> Result<(), ArchiveError> {
    match fs::remove_file(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed.map_err(at(file)),
    }
}

fn read(path: &Path) -> Result<Option<Manifest>, ArchiveError> {
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        text => text.map_err(at(path))?,
    };
    let manifest = serde_json::from_str(&text);
    manifest.map(Some).map_err(|error| ArchiveError::Unusable {
        directory: path.to_owned(),
        problem: format!(
            "it isn't the manifest of an export: {error}; name another directory, or remove this one"
        ),
    })
}

/// Writes a manifest in the place of another one, so that one of them is there at any moment.
fn replace(path: &Path, manifest: &Manifest) -> Result<(), ArchiveError> {
    let new = path.with_extension("new");
    let written = serde_json::to_vec_pretty(manifest)
        .map_err(io::Error::from)
        .and_then(|text| {
            let mut file = File::create(&new)?;
            file.write_all(&text)?;
            file.write_all(b"\n")?;
            file.sync_all()?;
            fs::rename(&new, path)
        });
    written.map_err(at(path))?;
    sync_folder(path)
}

/// Makes sure that a file is found in its folder also after the power fails.
fn sync_folder(of: &Path) -> Result<(), ArchiveError> {
    #[cfg(unix)]
    if let Some(folder) = of.parent().filter(|folder| folder.exists()) {
        let synced = File::open(folder).and_then(|folder| folder.sync_all());
        synced.map_err(at(folder))?;
    }
    Ok(())
}

fn at(path: &Path) -> impl Fn(io::Error) -> ArchiveError {
    move |source| ArchiveError::Write {
        path: path.to_owned(),
        source,
    }
}

/// A file that is being written.
pub struct Staged {
    path: String,
    to: BufWriter<Hashed>,
}

/// What is written is counted and hashed.
struct Hashed {
    place: PathBuf,
    file: File,
    bytes: u64,
    hash: Sha256,
}

impl Staged {
    /// It is whole, with so many rows, and on the disk.
    pub fn finish(mut self, rows: u64) -> Result<FileEntry, ArchiveError> {
        let flushed = self.to.flush();
        let Hashed {
            place,
            file,
            bytes,
            hash,
        } = self.to.get_ref();
        flushed.and_then(|()| file.sync_all()).map_err(at(place))?;
        let digest = hash.clone().finalize();
        Ok(FileEntry {
            path: self.path,
            rows,
            bytes: *bytes,
            sha256: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
            up_to: None,
        })
    }
}

impl Write for Staged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.to.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes).map_err(|error| {
            let place = self.place.display();
            io::Error::new(error.kind(), format!("{place}: {error}"))
        })?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
