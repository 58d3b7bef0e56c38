//! Accounts in frames: the `rider` or `driver` of a frame can only be the caller.

use serde_json::Value;

use super::{Fields, Optionality, integer};
use crate::domain::UserId;

impl Fields<'_> {
    /// Checks that the field is the caller's own account, or left out. Who the caller is comes from the token alone.
    pub fn own(&mut self, field: &'static str, id: UserId, username: &str) {
        let Some(value) = self.value(field, Optionality::Optional) else {
            return;
        };
        let is_own = |given: &Value| integer(given) == Some(id.get());
        let same_id = value.get("id").is_none_or(is_own);
        let same_name = value
            .get("username")
            .is_none_or(|own| own.as_str() == Some(username));
        let named = value.get("id").is_some() || value.get("username").is_some();
        if !(is_own(value) || value.is_object() && named && same_id && same_name) {
            self.refuse(field, "This must be you, or be left out.");
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;

    fn object(value: &Value) -> Map<String, Value> {
        value.as_object().cloned().expect("an object")
    }

    #[test]
    fn a_frame_cannot_speak_for_somebody_else() {
        let own = |value: Value| {
            let object = object(&json!({"rider": value}));
            let mut fields = Fields::of(&object);
            fields.own("rider", UserId::new(1), "ann");
            fields.finish(Some(()))
        };
        for mine in [
            json!({"id": 1}),
            json!({"id": 1, "username": "ann", "first_name": "x"}),
            json!(1),
            json!("1"),
            json!({"id": "1"}),
            Value::Null,
        ] {
            assert!(own(mine.clone()).is_ok(), "{mine}");
        }
        for other in [
            json!({"id": 2}),
            json!({"id": 1, "username": "ben"}),
            json!({}),
            json!("ann"),
            json!(2),
            json!("2"),
            json!({"id": "2"}),
        ] {
            assert!(own(other.clone()).is_err(), "{other}");
        }
    }
}
