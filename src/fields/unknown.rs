//! Members of a command that no reader asked for: which are passed over, and how the others are named in errors.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::LazyLock;

use utoipa::PartialSchema;

use crate::domain::TripObject;

/// Members that older clients send with every command.
const SENT_ALONG: [&str; 6] = [
    "rider",
    "driver",
    "group",
    "groups",
    "photo",
    "csrfmiddlewaretoken",
];

/// How many unknown members are named at once.
pub(super) const NAMED_MAX: usize = 8;

/// The longest name that is repeated in an error, in bytes.
const NAME_MAX: usize = 64;

/// The rule that an unknown member breaks.
pub const RULE: &str = "There is no such field here.";

/// Every key of the trip object, because clients send back the objects that they got.
static TRIP: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let schema = serde_json::to_value(TripObject::schema()).expect("a schema is JSON");
    let keys = schema["properties"].as_object();
    keys.map(|keys| keys.keys().cloned().collect())
        .unwrap_or_default()
});

/// Whether an unknown member is passed over rather than refused.
pub fn is_passed_over(name: &str) -> bool {
    is_sent_along(name) || TRIP.contains(name)
}

/// The same for a list's filters. There, the key of a trip would be a filter, and is refused.
pub fn is_sent_along(name: &str) -> bool {
    SENT_ALONG.contains(&name)
}

/// The name of an unknown member as errors repeat it. A text that is not a plain name is not repeated: it may be a
/// secret, such as a whole body that was sent as a form.
pub fn name_of(name: &str) -> Cow<'static, str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    if (1..=NAME_MAX).contains(&name.len()) && name.bytes().all(is_plain) {
        Cow::Owned(name.to_owned())
    } else {
        Cow::Borrowed("(unreadable name)")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::domain::{Trip, UserId, sample};
    use crate::fields::{FieldErrors, Fields, Optionality};

    #[test]
    fn every_key_of_a_trip_is_passed_over() {
        let trip = Trip::request(sample::request(UserId::new(1)), crate::inputs::now());
        let object = serde_json::to_value(TripObject::from(&trip)).expect("a trip is JSON");
        let keys = object.as_object().expect("it is an object").keys();
        for key in keys.map(String::as_str).chain([
            "pick_up_location",
            "drop_off_location",
            "pick_up_at",
            "quote",
            "fare",
            "area",
        ]) {
            assert!(is_passed_over(key), "{key}");
        }
        for other in ["wheelchair", "note", "phone", "Status", ""] {
            assert!(!is_passed_over(other), "{other}");
        }
    }

    #[test]
    fn what_is_no_name_is_not_repeated() {
        assert_eq!(name_of("vehicle.features-2_b"), "vehicle.features-2_b");
        let long = "x".repeat(65);
        for secret in ["{\"password\":\"x\"}", "", "pass word", &long] {
            assert_eq!(name_of(secret), "(unreadable name)");
        }
    }

    #[test]
    fn the_names_of_a_form_that_says_nothing_are_not_repeated() {
        for (form, name) in [
            (json!({"hunter2": ""}), ""),
            (json!({"hunter": "", "2": ""}), ""),
            (json!({"note": "", "reason": "x"}), "note"),
        ] {
            let form = form.as_object().expect("an object");
            let errors_of = |mut fields: Fields<'_>| {
                fields.has("reason");
                fields.finish(Some(())).expect_err("a name is unknown")
            };
            let errors = errors_of(Fields::of_form(form));
            let names: Vec<&str> = errors.iter().map(|(name, _)| name).collect();
            assert_eq!(names, [&*name_of(name)]);
            // In JSON these can only be names, so they are repeated.
            let errors = errors_of(Fields::of(form));
            assert!(errors.iter().all(|(name, _)| form.contains_key(name)));
        }
    }

    #[test]
    fn what_nobody_asked_for_is_named() {
        let object = json!({"a": "x", "wheelchair": true, "rider": 1, "status": "x"});
        let object = object.as_object().cloned().expect("an object");
        let mut fields = Fields::of(&object);
        let a = fields.text("a", Optionality::Required);
        let errors = fields.finish(a).expect_err("one member is unknown");
        assert_eq!(errors, FieldErrors::one("wheelchair", RULE));
        let mut fields = Fields::among_others(&object);
        let a = fields.text("a", Optionality::Required);
        assert_eq!(fields.finish(a), Ok("x"));
        let many: Map<String, Value> = (0..100).map(|n| (format!("m{n}"), json!(n))).collect();
        let errors = Fields::of(&many)
            .finish(Some(()))
            .expect_err("all are unknown");
        assert_eq!(errors.iter().count(), NAMED_MAX);
    }
}
