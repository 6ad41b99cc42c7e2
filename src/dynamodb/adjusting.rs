//! What is changed in requests besides what the AWS client has options for.

use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, Region, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_types::region::SigningRegion;
use http::Uri;

use crate::config::ClientConfig;

/// The domains of the regions' endpoints.
const AWS_DOMAINS: [&str; 4] = [".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".aws.dev"];
const USER_AGENT: &str = "user-agent";

/// Changes requests as is configured.
#[derive(Debug)]
pub struct Adjusting {
    plain: bool,
    signing_region: Option<String>,
    user_agent: Option<String>,
}

impl Adjusting {
    /// `None` where there is nothing to change.
    pub fn new(config: &ClientConfig) -> Option<Self> {
        let adjusting = Self {
            plain: config.tls == Some(false),
            signing_region: config.signing_region.clone(),
            user_agent: config.user_agent.clone(),
        };
        let needed =
            adjusting.plain || adjusting.signing_region.is_some() || adjusting.user_agent.is_some();
        needed.then_some(adjusting)
    }
}

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for Adjusting {
    fn name(&self) -> &'static str {
        "Adjusting"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(region) = &self.signing_region {
            let region = SigningRegion::from(Region::new(region.clone()));
            config.interceptor_state().store_put(region);
        }
        if self.plain
            && let Some(url) = without_tls(context.request().uri())
        {
            context.request_mut().set_uri(url)?;
        }
        Ok(())
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // It is not among the headers that are signed.
        if let Some(added) = &self.user_agent {
            let headers = context.request_mut().headers_mut();
            let agent = headers.get(USER_AGENT).unwrap_or_default();
            let agent = format!("{agent} {added}");
            headers.try_insert(USER_AGENT, agent.trim().to_owned())?;
        }
        Ok(())
    }
}

/// The same URL without TLS, where it is that of a region's endpoint.
fn without_tls(url: &str) -> Option<String> {
    let rest = url.strip_prefix("https://")?;
    let uri: Uri = url.parse().ok()?;
    let host = uri.host()?;
    let regional = AWS_DOMAINS.iter().any(|domain| host.ends_with(domain));
    regional.then(|| format!("http://{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_regions_endpoint_loses_its_tls() {
        let plain = without_tls("https://dynamodb.eu-west-1.amazonaws.com/");
        assert_eq!(plain.as_deref(), Some("http://dynamodb.eu-west-1.amazonaws.com/"));
        assert_eq!(without_tls("https://localhost:8000/"), None);
        assert_eq!(without_tls("http://dynamodb.eu-west-1.amazonaws.com/"), None);
    }
}
