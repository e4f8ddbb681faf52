//! What a meeting can be (DOMAIN G3).

use serde::{Deserialize, Serialize};

use crate::profile;
use crate::refusal::Refusal;
use crate::text;
use crate::time::Time;
use crate::zone::Zone;

/// What a meeting is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Details {
    /// Its title.
    pub title: String,
    /// What it is about; may be empty.
    pub description: String,
    /// When it begins.
    pub starts_at: Time,
    /// When it ends.
    pub ends_at: Time,
    /// In which time zone it is, by its name in the IANA's database, like `Europe/Berlin`.
    pub zone: String,
    /// Where it is, if somewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Its address online, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub online: Option<String>,
    /// For how many there is room, if that is limited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<u32>,
    /// Where else it is announced.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub announcements: Vec<String>,
}

/// The most characters of a title, a place, an address online, or a reason.
pub const LINE_MAX: usize = 200;
/// The most characters of a description.
pub const DESCRIPTION_MAX: usize = 10_000;
/// The most places that announce a meeting.
pub const ANNOUNCEMENTS_MAX: usize = 10;
/// The highest capacity.
pub const CAPACITY_MAX: u32 = 100_000;
/// The most days that a meeting lasts.
pub const DAYS_MAX: i64 = 14;

const DAY: i64 = 24 * 3_600_000_000;

/// What some would ask of who comes, and nobody may (DOMAIN G3).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Terms {
    /// A price.
    pub price: Option<String>,
    /// Where else to register.
    pub registration_url: Option<String>,
}

impl Terms {
    pub(super) fn refuse(&self) -> Result<(), Refusal> {
        if self.price.is_some() {
            return Err(Refusal::NotFree);
        }
        if self.registration_url.is_some() {
            return Err(Refusal::ExternalRegistration);
        }
        Ok(())
    }
}

impl Details {
    /// The same, if a meeting can be so: with its texts trimmed, and its zone as the database writes it.
    pub(super) fn valid(&self) -> Result<Self, Refusal> {
        let lasts = self.ends_at.as_micros() - self.starts_at.as_micros();
        if lasts <= 0 || lasts > DAYS_MAX * DAY {
            return Err(Refusal::MeetingTimesInvalid { days: DAYS_MAX });
        }
        let zone = Zone::named(&self.zone).ok_or_else(|| Refusal::ZoneInvalid {
            zone: self.zone.chars().take(LINE_MAX).collect(),
        })?;
        let fits = |capacity: u32| (1..=CAPACITY_MAX).contains(&capacity);
        if !self.capacity.is_none_or(fits) {
            return Err(Refusal::CapacityInvalid { max: CAPACITY_MAX });
        }
        self.valid_links()?;
        let place = optional("place", self.place.as_deref())?;
        if place.is_none() && self.online.is_none() {
            return Err(Refusal::NowhereToMeet);
        }
        let title = text::line(&self.title, LINE_MAX);
        let description = match self.description.trim() {
            "" => String::new(),
            text => text::lines("description", text, DESCRIPTION_MAX)?,
        };
        Ok(Self {
            title: title.ok_or(Refusal::TitleInvalid { max: LINE_MAX })?,
            description,
            zone: zone.name().to_owned(),
            place,
            ..self.clone()
        })
    }

    fn valid_links(&self) -> Result<(), Refusal> {
        let (field, max) = ("announcements", ANNOUNCEMENTS_MAX);
        if self.announcements.len() > max {
            return Err(Refusal::TooManyEntries { field, max });
        }
        for link in &self.announcements {
            profile::valid_link(field, link)?;
        }
        let mut online = self.online.iter();
        online.try_for_each(|link| profile::valid_link("online", link))
    }
}

/// A line, if there is anything on it.
pub(super) fn optional(field: &'static str, line: Option<&str>) -> Result<Option<String>, Refusal> {
    let Some(line) = line.map(str::trim).filter(|line| !line.is_empty()) else {
        return Ok(None);
    };
    let max = LINE_MAX;
    text::line(line, max)
        .map(Some)
        .ok_or(Refusal::FieldInvalid { field, max })
}
