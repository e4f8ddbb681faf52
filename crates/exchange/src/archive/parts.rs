//! Events in files by the month in which they happened, which is how analysts ask for them.
//!
//! But they are recorded in another order: an import adds to months long gone. So the history is cut into
//! stretches of positions, and each stretch has a file for each month that it touches. Where a stretch ends
//! follows from its events alone: a stretch that is full is final, and its files are never written again. Only
//! the files of the last one, which isn't full, are replaced as it grows. A stretch is in memory while its files
//! are written, one after the other: so memory and open files stay bounded, however months are mixed.

use std::collections::BTreeMap;
use std::io::Write;

use plaudit_domain::{Position, Time};

use super::manifest::Manifest;
use super::staging::Staging;
use super::{ArchiveError, events};
use crate::events::{EventLine, ExportError, Recorded, Wanted};
use crate::lines::{Format, Lines};
use crate::progress::{Phase, Progress};

/// A stretch is full with so many events, unless others were asked for,
pub const PART_EVENTS: u32 = 100_000;
/// or with texts of together so many bytes.
const BYTES: usize = 32 << 20;

/// Writes the files of events.
pub struct Parts<'a> {
    staging: &'a Staging,
    manifest: &'a mut Manifest,
    /// The stretch, by month.
    months: BTreeMap<String, Vec<Recorded>>,
    /// The positions of its first and last event.
    range: Option<(Position, Position)>,
    events: u32,
    bytes: usize,
}

impl<'a> Parts<'a> {
    /// After those that the manifest has.
    pub fn new(staging: &'a Staging, manifest: &'a mut Manifest) -> Self {
        Self {
            staging,
            manifest,
            months: BTreeMap::new(),
            range: None,
            events: 0,
            bytes: 0,
        }
    }

    /// Writes all that come.
    pub async fn write(
        mut self,
        mut wanted: Wanted<'_>,
        progress: &mut dyn Progress,
    ) -> Result<(), ArchiveError> {
        let head = Some(self.manifest.position);
        while let Some(batch) = wanted.next().await? {
            for event in batch {
                self.add(Recorded::of(event).map_err(ExportError::from)?)?;
            }
            let phase = Phase::Writing(events::TABLE);
            progress.at(phase, wanted.position, head);
        }
        self.write_stretch()?;
        Ok(())
    }

    fn add(&mut self, event: Recorded) -> Result<(), ArchiveError> {
        let first = self.range.map_or(event.position, |(first, _)| first);
        self.range = Some((first, event.position));
        self.events += 1;
        self.bytes += event.bytes();
        let position = event.position;
        let month = self.months.entry(month(event.occurred_at)).or_default();
        month.push(event);
        if self.events < self.manifest.asked.part_events && self.bytes < BYTES {
            return Ok(());
        }
        self.write_stretch()?;
        self.manifest.events().final_up_to = Some(position);
        self.staging.note(self.manifest)
    }

    fn write_stretch(&mut self) -> Result<(), ArchiveError> {
        let format = self.manifest.asked.format;
        let months = std::mem::take(&mut self.months);
        (self.events, self.bytes) = (0, 0);
        // Also where there is none: the table is there.
        let table = self.manifest.events();
        let Some((first, last)) = self.range.take() else {
            return Ok(());
        };
        for (month, events) in months {
            let path = format!(
                "{}/month={month}/part-{first:012}-{last:012}.{format}",
                events::TABLE
            );
            let mut file = self.staging.create(path)?;
            let rows = lines(&events, format, &mut file).map_err(ExportError::from)?;
            let mut entry = file.finish(rows)?;
            entry.up_to = Some(last);
            table.add(entry);
        }
        Ok(())
    }
}

fn lines(events: &[Recorded], format: Format, out: impl Write + Send) -> std::io::Result<u64> {
    let mut lines = Lines::begin::<EventLine<'_>>(format, out)?;
    for event in events {
        lines.write(&event.line())?;
    }
    lines.finish()
}

/// The month of a moment, like 2026-11.
fn month(at: Time) -> String {
    let mut day = at.to_string();
    // Before the day, which is the third part; a year before the first one begins with a minus.
    if let Some((end, _)) = day.rmatch_indices('-').next() {
        day.truncate(end);
    }
    day
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_in_its_month() {
        for (at, expected) in [
            ("2026-11-22T07:55:36.25Z", "2026-11"),
            ("1969-12-31T23:59:59.999999Z", "1969-12"),
            ("-000044-03-15T12:00:00Z", "-000044-03"),
        ] {
            assert_eq!(month(at.parse().unwrap()), expected);
        }
    }
}
