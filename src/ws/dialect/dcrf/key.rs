//! The idempotency key of a call.

use serde_json::Value;

use super::frame::Raw;
use super::reader::value;
use crate::domain::core::IdempotencyKey;
use crate::fields::FieldErrors;

/// The member with the idempotency key.
pub(super) const KEY: &str = "idempotency_key";

/// The key of a call, if it has one. It covers all other members but `request_id`, which may differ from try to try.
pub(super) fn key(call: &Raw<'_>) -> Result<Option<IdempotencyKey>, FieldErrors> {
    let text = match call.get(KEY).map(|raw| value(raw)) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text,
        Some(_) => return Err(FieldErrors::one(KEY, "Not a valid string.")),
    };
    let members = call
        .iter()
        .filter(|(name, _)| ![KEY, "request_id"].contains(&name.as_str()));
    let parts = members.flat_map(|(name, raw)| [name.as_bytes(), raw.get().as_bytes()]);
    let key = IdempotencyKey::new(&text, parts);
    key.map(Some).map_err(|rule| FieldErrors::one(KEY, rule))
}
