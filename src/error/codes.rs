//! The stable codes of log lines and of `Error.code` in JavaScript. `index.d.ts` describes each.

use super::ErrorKind;

/// What a log line is about: a failure, or an event that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// This failed.
    Failed(ErrorKind),
    /// What failed before works again.
    Recovered,
    /// A row of the table is not an item.
    UnreadableItem,
    /// An item is near the size limit.
    LargeItem,
    /// Writes were given up. The table never gets them.
    WritesLost,
    /// The table has lost its data.
    DataLost,
    /// An option, or a part of it, is not used.
    OptionIgnored,
    /// A variable, a configuration file or a file of certificates is not used.
    ConfigIgnored,
    /// A request was sent.
    Request,
}

impl From<ErrorKind> for Code {
    fn from(kind: ErrorKind) -> Self {
        Self::Failed(kind)
    }
}

impl Code {
    /// Returns the code as text.
    pub fn text(self) -> &'static str {
        match self {
            Self::Failed(kind) => kind.code(),
            Self::Recovered => "RECOVERED",
            Self::UnreadableItem => "UNREADABLE_ITEM",
            Self::LargeItem => "LARGE_ITEM",
            Self::WritesLost => "WRITES_LOST",
            Self::DataLost => "DATA_LOST",
            Self::OptionIgnored => "OPTION_IGNORED",
            Self::ConfigIgnored => "CONFIG_IGNORED",
            Self::Request => "REQUEST",
        }
    }
}

impl ErrorKind {
    /// Returns the code of failures of this kind.
    pub fn code(self) -> &'static str {
        match self {
            Self::TableNotFound => "TABLE_NOT_FOUND",
            Self::WrongKeySchema => "WRONG_KEY_SCHEMA",
            Self::NoRegion => "NO_REGION",
            Self::NoCredentials => "NO_CREDENTIALS",
            Self::NoProfile => "NO_PROFILE",
            Self::BadCredentials => "BAD_CREDENTIALS",
            Self::AccessDenied => "ACCESS_DENIED",
            Self::BadEndpoint => "BAD_ENDPOINT",
            Self::Throttled => "THROTTLED",
            Self::Unavailable => "UNAVAILABLE",
            Self::TimedOut => "TIMED_OUT",
            Self::NoResources => "NO_RESOURCES",
            Self::Refused => "REFUSED",
            Self::TooLarge => "TOO_LARGE",
            Self::ReadOnly => "READ_ONLY",
            Self::Closed => "CLOSED",
            Self::InvalidData => "INVALID_DATA",
            Self::BadAnswer => "LAUNCHDARKLY_BAD_ANSWER",
            Self::NoFlags => "NO_FLAGS",
            Self::OlderData => "OLDER_DATA",
            Self::Internal => "INTERNAL",
        }
    }
}
