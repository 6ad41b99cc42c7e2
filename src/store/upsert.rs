//! Updates of single items.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::time::Instant;

use super::read::live;
use super::{Inner, Store};
use crate::cache::{Answer, Cached};
use crate::dynamodb::{PutOutcome, Reading};
use crate::error::{Error, Result};
use crate::references::references;
use crate::retry;
use crate::row::{Item, RowKey};
use crate::write_order::Turn;

/// What is known of a row after it was updated.
pub type Updated = Answer<Option<Cached>>;

impl Store {
    /// Stores the item `json` of `kind`, unless a version as new is in the table already. Ends when
    /// DynamoDB has taken it, has refused it for good, or the write time-out has passed, with what
    /// is known of the row then.
    pub fn upsert(&self, kind: &str, json: &str) -> BoxFuture<'static, Result<Updated>> {
        match Item::from_sdk(json, None) {
            Ok((key, item)) => self.update(kind, key, item),
            Err(invalid) => self.refuse(format!("saving an item of {kind:?}"), invalid),
        }
    }

    /// Replaces the item `key` of `kind` by a tombstone of this version, unless a version as new is
    /// in the table already.
    pub fn delete(
        &self,
        kind: &str,
        key: &str,
        version: f64,
    ) -> BoxFuture<'static, Result<Updated>> {
        let tombstone = Item::tombstone(key, version);
        match Item::from_sdk(&tombstone.json, None) {
            Ok((key, item)) => self.update(kind, key, item),
            Err(invalid) => self.refuse(format!("deleting an item of {kind:?}"), invalid),
        }
    }

    fn update(&self, kind: &str, key: Arc<str>, item: Item) -> BoxFuture<'static, Result<Updated>> {
        let inner = Arc::clone(&self.0);
        let row = RowKey { namespace: inner.layout.namespace(kind), key };
        if let Err(too_large) = item.check_size(&row) {
            return self.refuse(saving(&row, &item), too_large);
        }
        let references: Vec<RowKey> = references(kind, &item.json)
            .into_iter()
            .map(|(kind, key)| inner.row(kind, &key))
            .collect();
        let refers = !references.is_empty();
        let turn = inner.order.update(row.clone(), references);
        let deadline = Instant::now() + inner.write_timeout;
        async move {
            let result = inner.put(turn, deadline, &row, &item, refers).await;
            if let Err(failure) = &result {
                inner.log_failure(&saving(&row, &item), failure);
            }
            result
        }
        .boxed()
    }

    fn refuse(&self, what: String, invalid: Error) -> BoxFuture<'static, Result<Updated>> {
        self.0.log_failure(&what, &invalid);
        async { Err(invalid) }.boxed()
    }
}

/// What is being done, for the log.
fn saving(row: &RowKey, item: &Item) -> String {
    format!("saving version {} of {row}", item.version)
}

impl Inner {
    async fn put(
        &self,
        mut turn: Turn,
        deadline: Instant,
        row: &RowKey,
        item: &Item,
        refers: bool,
    ) -> Result<Updated> {
        turn.come().await;
        let _permit = self.update_permits.acquire().await;
        let begun = self.cache.begin();
        let outcome = retry::until(deadline, || self.dynamodb.put_if_newer(row, item)).await;
        let in_table = match &outcome {
            Ok(PutOutcome::Stored) => Some(item.clone()),
            Ok(PutOutcome::Newer(Some(stored))) => self.item_in(stored),
            Ok(PutOutcome::Newer(None)) => self.winner(deadline, row).await,
            // It may have been stored without our hearing of it.
            Err(_) => None,
        };
        let known = match in_table {
            Some(in_table) => self.cache.written(begun, row, &in_table),
            None => {
                let ticket = self.cache.outdate(row);
                Answer { value: None, until: 0.0, ticket, stale: false }
            }
        };
        if refers {
            self.cache.forget_missing(self.cache.begin());
        }
        self.detach(row);
        outcome.map(|_| live(known))
    }

    /// The item that an upsert lost against, for engines that don't return it with their refusal.
    async fn winner(&self, deadline: Instant, row: &RowKey) -> Option<Item> {
        let read = retry::until(deadline, || self.dynamodb.get(row, Reading::FOR_WRITE)).await;
        self.item_in(&read.ok()??)
    }
}
