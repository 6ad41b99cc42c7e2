//! Regions and endpoint URLs.

use aws_config::SdkConfig;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

use crate::config::ClientConfig;
use crate::error::{Error, ErrorKind, Result};
use crate::log::Location;

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

/// Returns where requests with these options will go, as far as this is known before the first one.
pub fn expected_location(options: &ClientConfig) -> Location {
    let of_environment = || match options.deferred {
        Some(_) => None,
        None => options.environment.get("AWS_REGION"),
    };
    location(options, options.region.as_deref().or_else(of_environment), None)
}

/// Returns where requests with these options go. `shared` is the AWS configuration, whose endpoint applies if the
/// options have none.
pub fn location(
    options: &ClientConfig,
    region: Option<&str>,
    shared: Option<&SdkConfig>,
) -> Location {
    let region = region.filter(|region| is_host_label(region));
    let url = match &options.endpoint {
        Some(text) => endpoint_url(text, region.unwrap_or_default(), options.tls).ok(),
        None => shared.and_then(configured_endpoint),
    };
    Location { region: region.map(str::to_owned), endpoint: url.and_then(|url| origin(&url)) }
}

/// Returns the endpoint of the environment or the profile. That of the service goes before that of all services, as
/// in the AWS client.
fn configured_endpoint(shared: &SdkConfig) -> Option<String> {
    let key = ServiceConfigKey::builder()
        .service_id("DynamoDB")
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .ok()?;
    let of_service = shared.service_config().and_then(|config| config.load_config(key));
    of_service.or_else(|| shared.endpoint_url().map(str::to_owned))
}

/// Returns the scheme, host and port of a URL: no password and no path.
fn origin(url: &str) -> Option<String> {
    let url: http::Uri = url.parse().ok()?;
    let authority = url.authority()?.as_str().rsplit('@').next()?;
    Some(format!("{}://{authority}", url.scheme_str()?))
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

    #[test]
    fn a_location_has_the_region_and_the_origin_of_the_endpoint() {
        let shown = |endpoint: Option<&str>, region: Option<&str>| {
            let endpoint = endpoint.map(str::to_owned);
            let options = ClientConfig { endpoint, ..ClientConfig::default() };
            location(&options, region, None).to_string()
        };
        let region = Some("eu-west-1");
        assert_eq!(shown(None, None), "");
        assert_eq!(shown(None, Some("no region\n")), "");
        assert_eq!(shown(None, region), " in eu-west-1");
        assert_eq!(shown(Some("not a url"), region), " in eu-west-1");
        let url = "http://me:hush@localhost:8000/path?password=hush";
        assert_eq!(shown(Some(url), region), " in eu-west-1 at http://localhost:8000");
        let template = Some("{service}.{region}.example");
        assert_eq!(shown(template, region), " in eu-west-1 at https://dynamodb.eu-west-1.example");
        assert_eq!(shown(Some("[::1]:1"), None), " at https://[::1]:1");
    }

    #[test]
    fn the_environment_s_endpoint_of_the_service_goes_before_the_common_one() {
        let shared = SdkConfig::builder().endpoint_url("http://all:1").build();
        let shown =
            |shared: &SdkConfig| location(&ClientConfig::default(), None, Some(shared)).to_string();
        assert_eq!(shown(&shared), " at http://all:1");
        let own = shared.into_builder().service_config(OwnEndpoint).build();
        assert_eq!(shown(&own), " at http://own:1");
        assert_eq!(shown(&without_endpoints(own)), "");
    }

    /// The configuration of a service that has an endpoint of its own.
    #[derive(Debug)]
    struct OwnEndpoint;

    impl LoadServiceConfig for OwnEndpoint {
        fn load_config(&self, _key: ServiceConfigKey<'_>) -> Option<String> {
            Some("http://own:1".to_owned())
        }
    }
}
