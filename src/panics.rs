//! A panic, here or in another crate, fails what was being done, and nothing else.
//!
//! Whoever catches one logs it, with what was being done. Its message is not logged, since it may hold
//! the content of items, nor printed; where it happened is.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn, ready};
use std::panic::{AssertUnwindSafe, Location, catch_unwind, set_hook, take_hook};
use std::pin::pin;
use std::sync::Once;
use std::task::Poll;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::error::{Error, Result};

thread_local! {
    /// Whether this thread is in [`catch`].
    static CATCHING: Cell<bool> = const { Cell::new(false) };
    /// Where it last panicked there.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// The result of `work`, or its panic as a failure.
///
/// The state that `work` shares with others must be usable after a panic: locks are taken although they
/// are poisoned, and places in a queue are left by dropping them.
pub fn catch<T>(work: impl FnOnce() -> T) -> Result<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let otherwise = take_hook();
        set_hook(Box::new(move |panic| {
            if CATCHING.try_with(Cell::get).unwrap_or(false) {
                let place = panic.location().map(shown);
                drop(PLACE.try_with(|last| last.replace(place)));
            } else {
                otherwise(panic);
            }
        }));
    });
    let outer = CATCHING.replace(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    CATCHING.set(outer);
    result.map_err(|_| Error::defect(PLACE.take()))
}

/// [`catch`] for a future.
pub async fn caught<T>(work: impl Future<Output = T>) -> Result<T> {
    let mut work = pin!(work);
    poll_fn(|context| match catch(|| work.as_mut().poll(context)) {
        Ok(Poll::Ready(result)) => Poll::Ready(Ok(result)),
        Ok(Poll::Pending) => Poll::Pending,
        Err(defect) => Poll::Ready(Err(defect)),
    })
    .await
}

/// Calls `request`, and catches what panics in it, then or later.
pub fn caught_request<T: Send + 'static>(
    request: impl FnOnce() -> BoxFuture<'static, Result<T>>,
) -> BoxFuture<'static, Result<T>> {
    match catch(request) {
        Ok(request) => caught(request).map(Result::flatten).boxed(),
        Err(defect) => ready(Err(defect)).boxed(),
    }
}

/// The crate, the file and the line, without the folders of the machine that built it.
fn shown(place: &Location<'_>) -> String {
    const SHOWN_FOLDERS: usize = 4;
    let folders: Vec<&str> = place.file().split(['/', '\\']).collect();
    let left_out = folders.len().saturating_sub(SHOWN_FOLDERS);
    let file: Vec<&str> = folders.into_iter().skip(left_out).collect();
    format!("{}:{}", file.join("/"), place.line())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_failure_that_says_where_and_not_what() {
        let failure = catch(|| panic!("content of an item")).unwrap_err().to_string();
        assert!(failure.contains("src/panics.rs:"), "{failure}");
        assert!(!failure.contains("content"), "{failure}");
        assert_eq!(catch(|| 1), Ok(1));
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
