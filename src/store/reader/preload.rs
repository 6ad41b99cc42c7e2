//! Reading everything before anybody asks.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::join_all;
use tokio::sync::watch;
use tokio::time::timeout;

use super::Reader;
use crate::model::{FEATURES, RowKey, SEGMENTS};
use crate::panics::caught;

/// The kinds that every LaunchDarkly SDK has.
const KINDS: [&str; 2] = [FEATURES, SEGMENTS];
/// Which part of the time that a read has it waits for the preload, so that it can still read for
/// itself.
const WAITING_SHARE: f64 = 0.5;

/// What those who wait for the one preload of a store watch, while it is under way. It ends with the sender,
/// which nothing but the preload has: the store must not keep what keeps it.
#[derive(Default)]
pub(super) struct Preload(Mutex<Option<watch::Receiver<()>>>);

impl Reader {
    pub fn preload_all(self: &Arc<Self>) -> impl Future<Output = ()> + Send + 'static {
        let reader = Arc::clone(self);
        let (under_way, watched) = watch::channel(());
        self.preload.set(Some(watched));
        async move {
            let reads = KINDS.map(|kind| {
                let reader = Arc::clone(&reader);
                async move { drop(reader.read_all(reader.context.layout.namespace(kind)).await) }
            });
            // A panic in here would be one in everybody who waits for it.
            drop(caught(join_all(reads)).await);
            reader.preload.set(None);
            drop(under_way);
        }
    }

    /// Waits for the preload that is under way, if there is one and this row may come with it.
    /// Returns whether there was one, and it is done.
    pub(super) async fn preloaded(&self, row: &RowKey) -> bool {
        let Some(mut preload) = self.preload.get() else {
            return false;
        };
        let context = &self.context;
        let comes_with_it =
            KINDS.iter().any(|kind| context.layout.namespace(kind) == row.namespace);
        // There is never a change, only an end.
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
