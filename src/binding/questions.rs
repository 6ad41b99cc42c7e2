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

use crate::requester::{self, RequestId};

/// The number of the question, its subject, a text that belongs to it, and the number of the request that it
/// is asked for; `None` for work in the background.
type Arguments = FnArgs<(u32, String, String, Option<RequestId>)>;
/// The function of JavaScript that takes questions.
pub type AskFunction<'a> = Function<'a, Arguments, ()>;
type WeakAsk = ThreadsafeFunction<Arguments, (), Arguments, Status, false, true>;

/// Questions without an answer, of all threads.
static OPEN: LazyLock<Mutex<HashMap<u32, oneshot::Sender<Option<String>>>>> =
    LazyLock::new(Mutex::default);
static LAST_NUMBER: AtomicU32 = AtomicU32::new(0);

/// Who takes questions, until it is closed. It does not keep the process alive.
#[derive(Clone)]
pub struct Questions(Arc<Mutex<Option<WeakAsk>>>);

impl Questions {
    /// They go to `ask`, which must not throw.
    pub fn new(ask: &AskFunction<'_>) -> Result<Self> {
        let ask = ask.build_threadsafe_function().weak::<true>().build()?;
        Ok(Self(Arc::new(Mutex::new(Some(ask)))))
    }

    /// Asks; `None` where JavaScript has no answer, or can't be called any more.
    pub async fn ask(&self, subject: &str, text: String) -> Option<String> {
        let question = Question(LAST_NUMBER.fetch_add(1, Ordering::Relaxed));
        let (respond, answer) = oneshot::channel();
        open().insert(question.0, respond);
        let arguments = FnArgs::from((question.0, subject.to_owned(), text, requester::current()));
        let mode = ThreadsafeFunctionCallMode::NonBlocking;
        let status = self.function().as_ref().map(|ask| ask.call(arguments, mode));
        if status != Some(Status::Ok) {
            return None;
        }
        answer.await.ok().flatten()
    }

    /// Lets go of the function: questions from now on have no answer.
    pub fn close(&self) {
        let function = self.function().take();
        drop(function);
    }

    fn function(&self) -> MutexGuard<'_, Option<WeakAsk>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
