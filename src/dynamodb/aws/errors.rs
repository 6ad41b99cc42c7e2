//! Converts the AWS SDK's errors to this crate's errors, with advice.

use std::error::Error as StdError;
use std::io;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::result::DispatchFailure;
use http_body_util::LengthLimitError;

use crate::dynamodb::external_text::one_line;
use crate::dynamodb::service_errors::{foreign_answer, foreign_status, service_error};
use crate::error::{Error, ErrorKind, is_exhausted};

/// The advice for a server certificate that is marked as an authority, as `openssl req -x509` creates
/// it. The TLS library rejects it even if this very certificate is trusted.
const CERTIFICATE_ADVICE: &str = ". The server's certificate says that it is an authority (CA:TRUE), \
    which Node accepts of a trusted one and this store does not: make one with \
    -addext basicConstraints=critical,CA:FALSE, or let an authority of your own sign it";

/// Converts the failure of a request.
pub fn to_error<E>(failure: SdkError<E>) -> Error
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    match &failure {
        SdkError::ServiceError(answer) => {
            let (status, error) = (answer.raw().status().as_u16(), answer.err());
            let text = error.message().unwrap_or_default();
            let known = error.code().and_then(|code| service_error(code, text, Some(status)));
            known.unwrap_or_else(|| foreign_status(status))
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

/// Explains why no credentials were found.
pub fn no_credentials(failure: &CredentialsError) -> Error {
    if let Some(exhausted) = exhausted(failure) {
        return exhausted;
    }
    let error = Error::new(
        ErrorKind::NoCredentials,
        format!("no AWS credentials could be had: {}", joined(chain(failure))),
    );
    // The innermost error contains the cause; the others wrap it.
    let innermost = chain(failure).filter_map(|e| e.downcast_ref::<CredentialsError>()).last();
    match innermost {
        Some(
            CredentialsError::CredentialsNotLoaded(_) | CredentialsError::InvalidConfiguration(_),
        ) => error,
        // A service that issues credentials failed.
        _ => error.transient(),
    }
}

/// Returns a failure if the operating system had no thread or file descriptor left.
fn exhausted(failure: Cause<'_>) -> Option<Error> {
    let mut causes = chain(failure).filter_map(|cause| cause.downcast_ref::<io::Error>());
    causes.find(|cause| is_exhausted(cause)).map(Error::no_resources)
}

/// Converts the failure of a request without an answer. A request that was sent may still take effect.
fn dispatch_failure(failure: Cause<'_>, dispatch: &DispatchFailure) -> Error {
    let network = dispatch.is_io() || dispatch.is_timeout() || dispatch.as_other().is_some();
    let connector = dispatch.as_connector_error();
    let was_sent = connector.is_some_and(|failure| failure.connection_metadata().is_some());
    if network && was_sent {
        let cause = joined(chain(failure).skip(2));
        return foreign_answer(format!("no answer of DynamoDB's came back: {cause}"));
    }
    unsent(failure, network)
}

/// Returns whether the answer was too long.
fn is_too_long(failure: Cause<'_>) -> bool {
    chain(failure).any(|cause| cause.is::<LengthLimitError>())
}

/// Converts the failure of a request that DynamoDB did not receive.
fn unsent(failure: Cause<'_>, network: bool) -> Error {
    if let Some(cause) = chain(failure).find_map(|e| e.downcast_ref::<CredentialsError>()) {
        return no_credentials(cause);
    }
    // Only the last cause is safe: the others may show the whole request, including flag data.
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
        let mut message = format!("DynamoDB can't be reached: {}", joined(chain(failure).skip(1)));
        if message.contains("CaUsedAsEndEntity") {
            message += CERTIFICATE_ADVICE;
        }
        return Error::new(ErrorKind::Unavailable, message);
    }
    Error::new(ErrorKind::Refused, format!("the request can't be sent: {cause}"))
}

type Cause<'a> = &'a (dyn StdError + 'static);

fn chain<'a>(error: Cause<'a>) -> impl Iterator<Item = Cause<'a>> {
    std::iter::successors(Some(error), |error: &Cause<'a>| (*error).source())
}

/// Joins errors in one line. Omits an error that the previous one repeats.
fn joined<'a>(errors: impl Iterator<Item = Cause<'a>>) -> String {
    let mut parts: Vec<String> = Vec::new();
    for text in errors.map(|error| one_line(&error.to_string())) {
        if parts.last().is_some_and(|last| last.contains(&text)) {
            continue;
        }
        parts.push(text);
    }
    parts.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
