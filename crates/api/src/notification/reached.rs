//! How far somebody who follows has what they are told.

use async_graphql::Result;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use plaudit_projection::Key;
use plaudit_store::{Cursor, Order, Page};

use crate::paging::{CURSOR_BYTES, Opaque};
use crate::reading::Reading;

/// How far somebody who follows has what they are told. Warnings follow from the clock, and all else from events:
/// so they have either up to a place of its own, and a cursor tells both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reached {
    /// Of warnings all up to this place in lists.
    pub warned: Cursor,
    /// Of all else up to the position of this event.
    pub position: i64,
}

impl Reached {
    /// Everything up to something that stands there in lists.
    pub fn further(self, place: Cursor) -> Self {
        let order = |cursor: Cursor| (cursor.at, cursor.key);
        Self {
            warned: std::cmp::max_by_key(self.warned, place, |cursor| order(*cursor)),
            // Warnings have places before all events, and no position.
            position: self.position.max(place.key.0),
        }
    }

    /// As a cursor of something that stands there in lists: first its place, so that it is one of lists, too.
    pub fn with(self, place: Cursor) -> String {
        let Self { warned, position } = self;
        let mut bytes = Vec::with_capacity(CURSOR_BYTES + 24);
        for number in [place.at, place.key.0, warned.at, warned.key.0, position] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// What a cursor tells, of who follows or of a list.
    ///
    /// # Errors
    /// If it isn't one, or what was told before can't be read.
    pub async fn behind(reading: &Reading, cursor: &str) -> Result<Self> {
        let Opaque(place) = Opaque::decode(cursor)?;
        let bytes = URL_SAFE_NO_PAD.decode(cursor).unwrap_or_default();
        if let Some([at, key, position]) = bytes.get(CURSOR_BYTES..).and_then(numbers) {
            let warned = Cursor { at, key: Key(key) };
            return Ok(Self { warned, position });
        }
        let position = match place.key {
            Key(position) if position > 0 => position,
            Key(_) => last_before(reading, place).await?,
        };
        let warned = place;
        Ok(Self { warned, position })
    }
}

fn numbers(bytes: &[u8]) -> Option<[i64; 3]> {
    let mut numbers = bytes.chunks_exact(8).map(|chunk| {
        let number: Option<[u8; 8]> = chunk.try_into().ok();
        number.map(i64::from_be_bytes)
    });
    let [first, second, third] = [numbers.next()??, numbers.next()??, numbers.next()??];
    Some([first, second, third])
}

/// The position of the last that was told before a warning in a list.
async fn last_before(reading: &Reading, place: Cursor) -> Result<i64> {
    let page = Page {
        order: Order::Descending,
        after: Some(place),
        limit: 1,
    };
    let accounts = reading.viewer_keys().await?;
    let store = reading.store();
    let before = store.notifications_of(&accounts, None, page).await?;
    Ok(before.iter().map(|row| row.position).max().unwrap_or(0))
}
