//! Failures because the process or the machine has no thread or file descriptor left.

use std::io;

use super::{Error, ErrorKind};

/// The operating system cannot start a thread.
#[derive(Clone, Debug, thiserror::Error)]
#[error("no thread could be started: {0}")]
pub struct NoThread(pub String);

/// Returns whether the process or machine has no thread or file descriptor left, which is transient.
pub fn is_exhausted(failure: &io::Error) -> bool {
    if failure.get_ref().is_some_and(|inner| inner.is::<NoThread>()) {
        return true;
    }
    let codes = if cfg!(windows) { [4, 10024] } else { [23, 24] };
    failure.raw_os_error().is_some_and(|code| codes.contains(&code))
}

impl Error {
    /// Returns the failure of work for which no thread or file descriptor is left.
    pub fn no_resources(failure: &io::Error) -> Self {
        let message = match failure.raw_os_error() {
            Some(_) if is_exhausted(failure) => {
                format!("the process has no file descriptor left: {failure}")
            }
            Some(_) => format!("the runtime can't be started: {failure}"),
            None => failure.to_string(),
        };
        Self::new(ErrorKind::NoResources, message)
    }
}
