//! Nodes that read from different generations, for as long as one after the other goes over to the next.
//!
//! Whoever wrote something through one of them reads it through any other as soon as that has folded it, too. So
//! for as long as they are apart, each waits before it reads until it has folded all that is recorded. Who goes
//! over says so before, and gives the others the time to notice.

use std::sync::Weak;
use std::time::Duration;

use tokio::time::sleep;

use crate::{Community, Generations};

/// So often a node looks whether they are apart.
const LOOK: Duration = Duration::from_millis(250);

/// So long before it goes over a node names what it goes over to.
pub(crate) const NOTICE: Duration = Duration::from_secs(1);

/// Looks whether all nodes read from the same generation, for as long as there is the community.
pub(crate) async fn look_after(community: Weak<Community>, generations: Generations) {
    loop {
        let Some(community) = community.upgrade() else {
            return;
        };
        let own = community.read_models().generation();
        // What can't be seen stays as it was seen last.
        if let Ok(is_alone) = generations.is_alone(own).await {
            // Another one may have been swapped in while it was looked.
            let is_own = own == community.read_models().generation();
            community.set_apart(!(is_alone && is_own));
        }
        drop(community);
        sleep(LOOK).await;
    }
}
