//! Foreign texts in error messages: in one line, of limited length, without secrets and flag data.

use crate::log::shortened;

/// How much of a text is examined, in bytes.
pub const LONGEST_TEXT: usize = 4096;
/// The longest error code that is shown, in bytes.
const LONGEST_CODE: usize = 100;

/// What follows these words may contain a credential: the output of a credential process, and the headers
/// that DynamoDB repeats of a request with a wrong signature.
const BEFORE_SECRETS: [&str; 3] = ["Stderr:", "The Canonical String", "The String-to-Sign"];

/// An error code for a message.
pub fn shown_code(code: &str) -> String {
    shortened(&one_line(code), LONGEST_CODE)
}

/// The text in one line, without what may be a credential or a part of the request.
pub fn one_line(text: &str) -> String {
    let text = shortened(text, LONGEST_TEXT);
    let end = BEFORE_SECRETS.iter().filter_map(|words| text.find(words)).min();
    let text = without_data(end.and_then(|end| text.get(..end)).unwrap_or(&text));
    text.split_whitespace().collect::<Vec<_>>().join(" ").trim_end_matches('.').to_owned()
}

/// The text without what an endpoint may repeat of a request, flags included: whatever is in braces, and what
/// looks like JSON.
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
        // Before it is the name of a member.
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
