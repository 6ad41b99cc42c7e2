//! The credentials of a profile that was asked for by name.

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};

/// The profile goes before the environment. One that has no credentials leaves the choice to the chain
/// of sources.
pub async fn profile_credentials(
    profile: &str,
    config: ProviderConfig,
) -> SharedCredentialsProvider {
    let named = Profile { name: profile.to_owned(), config: config.clone() };
    let chain =
        DefaultCredentialsChain::builder().profile_name(profile).configure(config).build().await;
    let both = CredentialsProviderChain::first_try("Profile", named).or_else("Default", chain);
    SharedCredentialsProvider::new(both)
}

/// Reads the files anew each time it is asked: a provider of `aws-config` tells only once that a
/// profile has no credentials, and fails otherwise from then on, which ends the chain.
#[derive(Debug)]
struct Profile {
    name: String,
    config: ProviderConfig,
}

impl ProvideCredentials for Profile {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let builder = ProfileFileCredentialsProvider::builder().configure(&self.config);
        let provider = builder.profile_name(&self.name).build();
        future::ProvideCredentials::new(async move { provider.provide_credentials().await })
    }
}

#[cfg(test)]
mod tests {
    use aws_config::Region;

    use super::*;

    #[tokio::test]
    async fn a_profile_without_credentials_says_so_each_time() {
        let config = ProviderConfig::without_region()
            .with_region(Some(Region::new("eu-west-1")))
            .with_http_client(aws_smithy_http_client::Builder::new().build_http());
        let profile = Profile { name: "nobody of this name".into(), config };
        for _ in 0..2 {
            let failure = profile.provide_credentials().await.unwrap_err();
            let is_missing = matches!(
                failure,
                aws_credential_types::provider::error::CredentialsError::CredentialsNotLoaded(_)
            );
            assert!(is_missing, "{failure:?}");
        }
    }
}
