//! Big segments for JavaScript. Answers come through a queue, as those of a store do.

use std::sync::Arc;

use napi::bindgen_prelude::*;
use napi_derive::napi;
use serde_json::json;

use super::questions::{AskFunction, Questions};
use super::response_queue::ResponseQueue;
use super::{NativeOptions, call_client, node_roots, queue_for, respond_with, warm_up};
use crate::big_segments::{BigSegmentTable, BigSegments};
use crate::cache::Generation;
use crate::clock::Clock;
use crate::dynamodb::{AwsTable, JsClient};
use crate::stats::Stats;

/// A store of big segments.
#[napi]
pub struct NativeBigSegmentStore {
    segments: Arc<BigSegments>,
    queue: Arc<ResponseQueue>,
    questions: Questions,
}

#[napi]
impl NativeBigSegmentStore {
    /// The arguments are those of a `NativeStore`.
    #[napi(
        constructor,
        catch_unwind,
        ts_args_type = "options: NativeOptions, deliver: (text: string | null) => void, ask: (question: number, subject: string, text: string, request: number | null) => void"
    )]
    pub fn new(
        options: NativeOptions,
        deliver: Function<(), ()>,
        ask: AskFunction,
    ) -> Result<Self> {
        let queue = queue_for(&deliver, Generation::default())?;
        let questions = Questions::new(&ask)?;
        let asks_client = options.asks_client.unwrap_or(false);
        let (config, stats) = (options.into_config(&questions), Arc::new(Stats::default()));
        let table: Arc<dyn BigSegmentTable> = if asks_client {
            Arc::new(JsClient::new(&config, call_client(&questions), stats))
        } else {
            let (roots, log) = (node_roots(&questions), queue.clone());
            let own = AwsTable::new(&config, roots, log, Clock::system(), stats);
            warm_up(own.connect());
            Arc::new(own)
        };
        let segments = Arc::new(BigSegments::new(&config, table));
        Ok(Self { segments, queue, questions })
    }

    /// Lets go of all connections.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        self.segments.close();
    }

    /// Lets go of JavaScript's functions: nothing is told or asked from now on.
    #[napi(catch_unwind)]
    pub fn release(&self) {
        self.queue.close();
        self.questions.close();
    }

    /// What waits in the queue.
    #[napi(catch_unwind)]
    pub fn take(&self) -> Option<String> {
        self.queue.take()
    }

    /// When the big segments were last known to be up to date: milliseconds since the Unix epoch, or
    /// `null`.
    #[napi(catch_unwind)]
    pub fn last_up_to_date(&self, id: u32) {
        let segments = Arc::clone(&self.segments);
        respond_with(&self.queue, id, async move {
            segments.last_up_to_date().await.map(|time| json!(time))
        });
    }

    /// Which big segments a context is in: an object of references, or `null`.
    #[napi(catch_unwind)]
    pub fn membership(&self, id: u32, hash: String) {
        let segments = Arc::clone(&self.segments);
        respond_with(&self.queue, id, async move {
            segments.membership(&hash).await.map(|is| json!(is))
        });
    }
}
