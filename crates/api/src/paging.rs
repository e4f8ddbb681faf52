//! Relay's connections: parts of lists, with cursors that stay valid.

use async_graphql::{Error, ErrorExtensions};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use plaudit_projection::Key;
use plaudit_store::{Cursor, Order, Page};

/// The most that one page holds.
pub const PAGE_MAX: i32 = 100;

/// How many come when nobody says how many.
pub const PAGE_DEFAULT: i32 = 20;

/// Which part of a list is asked for, as in Relay: `first` with `after`, or `last` with `before`.
#[derive(Debug, Clone, Default)]
pub struct Paging {
    /// So many from the front.
    pub first: Option<i32>,
    /// From behind this cursor.
    pub after: Option<String>,
    /// So many from the end.
    pub last: Option<i32>,
    /// From before this cursor.
    pub before: Option<String>,
}

/// How long a cursor is: two numbers.
pub const CURSOR_BYTES: usize = 16;

/// How long a cursor of who follows is: five numbers, of which the first two are one of lists.
const FOLLOWING_BYTES: usize = 40;

/// A part of a list, as it is read.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    /// What is read: one more than is shown, to tell whether there are more.
    pub page: Page,
    size: usize,
    backward: bool,
}

/// What was read of a part.
pub struct Slice<T> {
    /// The rows, in the order of the list.
    pub rows: Vec<T>,
    /// Whether there are more after these.
    pub has_next: bool,
    /// Whether there are more before these.
    pub has_previous: bool,
}

/// How much of a list is asked for, from where.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// How many are shown.
    pub size: usize,
    /// From beyond this cursor.
    pub cursor: Option<&'a str>,
    /// Whether that is from its end.
    pub backward: bool,
}

impl Paging {
    /// How many are asked for from the front of a list that is whole otherwise.
    ///
    /// # Errors
    /// If a page doesn't have as many.
    pub fn first(first: i32) -> Result<usize, Error> {
        let paging = Self {
            first: Some(first),
            ..Self::default()
        };
        Ok(paging.asked()?.size)
    }

    /// How much of a list is asked for.
    ///
    /// # Errors
    /// If the arguments contradict each other or are out of range.
    pub fn asked(&self) -> Result<Asked<'_>, Error> {
        let Self {
            first,
            after,
            last,
            before,
        } = self;
        let backward = last.is_some() || before.is_some();
        if backward && (first.is_some() || after.is_some()) {
            return Err(invalid(
                "page with first and after, or with last and before",
            ));
        }
        let (name, size, cursor) = if backward {
            ("last", last, before)
        } else {
            ("first", first, after)
        };
        let size = size.unwrap_or(PAGE_DEFAULT);
        if !(1..=PAGE_MAX).contains(&size) {
            return Err(invalid(&format!(
                "{name} is {size}: a page has 1 to {PAGE_MAX} entries"
            )));
        }
        Ok(Asked {
            size: size.unsigned_abs() as usize,
            cursor: cursor.as_deref(),
            backward,
        })
    }

    /// The part of a list in this order.
    ///
    /// # Errors
    /// If the arguments contradict each other or are out of range, or a cursor isn't one.
    pub fn part(&self, order: Order) -> Result<Part, Error> {
        let Asked {
            size,
            cursor,
            backward,
        } = self.asked()?;
        let after = cursor.map(Opaque::decode).transpose()?;
        let reversed = match order {
            Order::Ascending => Order::Descending,
            Order::Descending => Order::Ascending,
        };
        Ok(Part {
            page: Page {
                order: if backward { reversed } else { order },
                after: after.map(|Opaque(cursor)| cursor),
                // A page is small.
                limit: u32::try_from(size).unwrap_or(u32::MAX - 1) + 1,
            },
            size,
            backward,
        })
    }
}

impl<T> Slice<T> {
    /// The same part of something else.
    pub fn try_map<U, E>(self, map: impl FnMut(T) -> Result<U, E>) -> Result<Slice<U>, E> {
        Ok(Slice {
            rows: self.rows.into_iter().map(map).collect::<Result<_, _>>()?,
            has_next: self.has_next,
            has_previous: self.has_previous,
        })
    }
}

impl Part {
    /// What was read, in the order of the list.
    pub fn slice<T>(self, mut rows: Vec<T>) -> Slice<T> {
        let more = rows.len() > self.size;
        rows.truncate(self.size);
        if self.backward {
            rows.reverse();
        }
        // What lies on the side that the cursor came from isn't counted: Relay allows that.
        let behind = self.page.after.is_some();
        let (has_next, has_previous) = if self.backward {
            (behind, more)
        } else {
            (more, behind)
        };
        Slice {
            rows,
            has_next,
            has_previous,
        }
    }
}

/// Whether something that stands there in a list is beyond the cursor that a page begins with.
pub fn is_beyond(page: Page, place: Cursor) -> bool {
    page.after.is_none_or(|after| match page.order {
        Order::Ascending => place > after,
        Order::Descending => place < after,
    })
}

/// A page of a list that several make up, from a page of each: together these hold it.
pub fn merged<T, P: Ord>(mut rows: Vec<T>, page: Page, place: impl FnMut(&T) -> P) -> Vec<T> {
    rows.sort_unstable_by_key(place);
    if page.order == Order::Descending {
        rows.reverse();
    }
    rows.truncate(page.limit as usize);
    rows
}

/// A cursor as clients see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opaque(pub Cursor);

impl Opaque {
    /// Reads a cursor that this API gave out.
    pub fn decode(text: &str) -> Result<Self, Error> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok();
        // Who follows gets cursors that go on behind this.
        let is_one = |bytes: &Vec<u8>| matches!(bytes.len(), CURSOR_BYTES | FOLLOWING_BYTES);
        let bytes = bytes.filter(is_one);
        let bytes = bytes.and_then(|bytes| bytes.first_chunk::<CURSOR_BYTES>().copied());
        let Some(bytes) = bytes else {
            return Err(invalid("a cursor is not one that this API gave out"));
        };
        // Two big-endian numbers of 8 bytes each.
        let number = i128::from_be_bytes(bytes);
        Ok(Self(Cursor {
            at: (number >> 64) as i64,
            key: Key(number as i64),
        }))
    }

    /// The cursor as text.
    pub fn encode(&self) -> String {
        let Cursor { at, key } = self.0;
        let mut bytes = [0; CURSOR_BYTES];
        bytes[..8].copy_from_slice(&at.to_be_bytes());
        bytes[8..].copy_from_slice(&key.0.to_be_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }
}

/// A part of a list can't be what it is asked for as.
pub fn invalid(message: &str) -> Error {
    Error::new(message).extend_with(|_, extensions| extensions.set("code", "INVALID_PAGE"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_as_it_was() {
        for (at, key) in [(0, 0), (i64::MAX, 1), (i64::MIN, i64::MAX), (-1, 7)] {
            let cursor = Opaque(Cursor { at, key: Key(key) });
            let read = Opaque::decode(&cursor.encode()).unwrap();
            assert_eq!(read, cursor);
        }
    }

    #[test]
    fn pages_have_1_to_100_entries() {
        for size in [i32::MIN, -1, 0, 101, 100_000] {
            let paging = Paging {
                first: Some(size),
                ..Paging::default()
            };
            assert!(paging.part(Order::Ascending).is_err(), "{size}");
        }
    }

    #[test]
    fn both_directions_at_once_are_refused() {
        let paging = Paging {
            first: Some(1),
            last: Some(1),
            ..Paging::default()
        };
        assert!(paging.part(Order::Ascending).is_err());
    }

    #[test]
    fn the_last_page_is_read_from_the_end_and_shown_in_order() {
        let paging = Paging {
            last: Some(2),
            ..Paging::default()
        };
        let part = paging.part(Order::Ascending).unwrap();
        assert_eq!(part.page.order, Order::Descending);
        let slice = part.slice(vec![9, 8, 7]);
        assert_eq!(slice.rows, [8, 9]);
        assert!(slice.has_previous && !slice.has_next);
    }
}
