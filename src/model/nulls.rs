//! Removes members that are null from the JSON text of an item.
//!
//! SDK 8 and 9 evaluate items without such members. Removing them here takes that work from JavaScript's main thread.

use std::borrow::Cow;

/// The null members that stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeptNulls {
    /// None.
    None,
    /// Those in the item's own `variations`, and that member itself.
    Variations,
}

/// The text of an item without null members.
#[derive(Debug, PartialEq)]
pub struct WithoutNulls<'a> {
    /// The text; borrowed if nothing was removed.
    pub json: Cow<'a, str>,
    /// Whether it has arrays with null elements, which stay. Those among the kept ones don't count.
    pub has_null_elements: bool,
}

/// Removes the null members of all objects in valid JSON text. Of members with the same name, each counts for itself.
pub fn without_nulls(json: &str, kept: KeptNulls) -> WithoutNulls<'_> {
    if !json.contains("null") {
        return WithoutNulls { json: Cow::Borrowed(json), has_null_elements: false };
    }
    Scan::new(json, kept).run()
}

struct Scan<'a> {
    json: &'a str,
    kept: KeptNulls,
    /// What has been taken over of `json` up to `taken`.
    result: String,
    taken: usize,
    has_null_elements: bool,
    /// Whether each of the open containers is an object; the innermost is the last.
    containers: Vec<bool>,
    /// Whether the value of a kept member is being read.
    is_kept: bool,
    /// The last string, with its quotation marks. At a value of a member it is the member's name.
    last_string: (usize, usize),
}

impl<'a> Scan<'a> {
    fn new(json: &'a str, kept: KeptNulls) -> Self {
        let (result, containers) = (String::new(), Vec::with_capacity(16));
        let (taken, last_string) = (0, (0, 0));
        let (has_null_elements, is_kept) = (false, false);
        Self { json, kept, result, taken, has_null_elements, containers, is_kept, last_string }
    }

    fn run(mut self) -> WithoutNulls<'a> {
        let bytes = self.json.as_bytes();
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            at = match byte {
                b'"' => self.string(at),
                // Outside strings, no other token begins with this letter.
                b'n' => self.null(at),
                _ => {
                    self.token(*byte);
                    at + 1
                }
            };
        }
        let json = if self.taken == 0 {
            Cow::Borrowed(self.json)
        } else {
            self.take_until(self.json.len());
            Cow::Owned(self.result)
        };
        WithoutNulls { json, has_null_elements: self.has_null_elements }
    }

    fn token(&mut self, byte: u8) {
        match byte {
            b'{' | b'[' => self.containers.push(byte == b'{'),
            b'}' | b']' => drop(self.containers.pop()),
            b':' if self.is_at_top() && self.kept == KeptNulls::Variations => {
                let (begin, end) = self.last_string;
                self.is_kept = self.json.get(begin..end) == Some("\"variations\"");
            }
            b',' if self.is_at_top() => self.is_kept = false,
            _ => (),
        }
    }

    /// Whether this is directly in the item.
    fn is_at_top(&self) -> bool {
        self.containers.len() == 1
    }

    /// Skips the string that begins here. Returns the position after it.
    fn string(&mut self, begin: usize) -> usize {
        let bytes = self.json.as_bytes();
        let mut at = begin + 1;
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'"' => break,
                b'\\' => at += 2,
                _ => at += 1,
            }
        }
        self.last_string = (begin, at + 1);
        at + 1
    }

    /// Removes the member whose null value begins here. Returns the position after it.
    fn null(&mut self, begin: usize) -> usize {
        let mut end = begin + "null".len();
        if self.is_kept {
            return end;
        }
        if self.containers.last() != Some(&true) {
            self.has_null_elements = true;
            return end;
        }
        self.take_until(self.last_string.0);
        self.result.truncate(self.result.trim_end().len());
        // A comma belongs to the member: the one before it or, if it is the first, the one after it.
        if self.result.ends_with(',') {
            self.result.pop();
        } else if let Some(rest) = self.json.get(end..)
            && rest.trim_start().starts_with(',')
        {
            end = self.json.len() - rest.trim_start().len() + 1;
        }
        self.taken = end;
        end
    }

    fn take_until(&mut self, end: usize) {
        self.result.push_str(self.json.get(self.taken..end).unwrap_or_default());
        self.taken = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn stripped(json: &str, kept: KeptNulls) -> (String, bool) {
        let WithoutNulls { json, has_null_elements } = without_nulls(json, kept);
        (json.into_owned(), has_null_elements)
    }

    #[test]
    fn null_members_are_removed_and_nothing_else_changes() {
        for (json, expected) in [
            (r#"{}"#, r#"{}"#),
            (r#"{"a":null}"#, r#"{}"#),
            (r#"{"a":null,"b":1}"#, r#"{"b":1}"#),
            (r#"{"b":1,"a":null}"#, r#"{"b":1}"#),
            (r#"{"b":1 , "a" : null , "c":2}"#, r#"{"b":1  , "c":2}"#),
            (r#"{ "a":null , "b":null,"c":null}"#, r#"{}"#),
            (r#"{"a":{"b":null},"c":[{"d":null,"e":"null"}]}"#, r#"{"a":{},"c":[{"e":"null"}]}"#),
            (r#"{"a\"":null,"null":"\\","b":1.0e5}"#, r#"{"null":"\\","b":1.0e5}"#),
            (r#"{"ä":"null\\\"","ö":null}"#, r#"{"ä":"null\\\""}"#),
        ] {
            assert_eq!(stripped(json, KeptNulls::None), (expected.to_owned(), false), "{json}");
        }
    }

    #[test]
    fn null_elements_stay_and_are_noticed() {
        let json = r#"{"a":[null,{"b":null},[1,null]]}"#;
        assert_eq!(
            stripped(json, KeptNulls::None),
            (r#"{"a":[null,{},[1,null]]}"#.to_owned(), true)
        );
    }

    #[test]
    fn an_items_own_variations_can_keep_their_nulls() {
        let json = r#"{"variations":[null,{"a":null}],"b":null,"rules":[{"variations":null}]}"#;
        assert_eq!(
            stripped(json, KeptNulls::Variations),
            (r#"{"variations":[null,{"a":null}],"rules":[{}]}"#.to_owned(), false)
        );
        let json = r#"{"b":{"variations":[null]},"variations":null}"#;
        assert_eq!(stripped(json, KeptNulls::Variations), (json.to_owned(), true));
    }

    #[test]
    fn the_result_is_that_of_a_parser() {
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..2_000 {
            let value = json!({ "x": any(&mut random, 0), "variations": any(&mut random, 0) });
            let text = serde_json::to_string_pretty(&value).unwrap();
            for kept in [KeptNulls::None, KeptNulls::Variations] {
                let (json, _) = stripped(&text, kept);
                let mut expected = value.clone();
                let variations = expected["variations"].take();
                remove(&mut expected);
                if kept == KeptNulls::Variations {
                    expected["variations"] = variations;
                } else {
                    let mut own = json!({ "variations": variations });
                    remove(&mut own);
                    expected.as_object_mut().unwrap().remove("variations");
                    expected.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
                }
                assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), expected, "{text}");
            }
        }
    }

    fn any(random: &mut fastrand::Rng, depth: u8) -> Value {
        match random.u8(0..if depth > 4 { 4 } else { 8 }) {
            0 | 1 => Value::Null,
            2 => Value::from(random.i32(-5..5)),
            3 => Value::from(["null", "\"", "\\", "é,", "{", "[null]"][random.usize(0..6)]),
            4 | 5 => (0..random.u8(0..4)).map(|_| any(random, depth + 1)).collect(),
            _ => Value::Object(
                (0..random.u8(0..5))
                    .map(|index| (format!("{index}\""), any(random, depth + 1)))
                    .collect(),
            ),
        }
    }

    fn remove(value: &mut Value) {
        match value {
            Value::Array(elements) => elements.iter_mut().for_each(remove),
            Value::Object(members) => {
                members.retain(|_, member| !member.is_null());
                members.values_mut().for_each(remove);
            }
            _ => (),
        }
    }
}
