//! Reads the files that the environment names.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::environment::Environment;
use crate::error::is_exhausted;
use crate::files;

/// The variables that name a file with a token for getting credentials.
const TOKEN_FILES: [&str; 2] =
    ["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"];
/// The maximum length of a path in log lines, in characters.
const LONGEST_SHOWN_PATH: usize = 200;

/// Returns the path of a shared file: the value of the variable, or else `file` in `~/.aws/`.
pub fn file_path(environment: &Environment, variable: &str, file: &str) -> Option<PathBuf> {
    match environment.get(variable) {
        Some(path) => match path.strip_prefix("~/") {
            Some(rest) => Some(home(environment)?.join(rest)),
            None => Some(path.into()),
        },
        None => Some(home(environment)?.join(".aws").join(file)),
    }
}

fn home(environment: &Environment) -> Option<PathBuf> {
    if let Some(home) = environment.get("HOME") {
        return Some(home.into());
    }
    if !cfg!(windows) {
        return None;
    }
    if let Some(home) = environment.get("USERPROFILE") {
        return Some(home.into());
    }
    let (drive, path) = (environment.get("HOMEDRIVE")?, environment.get("HOMEPATH")?);
    Some(format!("{drive}{path}").into())
}

/// Removes variables that name something other than a regular file, because the AWS SDK would wait
/// for it.
pub async fn check_token_files(
    variables: &mut HashMap<String, String>,
    warnings: &mut Vec<String>,
) -> io::Result<()> {
    for variable in TOKEN_FILES {
        let Some(path) = variables.get(variable).map(PathBuf::from) else { continue };
        match files::read(path.clone()).await {
            Err(failure) if is_exhausted(&failure) => return Err(failure),
            Err(failure)
                if matches!(
                    failure.kind(),
                    io::ErrorKind::InvalidInput | io::ErrorKind::TimedOut
                ) =>
            {
                let file = shown(&path);
                warnings.push(format!("{variable}: the file {file} is not used: {failure}"));
                variables.remove(variable);
            }
            _ => {}
        }
    }
    Ok(())
}

/// Returns the text of a file. A missing file is empty; an unreadable one is empty with a warning.
///
/// # Errors
///
/// If no file can be opened at the moment.
pub fn text_of(
    path: &Path,
    read: io::Result<Arc<[u8]>>,
    warnings: &mut Vec<String>,
) -> io::Result<String> {
    let reason = match read.map(|bytes| String::from_utf8(bytes.to_vec())) {
        Ok(Ok(text)) => return Ok(text),
        Ok(Err(_)) => "it is not UTF-8 text".to_owned(),
        // A file cannot have an invalid name, so there is none.
        Err(failure)
            if matches!(
                failure.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::InvalidFilename
            ) =>
        {
            return Ok(String::new());
        }
        Err(failure) if is_exhausted(&failure) => return Err(failure),
        Err(failure) => failure.to_string(),
    };
    warnings.push(format!("the file {} can't be read and is ignored: {reason}", shown(path)));
    Ok(String::new())
}

/// Formats a path for a log line.
pub fn shown(path: &Path) -> String {
    path.to_string_lossy().chars().take(LONGEST_SHOWN_PATH).flat_map(char::escape_debug).collect()
}
