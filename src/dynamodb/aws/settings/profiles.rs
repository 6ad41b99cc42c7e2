//! Profiles of the shared configuration files.

use aws_config::profile::Profile;

use super::files::shown;
use super::{DEFAULT, KEY_VARIABLES, PROCESS_KEY, Settings};

/// Keys of a profile that name a source of credentials.
const SOURCE_KEYS: [&str; 8] = [
    "aws_access_key_id",
    "credential_process",
    "credential_source",
    "login_session",
    "role_arn",
    "sso_account_id",
    "sso_session",
    "web_identity_token_file",
];
/// Keys of a profile that take precedence over a program.
const BEFORE_PROCESS: [&str; 6] = [
    "credential_source",
    "login_session",
    "sso_account_id",
    "sso_session",
    "sso_start_url",
    "web_identity_token_file",
];

/// A profile that a setting names but no file contains.
#[derive(Debug, PartialEq)]
pub struct MissingProfile {
    /// The description of the problem.
    pub message: String,
    /// Whether its credentials would be used.
    pub is_needed: bool,
}

/// A program that prints credentials.
#[derive(Clone)]
pub struct CredentialProcess {
    /// The profile that names the program.
    pub profile: String,
    /// The command line, for a shell. It may hold secrets.
    pub command: String,
    /// The account of its credentials, unless the program prints another.
    pub account_id: Option<String>,
    /// Whether the profile in use takes these credentials directly. Otherwise it assumes a role with them.
    pub is_own: bool,
}

impl Settings {
    /// Returns the profile in use, or one that it takes its credentials from, if no file contains it. The AWS
    /// SDK would use the next source of credentials, perhaps of another account.
    pub fn missing_profile(&self) -> Option<MissingProfile> {
        let (missing, named_by) = self.first_missing()?;
        let files: Vec<_> = self.paths.iter().map(|path| shown(path)).collect();
        let files = if files.is_empty() { "no file".to_owned() } else { files.join(", ") };
        Some(MissingProfile {
            message: format!(
                "the profile {missing:?}, which {named_by} names, is not there (looked into {files})"
            ),
            is_needed: self.is_profile_named || !self.has_keys(),
        })
    }

    /// Returns the first missing profile and what names it.
    fn first_missing(&self) -> Option<(&str, String)> {
        let Some(mut profile) = self.profile() else {
            let by = if self.is_profile_named { "clientOptions.profile" } else { "AWS_PROFILE" };
            // The default profile may be missing.
            return (self.profile != DEFAULT).then(|| (self.profile.as_str(), by.to_owned()));
        };
        let profiles = self.profiles.as_ref()?;
        let mut visited = vec![profile.name()];
        while profile.get("role_arn").is_some() && profile.get("web_identity_token_file").is_none()
        {
            let source = profile.get("source_profile")?;
            if visited.contains(&source) {
                return None;
            }
            let by = format!("the source_profile of the profile {:?}", profile.name());
            let Some(found) = profiles.get_profile(source) else { return Some((source, by)) };
            profile = found;
            visited.push(source);
        }
        None
    }

    /// Returns whether the environment has keys. They take precedence over the profile that it names.
    fn has_keys(&self) -> bool {
        KEY_VARIABLES.iter().take(2).all(|name| self.variables.contains_key(*name))
    }

    /// Returns the program that the default chain would run for credentials, if any.
    pub fn credential_process(&self) -> Option<CredentialProcess> {
        if self.has_keys() && !self.is_profile_named {
            return None;
        }
        let profiles = self.profiles.as_ref()?;
        let mut profile = self.profile()?;
        let mut visited = vec![profile.name()];
        while profile.get("role_arn").is_some() && profile.get("web_identity_token_file").is_none()
        {
            let source = profile.get("source_profile")?;
            if source == profile.name() {
                break;
            }
            profile = profiles.get_profile(source)?;
            // In a profile that another one refers to, keys take precedence over everything else.
            let has_keys = profile.get("aws_access_key_id").is_some();
            if has_keys || visited.contains(&profile.name()) {
                return None;
            }
            visited.push(profile.name());
        }
        if BEFORE_PROCESS.iter().any(|key| profile.get(key).is_some()) {
            return None;
        }
        Some(CredentialProcess {
            profile: profile.name().to_owned(),
            command: profile.get(PROCESS_KEY)?.to_owned(),
            account_id: profile.get("aws_account_id").map(str::to_owned),
            is_own: visited.len() == 1 && profile.get("role_arn").is_none(),
        })
    }
}

/// Returns whether a profile names a source of credentials.
pub fn has_credentials(profile: &Profile) -> bool {
    SOURCE_KEYS.iter().any(|key| profile.get(key).is_some())
}
