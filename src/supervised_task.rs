//! Background tasks of a store. A task never runs twice at once, starts again after a panic, and ends when the
//! store is closed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::sleep;

use crate::backoff::Backoff;
use crate::error::Error;
use crate::panics::caught;

/// A background task that runs while it has work. Clones are handles of the same task.
#[derive(Clone)]
pub struct SupervisedTask {
    name: &'static str,
    state: Arc<Mutex<State>>,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Idle,
    Running,
    /// `wake` was called during the run: there may be work that this run did not see.
    WokenAgain,
}

impl SupervisedTask {
    /// Creates a task that does not run yet. The name is for the log.
    pub fn new(name: &'static str) -> Self {
        Self { name, state: Arc::new(Mutex::new(State::Idle)) }
    }

    /// Ensures that a run of `work` starts after this call. One run must do all the work there is.
    ///
    /// If a run panics, `log` receives the task's name and the failure, and another run starts after a pause.
    /// When `end` completes, the task stops for good and drops all arguments.
    pub fn wake<F>(
        &self,
        end: impl Future<Output = ()> + Send + 'static,
        log: impl Fn(&str, &Error) + Send + Sync + 'static,
        work: impl Fn() -> F + Send + Sync + 'static,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let mut state = self.lock();
        if *state != State::Idle {
            *state = State::WokenAgain;
            return;
        }
        *state = State::Running;
        drop(state);
        let task = self.clone();
        tokio::spawn(async move {
            let runs = async {
                let mut panics = 0;
                loop {
                    match caught(async { work().await }).await {
                        Ok(()) if task.is_done() => return,
                        Ok(()) => panics = 0,
                        Err(defect) => {
                            log(task.name, &defect);
                            panics += 1;
                            sleep(Backoff::PANIC.pause_after(panics)).await;
                        }
                    }
                }
            };
            tokio::select! {
                biased;
                () = end => {}
                () = runs => {}
            }
        });
    }

    /// Returns whether there is no more work, and if so makes the task idle in the same step. No wake-up is
    /// lost: the next one starts the task again.
    fn is_done(&self) -> bool {
        let mut state = self.lock();
        let done = *state == State::Running;
        *state = if done { State::Idle } else { State::Running };
        done
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Semaphore;
    use tokio::task::yield_now;

    use super::*;

    /// Work that counts its runs. Each run needs a permit to end.
    struct Work {
        task: SupervisedTask,
        begun: Arc<AtomicUsize>,
        may_end: Arc<Semaphore>,
        lines: Arc<Mutex<Vec<String>>>,
        panics: Arc<AtomicUsize>,
    }

    impl Work {
        fn new() -> Self {
            Self {
                task: SupervisedTask::new("the test"),
                begun: Arc::default(),
                may_end: Arc::new(Semaphore::new(0)),
                lines: Arc::default(),
                panics: Arc::default(),
            }
        }

        fn wake(&self, end: impl Future<Output = ()> + Send + 'static) {
            let lines = Arc::clone(&self.lines);
            let log = move |name: &str, failure: &Error| {
                lines.lock().unwrap().push(format!("{name}: {failure}"));
            };
            let (begun, may_end) = (Arc::clone(&self.begun), Arc::clone(&self.may_end));
            let panics = Arc::clone(&self.panics);
            self.task.wake(end, log, move || {
                let (begun, may_end) = (Arc::clone(&begun), Arc::clone(&may_end));
                let panics = Arc::clone(&panics);
                async move {
                    begun.fetch_add(1, Ordering::SeqCst);
                    if panics.load(Ordering::SeqCst) > 0 {
                        panics.fetch_sub(1, Ordering::SeqCst);
                        panic!("on purpose");
                    }
                    may_end.acquire().await.unwrap().forget();
                }
            });
        }

        /// Lets all tasks run as far as they can, and returns the number of runs so far.
        async fn begun(&self) -> usize {
            for _ in 0..20 {
                yield_now().await;
            }
            self.begun.load(Ordering::SeqCst)
        }

        async fn end_runs(&self, count: usize) {
            self.may_end.add_permits(count);
        }
    }

    #[tokio::test]
    async fn it_never_runs_twice_at_the_same_time_and_no_wake_is_lost() {
        let work = Work::new();
        work.wake(pending());
        assert_eq!(work.begun().await, 1);
        work.wake(pending());
        work.wake(pending());
        assert_eq!(work.begun().await, 1);
        work.end_runs(1).await;
        assert_eq!(work.begun().await, 2, "it was woken in its first run");
        work.end_runs(1).await;
        assert_eq!(work.begun().await, 2);
        work.wake(pending());
        assert_eq!(work.begun().await, 3);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn what_comes_while_a_run_ends_is_seen_by_the_next_one() {
        let task = SupervisedTask::new("the test");
        let (wanted, done) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
        for count in 1..=20_000 {
            wanted.store(count, Ordering::SeqCst);
            let (wanted, done) = (Arc::clone(&wanted), Arc::clone(&done));
            task.wake(
                pending(),
                |_, _| {},
                move || {
                    let (wanted, done) = (Arc::clone(&wanted), Arc::clone(&done));
                    async move {
                        let now = wanted.load(Ordering::SeqCst);
                        done.add_permits(now - done.available_permits());
                    }
                },
            );
        }
        drop(done.acquire_many(20_000).await.unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn it_begins_anew_after_a_panic_each_time_later() {
        let work = Work::new();
        work.panics.store(12, Ordering::SeqCst);
        work.wake(pending());
        assert_eq!(work.begun().await, 1);
        sleep(Backoff::PANIC.first).await;
        assert_eq!(work.begun().await, 2);
        sleep(Backoff::PANIC.first).await;
        assert_eq!(work.begun().await, 2, "it spins");
        sleep(Backoff::PANIC.longest * 12).await;
        assert_eq!(work.begun().await, 13);
        let lines = work.lines.lock().unwrap().clone();
        assert_eq!(lines.len(), 12);
        assert!(lines[0].starts_with("the test: a defect in"), "{lines:?}");
        work.end_runs(1).await;
        assert_eq!(work.begun().await, 13);
        work.wake(pending());
        assert_eq!(work.begun().await, 14);
    }

    #[tokio::test(start_paused = true)]
    async fn when_it_is_ended_it_keeps_nothing_and_never_runs_again() {
        for panics in [0, 1] {
            let work = Work::new();
            work.panics.store(panics, Ordering::SeqCst);
            let (end, ended) = tokio::sync::oneshot::channel::<()>();
            work.wake(async move { drop(ended.await) });
            assert_eq!(work.begun().await, 1);
            drop(end);
            work.begun().await;
            assert_eq!(Arc::strong_count(&work.begun), 1, "it is kept");
            work.wake(async {});
            sleep(Backoff::PANIC.longest).await;
            assert_eq!(work.begun().await, 1);
        }
        let work = Work::new();
        work.wake(async {});
        assert_eq!(work.begun().await, 0);
    }
}
