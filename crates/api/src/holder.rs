//! Who holds a lozenge that was granted, and who doesn't meet any more what it requires (DOMAIN Z9).

use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use futures_util::future::try_join_all;
use plaudit_domain::Time;
use plaudit_domain::lozenge::Terms;
use plaudit_domain::requirement::{Answer, Applicant};
use plaudit_projection::LozengeGrant as Row;
use plaudit_store::{Cursor, Order, Page};

use crate::account::Account;
use crate::connection::{PageInfo, page_info};
use crate::loader::AccountBy;
use crate::paging::{Opaque, PAGE_MAX, Paging, Slice};
use crate::reading::{Reading, reading, referred};
use crate::requirement::{Found, LozengeRequirement, profile};
use crate::scalar::{DateTime, int};

/// A page of holders.
pub struct LozengeHolderConnection {
    filter: LozengeHolderFilter,
    slice: Slice<LozengeHolder>,
}

/// Who holds a lozenge, as the row that says so.
#[derive(Debug, Clone)]
pub struct LozengeHolder {
    row: Row,
    account: Account,
    lapses: Vec<LozengeLapse>,
}

/// Which holders.
#[derive(Debug, InputObject)]
pub struct LozengeHolderFilter {
    /// What programs know the lozenge by that they hold.
    lozenge_key: String,
    /// Only those who don't meet any more what it requires.
    #[graphql(default)]
    only_lapsed: bool,
}

/// Something that a holder doesn't meet any more.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct LozengeLapse {
    /// What it is.
    requirement: LozengeRequirement,
    /// Since when: they are called so, an agreement that they didn't accept is in force, their latest contribution
    /// was too long ago, or a report was upheld. Null where history doesn't tell, as for the number of
    /// contributions, or after accounts were linked or unlinked.
    since: Option<DateTime>,
}

impl LozengeHolderConnection {
    /// A page of those that hold a lozenge, the longest first; or only those of them who don't meet any more
    /// what it requires.
    pub async fn of(
        context: &Context<'_>,
        filter: LozengeHolderFilter,
        paging: Paging,
    ) -> Result<Self> {
        let part = paging.part(Order::Ascending)?;
        let holders = filter.found(reading(context), part.page).await?;
        let slice = part.slice(holders);
        Ok(Self { filter, slice })
    }
}

impl LozengeHolderFilter {
    /// A page of those that it lets through.
    async fn found(&self, reading: &Reading, wanted: Page) -> Result<Vec<LozengeHolder>> {
        let mut page = wanted;
        if self.only_lapsed {
            page.limit = PAGE_MAX.unsigned_abs();
        }
        let mut holders = Vec::new();
        // Who lapsed is known by no index: all holders are looked at, a hundred at once.
        loop {
            let rows = reading
                .store()
                .lozenge_holders(&self.lozenge_key, page)
                .await?;
            let is_last = rows.len() < page.limit as usize;
            page.after = rows.last().map(place);
            let found = rows.into_iter().map(|row| LozengeHolder::of(reading, row));
            let found = try_join_all(found).await?.into_iter();
            holders.extend(found.filter(|it| !self.only_lapsed || !it.lapses.is_empty()));
            if is_last || holders.len() >= wanted.limit as usize {
                break;
            }
        }
        holders.truncate(wanted.limit as usize);
        Ok(holders)
    }
}

impl LozengeHolder {
    async fn of(reading: &Reading, row: Row) -> Result<Self> {
        let account = reading.loader().load_one(AccountBy(row.account)).await?;
        let account = Account(referred(account)?);
        let rule = reading.rules().lozenges.find(&row.lozenge);
        let terms = rule.and_then(|rule| rule.terms());
        let lapses = match terms {
            Some(terms) => lapses(reading, &account, &row, terms).await?,
            None => vec![],
        };
        Ok(Self {
            row,
            account,
            lapses,
        })
    }
}

async fn lapses(
    reading: &Reading,
    account: &Account,
    row: &Row,
    terms: &Terms,
) -> Result<Vec<LozengeLapse>> {
    let requirements = terms.requirements.lasting();
    let profile = profile(reading, account.0.profile).await?;
    let found = Found::of(reading, &profile, &requirements).await?;
    let holder = found.applicant(row.company.as_deref());
    // Called by the name of another account they are since these were linked.
    let has_own_name = account.0.profile == account.0.key;
    let holder = Applicant {
        named_at: holder.named_at.filter(|_| has_own_name),
        ..holder
    };
    let unmet = requirements.unmet(&holder, reading.now()).into_iter();
    let granted = row.answers.to_vec();
    let lapse = |(answer, since): (Answer, Option<Time>)| {
        let of_this = |it: &&Answer| it.requirement == answer.requirement;
        let was_met = granted.iter().find(of_this).is_some_and(|it| it.met);
        // What was met and isn't since before that is otherwise by an account that came or went: that rows
        // don't tell.
        let since = since.filter(|since| !was_met || *since > row.granted_at);
        LozengeLapse {
            requirement: LozengeRequirement::from(answer),
            since: since.map(DateTime),
        }
    };
    Ok(unmet.map(lapse).collect())
}

fn place(row: &Row) -> Cursor {
    Cursor {
        at: row.granted_at.as_micros(),
        key: row.position,
    }
}

/// A page of the holders of a lozenge that was granted.
#[Object(crate = "crate::engine")]
impl LozengeHolderConnection {
    /// The holders, with cursors.
    async fn edges(&self) -> Vec<LozengeHolderEdge<'_>> {
        self.slice.rows.iter().map(LozengeHolderEdge).collect()
    }

    /// The holders.
    async fn nodes(&self) -> &[LozengeHolder] {
        &self.slice.rows
    }

    /// Where the page lies in the list.
    async fn page_info(&self) -> PageInfo {
        page_info(&self.slice, |holder| place(&holder.row))
    }

    /// How many there are on all pages.
    async fn total_count(&self, context: &Context<'_>) -> Result<i32> {
        let reading = reading(context);
        if !self.filter.only_lapsed {
            let count = reading
                .store()
                .lozenge_holder_count(&self.filter.lozenge_key);
            return Ok(int(count.await?));
        }
        let all = Page {
            order: Order::Ascending,
            after: None,
            limit: u32::MAX,
        };
        let lapsed = self.filter.found(reading, all).await?;
        Ok(int(i64::try_from(lapsed.len()).unwrap_or(i64::MAX)))
    }
}

/// A holder in a list.
pub struct LozengeHolderEdge<'a>(&'a LozengeHolder);

/// A holder in a list.
#[Object(crate = "crate::engine")]
impl LozengeHolderEdge<'_> {
    /// Its cursor. It stays valid when holders come and go.
    async fn cursor(&self) -> String {
        Opaque(place(&self.0.row)).encode()
    }

    /// The holder.
    async fn node(&self) -> &LozengeHolder {
        self.0
    }
}

/// Who holds a lozenge that was granted.
#[Object(crate = "crate::engine")]
impl LozengeHolder {
    /// The account that has it.
    async fn account(&self) -> &Account {
        &self.account
    }

    /// Since when.
    async fn granted_at(&self) -> DateTime {
        DateTime(self.row.granted_at)
    }

    /// Why they were granted it, if somebody said so.
    async fn reason(&self) -> Option<&str> {
        self.row.reason.as_deref()
    }

    /// The company that it stands for.
    async fn company(&self) -> Option<&str> {
        self.row.company.as_deref()
    }

    /// The company's app or service.
    async fn product(&self) -> Option<&str> {
        self.row.product.as_deref()
    }

    /// What was required when they were granted it, and how it was met.
    async fn requirements(&self) -> Vec<LozengeRequirement> {
        LozengeRequirement::all(self.row.answers.to_vec())
    }

    /// What they don't meet any more of that: they keep the lozenge until staff revoke it.
    async fn lapses(&self) -> &[LozengeLapse] {
        &self.lapses
    }
}
