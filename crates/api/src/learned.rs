//! What members learned: courses and certifications (DOMAIN P4, L12).

use std::cmp::Reverse;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashSet};

use async_graphql::{Context, Result, SimpleObject};
use plaudit_projection::{Certification as Awarded, Course as Completed};

use crate::loader::{CertificationsOf, CoursesOf};
use crate::profile::Profile;
use crate::reading::reading;
use crate::scalar::DateTime;

/// What somebody was awarded for learning something.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct Certification {
    /// What the learning platform knows it by.
    key: String,
    /// Its title.
    title: String,
    /// When it was awarded, the last time.
    awarded_at: DateTime,
    /// When it expires, if it does.
    expires_at: Option<DateTime>,
    /// Whether it has expired.
    is_expired: bool,
}

/// A course that somebody completed.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct Course {
    /// What the learning platform knows it by.
    key: String,
    /// Its title.
    title: String,
    /// When it was completed, for the first time.
    completed_at: DateTime,
}

impl Course {
    /// Some courses.
    pub fn all(courses: Vec<Completed>) -> Vec<Self> {
        let course = |course: Completed| Self {
            key: course.course,
            title: course.title,
            completed_at: DateTime(course.at),
        };
        courses.into_iter().map(course).collect()
    }
}

impl Profile {
    /// The latest award of each certification, of all accounts (DOMAIN L12).
    pub async fn certified(
        &self,
        context: &Context<'_>,
        designation: bool,
    ) -> Result<Option<Vec<Certification>>> {
        let Some(row) = self.shown() else {
            return Ok(None);
        };
        let keys = Self::account_keys(context, row).await?;
        let loader = reading(context).loader();
        let awards = loader
            .load_many(keys.into_iter().map(CertificationsOf))
            .await?;
        let mut latest: BTreeMap<String, Awarded> = BTreeMap::new();
        for award in awards.into_values().flatten() {
            let order = |award: &Awarded| (award.at, award.position);
            match latest.entry(award.certification.clone()) {
                Entry::Vacant(entry) => {
                    entry.insert(award);
                }
                Entry::Occupied(mut entry) if order(entry.get()) < order(&award) => {
                    entry.insert(award);
                }
                Entry::Occupied(_) => {}
            }
        }
        let now = reading(context).now();
        let mut certifications: Vec<Certification> = latest
            .into_values()
            .filter(|award| award.designation == designation)
            .map(|award| Certification {
                key: award.certification,
                title: award.title,
                awarded_at: DateTime(award.at),
                expires_at: award.expires_at.map(DateTime),
                is_expired: award.expires_at.is_some_and(|expires| expires <= now),
            })
            .collect();
        certifications.sort_by_key(|certification| Reverse(certification.awarded_at.0));
        Ok(Some(certifications))
    }

    /// The first completion of each course, of all accounts (DOMAIN L12), the latest first.
    pub async fn completed(&self, context: &Context<'_>) -> Result<Option<Vec<Completed>>> {
        let Some(row) = self.shown() else {
            return Ok(None);
        };
        let keys = Self::account_keys(context, row).await?;
        let loader = reading(context).loader();
        let courses = loader.load_many(keys.into_iter().map(CoursesOf)).await?;
        let mut courses: Vec<Completed> = courses.into_values().flatten().collect();
        courses.sort_by_key(|course| (course.at, course.position));
        let mut seen = HashSet::new();
        courses.retain(|course| seen.insert(course.course.clone()));
        courses.reverse();
        Ok(Some(courses))
    }
}
