//! What native code asks JavaScript: a question goes out with a number, and JavaScript calls `respond` with
//! it and the answer, at once or later.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use napi::Status;
use napi::bindgen_prelude::*;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;
use tokio::sync::oneshot;

/// The number of the question, its subject, and a text that belongs to it.
type Arguments = FnArgs<(u32, String, String)>;
/// The function of JavaScript that takes questions.
pub type AskFunction<'a> = Function<'a, Arguments, ()>;
type WeakAsk = ThreadsafeFunction<Arguments, (), Arguments, Status, false, true>;

/// Questions without an answer, of all threads.
static OPEN: LazyLock<Mutex<HashMap<u32, oneshot::Sender<Option<String>>>>> =
    LazyLock::new(Mutex::default);
static LAST_NUMBER: AtomicU32 = AtomicU32::new(0);

/// Who takes questions. It keeps neither the function nor the process alive.
#[derive(Clone)]
pub struct Questions(Arc<WeakAsk>);

impl Questions {
    /// They go to `ask`, which must not throw.
    pub fn new(ask: &AskFunction<'_>) -> Result<Self> {
        Ok(Self(Arc::new(ask.build_threadsafe_function().weak::<true>().build()?)))
    }

    /// Asks; `None` where JavaScript has no answer, or can't be called any more.
    pub async fn ask(&self, subject: &str, text: String) -> Option<String> {
        let question = Question(LAST_NUMBER.fetch_add(1, Ordering::Relaxed));
        let (respond, answer) = oneshot::channel();
        open().insert(question.0, respond);
        let arguments = FnArgs::from((question.0, subject.to_owned(), text));
        let status = self.0.call(arguments, ThreadsafeFunctionCallMode::NonBlocking);
        if status != Status::Ok {
            return None;
        }
        answer.await.ok().flatten()
    }
}

/// A question that somebody waits for.
struct Question(u32);

impl Drop for Question {
    fn drop(&mut self) {
        open().remove(&self.0);
    }
}

fn open() -> MutexGuard<'static, HashMap<u32, oneshot::Sender<Option<String>>>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers a question; without a text, that there is no answer.
#[napi(catch_unwind)]
#[cfg_attr(test, allow(dead_code))] // The attribute above exports nothing to tests.
pub fn respond(question: u32, text: Option<String>) {
    let respond = open().remove(&question);
    if let Some(respond) = respond {
        drop(respond.send(text));
    }
}
