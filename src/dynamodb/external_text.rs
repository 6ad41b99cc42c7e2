//! External texts in error messages: on one line, of limited length, without secrets and flag data.

use crate::log::shortened;

/// How many bytes of a text are examined.
pub const LONGEST_TEXT: usize = 4096;
/// The maximum length of an error code in a message, in bytes.
const LONGEST_CODE: usize = 100;

/// Words that may precede a credential: in the output of a credential process, and in the headers that
/// DynamoDB repeats from a request with a wrong signature.
const BEFORE_SECRETS: [&str; 3] = ["Stderr:", "The Canonical String", "The String-to-Sign"];

/// Shortens an error code for a message.
pub fn shown_code(code: &str) -> String {
    shortened(&one_line(code), LONGEST_CODE)
}

/// Returns the text on one line, without possible credentials and parts of the request.
pub fn one_line(text: &str) -> String {
    let text = shortened(text, LONGEST_TEXT);
    let end = BEFORE_SECRETS.iter().filter_map(|words| text.find(words)).min();
    let text = without_data(end.and_then(|end| text.get(..end)).unwrap_or(&text));
    text.split_whitespace().collect::<Vec<_>>().join(" ").trim_end_matches('.').to_owned()
}

/// Removes what an endpoint may repeat from a request, flags included: text in braces, and text that looks
/// like JSON.
fn without_data(text: &str) -> String {
    let mut shown = String::new();
    let mut depth = 0_usize;
    for c in text.chars() {
        match c {
            '{' => {
                if depth == 0 {
                    shown.push_str("{…}");
                }
                depth += 1;
            }
            '}' if depth > 0 => depth -= 1,
            _ if depth == 0 => shown.push(c),
            _ => {}
        }
    }
    let signs = [r#"\""#, r#"":""#, r#"": ""#, r#"":["#, r#"": ["#];
    if let Some(at) = signs.iter().filter_map(|sign| shown.find(sign)).min() {
        // The name of a member precedes the sign.
        let begin = shown.get(..at).and_then(|before| before.rfind('"'));
        shown.truncate(begin.unwrap_or(at));
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_credential_is_not_shown() {
        assert_eq!(one_line("exit 1. Stderr: hush\nsecret"), "exit 1");
        let signature =
            "Wrong.\n\nThe Canonical String for this request\nx-amz-security-token:hush";
        assert_eq!(one_line(signature), "Wrong");
    }

    #[test]
    fn what_is_repeated_of_a_request_is_not_shown() {
        for (text, shown) in [
            (r#"Bad request {"Item":{"item":{"S":"hush"}}} here."#, "Bad request {…} here"),
            (
                "Value '{flags=[PutRequest(item={a=hush})]}' at 'x' failed",
                "Value '{…}' at 'x' failed",
            ),
            (r#"cut {"Item":{"#, "cut {…}"),
            (r#"part of it: "salt":"hush","x":1}"#, "part of it: …"),
            (r#"part of it: \"salt\": \"hush"#, "part of it: …"),
            (r#"profile "x": no such file"#, r#"profile "x": no such file"#),
        ] {
            assert_eq!(one_line(text), shown);
        }
    }
}
