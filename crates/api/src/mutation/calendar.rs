//! Opening a member's own calendar.

use async_graphql::{Context, Object, Result, SimpleObject};
use plaudit_domain::calendar::Open;
use plaudit_domain::link_code::{CODE_BYTES, Code};

use crate::reading::reading;

use super::{UserError, perform};

/// What can be done with calendars.
#[derive(Debug, Default)]
pub struct CalendarMutation;

/// What opening a calendar answers.
#[derive(Debug, SimpleObject)]
pub struct CalendarOpenPayload {
    /// Where it is, below the address of the server. It holds a secret and is shown this once: who has it
    /// sees which meetings you go to. Null if there are errors.
    path: Option<String>,
    /// What has to be put right first.
    user_errors: Vec<UserError>,
}

#[Object]
impl CalendarMutation {
    /// Opens a calendar of the meetings that you go to or wait for a place at, with all linked accounts: for
    /// programs that subscribe to it. Where it was before, it is no more. Any member may.
    async fn calendar_open(&self, context: &Context<'_>) -> Result<Option<CalendarOpenPayload>> {
        let reading = reading(context);
        let request = reading.request_without_key()?;
        let mut random = [0; CODE_BYTES];
        getrandom::fill(&mut random)?;
        let secret = Code::of(random);
        let open = Open {
            code: secret.hash(),
        };
        let done = perform(reading, &request, &open, &[]).await?;
        let (path, error) = match done {
            Ok(_) => (Some(format!("/calendars/{secret}.ics")), None),
            Err(error) => (None, Some(error)),
        };
        Ok(Some(CalendarOpenPayload {
            path,
            user_errors: error.into_iter().collect(),
        }))
    }
}
