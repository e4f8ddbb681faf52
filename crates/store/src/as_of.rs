//! All rows of one moment, whatever the engine.

use async_trait::async_trait;
use plaudit_domain::Position;
use plaudit_projection::row::{Column, ColumnKind};
use plaudit_projection::{Key, Profile};
use uuid::Uuid;

use crate::checks::{Check, Miscount};
use crate::engine::{Moment, rows};
use crate::reads::{export, fetch, meetings, standing};
use crate::snapshot::{Record, Snapshot, Table, Value};
use crate::standing::{Earnings, LedGroup};
use crate::statement::{Param, Statement};
use crate::{
    AccountRecord, Each, GroupRecord, LedBy, LedgerRecord, MeetingRecord, PostRecord,
    ProfileRecord, Result, sql, tables,
};

/// The rows of a moment.
pub struct AsOf<M> {
    moment: M,
    position: Position,
}

impl<M: Moment> AsOf<M> {
    /// Begins with what nobody else uses.
    pub async fn begin(moment: M) -> Result<Self> {
        // It is the first read that decides of which moment all are.
        let position = fetch::position(&moment).await?;
        Ok(Self { moment, position })
    }
}

#[async_trait]
impl<M: Moment> Snapshot for AsOf<M> {
    fn position(&self) -> Position {
        self.position
    }

    fn tables(&self) -> Vec<Table> {
        tables::declared()
    }

    async fn rows(
        &mut self,
        table: &Table,
        after: Option<&Record>,
        limit: u32,
    ) -> Result<Vec<Record>> {
        let page = Statement::new(sql::page_by_key(table, after.is_some(), limit));
        let key = after.map(|record| table.key(record)).unwrap_or_default();
        let key: Vec<Param<'_>> = key.into_iter().map(Param::from).collect();
        let sql = page.text(M::DIALECT);
        self.moment.records(sql, &key).await
    }

    async fn profiles(&mut self, after: Key, limit: u32) -> Result<Vec<ProfileRecord>> {
        standing::profiles(&self.moment, after, limit).await
    }

    async fn earnings(&mut self, after: Key, until: Key) -> Result<Vec<Earnings>> {
        standing::earnings(&self.moment, after, until).await
    }

    async fn groups(&mut self) -> Result<Vec<LedGroup>> {
        standing::groups(&self.moment).await
    }

    async fn miscounts(&mut self, check: &Check) -> Result<Vec<Miscount>> {
        let Check {
            table,
            column,
            counted,
            ..
        } = check;
        let is_truth = tables::declared().iter().any(|declared| {
            let columns = &mut declared.columns.iter();
            let of_truth = |it: &Column| it.name == *column && it.kind == ColumnKind::Boolean;
            declared.name == *table && columns.any(of_truth)
        });
        let kept = match is_truth {
            true => format!("CASE WHEN it.{column} THEN 1 ELSE 0 END"),
            false => format!("it.{column}"),
        };
        let sql = Statement::new(format!(
            "SELECT it.key, it.id, CAST({kept} AS bigint),
                    CAST(coalesce(anew.counted, 0) AS bigint)
             FROM {table} AS it LEFT JOIN ({counted}) AS anew ON anew.key = it.key
             WHERE {kept} <> coalesce(anew.counted, 0) ORDER BY it.key"
        ));
        let found: Vec<(i64, Uuid, i64, i64)> = rows(&self.moment, &sql, &[]).await?;
        let miscount = |(key, id, kept, counted): (i64, Uuid, i64, i64)| Miscount {
            key,
            id: Value::Bytes(id.into_bytes().to_vec()),
            kept,
            counted,
        };
        Ok(found.into_iter().map(miscount).collect())
    }

    async fn damages(&mut self) -> Result<Vec<String>> {
        self.moment.damages().await
    }

    async fn each_account(&mut self, each: Each<'_, AccountRecord>) -> Result<()> {
        export::accounts(&self.moment, each).await
    }

    async fn each_profile(&mut self, each: Each<'_, Profile>) -> Result<()> {
        export::profiles(&self.moment, each).await
    }

    async fn each_profile_record(&mut self, each: Each<'_, ProfileRecord>) -> Result<()> {
        export::profile_records(&self.moment, each).await
    }

    async fn each_post(&mut self, each: Each<'_, PostRecord>) -> Result<()> {
        export::posts(&self.moment, each).await
    }

    async fn each_entry_record(&mut self, each: Each<'_, LedgerRecord>) -> Result<()> {
        export::entry_records(&self.moment, each).await
    }

    async fn each_group_record(&mut self, each: Each<'_, GroupRecord>) -> Result<()> {
        meetings::each_group(&self.moment, each).await
    }

    async fn each_led(&mut self, each: Each<'_, LedBy>) -> Result<()> {
        meetings::each_led(&self.moment, each).await
    }

    async fn each_meeting_record(&mut self, each: Each<'_, MeetingRecord>) -> Result<()> {
        meetings::each_meeting(&self.moment, each).await
    }
}
