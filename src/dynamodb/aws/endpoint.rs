//! Regions and endpoint URLs.

use aws_config::SdkConfig;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

use crate::error::{Error, ErrorKind, Result};

/// Returns the endpoint as a URL. Like version 2 of the AWS SDK for JavaScript, allows a bare host and the
/// placeholders `{service}`, `{region}` and `{scheme}`.
pub fn endpoint_url(text: &str, region: &str, tls: Option<bool>) -> Result<String> {
    let scheme = if tls == Some(false) { "http" } else { "https" };
    let text = text.trim().replace("{service}", "dynamodb").replace("{region}", region);
    let text = text.replace("{scheme}", scheme);
    let url = if text.contains("://") { text.clone() } else { format!("{scheme}://{text}") };
    if is_usable(&url) {
        return Ok(url);
    }
    // A password may precede an @.
    let shown = text.rsplit('@').next().unwrap_or_default();
    Err(Error::new(ErrorKind::BadEndpoint, format!("the endpoint {shown:?} is not a URL")))
}

/// Returns whether this is an HTTP URL with a host and, if any, a valid port.
fn is_usable(url: &str) -> bool {
    url.parse::<http::Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.authority().is_some_and(|authority| {
                let host = authority.host();
                let port = authority.as_str().rsplit('@').next().and_then(|s| s.strip_prefix(host));
                let port = port.map(|port| port.strip_prefix(':').unwrap_or("0"));
                !host.is_empty() && port.is_some_and(|port| port.parse::<u16>().is_ok())
            })
    })
}

/// Returns whether the text can be a label of a host name. A region must be one.
pub fn is_host_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// Removes the endpoints of the environment and the profile.
pub fn without_endpoints(shared: SdkConfig) -> SdkConfig {
    let mut builder = shared.into_builder();
    builder.set_endpoint_url(None);
    builder.set_service_config(None::<NoServiceConfig>);
    builder.build()
}

/// The type of the service configuration that [`without_endpoints`] removes.
#[derive(Debug)]
struct NoServiceConfig;

impl LoadServiceConfig for NoServiceConfig {
    fn load_config(&self, _key: ServiceConfigKey<'_>) -> Option<String> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_a_url_or_a_bare_host() {
        let url = |text| endpoint_url(text, "eu-west-1", None).map_err(|e| e.kind);
        assert_eq!(url("http://localhost:8000").as_deref(), Ok("http://localhost:8000"));
        assert_eq!(url("localhost:8000").as_deref(), Ok("https://localhost:8000"));
        assert_eq!(url(" https://[::1]:1 ").as_deref(), Ok("https://[::1]:1"));
        for bad in
            ["not a url", "", "http://", "ftp://host", "://", "http://host:port", "host:99999"]
        {
            assert_eq!(url(bad), Err(ErrorKind::BadEndpoint), "{bad}");
        }
    }
}
