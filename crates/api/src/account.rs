//! An account: a login identity.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use plaudit_projection::Account as Row;

use crate::id::NodeId;
use crate::loader::ProfileBy;
use crate::profile::Profile;
use crate::reading::{reading, referred};
use crate::scalar::DateTime;

/// An account, as the row that it is read from.
#[derive(Debug, Clone)]
pub struct Account(pub Arc<Row>);

/// Where an imported thing was before.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct Origin {
    /// The kind of place and its name, like `stack-exchange:beer`.
    source: String,
    /// The id that it had there.
    id: String,
}

impl Origin {
    /// Where something was before, if it was imported.
    pub fn of(source: Option<&String>, id: Option<&String>) -> Option<Self> {
        Some(Self {
            source: source?.clone(),
            id: id?.clone(),
        })
    }
}

/// An account: an identity that somebody logs in with. What people see of a member is the profile
/// that it belongs to.
#[Object(crate = "crate::engine")]
impl Account {
    /// Its opaque id.
    pub async fn id(&self) -> ID {
        NodeId::Account(self.0.id).into()
    }

    /// Its name; null where it was withheld or erased.
    async fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }

    /// When it was registered.
    async fn registered_at(&self) -> DateTime {
        DateTime(self.0.registered_at)
    }

    /// Where it was before, if it was imported.
    async fn origin(&self) -> Option<Origin> {
        Origin::of(self.0.source.as_ref(), self.0.source_id.as_ref())
    }

    /// What people see of its owner.
    async fn profile(&self, context: &Context<'_>) -> Result<Profile> {
        let loader = reading(context).loader();
        let profile = loader.load_one(ProfileBy(self.0.profile)).await?;
        Ok(Profile(referred(profile)?))
    }
}
