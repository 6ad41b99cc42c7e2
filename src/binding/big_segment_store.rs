//! The big segment store for JavaScript.

use std::sync::Arc;

use napi::bindgen_prelude::*;
use napi_derive::napi;
use serde_json::json;

use super::host_functions::{CallHost, HostFunctions};
use super::options::Options;
use super::requests::{respond_with, warm_up};
use super::response_queue::{ResponseQueue, queue_for};
use crate::big_segments::{BigSegmentTable, BigSegments};
use crate::cache::Generation;
use crate::clock::Clock;
use crate::dynamodb::{AwsTable, JsClient};
use crate::stats::Stats;

/// The native part of a big segment store.
#[napi]
pub struct NativeBigSegmentStore {
    segments: Arc<BigSegments>,
    queue: Arc<ResponseQueue>,
    host: HostFunctions,
}

#[napi]
impl NativeBigSegmentStore {
    /// Takes the arguments of `NativeStore`.
    #[napi(
        constructor,
        catch_unwind,
        ts_args_type = "options: string, deliver: (text: string | null) => void, callHost: (call: number, name: string, argument: string, request: number | null) => void"
    )]
    pub fn new(options: String, deliver: Function<(), ()>, call_host: CallHost) -> Result<Self> {
        let queue = queue_for(&deliver, Generation::default())?;
        let host = HostFunctions::new(&call_host)?;
        let options = Options::read(&options)?;
        let uses_js_client = options.uses_js_client;
        let (config, stats) = (options.into_config(&host), Arc::new(Stats::default()));
        let table: Arc<dyn BigSegmentTable> = if uses_js_client {
            Arc::new(JsClient::new(&config, host.js_client(), queue.clone(), stats))
        } else {
            let (roots, log) = (host.root_certificates(), queue.clone());
            let table = AwsTable::new(&config, roots, log, Clock::system(), stats);
            warm_up(table.connect());
            Arc::new(table)
        };
        let segments = Arc::new(BigSegments::new(&config, table));
        Ok(Self { segments, queue, host })
    }

    /// Closes all connections.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        self.segments.close();
    }

    /// Releases JavaScript's functions. Native code calls them no more.
    #[napi(catch_unwind)]
    pub fn release(&self) {
        self.queue.close();
        self.host.close();
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

    /// Responds with the time of the last synchronisation in milliseconds since the Unix epoch, or
    /// `null`.
    #[napi(catch_unwind)]
    pub fn last_up_to_date(&self, id: u32) {
        let segments = Arc::clone(&self.segments);
        respond_with(&self.queue, id, async move {
            segments.last_up_to_date().await.map(|time| json!(time))
        });
    }

    /// Responds with the memberships of a context: an object of booleans by segment reference, or
    /// `null`.
    #[napi(catch_unwind)]
    pub fn membership(&self, id: u32, hash: String) {
        let segments = Arc::clone(&self.segments);
        respond_with(&self.queue, id, async move {
            segments.membership(&hash).await.map(|is| json!(is))
        });
    }
}
