//! Where the core's log lines go.

use std::time::Duration;

/// How serious a line is; the names are those of the LaunchDarkly SDKs' loggers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Something was not done that was asked for.
    Error,
    /// Something is odd, but all that was asked for was done.
    Warn,
    /// A call that was made; only for who has asked for these lines.
    Request,
}

impl Level {
    /// The name of the logger's method for this level.
    pub fn name(self) -> &'static str {
        match self {
            Level::Error => "error",
            Level::Warn => "warn",
            Level::Request => "request",
        }
    }
}

/// A receiver of log lines. It must not block.
pub trait Log: Send + Sync {
    /// Takes one line. Lines never hold credentials or the content of items.
    fn log(&self, level: Level, line: String);
}

/// A line to log.
#[derive(Debug, PartialEq)]
pub enum Line {
    /// Something failed.
    Error(String),
    /// Something is well again.
    Warn(String),
}

/// A time in its largest useful unit.
pub fn shown(time: Duration) -> String {
    match time.as_secs() {
        0 => format!("{} ms", time.as_millis()),
        seconds @ 1..=119 => format!("{seconds} s"),
        seconds @ 120..=7199 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3600),
    }
}

/// So many items.
pub fn counted(items: usize) -> String {
    if items == 1 { "1 item".to_owned() } else { format!("{items} items") }
}
