//! Wakes JavaScript when the queue has content.

use std::sync::{Arc, OnceLock, Weak};

use napi::Status;
use napi::bindgen_prelude::{Function, Result};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};

use super::ResponseQueue;
use crate::cache::Generation;

type Wake = ThreadsafeFunction<(), (), Option<String>, Status, false, true>;

/// Creates a response queue whose content goes to `deliver`. The queue does not keep the process
/// alive.
pub fn queue_for(deliver: &Function<(), ()>, generation: Generation) -> Result<Arc<ResponseQueue>> {
    // The queue owns the thread-safe function, so the function refers to the queue weakly.
    let known: Arc<OnceLock<Weak<ResponseQueue>>> = Arc::default();
    let delivered = Arc::clone(&known);
    let wake: Wake =
        deliver.build_threadsafe_function().weak::<true>().build_callback(move |_| {
            let queue = delivered.get().and_then(Weak::upgrade);
            Ok(queue.and_then(|queue| queue.take()))
        })?;
    let wake = move || {
        wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
    };
    let queue = ResponseQueue::new(Box::new(wake), generation);
    drop(known.set(Arc::downgrade(&queue)));
    Ok(queue)
}
