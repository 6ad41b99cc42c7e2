//! Turns panics, here or in another crate, into failures of the operation.
//!
//! The caller logs the failure, which contains the place of the panic but not its message: that may contain item
//! contents.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn, ready};
use std::panic::{AssertUnwindSafe, Location, catch_unwind, set_hook, take_hook};
use std::pin::pin;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::error::{Error, Result};

thread_local! {
    /// Whether this thread is in [`catch`].
    static CATCHING: Cell<bool> = const { Cell::new(false) };
    /// The place of the thread's last panic in [`catch`].
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Whether panics outside [`catch`] are not printed.
static SILENT: AtomicBool = AtomicBool::new(false);

/// Keeps all panics of this library off the application's stderr. The standard library would print them, and would
/// read the environment for that.
pub fn silence() {
    SILENT.store(true, Ordering::Relaxed);
    note_places();
}

/// Installs the hook that records the places of panics that [`catch`] catches.
fn note_places() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let otherwise = take_hook();
        set_hook(Box::new(move |panic| {
            if CATCHING.try_with(Cell::get).unwrap_or(false) {
                let place = panic.location().map(shown);
                drop(PLACE.try_with(|last| last.replace(place)));
            } else if !SILENT.load(Ordering::Relaxed) {
                otherwise(panic);
            }
        }));
    });
}

/// Returns the result of `work`, or its panic as a failure.
///
/// State that `work` shares must remain usable after a panic: code ignores the poisoning of locks, and leaves queues
/// by dropping a guard.
pub fn catch<T>(work: impl FnOnce() -> T) -> Result<T> {
    note_places();
    let outer = CATCHING.replace(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    CATCHING.set(outer);
    result.map_err(|_| Error::defect(PLACE.take()))
}

/// Like [`catch`] for a future.
pub async fn caught<T>(work: impl Future<Output = T>) -> Result<T> {
    let mut work = pin!(work);
    poll_fn(|context| match catch(|| work.as_mut().poll(context)) {
        Ok(Poll::Ready(result)) => Poll::Ready(Ok(result)),
        Ok(Poll::Pending) => Poll::Pending,
        Err(defect) => Poll::Ready(Err(defect)),
    })
    .await
}

/// Calls `request` and catches panics in the call and in its future.
pub fn caught_request<T: Send + 'static>(
    request: impl FnOnce() -> BoxFuture<'static, Result<T>>,
) -> BoxFuture<'static, Result<T>> {
    match catch(request) {
        Ok(request) => caught(request).map(Result::flatten).boxed(),
        Err(defect) => ready(Err(defect)).boxed(),
    }
}

/// Returns the crate, file and line, without the folders of the build machine.
fn shown(place: &Location<'_>) -> String {
    format!("{}:{}", without_machine(place.file()), place.line())
}

fn without_machine(path: &str) -> String {
    let parts: Vec<_> = path.split(['/', '\\']).collect();
    let source = parts.iter().rposition(|part| *part == "src").unwrap_or_default();
    parts.get(source.saturating_sub(1)..).unwrap_or_default().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_failure_with_its_place_but_not_its_message() {
        let failure = catch(|| panic!("content of an item")).unwrap_err().to_string();
        assert!(failure.contains("src/panics.rs:"), "{failure}");
        assert!(!failure.contains("content"), "{failure}");
        assert_eq!(catch(|| 1), Ok(1));
    }

    #[test]
    fn the_place_of_a_panic_is_without_folders_of_the_build_machine() {
        assert_eq!(without_machine("src/store/read.rs"), "src/store/read.rs");
        let registry = "/home/me/.cargo/registry/src/index-1/tokio-1.2.3/src/task/mod.rs";
        assert_eq!(without_machine(registry), "tokio-1.2.3/src/task/mod.rs");
        assert_eq!(without_machine(r"C:\me\a-1.0.0\src\lib.rs"), "a-1.0.0/src/lib.rs");
    }

    #[tokio::test]
    async fn a_future_that_panics_is_a_failure_and_is_dropped() {
        let held = std::sync::Arc::new(());
        let taken = std::sync::Arc::clone(&held);
        let work = async move {
            tokio::task::yield_now().await;
            let _taken = taken;
            panic!("on purpose");
        };
        assert!(caught(work).await.is_err());
        assert_eq!(std::sync::Arc::strong_count(&held), 1);
        assert_eq!(caught(async { 1 }).await, Ok(1));
    }
}
