//! Runs JavaScript's requests and puts exactly one answer for each into the response queue.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::runtime::Handle;

use super::lock;
use super::response_queue::ResponseQueue;
use crate::error::{Error, Result};
use crate::log::{Line, Log};
use crate::panics::caught;
use crate::requester::{RequestId, working_for};
use crate::runtime;

/// Starts work whose result nobody awaits. If it cannot start now, a later request does the work.
pub fn warm_up(work: impl Future<Output = ()> + Send + 'static) {
    if let Ok(runtime) = runtime() {
        drop(runtime.spawn(work));
    }
}

/// Runs a request that responds with a JSON value, or with a failure and its message.
pub fn respond_with(
    queue: &Arc<ResponseQueue>,
    id: RequestId,
    work: impl Future<Output = Result<Value>> + Send + 'static,
) {
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(failure) => return queue.value(id, Err(failure)),
    };
    let queue = Arc::clone(queue);
    drop(runtime.spawn(working_for(Some(id), async move {
        queue.value(id, caught(work).await.flatten());
    })));
}

fn runtime() -> Result<Handle> {
    runtime::handle().map_err(|failure| Error::no_resources(&failure))
}

/// The requests of a feature store.
pub struct Requests {
    queue: Arc<ResponseQueue>,
    /// Whether the latest request could not run because the runtime could not be started.
    has_no_runtime: AtomicBool,
    /// Writes that could not run, in call order.
    postponed: Mutex<Vec<BoxFuture<'static, ()>>>,
}

impl Requests {
    /// Creates a runner that puts answers into `queue`.
    pub fn new(queue: Arc<ResponseQueue>) -> Self {
        Self { queue, has_no_runtime: AtomicBool::new(false), postponed: Mutex::default() }
    }

    /// Runs a read. `put` puts its answer into the queue. If the read cannot run, it fails.
    pub fn read<T: Send + 'static>(
        &self,
        id: RequestId,
        work: impl Future<Output = Result<T>> + Send + 'static,
        put: impl FnOnce(&ResponseQueue, T) + Send + 'static,
    ) {
        if let Some(runtime) = self.runtime(id) {
            drop(runtime.spawn(self.answered(id, work, put)));
        }
    }

    /// Runs a write. If it cannot run, JavaScript gets the failure, and the write runs with the next request that
    /// can run.
    pub fn write<T: Send + 'static>(
        &self,
        id: RequestId,
        work: impl Future<Output = Result<T>> + Send + 'static,
        put: impl FnOnce(&ResponseQueue, T) + Send + 'static,
    ) {
        let write = self.answered(id, work, put);
        match self.runtime(id) {
            Some(runtime) => drop(runtime.spawn(write)),
            None => lock(&self.postponed).push(write.boxed()),
        }
    }

    fn answered<T: Send + 'static>(
        &self,
        id: RequestId,
        work: impl Future<Output = Result<T>> + Send + 'static,
        put: impl FnOnce(&ResponseQueue, T) + Send + 'static,
    ) -> impl Future<Output = ()> + Send + 'static {
        let reply = Reply { queue: Arc::clone(&self.queue), id, is_sent: false };
        let answered = async move {
            match work.await {
                Ok(answer) => put(&reply.queue, answer),
                Err(failure) => reply.queue.failed(id, &failure),
            }
            reply.sent();
        };
        working_for(Some(id), answered)
    }

    /// Returns the runtime, after starting postponed writes. Without a runtime, the request fails.
    fn runtime(&self, id: RequestId) -> Option<Handle> {
        match runtime() {
            Ok(runtime) => {
                self.has_no_runtime.store(false, Ordering::Relaxed);
                for write in lock(&self.postponed).drain(..) {
                    drop(runtime.spawn(write));
                }
                Some(runtime)
            }
            Err(failure) => {
                // Of consecutive failures, only the first is logged.
                if !self.has_no_runtime.swap(true, Ordering::Relaxed) {
                    self.queue.log(Line::error(failure.kind, failure.to_string()));
                }
                self.queue.failed(id, &failure);
                None
            }
        }
    }
}

/// Responds with a failure if the work ends without an answer, because it panicked.
struct Reply {
    queue: Arc<ResponseQueue>,
    id: RequestId,
    is_sent: bool,
}

impl Reply {
    fn sent(mut self) {
        self.is_sent = true;
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        if !self.is_sent {
            let failure = Error::panicked();
            self.queue.log(Line::error(failure.kind, failure.to_string()));
            self.queue.failed(self.id, &failure);
        }
    }
}
