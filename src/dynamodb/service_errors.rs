//! DynamoDB's errors by code, whichever client received them.

use super::external_text::{LONGEST_TEXT, one_line, shown_code};
use crate::error::{Error, ErrorKind};
use crate::log::shortened;

/// AWS error codes of permanent failures that do not end in `Exception`.
const OTHER_CODES: [&str; 6] = [
    "IncompleteSignature",
    "InvalidAction",
    "InvalidParameterValue",
    "NotAuthorized",
    "OptInRequired",
    "ValidationError",
];

/// Returns the error with this code; `None` if DynamoDB has no such code.
pub fn service_error(code: &str, text: &str, status: Option<u16>) -> Option<Error> {
    let text = &shortened(text, LONGEST_TEXT);
    let kind = kind_of(code, text, status)?;
    let (code, text) = (shown_code(code), one_line(text));
    let message = match kind {
        ErrorKind::TableNotFound => format!("the table does not exist ({code})"),
        ErrorKind::WrongKeySchema => format!("the table has other keys ({code}: {text})"),
        _ if text.is_empty() => format!("DynamoDB answered {code}"),
        _ => format!("DynamoDB answered {code}: {text}"),
    };
    Some(Error::new(kind, message))
}

fn kind_of(code: &str, text: &str, status: Option<u16>) -> Option<ErrorKind> {
    Some(match code {
        "ResourceNotFoundException" | "TableNotFoundException" => ErrorKind::TableNotFound,
        "ValidationException" if is_key_schema_message(text) => ErrorKind::WrongKeySchema,
        "AccessDeniedException" | "AccessDenied" => ErrorKind::AccessDenied,
        "UnrecognizedClientException"
        | "InvalidSignatureException"
        | "InvalidClientTokenId"
        | "IncompleteSignatureException"
        | "MissingAuthenticationTokenException"
        | "MissingAuthenticationToken"
        | "ExpiredTokenException"
        | "ExpiredToken"
        | "RequestExpired"
        | "RequestTimeTooSkewed" => ErrorKind::BadCredentials,
        "ProvisionedThroughputExceededException"
        | "ThrottlingException"
        | "Throttling"
        | "RequestLimitExceeded" => ErrorKind::Throttled,
        "InternalServerError"
        | "InternalFailure"
        | "ServiceUnavailable"
        | "ServiceUnavailableException"
        | "TransactionConflictException"
        | "ReplicatedWriteConflictException" => ErrorKind::Unavailable,
        _ if !code.ends_with("Exception") && !OTHER_CODES.contains(&code) => return None,
        _ => match status {
            Some(429) => ErrorKind::Throttled,
            Some(500..) => ErrorKind::Unavailable,
            _ => ErrorKind::Refused,
        },
    })
}

/// Returns the failure for an answer that is not DynamoDB's. DynamoDB may have processed the request.
pub fn foreign_answer(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Unavailable, message)
}

/// Returns the failure for an answer without an error of DynamoDB's. It comes from a proxy, a load
/// balancer or another server.
pub fn foreign_status(status: u16) -> Error {
    let message = format!("the answer, with HTTP status {status}, was not DynamoDB's");
    match status {
        429 => Error::new(ErrorKind::Throttled, message),
        _ => foreign_answer(message),
    }
}

/// Returns whether a ValidationException says that the table's keys are not `namespace` and `key`.
/// DynamoDB has a different sentence for each operation.
fn is_key_schema_message(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    [
        "does not match the schema",
        "missed key schema element",
        "missing the key",
        // The sentence of DynamoDB Local.
        "one of the required keys was not given a value",
    ]
    .iter()
    .any(|sentence| text.contains(sentence))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_that_are_not_dynamodbs_are_transient_whatever_their_status() {
        for status in [200, 301, 400, 403, 404, 408, 413, 502] {
            let failure = foreign_status(status);
            assert!(failure.is_retryable(), "{status}");
        }
        assert_eq!(foreign_status(429).kind, ErrorKind::Throttled);
    }

    #[test]
    fn what_is_no_error_code_of_dynamodbs_is_no_service_error() {
        for code in ["", "404", "UnknownError", "SyntaxError", "<html>"] {
            assert_eq!(service_error(code, "", Some(400)), None, "{code}");
        }
        let kind = |status| service_error("NewException", "", Some(status)).map(|error| error.kind);
        assert_eq!(kind(400), Some(ErrorKind::Refused));
        assert_eq!(kind(429), Some(ErrorKind::Throttled));
        assert_eq!(kind(503), Some(ErrorKind::Unavailable));
    }

    #[test]
    fn a_wrong_key_schema_is_distinguished_from_other_validation_errors() {
        let kind =
            |text| service_error("ValidationException", text, Some(400)).map(|error| error.kind);
        for text in [
            "The provided key element does not match the schema",
            "Query condition missed key schema element: id",
            "One or more parameter values were invalid: Missing the key id in the item",
            "One of the required keys was not given a value",
        ] {
            assert_eq!(kind(text), Some(ErrorKind::WrongKeySchema));
        }
        assert_eq!(kind("No."), Some(ErrorKind::Refused));
    }

    #[test]
    fn what_an_endpoint_says_is_shown_in_a_bounded_length() {
        let long = "word ".repeat(1_000_000);
        for failure in [
            service_error("ValidationException", &long, None).unwrap(),
            service_error(&format!("{long}Exception"), "text", None).unwrap(),
        ] {
            assert!(failure.message().len() < LONGEST_TEXT + 300, "{}", failure.message().len());
        }
    }
}
