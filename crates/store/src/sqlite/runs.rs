//! Entries of the timeline on their way into a table that is kept in another order than they come in: runs that
//! are sorted, in a file, and merged in the end. In the tables each would cost a search.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use plaudit_projection::{Key, TimelineEntry};

/// So many bytes an entry takes.
const ENTRY: usize = 16;

/// Entries in any order.
pub struct Runs {
    path: PathBuf,
    /// So many are sorted at once, in memory.
    most: usize,
    /// Those that are in no run yet.
    entries: Vec<TimelineEntry>,
    /// How many entries each run has. They follow one another in the file.
    runs: Vec<usize>,
}

impl Runs {
    /// None yet. What doesn't fit into so many bytes of memory will be in a file.
    pub fn new(path: PathBuf, memory: usize) -> Self {
        Self {
            path,
            most: (memory / ENTRY).max(1),
            entries: Vec::new(),
            runs: Vec::new(),
        }
    }

    /// Adds entries.
    pub fn add(&mut self, entries: Vec<TimelineEntry>) -> io::Result<()> {
        self.entries.extend(entries);
        if self.entries.len() < self.most {
            return Ok(());
        }
        self.entries.sort_unstable();
        let mut file = BufWriter::new(File::options().append(true).create(true).open(&self.path)?);
        for TimelineEntry { subject, position } in &self.entries {
            file.write_all(&subject.0.to_le_bytes())?;
            file.write_all(&position.to_le_bytes())?;
        }
        file.flush()?;
        self.runs.push(self.entries.len());
        self.entries.clear();
        Ok(())
    }

    /// Does something with each entry, in order, and forgets them; an error of that ends it.
    pub fn merge<E: From<io::Error>>(
        &mut self,
        mut each: impl FnMut(TimelineEntry) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut rest = std::mem::take(&mut self.entries);
        rest.sort_unstable();
        let mut runs = self.open()?;
        let last = runs.len();
        let mut rest = rest.into_iter();
        let mut next = |run: usize| match runs.get_mut(run) {
            Some(run) => run.next(),
            None => Ok(rest.next()),
        };
        let mut first = BinaryHeap::new();
        for run in 0..=last {
            first.extend(next(run)?.map(|entry| Reverse((entry, run))));
        }
        while let Some(Reverse((entry, run))) = first.pop() {
            each(entry)?;
            first.extend(next(run)?.map(|entry| Reverse((entry, run))));
        }
        drop(runs);
        if last > 0 {
            std::fs::remove_file(&self.path)?;
        }
        Ok(())
    }

    fn open(&mut self) -> io::Result<Vec<Run>> {
        let mut at = 0;
        let mut runs = Vec::with_capacity(self.runs.len());
        for left in std::mem::take(&mut self.runs) {
            runs.push(Run::open(&self.path, at, left)?);
            at += (left * ENTRY) as u64;
        }
        Ok(runs)
    }
}

/// A run that is read.
struct Run {
    file: BufReader<File>,
    left: usize,
}

impl Run {
    fn open(path: &Path, at: u64, left: usize) -> io::Result<Self> {
        let mut file = BufReader::with_capacity(1 << 16, File::open(path)?);
        file.seek(SeekFrom::Start(at))?;
        Ok(Self { file, left })
    }

    fn next(&mut self) -> io::Result<Option<TimelineEntry>> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        Ok(Some(TimelineEntry {
            subject: Key(self.number()?),
            position: self.number()?,
        }))
    }

    fn number(&mut self) -> io::Result<i64> {
        let mut bytes = [0; 8];
        self.file.read_exact(&mut bytes)?;
        Ok(i64::from_le_bytes(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries() -> Vec<TimelineEntry> {
        let numbers = (0..1_000_i64).map(|number| (number * 7_919 % 83, number));
        let entry = |(subject, position)| TimelineEntry {
            subject: Key(subject),
            position,
        };
        numbers.map(entry).collect()
    }

    #[test]
    fn entries_come_in_order_and_once_however_few_fit_into_memory() {
        let mut sorted = entries();
        sorted.sort_unstable();
        for memory in [0, 100, 5_000, 16_000, 1_000_000] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("runs");
            let mut runs = Runs::new(path.clone(), memory);
            for some in entries().chunks(13) {
                runs.add(some.to_vec()).unwrap();
            }
            assert_eq!(path.exists(), memory <= 16_000);
            let mut merged = Vec::new();
            let each = |entry| {
                merged.push(entry);
                io::Result::Ok(())
            };
            runs.merge(each).unwrap();
            assert_eq!(merged, sorted);
            assert!(!path.exists());
        }
    }

    #[test]
    fn a_file_that_was_cut_off_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("runs");
        let mut runs = Runs::new(path.clone(), 0);
        runs.add(entries()).unwrap();
        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_len(1_000)
            .unwrap();
        assert!(runs.merge(|_| io::Result::Ok(())).is_err());
    }
}
