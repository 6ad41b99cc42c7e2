//! One request for all concurrent readers of the same thing.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use tokio::time::Instant;

use crate::panics::caught;
use crate::requester::{self, working_for};

/// The requests in flight, by key.
///
/// Each request runs in its own task, which continues if its readers stop waiting. It belongs to the
/// JavaScript request of the first reader.
pub struct SingleFlight<K, V: Clone> {
    flights: Arc<Mutex<Flights<K, V>>>,
}

struct Flights<K, V: Clone> {
    by_key: HashMap<K, (u64, Flight<V>)>,
    next_id: u64,
}

/// A request in flight.
pub struct Flight<V: Clone> {
    /// When the request began.
    pub begun: Instant,
    /// The result; `None` if the task panicked.
    pub result: Shared<BoxFuture<'static, Option<V>>>,
    /// Whether the request was already in flight.
    pub joined: bool,
}

impl<V: Clone> Clone for Flight<V> {
    fn clone(&self) -> Self {
        Self { begun: self.begun, result: self.result.clone(), joined: self.joined }
    }
}

impl<K, V> SingleFlight<K, V>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// Creates an empty set of requests.
    #[allow(clippy::new_without_default)] // No caller needs a default.
    pub fn new() -> Self {
        let flights = Flights { by_key: HashMap::new(), next_id: 0 };
        Self { flights: Arc::new(Mutex::new(flights)) }
    }

    /// Joins the request for `key` that is in flight, or starts `request`. Returns `None` if the request
    /// panicked.
    pub async fn join<F>(&self, key: K, request: F) -> Option<V>
    where
        F: Future<Output = V> + Send + 'static,
    {
        self.join_or_start(key, || Some(request))?.result.await
    }

    /// Joins the request for `key` that is in flight, or starts the one that `request` returns. Returns
    /// `None` if there is neither.
    pub fn join_or_start<F>(&self, key: K, request: impl FnOnce() -> Option<F>) -> Option<Flight<V>>
    where
        F: Future<Output = V> + Send + 'static,
    {
        let mut flights = self.lock();
        if let Some((_, flight)) = flights.by_key.get(&key) {
            return Some(Flight { joined: true, ..flight.clone() });
        }
        let request = request()?;
        let id = flights.next_id;
        flights.next_id += 1;
        let (in_flight, ended_key) = (Arc::clone(&self.flights), key.clone());
        let task = tokio::spawn(working_for(requester::current(), async move {
            // Created inside the task: a runtime that is shutting down drops the task within `spawn`, while
            // the lock above is held.
            let _end = FlightEnd { flights: in_flight, key: ended_key, id };
            caught(request).await.ok()
        }));
        let result = task.map(|ended| ended.ok().flatten()).boxed().shared();
        let flight = Flight { begun: Instant::now(), result, joined: false };
        flights.by_key.insert(key, (id, flight.clone()));
        Some(flight)
    }

    /// Makes later readers of `key` start a new request. Readers that have joined keep waiting for the old one.
    pub fn detach(&self, key: &K) {
        self.lock().by_key.remove(key);
    }

    /// Detaches the requests for all keys; see [`SingleFlight::detach`].
    pub fn detach_all(&self) {
        self.lock().by_key.clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Flights<K, V>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Removes the request when its task ends, also by a panic.
struct FlightEnd<K: Eq + Hash, V: Clone> {
    flights: Arc<Mutex<Flights<K, V>>>,
    key: K,
    id: u64,
}

impl<K: Eq + Hash, V: Clone> Drop for FlightEnd<K, V> {
    fn drop(&mut self) {
        let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
        if flights.by_key.get(&self.key).is_some_and(|(id, _)| *id == self.id) {
            flights.by_key.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn concurrent_readers_share_one_request() {
        let flights = SingleFlight::new();
        let requests = Arc::new(AtomicUsize::new(0));
        let request = || {
            let requests = Arc::clone(&requests);
            async move {
                tokio::task::yield_now().await;
                requests.fetch_add(1, Ordering::SeqCst) + 1
            }
        };
        let first = futures_util::future::join_all((0..50).map(|_| flights.join("k", request())));
        assert_eq!(first.await, vec![Some(1); 50]);
        assert_eq!(flights.join("k", request()).await, Some(2));
        assert_eq!(flights.join("other", request()).await, Some(3));
    }

    #[tokio::test]
    async fn a_detached_request_ends_for_readers_that_joined_it() {
        let flights = SingleFlight::new();
        let go = Arc::new(Notify::new());
        let held = Arc::clone(&go);
        let request = async move {
            held.notified().await;
            "old"
        };
        let joined = flights.join_or_start("k", || Some(request.boxed())).unwrap();
        flights.detach(&"k");
        let new = flights.join_or_start("k", || Some(std::future::pending().boxed())).unwrap();
        go.notify_one();
        assert_eq!(joined.result.await, Some("old"));
        assert!(new.result.now_or_never().is_none());
        assert_eq!(flights.lock().by_key.len(), 1, "the old request's end removed the new one");
    }

    #[tokio::test]
    async fn a_request_works_for_the_first_reader() {
        let flights = SingleFlight::new();
        let request = || async {
            tokio::task::yield_now().await;
            requester::current()
        };
        let join = |id| working_for(Some(id), flights.join("k", request()));
        assert_eq!(tokio::join!(join(1), join(2)), (Some(Some(1)), Some(Some(1))));
        assert_eq!(flights.join("k", request()).await, Some(None));
    }

    #[tokio::test]
    async fn a_request_that_panics_is_none_and_forgotten() {
        let flights = SingleFlight::<_, ()>::new();
        assert_eq!(flights.join("k", async { panic!("on purpose") }).await, None);
        assert_eq!(flights.join("k", async {}).await, Some(()));
    }

    #[tokio::test]
    async fn a_request_continues_without_readers() {
        let flights = SingleFlight::new();
        let done = Arc::new(Notify::new());
        let notify = Arc::clone(&done);
        drop(flights.join_or_start("k", || Some(async move { notify.notify_one() })));
        done.notified().await;
    }
}
