//! What the viewer may do because of the lozenges that they hold (DOMAIN Z8).

use async_graphql::Result;
use plaudit_domain::GroupId;

use crate::lozenge::HeldLozenge;
use crate::reading::Reading;
use crate::requirement::profile;

/// Whether the viewer publishes articles in a group without review.
pub async fn publishes_without_review(reading: &Reading, group: GroupId) -> Result<bool> {
    let Some(viewer) = reading.viewer_account().await? else {
        return Ok(false);
    };
    let profile = profile(reading, viewer.profile).await?;
    let held = HeldLozenge::of(reading, &profile).await?;
    let perks = HeldLozenge::perks(&held);
    Ok(perks.iter().any(|it| it.publishes_in().includes(group)))
}
