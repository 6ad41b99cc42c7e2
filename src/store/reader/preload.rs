//! Reads all flags and segments in advance.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::join_all;
use tokio::sync::watch;
use tokio::time::timeout;

use super::Reader;
use crate::model::{FEATURES, RowKey, SEGMENTS};
use crate::panics::caught;

/// The kinds that every LaunchDarkly SDK has.
const KINDS: [&str; 2] = [FEATURES, SEGMENTS];
/// The share of its time-out for which a read waits for the preload. The rest is for a request of its own.
const WAITING_SHARE: f64 = 0.5;

/// A channel that readers watch while the one preload of a store is in flight. It closes when its sender is
/// dropped. Only the preload has the sender: the store must not own what keeps the store alive.
#[derive(Default)]
pub(super) struct Preload(Mutex<Option<watch::Receiver<()>>>);

impl Reader {
    pub fn preload_all(self: &Arc<Self>) -> impl Future<Output = ()> + Send + 'static {
        let reader = Arc::clone(self);
        let (under_way, watched) = watch::channel(());
        self.preload.set(Some(watched));
        async move {
            let reads =
                KINDS.map(|kind| {
                    let reader = Arc::clone(&reader);
                    async move {
                        drop(reader.read_all(reader.context.layout.namespace(kind), None).await)
                    }
                });
            // A panic in here must not spread to the callers that wait for the preload.
            drop(caught(join_all(reads)).await);
            reader.preload.set(None);
            drop(under_way);
        }
    }

    /// Waits for the preload in flight, if there is one and it reads this kind of row. Returns whether that
    /// preload has ended.
    pub(super) async fn preloaded(&self, row: &RowKey) -> bool {
        let Some(mut preload) = self.preload.get() else {
            return false;
        };
        let context = &self.context;
        let comes_with_it =
            KINDS.iter().any(|kind| context.layout.namespace(kind) == row.namespace);
        // Nothing is ever sent. The channel only closes.
        let ended = preload.changed();
        comes_with_it && timeout(context.read_timeout.mul_f64(WAITING_SHARE), ended).await.is_ok()
    }
}

impl Preload {
    pub(super) fn get(&self) -> Option<watch::Receiver<()>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set(&self, under_way: Option<watch::Receiver<()>>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = under_way;
    }
}
