//! What the AWS SDK's errors mean to the people who have to mend them.

use std::error::Error as StdError;
use std::io;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::result::DispatchFailure;
use http_body_util::LengthLimitError;

use crate::error::{Error, ErrorKind};
use crate::log::shortened;
use crate::runtime;

/// How much is looked at of what somebody else says, in bytes.
const LONGEST_TEXT: usize = 4096;
/// The longest code of an error that is shown, in bytes.
const LONGEST_CODE: usize = 100;

/// The failure of a request.
pub fn to_error<E>(failure: SdkError<E>) -> Error
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    match &failure {
        SdkError::ServiceError(answer) => {
            let (status, error) = (answer.raw().status().as_u16(), answer.err());
            let text = error.message().unwrap_or_default();
            let refusal = error.code().and_then(|code| refusal(code, text, Some(status)));
            refusal.unwrap_or_else(|| foreign_status(status))
        }
        SdkError::ResponseError(_) if is_too_long(&failure) => {
            foreign_answer("the answer is longer than any of DynamoDB's")
        }
        SdkError::ResponseError(answer) => foreign_status(answer.raw().status().as_u16()),
        SdkError::TimeoutError(_) => {
            Error::new(ErrorKind::TimedOut, "DynamoDB did not answer in time")
        }
        SdkError::DispatchFailure(dispatch) => dispatch_failure(&failure, dispatch),
        other => unsent(other, false),
    }
}

/// The failure of a request that got an answer which is not DynamoDB's. DynamoDB may have taken the
/// request.
pub fn foreign_answer(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Unavailable, message).broken_off()
}

/// Why no credentials were found.
pub fn no_credentials(failure: &CredentialsError) -> Error {
    if let Some(exhausted) = exhausted(failure) {
        return exhausted;
    }
    let error = Error::new(
        ErrorKind::NoCredentials,
        format!("no AWS credentials could be had: {}", told(chain(failure))),
    );
    // The innermost one tells what happened; those around it are wrappings.
    let innermost = chain(failure).filter_map(|e| e.downcast_ref::<CredentialsError>()).last();
    match innermost {
        Some(
            CredentialsError::CredentialsNotLoaded(_) | CredentialsError::InvalidConfiguration(_),
        ) => error,
        // A service that hands them out failed.
        _ => error.passing(),
    }
}

/// A failure as a client tells it that the caller gave. The name is that of the JavaScript error, or its
/// code.
pub fn told_by_client(name: &str, message: &str, status: Option<u16>) -> Error {
    let refused = refusal(name, message, status);
    let kind = match (refused, name, status) {
        // It may be of the network or of the client: whoever sees it knows.
        (Some(Error { kind: ErrorKind::Refused, .. }), _, None | Some(200..=299)) => {
            ErrorKind::Unavailable
        }
        (Some(refused), ..) => return refused,
        (None, "CredentialsError" | "CredentialsProviderError", _) => ErrorKind::NoCredentials,
        (None, "TimeoutError" | "AbortError" | "RequestAbortedError", None) => ErrorKind::TimedOut,
        // The client was not asked, for want of something that only the caller can mend.
        (None, "NotSent", None) => {
            let message = one_line(message);
            return Error::new(ErrorKind::Refused, format!("no request was sent: {message}"));
        }
        (None, _, Some(429)) => ErrorKind::Throttled,
        (None, ..) => ErrorKind::Unavailable,
    };
    let (name, message) = (shown_code(name), one_line(message));
    let error = Error::new(kind, format!("the given client failed: {name}: {message}"));
    if kind == ErrorKind::Throttled { error } else { error.broken_off() }
}

/// The failure for which the operating system gave no thread or file descriptor, if that is why.
fn exhausted(failure: Cause<'_>) -> Option<Error> {
    let mut causes = chain(failure).filter_map(|cause| cause.downcast_ref::<io::Error>());
    causes.find(|cause| runtime::is_exhausted(cause)).map(Error::no_resources)
}

/// A request without an answer. Whether it was sent decides whether it may yet take effect.
fn dispatch_failure(failure: Cause<'_>, dispatch: &DispatchFailure) -> Error {
    let network = dispatch.is_io() || dispatch.is_timeout() || dispatch.as_other().is_some();
    let connector = dispatch.as_connector_error();
    let was_sent = connector.is_some_and(|failure| failure.connection_metadata().is_some());
    if network && was_sent {
        let cause = told(chain(failure).skip(2));
        return foreign_answer(format!("no answer of DynamoDB's came back: {cause}"));
    }
    unsent(failure, network)
}

/// Whether the answer was given up for its length.
fn is_too_long(failure: Cause<'_>) -> bool {
    chain(failure).any(|cause| cause.is::<LengthLimitError>())
}

/// A request that DynamoDB did not get.
fn unsent(failure: Cause<'_>, network: bool) -> Error {
    if let Some(cause) = chain(failure).find_map(|e| e.downcast_ref::<CredentialsError>()) {
        return no_credentials(cause);
    }
    // The causes above the last one may show the whole request, flag data included.
    let cause =
        chain(failure).last().map_or_else(String::new, |cause| one_line(&cause.to_string()));
    if chain(failure).any(|e| e.to_string().starts_with("failed to apply endpoint"))
        || cause.starts_with("unsupported scheme")
    {
        return Error::new(
            ErrorKind::BadEndpoint,
            format!(
                "the endpoint that the environment or the profile gives is not a URL ({cause})"
            ),
        );
    }
    if let Some(exhausted) = exhausted(failure) {
        return exhausted;
    }
    if network {
        let mut message = format!("DynamoDB can't be reached: {}", told(chain(failure).skip(1)));
        if message.contains("CaUsedAsEndEntity") {
            message += CERTIFICATE_ADVICE;
        }
        return Error::new(ErrorKind::Unavailable, message);
    }
    Error::new(ErrorKind::Refused, format!("the request can't be sent: {cause}"))
}

/// A refusal by DynamoDB itself; `None` for what has no error code of DynamoDB's.
fn refusal(code: &str, text: &str, status: Option<u16>) -> Option<Error> {
    let text = &shortened(text, LONGEST_TEXT);
    let kind = match code {
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
        _ if !code.ends_with("Exception") && !OTHER_REFUSALS.contains(&code) => return None,
        _ => match status {
            Some(429) => ErrorKind::Throttled,
            Some(500..) => ErrorKind::Unavailable,
            _ => ErrorKind::Refused,
        },
    };
    let (code, text) = (shown_code(code), one_line(text));
    let message = match kind {
        ErrorKind::TableNotFound => format!("the table does not exist ({code})"),
        ErrorKind::WrongKeySchema => format!("the table has other keys ({code}: {text})"),
        _ if text.is_empty() => format!("DynamoDB answered {code}"),
        _ => format!("DynamoDB answered {code}: {text}"),
    };
    Some(Error::new(kind, message))
}

/// An answer that names no error of DynamoDB's: that of a proxy or a load balancer, or another
/// server's.
fn foreign_status(status: u16) -> Error {
    let message = format!("the answer, with HTTP status {status}, was not DynamoDB's");
    match status {
        429 => Error::new(ErrorKind::Throttled, message),
        _ => foreign_answer(message),
    }
}

/// Whether a ValidationException says that the table's keys are not `namespace` and `key`; DynamoDB
/// has a sentence for each operation.
fn is_key_schema_message(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    [
        "does not match the schema",
        "missed key schema element",
        "missing the key",
        // DynamoDB Local has one of its own.
        "one of the required keys was not given a value",
    ]
    .iter()
    .any(|sentence| text.contains(sentence))
}

/// What to do about a server whose certificate is that of an authority, as `openssl req -x509` makes it.
/// The TLS library refuses those, even where the very certificate is trusted.
const CERTIFICATE_ADVICE: &str = ". The server's certificate says that it is an authority (CA:TRUE), \
    which Node accepts of a trusted one and this store does not: make one with \
    -addext basicConstraints=critical,CA:FALSE, or let an authority of your own sign it";

/// Error codes of AWS that don't end as those of DynamoDB do, and last until somebody changes something.
const OTHER_REFUSALS: [&str; 6] = [
    "IncompleteSignature",
    "InvalidAction",
    "InvalidParameterValue",
    "NotAuthorized",
    "OptInRequired",
    "ValidationError",
];

type Cause<'a> = &'a (dyn StdError + 'static);

fn chain<'a>(error: Cause<'a>) -> impl Iterator<Item = Cause<'a>> {
    std::iter::successors(Some(error), |error: &Cause<'a>| (*error).source())
}

/// These errors in one line; one that the one before it repeats is left out.
fn told<'a>(errors: impl Iterator<Item = Cause<'a>>) -> String {
    let mut parts: Vec<String> = Vec::new();
    for text in errors.map(|error| one_line(&error.to_string())) {
        if parts.last().is_some_and(|last| last.contains(&text)) {
            continue;
        }
        parts.push(text);
    }
    parts.join(": ")
}

/// What may hold a credential follows these words: what a credential process wrote, and the headers
/// that DynamoDB repeats of a request whose signature is wrong.
const BEFORE_SECRETS: [&str; 3] = ["Stderr:", "The Canonical String", "The String-to-Sign"];

fn shown_code(code: &str) -> String {
    shortened(&one_line(code), LONGEST_CODE)
}

/// The text in one line, without what may be a credential or a part of the request.
fn one_line(text: &str) -> String {
    let text = shortened(text, LONGEST_TEXT);
    let end = BEFORE_SECRETS.iter().filter_map(|words| text.find(words)).min();
    let text = without_data(end.and_then(|end| text.get(..end)).unwrap_or(&text));
    text.split_whitespace().collect::<Vec<_>>().join(" ").trim_end_matches('.').to_owned()
}

/// The text without what an endpoint repeats of a request, flags included: whatever is in braces, and what
/// looks like a part of JSON.
fn without_data(text: &str) -> String {
    let mut shown = String::new();
    let mut depth = 0_usize;
    for c in text.chars() {
        match c {
            '{' => {
                if depth == 0 {
                    shown.push_str("{…}");
                }
                depth += 1;
            }
            '}' if depth > 0 => depth -= 1,
            _ if depth == 0 => shown.push(c),
            _ => {}
        }
    }
    let signs = [r#"\""#, r#"":""#, r#"": ""#, r#"":["#, r#"": ["#];
    if let Some(at) = signs.iter().filter_map(|sign| shown.find(sign)).min() {
        // It begins with the name of a member.
        let begin = shown.get(..at).and_then(|before| before.rfind('"'));
        shown.truncate(begin.unwrap_or(at));
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_that_are_not_dynamodbs_are_transient_whatever_their_status() {
        for status in [200, 301, 400, 403, 404, 408, 413, 502] {
            let failure = foreign_status(status);
            assert!(failure.is_retryable() && failure.may_take_effect(), "{status}");
        }
        assert_eq!(foreign_status(429).kind, ErrorKind::Throttled);
    }

    #[test]
    fn what_is_no_error_code_of_dynamodbs_is_no_refusal() {
        for code in ["", "404", "UnknownError", "SyntaxError", "<html>"] {
            assert_eq!(refusal(code, "", Some(400)), None, "{code}");
            assert!(told_by_client(code, "", Some(404)).is_retryable(), "{code}");
        }
        let kind = |status| refusal("NewException", "", Some(status)).map(|error| error.kind);
        assert_eq!(kind(400), Some(ErrorKind::Refused));
        assert_eq!(kind(429), Some(ErrorKind::Throttled));
        assert_eq!(kind(503), Some(ErrorKind::Unavailable));
    }

    #[test]
    fn a_wrong_key_schema_is_told_from_other_refusals() {
        let kind = |text| refusal("ValidationException", text, Some(400)).map(|error| error.kind);
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
    fn missing_credentials_are_one_line_and_a_failing_service_is_asked_again() {
        let missing = CredentialsError::not_loaded("none.\nAttempted:\n  Environment: no");
        let missing = no_credentials(&missing);
        assert!(!missing.is_retryable() && !missing.to_string().contains('\n'));
        let passing = CredentialsError::provider_error(CredentialsError::provider_error("503"));
        assert!(no_credentials(&passing).is_retryable());
        let wrapped = CredentialsError::provider_error(CredentialsError::not_loaded("none"));
        assert!(!no_credentials(&wrapped).is_retryable());
    }

    #[test]
    fn what_may_be_a_credential_is_not_told() {
        assert_eq!(one_line("exit 1. Stderr: hush\nsecret"), "exit 1");
        let signature =
            "Wrong.\n\nThe Canonical String for this request\nx-amz-security-token:hush";
        assert_eq!(one_line(signature), "Wrong");
    }

    #[test]
    fn what_is_repeated_of_a_request_is_not_told() {
        for (text, told) in [
            (r#"Bad request {"Item":{"item":{"S":"hush"}}} here."#, "Bad request {…} here"),
            (
                "Value '{flags=[PutRequest(item={a=hush})]}' at 'x' failed",
                "Value '{…}' at 'x' failed",
            ),
            (r#"cut {"Item":{"#, "cut {…}"),
            (r#"part of it: "salt":"hush","x":1}"#, "part of it: …"),
            (r#"part of it: \"salt\": \"hush"#, "part of it: …"),
            (r#"profile "x": no such file"#, r#"profile "x": no such file"#),
        ] {
            assert_eq!(one_line(text), told);
        }
    }

    #[test]
    fn what_an_endpoint_says_is_told_in_a_bounded_length() {
        let long = "word ".repeat(1_000_000);
        for failure in [
            refusal("ValidationException", &long, None).unwrap(),
            refusal(&format!("{long}Exception"), "text", None).unwrap(),
            told_by_client(&long, &long, Some(400)),
        ] {
            assert!(failure.message().len() < LONGEST_TEXT + 300, "{}", failure.message().len());
        }
    }
}
