//! The files of a dump.

use std::path::{Path, PathBuf};

use crate::error::ImportError;
use crate::feed;

/// A file that is read, in the order in which they are: what is referred to comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum File {
    Users,
    Posts,
    Comments,
    PostHistory,
    Voters,
    Votes,
    Badges,
}

impl File {
    pub(super) const ALL: [Self; 7] = [
        Self::Users,
        Self::Posts,
        Self::Comments,
        Self::PostHistory,
        Self::Voters,
        Self::Votes,
        Self::Badges,
    ];

    /// Its name in the folder.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Users => "Users.xml",
            Self::Posts => "Posts.xml",
            Self::Comments => "Comments.xml",
            Self::PostHistory => "PostHistory.xml",
            Self::Voters => "voters",
            Self::Votes => "Votes.xml",
            Self::Badges => "Badges.xml",
        }
    }

    fn is_required(self) -> bool {
        match self {
            Self::Users | Self::Posts | Self::Comments | Self::Votes => true,
            Self::PostHistory | Self::Voters | Self::Badges => false,
        }
    }

    /// Where its rows are counted.
    pub(super) fn rows(self) -> feed::File {
        self as feed::File
    }
}

/// A folder that holds a dump.
pub(super) struct Dump {
    folder: PathBuf,
    voters: Option<PathBuf>,
}

impl Dump {
    /// Looks whether everything that is needed is there.
    pub(super) fn open(folder: PathBuf, voters: Option<PathBuf>) -> Result<Self, ImportError> {
        let unreadable = |path: &Path| {
            let path = path.to_owned();
            |source| ImportError::Unreadable { path, source }
        };
        std::fs::read_dir(&folder).map_err(unreadable(&folder))?;
        if let Some(voters) = &voters {
            std::fs::File::open(voters).map_err(unreadable(voters))?;
        }
        let dump = Self { folder, voters };
        let missing: Vec<_> = File::ALL
            .into_iter()
            .filter(|&file| file.is_required() && dump.path(file).is_none())
            .map(File::name)
            .collect();
        if !missing.is_empty() {
            return Err(ImportError::Folder {
                folder: dump.folder,
                problem: format!(
                    "there is no {}. The dump of a Stack Exchange site is a folder with \
                     Users.xml, Posts.xml, Comments.xml and Votes.xml; PostHistory.xml and \
                     Badges.xml may be there too",
                    missing.join(" and no ")
                ),
            });
        }
        Ok(dump)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where a file is, if there is one.
    pub(super) fn path(&self, file: File) -> Option<PathBuf> {
        if file == File::Voters {
            return self.voters.clone();
        }
        let path = self.folder.join(file.name());
        path.is_file().then_some(path)
    }

    /// How many bytes all files that are read have together.
    pub(super) fn bytes(&self) -> u64 {
        File::ALL
            .into_iter()
            .filter_map(|file| self.path(file)?.metadata().ok())
            .map(|file| file.len())
            .sum()
    }

    /// The other XML files in the folder.
    pub(super) fn not_read(&self) -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(&self.folder)
            .into_iter()
            .flatten()
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| name.ends_with(".xml"))
            .filter(|name| File::ALL.iter().all(|file| file.name() != name))
            .collect();
        names.sort_unstable();
        names
    }
}
