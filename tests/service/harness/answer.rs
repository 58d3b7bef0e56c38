//! The answer to an HTTP call, and what tests check on it.

use std::fmt;

use serde::Deserializer;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use ureq::http::HeaderMap;

/// Status, headers and the whole body.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    pub bytes: Vec<u8>,
}

impl Answer {
    /// The first header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        match serde_json::from_str(&self.text) {
            Ok(value) => value,
            Err(error) => panic!("{error} in the body of a {}: {:?}", self.status, self.text),
        }
    }

    /// The body of an answer that must have this status.
    #[track_caller]
    pub fn ok(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.json()
    }

    /// The body of a refusal, after its form was checked: a problem with this status and code.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        let kind = self.header("content-type").unwrap_or_default();
        assert!(
            kind.starts_with("application/problem+json"),
            "{kind}: {}",
            self.text
        );
        let body = self.json();
        assert_eq!(body["code"], code, "{body}");
        assert_eq!(body["status"], status, "{body}");
        assert_eq!(body["type"], format!("/problems/{code}"), "{body}");
        assert!(
            body["title"].is_string() && body["detail"].is_string(),
            "{body}"
        );
        body
    }

    /// A refusal that names this field, in `errors` and at the top level alike.
    #[track_caller]
    pub fn names_field(&self, field: &str) -> Value {
        let body = self.problem(400, "invalid");
        let messages = &body["errors"][field];
        assert!(
            messages.as_array().is_some_and(|list| !list.is_empty()),
            "{field} is not named: {body}"
        );
        assert!(messages[0].is_string(), "{body}");
        if !["status", "code"].contains(&field) {
            // At the top level these two names belong to the problem itself.
            assert_eq!(&body[field], messages, "{body}");
        }
        body
    }

    /// The code of a refusal, if the answer is one.
    pub fn code(&self) -> Option<String> {
        serde_json::from_str::<Value>(&self.text).ok()?["code"]
            .as_str()
            .map(str::to_owned)
    }

    /// The whole `Set-Cookie` value for the cookie of that name.
    pub fn set_cookie(&self, name: &str) -> Option<String> {
        let cookies = self
            .headers
            .get_all("set-cookie")
            .iter()
            .filter_map(|value| value.to_str().ok());
        cookies
            .filter(|cookie| cookie.starts_with(&format!("{name}=")))
            .map(str::to_owned)
            .next()
    }
}

/// The keys of a JSON object in the order in which they are written.
#[track_caller]
pub fn keys(object: &str) -> Vec<String> {
    serde_json::Deserializer::from_str(object)
        .deserialize_map(Keys)
        .expect("it is a JSON object")
}

struct Keys;

impl<'de> Visitor<'de> for Keys {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut keys = Vec::new();
        while let Some((key, _)) = map.next_entry::<String, IgnoredAny>()? {
            keys.push(key);
        }
        Ok(keys)
    }
}
