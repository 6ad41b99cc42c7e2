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
/// How many threads may block at once, on files or on programs that return credentials.
const BLOCKED_THREADS: usize = 16;
/// The limit of tokio's own blocking threads, which nothing here uses.
const TOKIOS_OWN_THREADS: usize = 1;

static RUNTIME: Mutex<Option<Handle>> = Mutex::new(None);
static BLOCKED: Semaphore = Semaphore::const_new(BLOCKED_THREADS);

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

/// Runs blocking work on its own thread, as soon as fewer than `BLOCKED_THREADS` are blocked. Returns `None` if the
/// work panicked.
///
/// # Errors
///
/// If no thread can be started.
pub async fn on_blocking_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<Option<T>> {
    let permit = BLOCKED.acquire().await;
    on_own_thread(move || {
        let _permit = permit;
        work()
    })
    .await
}

/// Like [`on_blocking_thread`], for work that may block for ever. It does not count towards the limit.
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

/// Like [`on_blocking_thread`], for asynchronous work that blocks at times.
///
/// # Errors
///
/// If no thread can be started.
pub async fn on_blocking_thread_async<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> io::Result<Option<T>> {
    let runtime = Handle::current();
    on_blocking_thread(move || runtime.block_on(work)).await
}

fn start_thread(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let thread = thread::Builder::new().name(name.to_owned()).stack_size(STACK_BYTES);
    thread.spawn(work).map(drop).map_err(|failure| io::Error::other(NoThread(failure.to_string())))
}

#[cfg(test)]
mod tests {
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
    async fn work_that_blocks_has_its_own_thread_and_may_panic() {
        let here = thread::current().id();
        let there = on_blocking_thread(|| thread::current().id()).await.unwrap().unwrap();
        assert_ne!(here, there);
        assert_eq!(on_blocking_thread(|| panic!("on purpose")).await.unwrap(), None::<()>);
        let work = async { tokio::time::sleep(std::time::Duration::from_millis(1)).await };
        assert_eq!(on_blocking_thread_async(work).await.unwrap(), Some(()));
    }
}
