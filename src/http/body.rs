//! Reads request bodies, JSON or form, into one object of fields, and the idempotency key that may come with them.

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::{Bytes, BytesMut};
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use serde_json::{Map, Value};

use crate::domain::core::IdempotencyKey;
use crate::fields::{FieldErrors, Fields};
use crate::problem::{Code, Problem};

/// The longest body, in bytes.
pub(super) const BODY_MAX: usize = 16 * 1024;
/// How long a body may take to arrive.
const BODY_WAIT: Duration = Duration::from_secs(10);
/// The media type of a form without files.
const FORM: &str = "application/x-www-form-urlencoded";

/// The fields of a request, and its idempotency key if it has one.
pub(super) struct RequestFields {
    object: Map<String, Value>,
    is_form: bool,
    /// The key under which the command is carried out once.
    pub(super) key: Option<IdempotencyKey>,
}

/// The header that makes a command safe to repeat.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes what `key` reads")]
pub(super) struct Repeatable {
    /// For 24 hours, the same key gets the same answer
    #[param(
        rename = "Idempotency-Key",
        min_length = 1,
        max_length = 255,
        pattern = "^[!-~]+$"
    )]
    key: Option<String>,
}

/// Text with at least one character that is not white space in Unicode. `\s` means less than that in some languages.
#[derive(utoipa::ToSchema)]
#[schema(
    min_length = 1,
    max_length = 255,
    pattern = r"[^\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"
)]
#[expect(dead_code, reason = "describes what `Fields` reads as a text")]
pub(super) struct Words(String);

impl RequestFields {
    /// Begins to read the fields.
    pub(super) fn fields(&self) -> Fields<'_> {
        if self.is_form {
            Fields::of_form(&self.object)
        } else {
            Fields::of(&self.object)
        }
    }

    /// Refuses every field, for a command that takes none; returns the idempotency key.
    pub(super) fn nothing(self) -> Result<Option<IdempotencyKey>, FieldErrors> {
        self.fields().finish(Some(()))?;
        Ok(self.key)
    }
}

impl FromRequest for RequestFields {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            let bytes = tokio::time::timeout(BODY_WAIT, collect(payload)).await;
            let bytes =
                bytes.map_err(|_| Problem::new(Code::Unreadable, "The body took too long."))??;
            let content_type = content_type(&request);
            Ok(Self {
                object: object(&content_type, &bytes)?,
                is_form: content_type == FORM,
                key: key(&request, &bytes)?,
            })
        })
    }
}

async fn collect(mut payload: Payload) -> Result<Bytes, Problem> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let unreadable = |error| {
            Problem::new(
                Code::Unreadable,
                format!("The body cannot be read: {error}."),
            )
        };
        let chunk = chunk.map_err(unreadable)?;
        if body.len() + chunk.len() > BODY_MAX {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

fn too_large() -> Problem {
    Problem::new(
        Code::TooLarge,
        format!("A body has at most {BODY_MAX} bytes."),
    )
}

fn content_type(request: &HttpRequest) -> String {
    let value = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    value
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

/// An empty body is an object without fields, whatever its content type.
fn object(content_type: &str, bytes: &[u8]) -> Result<Map<String, Value>, Problem> {
    if bytes.is_empty() {
        return Ok(Map::new());
    }
    match content_type {
        "application/json" => match serde_json::from_slice(bytes) {
            Ok(Value::Object(object)) => Ok(object),
            Ok(_) => Err(Problem::new(
                Code::Unreadable,
                "The body must be a JSON object.",
            )),
            // The parser's message names a position in the body and never quotes the body.
            Err(error) => Err(Problem::new(
                Code::Unreadable,
                format!("The body is not JSON: {error}."),
            )),
        },
        FORM => {
            let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(bytes)
                .map_err(|_| Problem::new(Code::Unreadable, "The body is not a form."))?;
            Ok(pairs
                .into_iter()
                .map(|(name, value)| (name, Value::String(value)))
                .collect())
        }
        _ => Err(Problem::new(
            Code::UnsupportedMedia,
            "A body is application/json or application/x-www-form-urlencoded.",
        )),
    }
}

fn key(request: &HttpRequest, body: &[u8]) -> Result<Option<IdempotencyKey>, Problem> {
    let Some(value) = request.headers().get("idempotency-key") else {
        return Ok(None);
    };
    // A value that is not text becomes the empty key, which is refused.
    let text = value.to_str().unwrap_or_default();
    let parts = [
        request.method().as_str().as_bytes(),
        request.path().as_bytes(),
        body,
    ];
    let key = IdempotencyKey::new(text, parts);
    key.map(Some)
        .map_err(|rule| FieldErrors::one("Idempotency-Key", rule).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_described_as_they_are_read() {
        let schema = serde_json::to_value(<Words as utoipa::PartialSchema>::schema());
        let schema = schema.expect("a schema is JSON");
        let described = jsonschema::validator_for(&schema).expect("a schema");
        for letter in '\u{1}'..='\u{ffff}' {
            let text = letter.to_string();
            let is_read = crate::domain::Reason::parse(text.as_str()).is_ok();
            assert_eq!(
                described.is_valid(&Value::String(text)),
                is_read,
                "{letter:?}"
            );
        }
    }

    #[test]
    fn json_and_forms_are_read_alike() {
        let json = object("application/json", br#"{"a":"b c"}"#).expect("JSON");
        let form = object("application/x-www-form-urlencoded", b"a=b+c").expect("a form");
        assert_eq!(json, form);
    }

    #[test]
    fn other_bodies_are_refused() {
        for (content_type, body) in [
            ("application/json", "[1]"),
            ("application/json", "{"),
            ("text/plain", "a"),
            ("", "a"),
        ] {
            assert!(
                object(content_type, body.as_bytes()).is_err(),
                "{content_type} {body}"
            );
        }
        assert!(object("text/plain", b"").is_ok());
    }
}
