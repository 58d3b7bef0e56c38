//! The idempotency key of a call.

use serde_json::Value;

use super::frame::Raw;
use super::reader::value;
use crate::domain::core::IdempotencyKey;
use crate::fields::FieldErrors;

/// The member that has it.
pub(super) const KEY: &str = "idempotency_key";

/// The key, if there is one, for all that the call says but its id: a client may name each try anew.
pub(super) fn key(call: &Raw<'_>) -> Result<Option<IdempotencyKey>, FieldErrors> {
    let word = match call.get(KEY).map(|raw| value(raw)) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(word)) => word,
        Some(_) => return Err(FieldErrors::one(KEY, "Not a valid string.")),
    };
    let says = call
        .iter()
        .filter(|(name, _)| ![KEY, "request_id"].contains(&name.as_str()));
    let parts = says.flat_map(|(name, raw)| [name.as_bytes(), raw.get().as_bytes()]);
    let key = IdempotencyKey::new(&word, parts);
    key.map(Some).map_err(|rule| FieldErrors::one(KEY, rule))
}
