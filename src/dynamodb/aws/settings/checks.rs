//! Checks for values that the AWS SDK would panic on or silently misread.

use std::fmt;

use aws_config::AppName;

/// The maximum length of an application ID, in bytes.
const LONGEST_APP_ID: usize = 50;

/// The rule for the value of a setting.
#[derive(Clone, Copy)]
enum Rule {
    Flag,
    /// A whole number, 1 or more.
    Count,
    OneOf(&'static [&'static str]),
    /// A part of a user agent. AWS accepts at most 50 characters.
    AppId,
}

impl Rule {
    fn allows(self, value: &str) -> bool {
        match self {
            Self::Flag => ["true", "false"].iter().any(|flag| value.eq_ignore_ascii_case(flag)),
            Self::Count => value.parse::<u32>().is_ok_and(|count| count > 0),
            Self::OneOf(words) => words.iter().any(|word| value.eq_ignore_ascii_case(word)),
            Self::AppId => value.len() <= LONGEST_APP_ID && AppName::new(value.to_owned()).is_ok(),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("true or false"),
            Self::Count => f.write_str("a whole number, 1 or more"),
            Self::OneOf(words) => write!(f, "one of {}", words.join(", ")),
            Self::AppId => write!(f, "at most {LONGEST_APP_ID} letters, digits and signs"),
        }
    }
}

/// The settings that have a rule: the variable, the key in the files, and the rule.
const RULES: [(&str, &str, Rule); 8] = [
    ("AWS_SDK_UA_APP_ID", "sdk_ua_app_id", Rule::AppId),
    ("AWS_RETRY_MODE", "retry_mode", Rule::OneOf(&["standard", "adaptive", "legacy"])),
    ("AWS_MAX_ATTEMPTS", "max_attempts", Rule::Count),
    ("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint", Rule::Flag),
    ("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint", Rule::Flag),
    ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls", Rule::Flag),
    (
        "AWS_ACCOUNT_ID_ENDPOINT_MODE",
        "account_id_endpoint_mode",
        Rule::OneOf(&["preferred", "disabled", "required"]),
    ),
    (
        "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
        "ec2_metadata_service_endpoint_mode",
        Rule::OneOf(&["IPv4", "IPv6"]),
    ),
];

/// Returns the value of a variable for the AWS SDK; `None` if it is blank or breaks its rule.
pub fn usable_variable<'a>(
    name: &str,
    value: &'a str,
    warnings: &mut Vec<String>,
) -> Option<&'a str> {
    let trimmed = value.trim();
    if trimmed.is_empty() {
        return None;
    }
    let Some((_, _, rule)) = RULES.iter().find(|(variable, ..)| *variable == name) else {
        return Some(value);
    };
    if rule.allows(trimmed) {
        return Some(trimmed);
    }
    warnings.push(ignored(name, *rule));
    None
}

fn ignored(what: &str, rule: Rule) -> String {
    format!("{what} must be {rule}; its value is ignored, as if it were not set")
}

/// Returns the text of a file without settings that are blank or break their rule. Warns about broken rules
/// in `sections`, the sections in use.
pub fn usable_lines(
    text: &str,
    path: &str,
    sections: &[String],
    warnings: &mut Vec<String>,
) -> String {
    let mut usable = String::with_capacity(text.len());
    let mut is_used = false;
    let mut lines = text.lines().enumerate().peekable();
    while let Some((index, line)) = lines.next() {
        if let Some(name) = section_name(line) {
            is_used = sections.contains(&name);
        }
        let (key, value) = key_and_value(line);
        // A key without a value heads a group if the next line is indented.
        let is_heading = lines.peek().is_some_and(|(_, next)| is_indented(next));
        let is_blank = !key.is_empty() && value.is_empty() && (!is_heading || is_indented(line));
        let rule = RULES.iter().find(|(_, name, _)| key.eq_ignore_ascii_case(name));
        let broken = rule.filter(|(.., rule)| !value.is_empty() && !rule.allows(value));
        if let Some((_, name, rule)) = broken
            && is_used
        {
            warnings.push(ignored(&format!("{name} in line {} of {path}", index + 1), *rule));
        }
        if !is_blank && broken.is_none() {
            usable.push_str(line);
        }
        usable.push('\n');
    }
    usable
}

fn is_indented(line: &str) -> bool {
    line.starts_with([' ', '\t']) && !line.trim().is_empty()
}

/// Returns the name in a line such as `[profile a]`, with single spaces.
fn section_name(line: &str) -> Option<String> {
    let (name, _) = line.strip_prefix('[')?.split_once(']')?;
    Some(name.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Returns both sides of a line such as `key = value # comment`; empty strings for other lines.
pub fn key_and_value(line: &str) -> (&str, &str) {
    let is_comment = line.trim_start().starts_with(['#', ';', '[']);
    let Some((key, value)) = line.split_once('=').filter(|_| !is_comment) else {
        return ("", "");
    };
    let comments = [" #", " ;", "\t#", "\t;"];
    let end = comments.iter().filter_map(|comment| value.find(comment)).min();
    (key.trim(), end.map_or(value, |end| value.get(..end).unwrap_or(value)).trim())
}
