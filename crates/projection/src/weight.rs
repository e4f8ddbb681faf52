//! How much memory rows take, about: a rebuild keeps to a budget by it.

use std::mem::size_of;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::rows::Rows;

/// What a short text takes, with what the allocator adds.
pub(crate) const TEXT: usize = 32;

/// What an allocation takes besides what it is for, about.
const ALLOCATED: usize = 16;

/// What a text of its own takes, if there is one.
pub(crate) fn text(text: Option<&str>) -> usize {
    text.map_or(0, |text| text.len() + ALLOCATED)
}

/// What a value behind a pointer takes, without what it points to.
pub(crate) fn boxed<T>() -> usize {
    size_of::<T>() + ALLOCATED
}

/// What the texts of a row take, about, where they aren't looked at: names, titles, ids elsewhere.
pub(crate) const TEXTS: usize = 64;

/// What a vector takes, without what its items point to. Where none are yet, there is no memory yet.
pub(crate) fn vector<T>(items: &[T]) -> usize {
    size_of_val(items)
}

/// What a map takes, without what is pointed to: a byte for each place, of which an eighth is free.
pub(crate) fn map<K, V>(map: &FxHashMap<K, V>) -> usize {
    map.capacity() * 8 / 7 * (size_of::<(K, V)>() + 1)
}

/// The same of a set.
pub(crate) fn set<T>(set: &FxHashSet<T>) -> usize {
    set.capacity() * 8 / 7 * (size_of::<T>() + 1)
}

impl Rows {
    /// How many bytes of memory these rows take, about, without the profiles that they come to. What grows with
    /// nothing but the number of groups and meetings isn't counted.
    pub fn weight(&self) -> usize {
        let people = self.accounts.weight() + self.about.weight() + self.courses.weight();
        let posts = self.posts.weight() + self.tags.weight() + self.post_milestones.weight();
        let pairs = self.likes.weight()
            + self.watches.weight()
            + self.memberships.weight()
            + self.group_watches.weight()
            + self.rsvps.weight()
            + self.attendance.weight();
        let kudos = self.ledger.weight()
            + self.tallies.weight()
            + self.badges.weight()
            + self.interactions.weight();
        let told = vector(&self.timeline) + vector(&self.notifications) + set(&self.read_marks);
        let said = vector(&self.gifts)
            + vector(&self.feedback)
            + vector(&self.granted_badges)
            + vector(&self.certifications);
        people + posts + pairs + kudos + told + said
    }
}
