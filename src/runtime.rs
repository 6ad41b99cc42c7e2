//! The asynchronous runtime, and threads for blocking work.
//!
//! The runtime starts on first use and has one thread, which all stores of the process share. If the process has no
//! file descriptor or thread left, the runtime cannot start: the request fails, and the next one tries again.

use std::future::{Future, pending};
use std::io;
use std::sync::{Mutex, PoisonError};
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio::sync::{Semaphore, oneshot};

use crate::error::NoThread;
use crate::panics::catch;

/// The stack size of threads, in bytes. Without it, the standard library reads the environment.
const STACK_BYTES: usize = 2 * 1024 * 1024;
/// How many threads may block at once for work of each kind: a single call, and work that makes such calls itself.
const BLOCKED_THREADS: usize = 16;
/// The limit of tokio's own blocking threads, which nothing here uses.
const TOKIOS_OWN_THREADS: usize = 1;

static RUNTIME: Mutex<Option<Handle>> = Mutex::new(None);
static CALLS: Semaphore = Semaphore::const_new(BLOCKED_THREADS);
/// Not the same as `CALLS`: if all permits were taken by work that waits for a call, no call could ever begin.
static SEARCHES: Semaphore = Semaphore::const_new(BLOCKED_THREADS);

/// Returns the runtime. Starts it on first use.
///
/// # Errors
///
/// If the operating system has no file descriptor or thread left.
pub fn handle() -> io::Result<Handle> {
    let mut running = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(handle) = &*running {
        return Ok(handle.clone());
    }
    let runtime = Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .max_blocking_threads(TOKIOS_OWN_THREADS)
        .thread_stack_size(STACK_BYTES)
        .build()?;
    let handle = runtime.handle().clone();
    start_thread("dynamodb-store", move || {
        loop {
            // Tasks catch their own panics. If the runtime itself panics, it continues.
            drop(catch(|| runtime.block_on(pending::<()>())));
        }
    })?;
    *running = Some(handle.clone());
    Ok(handle)
}

/// Runs a blocking call on its own thread, as soon as fewer than `BLOCKED_THREADS` are blocked. Returns `None` if the
/// call panicked.
///
/// # Errors
///
/// If no thread can be started.
pub async fn on_blocking_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<Option<T>> {
    on_thread_of(&CALLS, work).await
}

/// Like [`on_blocking_thread`], for a call that may block for ever. It does not count towards the limit.
///
/// # Errors
///
/// If no thread can be started.
pub async fn on_own_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<Option<T>> {
    let (done, result) = oneshot::channel();
    start_thread("dynamodb-wait", move || drop(done.send(catch(work).ok())))?;
    Ok(result.await.ok().flatten())
}

/// Like [`on_blocking_thread`], for asynchronous work that blocks at times, such as a search for credentials. It may
/// use `on_blocking_thread` itself, but not this function.
///
/// # Errors
///
/// If no thread can be started.
pub async fn on_blocking_thread_async<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> io::Result<Option<T>> {
    let runtime = Handle::current();
    on_thread_of(&SEARCHES, move || runtime.block_on(work)).await
}

async fn on_thread_of<T: Send + 'static>(
    permits: &'static Semaphore,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<Option<T>> {
    let permit = permits.acquire().await;
    on_own_thread(move || {
        let _permit = permit;
        work()
    })
    .await
}

fn start_thread(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let thread = thread::Builder::new().name(name.to_owned()).stack_size(STACK_BYTES);
    thread.spawn(work).map(drop).map_err(|failure| io::Error::other(NoThread(failure.to_string())))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use futures_util::future::join_all;
    use tokio::sync::Barrier;
    use tokio::time::timeout;

    use super::*;

    #[test]
    fn there_is_one_runtime_which_outlives_a_panic() {
        let first = handle().unwrap();
        let failed = first.block_on(first.spawn(async { panic!("on purpose") }));
        assert!(failed.is_err());
        assert_eq!(handle().unwrap().id(), first.id());
        assert_eq!(first.block_on(first.spawn(async { 1 })).unwrap(), 1);
    }

    #[tokio::test]
    async fn as_much_work_as_may_run_can_make_calls() {
        let all_run = Arc::new(Barrier::new(BLOCKED_THREADS));
        let work = (0..BLOCKED_THREADS).map(|_| {
            let all_run = Arc::clone(&all_run);
            on_blocking_thread_async(async move {
                all_run.wait().await;
                on_blocking_thread(|| 1).await.unwrap()
            })
        });
        let results = timeout(Duration::from_secs(60), join_all(work)).await.unwrap();
        assert!(results.into_iter().all(|result| result.unwrap() == Some(Some(1))));
    }

    #[tokio::test]
    async fn work_that_blocks_has_its_own_thread_and_may_panic() {
        let here = thread::current().id();
        let there = on_blocking_thread(|| thread::current().id()).await.unwrap().unwrap();
        assert_ne!(here, there);
        assert_eq!(on_blocking_thread(|| panic!("on purpose")).await.unwrap(), None::<()>);
        let work = async { tokio::time::sleep(std::time::Duration::from_millis(1)).await };
        assert_eq!(on_blocking_thread_async(work).await.unwrap(), Some(()));
    }
}
