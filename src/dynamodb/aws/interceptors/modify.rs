//! Modifies requests.

use std::sync::OnceLock;

use aws_config::AppName;
use aws_runtime::user_agent::{ApiMetadata, AwsUserAgent};
use aws_sdk_dynamodb::config::interceptors::{
    BeforeSerializationInterceptorContextRef, BeforeTransmitInterceptorContextMut,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, Region, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_types::os_shim_internal::Env;
use aws_types::region::SigningRegion;
use http::Uri;

use crate::config::ClientConfig;

/// The domains of AWS endpoints.
const AWS_DOMAINS: [&str; 4] = [".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".aws.dev"];
const USER_AGENT: &str = "user-agent";

/// Changes requests in ways that the AWS client has no option for.
#[derive(Debug)]
pub struct ModifyRequests {
    plain: bool,
    signing_region: Option<String>,
    user_agent: Option<String>,
}

impl ModifyRequests {
    /// Returns `None` if there is nothing to change.
    pub fn new(config: &ClientConfig) -> Option<Self> {
        let modify = Self {
            plain: config.tls == Some(false),
            signing_region: config.signing_region.clone(),
            user_agent: config.user_agent.clone(),
        };
        let needed = modify.plain || modify.signing_region.is_some() || modify.user_agent.is_some();
        needed.then_some(modify)
    }
}

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for ModifyRequests {
    fn name(&self) -> &'static str {
        "ModifyRequests"
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
        // This header is not signed.
        if let Some(added) = &self.user_agent {
            let headers = context.request_mut().headers_mut();
            let agent = headers.get(USER_AGENT).unwrap_or_default();
            let agent = format!("{agent} {added}");
            headers.try_insert(USER_AGENT, agent.trim().to_owned())?;
        }
        Ok(())
    }
}

/// Removes TLS from the URL of an AWS endpoint; `None` for other URLs.
fn without_tls(url: &str) -> Option<String> {
    let rest = url.strip_prefix("https://")?;
    let uri: Uri = url.parse().ok()?;
    let host = uri.host()?;
    let regional = AWS_DOMAINS.iter().any(|domain| host.ends_with(domain));
    regional.then(|| format!("http://{rest}"))
}

/// Sets the user agent of the AWS client. Otherwise the client makes one for each request from the environment
/// of the process.
#[derive(Debug)]
pub struct SetUserAgent {
    env: Env,
    made: OnceLock<AwsUserAgent>,
}

impl SetUserAgent {
    /// Creates an interceptor that makes the user agent from this environment.
    pub fn new(env: Env) -> Self {
        Self { env, made: OnceLock::new() }
    }
}

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for SetUserAgent {
    fn name(&self) -> &'static str {
        "SetUserAgent"
    }

    fn read_before_serialization(
        &self,
        _context: &BeforeSerializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(api) = config.load::<ApiMetadata>().cloned() else { return Ok(()) };
        let agent = self.made.get_or_init(|| {
            let mut agent = AwsUserAgent::new_from_environment(self.env.clone(), api);
            if let Some(name) = config.load::<AppName>() {
                agent.set_app_name(name.clone());
            }
            agent
        });
        config.interceptor_state().store_put(agent.clone());
        Ok(())
    }
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
