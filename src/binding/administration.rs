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
use crate::config::DEFAULT_READ_TIMEOUT;
use crate::dynamodb::{self, AwsTable, Table};
use crate::error;
use crate::inspection::{Billing, Inspection, NewTable, RowPage, listed};
use crate::log::printable;
use crate::model::{Decoded, Layout, RowKey};
use crate::requester::RequestId;
use crate::stats::Stats;

/// The command line reads consistently, to show rows as they are now.
const CONSISTENT: dynamodb::Reading = dynamodb::Reading { consistent: true, for_write: false };

/// A table for the command line.
#[napi]
pub struct NativeTable {
    table: Arc<AwsTable>,
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
        Ok(Self { table: Arc::new(table), layout, queue, progress: Arc::new(Mutex::new(progress)) })
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
        respond_with(
            &self.queue,
            id,
            async move { list(&table, &namespace).await.map(Value::from) },
        );
    }

    /// Responds with an item as it is in the table: `{ version, deleted, json }` or `{ unreadable }`; `null` if there
    /// is no row.
    #[napi(catch_unwind)]
    pub fn get(&self, id: u32, kind: String, key: String) {
        let row = RowKey::new(self.layout.namespace(&kind), key);
        let table = Arc::clone(&self.table);
        respond_with(&self.queue, id, async move {
            let found = backoff::read_until(
                Instant::now() + DEFAULT_READ_TIMEOUT,
                || table.read_retries(),
                || table.get(&row, CONSISTENT),
            );
            Ok(match found.await?.map(|row| row.decode()) {
                None => Value::Null,
                Some(Decoded::Item(item)) => json!({
                    "version": item.version,
                    "deleted": item.deleted,
                    "json": &*item.json,
                }),
                Some(Decoded::NotOurs) => json!({ "unreadable": "it is another program's" }),
                Some(Decoded::Unreadable(reason)) => json!({ "unreadable": reason }),
            })
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

async fn list(table: &AwsTable, namespace: &str) -> error::Result<Vec<Value>> {
    let mut items = Vec::new();
    let mut start = None;
    loop {
        let page = table.rows(Some(namespace), start).await?;
        items.extend(page.rows.iter().map(listed));
        start = page.next;
        if start.is_none() {
            return Ok(items);
        }
    }
}
