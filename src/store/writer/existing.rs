//! Reading what an init finds in the table.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, MaybeDone, maybe_done, try_join_all};
use tokio::time::Instant;

use super::super::reader::all_pages;
use super::Writer;
use crate::backoff;
use crate::dynamodb::Reading;
use crate::error::Result;
use crate::model::{FEATURES, RowKey, SEGMENTS, StoredRow};
use crate::writes::pending::{Data, InitTurn};

/// What an init found in the table.
#[derive(Default)]
pub(super) struct Existing {
    /// The namespaces that were read.
    namespaces: Vec<Arc<str>>,
    pub rows: Vec<StoredRow>,
    pub marker_exists: bool,
}

/// A read of the table that begins before the data of an init is complete.
pub(super) type EarlyRead = Pin<Box<MaybeDone<BoxFuture<'static, Result<Existing>>>>>;

impl Writer {
    /// Begins to read the table while the data is still incomplete, unless another write of this process may change it
    /// before the init does.
    pub(super) fn read_early(self: &Arc<Self>, turn: &InitTurn) -> EarlyRead {
        let writer = Arc::clone(self);
        let is_useful = turn.is_alone() && !writer.read_only;
        let read = async move {
            if !is_useful {
                return Ok(Existing::default());
            }
            let layout = &writer.context.layout;
            let namespaces = [FEATURES, SEGMENTS].map(|kind| layout.namespace(kind));
            writer.read_namespaces(namespaces.into(), writer.write_timeout).await
        };
        Box::pin(maybe_done(read.boxed()))
    }

    /// Reads the rows of these kinds that are not in `early`, and whether the marker exists. Repeats each request for
    /// up to `time`.
    pub(super) async fn read_existing(
        &self,
        early: Existing,
        data: &Data,
        time: Duration,
    ) -> Result<Existing> {
        let is_missing = |namespace: &&Arc<str>| !early.namespaces.contains(namespace);
        let namespaces = data.iter().map(|(namespace, _)| namespace).filter(is_missing);
        let namespaces: Vec<Arc<str>> = namespaces.cloned().collect();
        if namespaces.is_empty() {
            return Ok(early);
        }
        let mut existing = self.read_namespaces(namespaces, time).await?;
        existing.rows.extend(early.rows);
        Ok(existing)
    }

    async fn read_namespaces(&self, namespaces: Vec<Arc<str>>, time: Duration) -> Result<Existing> {
        let queries = namespaces.iter().map(|namespace| async move {
            let mut rows = Vec::new();
            let page = |start: Option<RowKey>| {
                let page = {
                    let namespace = Arc::clone(namespace);
                    move || self.context.query(&namespace, Reading::FOR_WRITE, start.clone())
                };
                backoff::until(Instant::now() + time, page)
            };
            all_pages(page, |page| rows.extend(page.rows)).await?;
            Ok(rows)
        });
        let marker = self.context.layout.marker();
        let deadline = Instant::now() + time;
        let marker = backoff::until(deadline, || self.context.get(&marker, Reading::FOR_WRITE));
        let (rows, marker) = tokio::try_join!(try_join_all(queries), marker)?;
        let (rows, marker_exists) = (rows.into_iter().flatten().collect(), marker.is_some());
        Ok(Existing { namespaces, rows, marker_exists })
    }
}
