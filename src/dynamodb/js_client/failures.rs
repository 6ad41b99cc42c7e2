//! Failures of a JS client.

use crate::dynamodb::external_text::{one_line, shown_code};
use crate::dynamodb::service_errors::service_error;
use crate::error::{Error, ErrorKind};

/// Converts a failure that the client reports. `name` is the name or code of the JavaScript error.
pub fn client_failure(name: &str, message: &str, status: Option<u16>) -> Error {
    let known = service_error(name, message, status);
    let kind = match (known, name, status) {
        // An unknown error without a status may come from the network or the client.
        (Some(Error { kind: ErrorKind::Refused, .. }), _, None | Some(200..=299)) => {
            ErrorKind::Unavailable
        }
        (Some(known), ..) => return known,
        (None, "CredentialsError" | "CredentialsProviderError", _) => ErrorKind::NoCredentials,
        (None, "TimeoutError" | "AbortError" | "RequestAbortedError", None) => ErrorKind::TimedOut,
        // The client was not called: the caller has to correct something first.
        (None, "NotSent", None) => {
            let message = one_line(message);
            return Error::new(ErrorKind::Refused, format!("no request was sent: {message}"));
        }
        (None, _, Some(429)) => ErrorKind::Throttled,
        (None, ..) => ErrorKind::Unavailable,
    };
    let (name, message) = (shown_code(name), one_line(message));
    Error::new(kind, format!("dynamoDBClient failed: {name}: {message}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_error_code_of_dynamodbs_is_transient() {
        for code in ["", "404", "UnknownError", "SyntaxError", "<html>"] {
            assert!(client_failure(code, "", Some(404)).is_retryable(), "{code}");
        }
    }

    #[test]
    fn what_a_client_says_is_shown_in_a_bounded_length() {
        let long = "word ".repeat(1_000_000);
        assert!(client_failure(&long, &long, Some(400)).message().len() < 4_500);
    }
}
