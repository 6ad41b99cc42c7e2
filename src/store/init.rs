//! Replacing the whole data set.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, try_join_all};
use serde_json::value::RawValue;
use tokio::time::Instant;

use super::batch::Unsaved;
use super::read::all_pages;
use super::{Inner, Store};
use crate::cache::Replaced;
use crate::dynamodb::{Reading, Write};
use crate::error::{Error, ErrorKind, Result};
use crate::init_plan::{KindData, plan};
use crate::retry;
use crate::row::{Item, RowKey, StoredRow};

/// How many rows an error line names before it goes on with a count.
const NAMED_ROWS: usize = 10;

/// New items of one kind as JSON text. A kind may come in several of them.
#[derive(Clone, Debug)]
pub struct NewItems {
    /// The kind, without the prefix.
    pub kind: String,
    /// An object of the items by key.
    pub json: String,
}

impl Store {
    /// Replaces all items of the given kinds, whatever their versions, and marks the prefix as
    /// initialised. Other kinds are left alone. An unchanged data set costs no write.
    ///
    /// Ends when all is in the table, or when DynamoDB has taken nothing for the whole write
    /// time-out. Items that can't be stored are logged; the others are.
    ///
    /// The data may come later than the call, and in parts. Where it ends as `None`, nothing is done.
    pub fn init(
        &self,
        data: impl Future<Output = Option<Vec<NewItems>>> + Send + 'static,
    ) -> BoxFuture<'static, Result<()>> {
        let inner = Arc::clone(&self.0);
        let mut turn = inner.order.init();
        async move {
            let Some(data) = data.await else {
                return Ok(());
            };
            turn.come().await;
            let result = inner.replace(data).await;
            if let Err(failure) = &result {
                inner.log_failure("initialising", failure);
            }
            inner.gets.detach_all();
            inner.queries.detach_all();
            result
        }
        .boxed()
    }
}

impl Inner {
    async fn replace(&self, data: Vec<NewItems>) -> Result<()> {
        let mut kinds = BTreeMap::new();
        for part in data {
            self.parse(part, &mut kinds)?;
        }
        let data: Vec<KindData> = kinds.into_values().collect();
        let (existing, marker_exists) = self.read_existing(&data).await?;
        let waves = plan(&self.layout, &data, &existing, marker_exists);
        drop(existing);
        match self.write_waves(waves).await {
            Ok(()) => {
                self.cache.replaced(data.into_iter().map(|kind| self.replaced(kind)).collect());
                self.set_initialized();
                Ok(())
            }
            // Nobody knows for certain what is in the table now.
            Err(failure) => {
                self.cache.outdate_all(self.cache.begin());
                Err(failure)
            }
        }
    }

    /// Reads items of one kind. Those that can't be stored are logged, and their rows are left as
    /// they are.
    fn parse(&self, new: NewItems, kinds: &mut BTreeMap<String, KindData>) -> Result<()> {
        let items: BTreeMap<String, &RawValue> = serde_json::from_str(&new.json).map_err(|_| {
            let message = format!("the data of kind {:?} is not an object of items", new.kind);
            Error::new(ErrorKind::InvalidData, message)
        })?;
        let data = kinds
            .entry(new.kind.clone())
            .or_insert_with(|| KindData { kind: new.kind.clone(), ..KindData::default() });
        for (map_key, json) in items {
            let read = Item::from_sdk(json.get(), Some(&map_key)).and_then(|(key, item)| {
                item.check_size(&self.row(&new.kind, &key))?;
                Ok((key, item))
            });
            match read {
                Ok((key, item)) => {
                    let known = data.items.get(&key).map_or(f64::NEG_INFINITY, |i| i.version);
                    if known <= item.version {
                        data.items.insert(key, item);
                    }
                }
                Err(failure) => {
                    let row = self.row(&new.kind, &map_key);
                    self.log_failure(&format!("saving {row}"), &failure);
                    data.untouched.insert(row.key);
                }
            }
        }
        Ok(())
    }

    /// What is in the table: the rows of these kinds, and whether there is a marker.
    async fn read_existing(&self, data: &[KindData]) -> Result<(Vec<StoredRow>, bool)> {
        let queries = data.iter().map(|kind| {
            let namespace = self.layout.namespace(&kind.kind);
            async move {
                all_pages(|start| {
                    let page = {
                        let namespace = Arc::clone(&namespace);
                        move || self.dynamodb.query(&namespace, Reading::FOR_WRITE, start.clone())
                    };
                    retry::until(Instant::now() + self.write_timeout, page)
                })
                .await
            }
        });
        let marker = self.layout.marker();
        let deadline = Instant::now() + self.write_timeout;
        let marker = retry::until(deadline, || self.dynamodb.get(&marker, Reading::FOR_WRITE));
        let (rows, marker) = tokio::try_join!(try_join_all(queries), marker)?;
        Ok((rows.into_iter().flatten().collect(), marker.is_some()))
    }

    /// Writes one wave after the other; none begins before all of the one before it is in, but for
    /// rows that DynamoDB refuses by themselves. The marker is not written after one of those.
    async fn write_waves(&self, waves: Vec<Vec<Write>>) -> Result<()> {
        let total: usize = waves.iter().map(Vec::len).sum();
        let missing = |rows: &[RowKey], why: &str| {
            let (count, names) = (rows.len(), named(rows));
            format!("{count} of {total} rows did not get into the table ({names}): {why}")
        };
        let mut missing_rows = Vec::new();
        let mut waves = waves.into_iter();
        while let Some(wave) = waves.next() {
            if !missing_rows.is_empty() && matches!(wave[..], [Write::PutMarker(_)]) {
                break;
            }
            match self.write_batches(wave).await {
                Ok(rows) => missing_rows.extend(rows),
                Err(Unsaved { rows, failure }) => {
                    let later = waves.flatten().map(|write| write.row().clone());
                    missing_rows.extend(rows.into_iter().chain(later));
                    return Err(Error::new(
                        failure.kind,
                        missing(&missing_rows, failure.message()),
                    ));
                }
            }
        }
        if missing_rows.is_empty() {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Refused,
            missing(&missing_rows, "DynamoDB refused them, as logged"),
        ))
    }

    fn replaced(&self, data: KindData) -> Replaced {
        Replaced {
            namespace: self.layout.namespace(&data.kind),
            items: data.items.into_iter().collect(),
            complete: data.untouched.is_empty(),
        }
    }
}

/// The first of these rows by name, and how many more there are.
fn named(rows: &[RowKey]) -> String {
    let more = rows.len().saturating_sub(NAMED_ROWS);
    let names: Vec<_> = rows.iter().take(NAMED_ROWS).map(ToString::to_string).collect();
    let names = names.join(", ");
    if more == 0 { names } else { format!("{names} and {more} more") }
}
