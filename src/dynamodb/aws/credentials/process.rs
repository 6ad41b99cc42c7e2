//! Credentials that a program prints (`credential_process` in a profile).
//!
//! The AWS SDK's provider for them is not used: the program would inherit the environment of this process,
//! which native code must not read, and the runtime would have to handle signals.

use std::collections::HashMap;
use std::fmt;
use std::process::{Command, Stdio};
use std::sync::Arc;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde_json::Value;

use super::hide;
use crate::config::ClientConfig;
use crate::dynamodb::aws::config_loader::config_loader;
use crate::dynamodb::aws::http::Http;
use crate::dynamodb::aws::settings::{CredentialProcess, Settings};
use crate::environment::Environment;
use crate::log::Secrets;

/// Runs the program each time that credentials are requested. Blocks.
pub struct ProcessProvider {
    process: CredentialProcess,
    environment: Environment,
    /// The role of the profile in use, if another profile names the program.
    role: Option<AssumeRole>,
    secrets: Secrets,
}

/// Assumes the role of the profile in use with the credentials of a program.
pub struct AssumeRole {
    /// The options of the client, including its region.
    pub options: ClientConfig,
    pub settings: Arc<Settings>,
    pub http: Http,
    /// The profile that names the program.
    pub profile: String,
}

impl AssumeRole {
    async fn assume(&self, own: &Credentials) -> Result<Credentials, CredentialsError> {
        let mut keys = vec![
            ("aws_access_key_id", own.access_key_id()),
            ("aws_secret_access_key", own.secret_access_key()),
        ];
        keys.extend(own.session_token().map(|token| ("aws_session_token", token)));
        if keys.iter().any(|(_, value)| !value.chars().all(|c| c.is_ascii_graphic())) {
            return Err(CredentialsError::provider_error(
                "the credential_process printed keys with characters that keys don't have",
            ));
        }
        let files = self.settings.files_with_keys(&self.profile, &keys);
        let loader = config_loader(&self.options, &self.settings, files, &self.http);
        match loader.load().await.credentials_provider() {
            Some(chain) => chain.provide_credentials().await,
            None => Err(CredentialsError::not_loaded_no_source()),
        }
    }
}

impl ProcessProvider {
    /// Creates a provider that runs this program in this environment.
    pub fn shared(
        process: CredentialProcess,
        environment: Environment,
        role: Option<AssumeRole>,
    ) -> SharedCredentialsProvider {
        let secrets = Secrets::new();
        SharedCredentialsProvider::new(Self { process, environment, role, secrets })
    }

    async fn provide(&self) -> Result<Credentials, CredentialsError> {
        let own = self.run().map_err(|reason| {
            let profile = &self.process.profile;
            CredentialsError::provider_error(format!(
                "the credential_process of the profile {profile:?} {reason}"
            ))
        })?;
        hide(&self.secrets, &own);
        match &self.role {
            Some(role) => role.assume(&own).await,
            None => Ok(own),
        }
    }

    /// Runs the program. The failure text never contains the program's output.
    fn run(&self) -> Result<Credentials, String> {
        let output = shell(&self.process.command, &self.environment)
            .env_clear()
            .envs(self.environment.iter().filter(|(name, value)| can_be_passed_on(name, value)))
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .map_err(|failure| format!("can't be started: {failure}"))?;
        if !output.status.success() {
            return Err(format!("ended with {}", output.status));
        }
        parse(&output.stdout, self.process.account_id.as_deref())
    }
}

/// Returns the command in the shell that the AWS SDKs use. The path is absolute, so that `PATH` is not
/// searched.
fn shell(command: &str, environment: &Environment) -> Command {
    #[cfg(not(windows))]
    let shell = {
        let _ = environment;
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", command]);
        shell
    };
    #[cfg(windows)]
    let shell = {
        use std::os::windows::process::CommandExt;
        let program = environment.get("COMSPEC").unwrap_or(r"C:\Windows\System32\cmd.exe");
        let mut shell = Command::new(program);
        // `cmd` removes one pair of quotes and does not know the escapes of other programs.
        shell.arg("/C").raw_arg(format!("\"{command}\""));
        shell
    };
    shell
}

/// Returns whether a process can have this variable: an environment object in JavaScript may contain any
/// text.
fn can_be_passed_on(name: &str, value: &str) -> bool {
    !name.is_empty() && !name.contains(['=', '\0']) && !value.contains('\0')
}

fn parse(printed: &[u8], account_id: Option<&str>) -> Result<Credentials, String> {
    let printed: HashMap<String, Value> =
        serde_json::from_slice(printed).map_err(|_| "did not print a JSON object".to_owned())?;
    let member = |name: &str| {
        let found = printed.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value).filter(|value| !value.is_null())
    };
    let text = |name: &str| member(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let required = |name: &str| text(name).ok_or_else(|| format!("printed no {name}"));
    if member("Version").and_then(Value::as_f64) != Some(1.0) {
        return Err("did not print \"Version\": 1".to_owned());
    }
    let mut credentials = Credentials::builder()
        .access_key_id(required("AccessKeyId")?)
        .secret_access_key(required("SecretAccessKey")?)
        .provider_name("CredentialProcess");
    credentials.set_session_token(text("SessionToken").map(str::to_owned));
    credentials.set_account_id(text("AccountId").or(account_id).map(Into::into));
    if let Some(expiration) = text("Expiration") {
        let time = DateTime::from_str(expiration, Format::DateTimeWithOffset);
        let time = time.ok().and_then(|time| time.try_into().ok());
        credentials.set_expiry(Some(time.ok_or("printed an Expiration that is not a time")?));
    }
    Ok(credentials.build())
}

impl ProvideCredentials for ProcessProvider {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.provide())
    }
}

impl fmt::Debug for ProcessProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProcessProvider({:?})", self.process.profile)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_prints_is_checked() {
        let printed = br#"{"version": 1, "AccessKeyId": "a", "SECRETACCESSKEY": "s",
            "SessionToken": "t", "Expiration": "2030-01-01T00:00:00+01:00", "Other": []}"#;
        let credentials = parse(printed, Some("account")).unwrap();
        assert_eq!(credentials.access_key_id(), "a");
        assert_eq!(credentials.secret_access_key(), "s");
        assert_eq!(credentials.session_token(), Some("t"));
        assert_eq!(credentials.account_id().unwrap().as_str(), "account");
        assert!(credentials.expiry().is_some());
        for (wrong, reason) in [
            ("", "did not print a JSON object"),
            ("[1]", "did not print a JSON object"),
            (r#"{"AccessKeyId": "a", "SecretAccessKey": "s"}"#, "did not print \"Version\": 1"),
            (r#"{"Version": 1, "SecretAccessKey": "s"}"#, "printed no AccessKeyId"),
            (
                r#"{"Version": 1, "AccessKeyId": "a", "SecretAccessKey": 7}"#,
                "printed no SecretAccessKey",
            ),
            (
                r#"{"Version": 1, "AccessKeyId": "a", "SecretAccessKey": "s", "Expiration": "soon"}"#,
                "printed an Expiration that is not a time",
            ),
        ] {
            assert_eq!(parse(wrong.as_bytes(), None).unwrap_err(), reason, "{wrong}");
        }
    }

    #[test]
    fn variables_that_no_process_can_have_are_left_out() {
        assert!(can_be_passed_on("A", "b=c"));
        for (name, value) in [("", "a"), ("a=b", "c"), ("a", "b\0"), ("a\0", "b")] {
            assert!(!can_be_passed_on(name, value), "{name:?}");
        }
    }
}
