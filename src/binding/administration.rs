//! Table access for the command line.

use std::sync::{Arc, Mutex};

use napi::bindgen_prelude::*;
use napi_derive::napi;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::host_functions::{CallHost, HostFunctions};
use super::lock;
use super::options::Options;
use super::requests;
use super::response_queue::{ResponseQueue, queue_for};
use crate::backoff;
use crate::cache::Generation;
use crate::clock::Clock;
use crate::config::{Config, DEFAULT_READ_TIMEOUT};
use crate::dynamodb::{self, AwsTable, Table};
use crate::error;
use crate::inspection::{Billing, Inspection, NewTable, RowPage, SizedRow, listed};
use crate::log::printable;
use crate::model::{FEATURES, Layout, RowKey, SEGMENTS, StoredRow};
use crate::requester::RequestId;
use crate::stats::Stats;
use crate::store::{Store, SyncRules};
use crate::transfer;
use crate::writes::payload::Payload;

/// The command line reads consistently, to show rows as they are now.
const CONSISTENT: dynamodb::Reading = dynamodb::Reading { consistent: true, for_write: false };

/// A table for the command line.
#[napi]
pub struct NativeTable {
    table: Arc<AwsTable>,
    config: Config,
    layout: Layout,
    queue: Arc<ResponseQueue>,
    progress: Arc<Mutex<Progress>>,
}

/// The settings of a new table, as JSON text.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewTableOptions {
    /// Read and write capacity units per second; absent for on-demand capacity.
    provisioned: Option<(u32, u32)>,
    /// Keys and values.
    tags: Vec<(String, String)>,
    deletion_protection: bool,
}

/// The progress of an inspection.
struct Progress {
    inspection: Inspection,
    /// The namespaces left to read, the next one last. `None` stands for the whole table.
    left: Vec<Option<String>>,
    start: Option<RowKey>,
}

#[napi]
impl NativeTable {
    /// Takes the arguments of `NativeStore` and `whole`: whether to inspect the whole table or only the rows under the
    /// prefix. The latter omits big segment memberships, because there may be very many.
    #[napi(
        constructor,
        catch_unwind,
        ts_args_type = "options: string, deliver: (text: string | null) => void, callHost: (call: number, name: string, argument: string, request: number | null) => void, whole: boolean"
    )]
    pub fn new(
        options: String,
        deliver: Function<(), ()>,
        call_host: CallHost,
        whole: bool,
    ) -> Result<Self> {
        let queue = queue_for(&deliver, Generation::default())?;
        let host = HostFunctions::new(&call_host)?;
        let config = Options::read(&options)?.into_config(&host);
        let layout = Layout::new(&config.prefix);
        let table = AwsTable::new(
            &config,
            host.root_certificates(),
            queue.clone(),
            Clock::system(),
            Arc::new(Stats::default()),
        );
        let namespaces = ["features", "segments", "$inited", "big_segments_metadata"];
        let left = if whole {
            vec![None]
        } else {
            namespaces.iter().rev().map(|kind| Some(layout.namespace(kind).to_string())).collect()
        };
        let progress = Progress { inspection: Inspection::default(), left, start: None };
        let (table, progress) = (Arc::new(table), Arc::new(Mutex::new(progress)));
        Ok(Self { table, config, layout, queue, progress })
    }

    /// Takes the content of the response queue.
    #[napi(catch_unwind)]
    pub fn take(&self) -> Option<String> {
        self.queue.take()
    }

    /// Returns the location of the table for log lines, as far as it is known; it begins with a space unless empty.
    #[napi(catch_unwind)]
    pub fn location(&self) -> String {
        self.queue.location()
    }

    /// Responds with the region, the URL of the endpoint and the access key: `{ region, endpoint, accessKeyId }`.
    #[napi(catch_unwind)]
    pub fn caller(&self, id: u32) {
        let caller = self.table.caller();
        respond_with(&self.queue, id, async move {
            let caller = caller.await?;
            Ok(json!({
                "region": caller.region,
                "endpoint": caller.endpoint,
                "accessKeyId": caller.access_key_id,
            }))
        });
    }

    /// Responds with the description of the table: `Description::to_json`.
    #[napi(catch_unwind)]
    pub fn describe(&self, id: u32) {
        let description = self.table.describe();
        respond_with(&self.queue, id, async move { Ok(description.await?.to_json()) });
    }

    /// Creates the table. `options` is the JSON text of `{ provisioned, tags, deletionProtection }`.
    #[napi(catch_unwind)]
    pub fn create(&self, id: u32, options: String) -> Result<()> {
        let options: NewTableOptions = serde_json::from_str(&options)
            .map_err(|failure| Error::new(Status::InvalidArg, failure.to_string()))?;
        let billing = options
            .provisioned
            .map_or(Billing::OnDemand, |(read, write)| Billing::Provisioned(read, write));
        let created = self.table.create(NewTable {
            billing,
            tags: options.tags,
            deletion_protection: options.deletion_protection,
        });
        respond_with(&self.queue, id, async move { created.await.map(|()| Value::Null) });
        Ok(())
    }

    /// Turns point-in-time recovery on.
    #[napi(catch_unwind)]
    pub fn enable_recovery(&self, id: u32) {
        let enabled = self.table.enable_recovery();
        respond_with(&self.queue, id, async move { enabled.await.map(|()| Value::Null) });
    }

    /// Inspects the next page and responds with `{ rows, done }`. Call it until `done` is true.
    #[napi(catch_unwind)]
    pub fn inspect_on(&self, id: u32) {
        let (table, progress) = (Arc::clone(&self.table), Arc::clone(&self.progress));
        respond_with(&self.queue, id, async move {
            let (place, start) = {
                let progress = lock(&progress);
                (progress.left.last().cloned(), progress.start.clone())
            };
            let page = match place {
                Some(namespace) => table.rows(namespace.as_deref(), start).await?,
                None => RowPage::default(),
            };
            let mut progress = lock(&progress);
            for row in &page.rows {
                progress.inspection.add(row);
            }
            if page.next.is_none() {
                progress.left.pop();
            }
            progress.start = page.next;
            let (rows, done) = (progress.inspection.row_count(), progress.left.is_empty());
            Ok(json!({ "rows": rows, "done": done }))
        });
    }

    /// Returns the result of the inspection so far: the text of `Inspection::to_json`.
    #[napi(catch_unwind)]
    pub fn report(&self) -> String {
        lock(&self.progress).inspection.to_json().to_string()
    }

    /// Lists all items of a kind, each in the form of `listed`.
    #[napi(catch_unwind)]
    pub fn list(&self, id: u32, kind: String) {
        let (table, namespace) = (Arc::clone(&self.table), self.layout.namespace(&kind));
        respond_with(&self.queue, id, async move {
            let rows = all_rows(&table, &namespace).await?;
            Ok(rows.iter().map(listed).collect())
        });
    }

    /// Responds with an item as it is in the table: `{ version, deleted, json }` or `{ unreadable }`; `null` if there
    /// is no row.
    #[napi(catch_unwind)]
    pub fn get(&self, id: u32, kind: String, key: String) {
        let row = RowKey::new(self.layout.namespace(&kind), key);
        let table = Arc::clone(&self.table);
        respond_with(&self.queue, id, async move {
            let found = read(&table, &row).await?;
            Ok(found.map_or(Value::Null, |row| transfer::item(&row)))
        });
    }

    /// Reads a page of the items of a kind: the first one, or the one after the key `start`. Responds with
    /// `{ items, next }`. An item is an array of its key and what `get` responds with; `next` is `null` after the last
    /// page.
    #[napi(catch_unwind)]
    pub fn items(&self, id: u32, kind: String, start: Option<String>) {
        let (table, namespace) = (Arc::clone(&self.table), self.layout.namespace(&kind));
        let start = start.map(|key| RowKey::new(namespace.clone(), key));
        respond_with(&self.queue, id, async move {
            let page = table.rows(Some(&namespace), start).await?;
            let items = page
                .rows
                .iter()
                .map(|SizedRow { row, .. }| json!([&*row.key.key, transfer::item(row)]));
            Ok(json!({
                "items": items.collect::<Vec<_>>(),
                "next": page.next.map(|row| row.key.to_string()),
            }))
        });
    }

    /// Responds with whether the init marker is there.
    #[napi(catch_unwind)]
    pub fn initialized(&self, id: u32) {
        let (table, marker) = (Arc::clone(&self.table), self.layout.marker());
        respond_with(
            &self.queue,
            id,
            async move { Ok(read(&table, &marker).await?.is_some().into()) },
        );
    }

    /// Responds with what [`NativeTable::sync`] would do: `transfer::planned`.
    #[napi(catch_unwind)]
    pub fn plan(&self, id: u32, json: String, allow_older: bool, allow_empty: bool) {
        let (table, layout) = (Arc::clone(&self.table), self.layout.clone());
        respond_with(&self.queue, id, async move {
            let data = Payload::read(&layout, &json)?;
            let mut existing = Vec::new();
            for kind in [FEATURES, SEGMENTS] {
                let rows = all_rows(&table, &layout.namespace(kind)).await?;
                existing.extend(rows.into_iter().map(|sized| sized.row));
            }
            let marker_exists = read(&table, &layout.marker()).await?.is_some();
            let rules = SyncRules { allow_older, allow_empty };
            transfer::planned(&layout, data, &existing, marker_exists, rules)
        });
    }

    /// Brings the table to the flags and segments in `json`: see [`NativeStore::sync`].
    ///
    /// [`NativeStore::sync`]: super::feature_store::NativeStore::sync
    #[napi(catch_unwind)]
    pub fn sync(&self, id: u32, json: String, allow_older: bool, allow_empty: bool) {
        let store = Store::new(
            &self.config,
            self.table.clone(),
            self.queue.clone(),
            Clock::system(),
            Arc::new(Stats::default()),
            Generation::default(),
        );
        let rules = SyncRules { allow_older, allow_empty };
        respond_with(&self.queue, id, async move {
            store.sync(&json, rules).await.map(|synced| synced.to_json())
        });
    }
}

/// Runs a request that responds with `{ value }`, or with `{ failure: { code, cause } }`. The cause comes without the
/// advice for stores, because the command line has its own.
fn respond_with(
    queue: &Arc<ResponseQueue>,
    id: RequestId,
    work: impl Future<Output = error::Result<Value>> + Send + 'static,
) {
    requests::respond_with(queue, id, async move {
        Ok(match work.await {
            Ok(value) => json!({ "value": value }),
            Err(failure) => {
                let cause = printable(failure.message());
                json!({ "failure": { "code": failure.kind.code(), "cause": cause } })
            }
        })
    });
}

async fn read(table: &AwsTable, row: &RowKey) -> error::Result<Option<StoredRow>> {
    backoff::read_until(
        Instant::now() + DEFAULT_READ_TIMEOUT,
        || table.read_retries(),
        || table.get(row, CONSISTENT),
    )
    .await
}

async fn all_rows(table: &AwsTable, namespace: &str) -> error::Result<Vec<SizedRow>> {
    let mut rows = Vec::new();
    let mut start = None;
    loop {
        let page = table.rows(Some(namespace), start).await?;
        rows.extend(page.rows);
        start = page.next;
        if start.is_none() {
            return Ok(rows);
        }
    }
}
