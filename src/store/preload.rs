//! Reading everything before anybody asks.

use std::sync::{Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, join_all};
use tokio::time::timeout;

use super::{Inner, Store};
use crate::panics::caught;
use crate::references::{FEATURES, SEGMENTS};
use crate::row::RowKey;

/// The kinds that every LaunchDarkly SDK has.
const KINDS: [&str; 2] = [FEATURES, SEGMENTS];
/// Which part of the time that a read has it waits for the preload, so that it can still read for
/// itself.
const WAITING_SHARE: f64 = 0.5;

/// The one preload of a store, while it is under way.
#[derive(Default)]
pub(super) struct Preload(Mutex<Option<Shared<BoxFuture<'static, ()>>>>);

impl Store {
    /// Reads all flags and segments, one Query for each of the two kinds. Reads of single items that
    /// come meanwhile wait for it. Ends when it is done or has failed.
    pub fn preload(&self) -> impl Future<Output = ()> + Send + 'static {
        let store = self.clone();
        let reads = async move {
            let reads = KINDS.map(|kind| {
                let store = store.clone();
                async move { drop(store.0.read_all(store.0.layout.namespace(kind)).await) }
            });
            // A panic in here would be one in everybody who waits for it.
            drop(caught(join_all(reads)).await);
            store.0.preload.set(None);
        };
        let preload = reads.boxed().shared();
        self.0.preload.set(Some(preload.clone()));
        preload
    }
}

impl Inner {
    /// Waits for the preload that is under way, if there is one and this row may come with it.
    /// Returns whether there was one, and it is done.
    pub(super) async fn preloaded(&self, row: &RowKey) -> bool {
        let Some(preload) = self.preload.get() else {
            return false;
        };
        let comes_with_it = KINDS.iter().any(|kind| self.layout.namespace(kind) == row.namespace);
        comes_with_it && timeout(self.read_timeout.mul_f64(WAITING_SHARE), preload).await.is_ok()
    }
}

impl Preload {
    fn get(&self) -> Option<Shared<BoxFuture<'static, ()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, under_way: Option<Shared<BoxFuture<'static, ()>>>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = under_way;
    }
}
