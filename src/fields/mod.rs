//! Reads a JSON object field by field, and names every broken rule, in the words of the older systems.

pub mod actions;
mod own;
mod ride;
pub mod unknown;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::domain::{Address, Coordinates, Place, Sequence, TripRef};
use crate::notices::WhichNotifications;

/// The fields that break rules, and which rules.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct FieldErrors(BTreeMap<Cow<'static, str>, Vec<String>>);

impl FieldErrors {
    /// One field that breaks one rule.
    pub fn one(field: impl Into<Cow<'static, str>>, rule: impl fmt::Display) -> Self {
        let mut errors = Self::default();
        errors.add(field, rule);
        errors
    }

    /// Adds a broken rule.
    pub fn add(&mut self, field: impl Into<Cow<'static, str>>, rule: impl fmt::Display) {
        self.0
            .entry(field.into())
            .or_default()
            .push(rule.to_string());
    }

    /// Whether no rule is broken.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The fields and their broken rules.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.0
            .iter()
            .map(|(field, rules)| (field.as_ref(), rules.as_slice()))
    }
}

impl fmt::Display for FieldErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (field, rules)) in self.iter().enumerate() {
            let separator = if n > 0 { " " } else { "" };
            write!(f, "{separator}{field}: {}", rules.join(" "))?;
        }
        Ok(())
    }
}

/// Whether a field may be left out. For an optional field, null counts as left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Optionality {
    Required,
    /// It may be missing or null.
    Optional,
}

/// A JSON object that is being read, and the rules that it breaks.
pub struct Fields<'a> {
    object: &'a Map<String, Value>,
    errors: FieldErrors,
    /// The members that were asked for so far. In the end, all others are refused.
    asked: BTreeSet<&'static str>,
    passes_over: bool,
    hides_names: bool,
}

impl<'a> Fields<'a> {
    /// Begins to read a command. Members that the reader never asks for are refused by name, unless clients [send them
    /// along](unknown::is_passed_over).
    pub fn of(object: &'a Map<String, Value>) -> Self {
        Self {
            object,
            errors: FieldErrors::default(),
            asked: BTreeSet::new(),
            passes_over: false,
            hides_names: false,
        }
    }

    /// Begins to read a form. If no name in it has a value, it may not be a form at all but a secret that was sent as
    /// one, so its names are not repeated in errors.
    pub fn of_form(object: &'a Map<String, Value>) -> Self {
        Self {
            hides_names: object.values().all(|value| *value == ""),
            ..Self::of(object)
        }
    }

    /// Begins to read an object that may have more members than are asked for, such as a frame of the older dialects,
    /// or a position as a device knows it.
    pub fn among_others(object: &'a Map<String, Value>) -> Self {
        Self {
            passes_over: true,
            ..Self::of(object)
        }
    }

    /// Begins to read an object that already breaks some rules.
    pub fn with(object: &'a Map<String, Value>, errors: FieldErrors) -> Self {
        Self {
            errors,
            ..Self::of(object)
        }
    }

    /// Reads the query string of a URL.
    pub fn query<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, FieldErrors> {
        serde_urlencoded::from_str(text).map_err(|rule| FieldErrors::one("query", rule))
    }

    /// Notes a broken rule. For rules about more than one field's own value.
    pub fn refuse(&mut self, field: &'static str, rule: impl fmt::Display) {
        self.errors.add(field, rule);
    }

    /// The value, if it is there and not null.
    pub fn value(&mut self, field: &'static str, presence: Optionality) -> Option<&'a Value> {
        self.asked.insert(field);
        let rule = match (self.object.get(field), presence) {
            (None, Optionality::Required) => "This field is required.",
            (Some(Value::Null), Optionality::Required) => "This field may not be null.",
            (None | Some(Value::Null), Optionality::Optional) => return None,
            (Some(value), Optionality::Required | Optionality::Optional) => return Some(value),
        };
        self.errors.add(field, rule);
        None
    }

    /// Whether the field is there, even if it is null.
    pub fn has(&mut self, field: &'static str) -> bool {
        self.asked.insert(field);
        self.object.contains_key(field)
    }

    /// Whether the field is there and not null.
    pub fn is_given(&mut self, field: &'static str) -> bool {
        self.asked.insert(field);
        self.object.get(field).is_some_and(|value| !value.is_null())
    }

    /// A whole number, or its digits as a string. It may be left out.
    pub fn number(&mut self, field: &'static str) -> Option<i64> {
        let value = self.value(field, Optionality::Optional)?;
        let number = integer(value);
        if number.is_none() {
            self.errors.add(field, "A valid integer is required.");
        }
        number
    }

    /// A trip reference, by key or number. It may be left out.
    pub fn trip(&mut self, field: &'static str) -> Option<TripRef> {
        let value = self.value(field, Optionality::Optional)?;
        let reference = trip(value);
        if reference.is_none() {
            self.errors.add(field, "Not a trip's id or key.");
        }
        reference
    }

    /// A list of at most 500 whole numbers.
    pub fn numbers(&mut self, field: &'static str) -> Option<Vec<i64>> {
        let value = self.value(field, Optionality::Required)?;
        let list = value.as_array().filter(|list| list.len() <= 500);
        let numbers = list.and_then(|list| list.iter().map(integer).collect());
        if numbers.is_none() {
            self.errors
                .add(field, "A list of at most 500 whole numbers is required.");
        }
        numbers
    }

    /// The notifications that were read: `ids`, or `all`.
    pub fn notices(&mut self) -> Option<WhichNotifications> {
        if !self.is_given("all") {
            return self.numbers("ids").map(WhichNotifications::These);
        }
        let is_all = self.is_true("all");
        if self.is_given("ids") {
            self.errors.add("all", "Give exactly one of ids and all.");
        }
        is_all.then_some(WhichNotifications::All)
    }

    /// A field that can only be true. A form may have it as a string.
    pub fn is_true(&mut self, field: &'static str) -> bool {
        let value = self.value(field, Optionality::Optional);
        let is_true = value.is_some_and(|value| *value == true || *value == "true");
        if value.is_some() && !is_true {
            self.errors.add(field, "This can only be true.");
        }
        is_true
    }

    /// A string with any content.
    pub fn text(&mut self, field: &'static str, presence: Optionality) -> Option<&'a str> {
        let value = self.value(field, presence)?;
        if value.is_string() {
            value.as_str()
        } else {
            self.errors.add(field, "Not a valid string.");
            None
        }
    }

    /// An object with any content.
    pub fn object(
        &mut self,
        field: &'static str,
        presence: Optionality,
    ) -> Option<&'a Map<String, Value>> {
        let value = self.value(field, presence)?;
        if value.is_object() {
            value.as_object()
        } else {
            self.errors.add(field, "Not an object.");
            None
        }
    }

    /// A string that `parse` accepts.
    pub fn parsed<T, E: fmt::Display>(
        &mut self,
        field: &'static str,
        presence: Optionality,
        parse: impl FnOnce(&'a str) -> Result<T, E>,
    ) -> Option<T> {
        let text = self.text(field, presence)?;
        parse(text)
            .map_err(|rule| self.errors.add(field, rule))
            .ok()
    }

    /// An address as text.
    pub fn address(&mut self, field: &'static str, presence: Optionality) -> Option<Address> {
        self.parsed(field, presence, Address::parse)
    }

    /// Coordinates: `{"lat": 48.1, "lon": 11.6}`.
    pub fn coordinates(&mut self, field: &'static str) -> Option<Coordinates> {
        let value = self.value(field, Optionality::Optional)?;
        let number = |name: &str| value.get(name).and_then(Value::as_f64).unwrap_or(f64::NAN);
        if !value.is_object() {
            self.errors
                .add(field, "Expected an object with lat and lon.");
            return None;
        }
        Coordinates::new(number("lat"), number("lon"))
            .map_err(|rule| self.errors.add(field, rule))
            .ok()
    }

    /// An address, with coordinates if they are given.
    pub fn place(&mut self, address: &'static str, location: &'static str) -> Option<Place> {
        let location = self.coordinates(location);
        Some(Place {
            address: self.address(address, Optionality::Required)?,
            location,
        })
    }

    /// Returns what was read, if no rule was broken.
    pub fn finish<T>(mut self, read: Option<T>) -> Result<T, FieldErrors> {
        if !self.passes_over {
            let unknown = self.object.iter().filter(|(name, _)| {
                !self.asked.contains(name.as_str()) && !unknown::is_passed_over(name)
            });
            for (name, _) in unknown.take(unknown::NAMED_MAX) {
                let name = if self.hides_names { "" } else { name };
                self.errors.add(unknown::name_of(name), unknown::RULE);
            }
        }
        match read {
            Some(value) if self.errors.is_empty() => Ok(value),
            Some(_) | None => Err(self.errors),
        }
    }
}

/// A whole number, or its digits as a string, which is how some clients write ids.
pub fn integer(value: &Value) -> Option<i64> {
    value
        .as_i64()
        .or_else(|| value.as_str().and_then(|digits| digits.parse().ok()))
        .or_else(|| value.as_f64().and_then(whole))
        .filter(|number| number.abs_diff(0) <= Sequence::MAX.get().abs_diff(0))
}

/// The trip reference that a value holds.
pub fn trip(value: &Value) -> Option<TripRef> {
    match value.as_str() {
        Some(text) => TripRef::parse(text),
        None => integer(value).map(TripRef::Number),
    }
}

/// JSON has one kind of number, so 14.0 is 14. No field takes a number of this form beyond 32 bits.
fn whole(number: f64) -> Option<i64> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "what does not fit is seen by the comparison"
    )]
    let integer = number as i32;
    (f64::from(integer).to_bits() == number.to_bits()).then_some(i64::from(integer))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: &Value) -> Map<String, Value> {
        value.as_object().cloned().expect("an object")
    }

    #[test]
    fn every_broken_rule_is_named() {
        let object = object(&json!({"b": null, "c": 5, "d": ""}));
        let mut fields = Fields::of(&object);
        for field in ["a", "b", "c", "d"] {
            fields.address(field, Optionality::Required);
        }
        let errors = fields
            .finish(None::<()>)
            .expect_err("four rules are broken");
        let expected = json!({
            "a": ["This field is required."], "b": ["This field may not be null."],
            "c": ["Not a valid string."], "d": ["This field may not be blank."],
        });
        assert_eq!(serde_json::to_value(errors).expect("JSON"), expected);
    }

    #[test]
    fn a_whole_number_may_be_written_in_several_ways() {
        for (text, number) in [
            ("14", Some(14)),
            ("14.0", Some(14)),
            ("\"14\"", Some(14)),
            ("14.5", None),
            ("1e300", None),
            ("9007199254740991", Some(9_007_199_254_740_991)),
            ("9007199254740992", None),
            ("-9223372036854775808", None),
            ("\"9223372036854775807\"", None),
            ("true", None),
        ] {
            let object = format!("{{\"seats\": {text}}}");
            let object = serde_json::from_str(&object).expect("an object");
            assert_eq!(Fields::of(&object).number("seats"), number, "{text}");
        }
    }

    #[test]
    fn coordinates_are_two_numbers_on_earth() {
        let read = |value: Value| {
            let object = object(&json!({"at": value}));
            let mut fields = Fields::of(&object);
            let at = fields.coordinates("at");
            fields.finish(Some(at))
        };
        assert!(read(json!({"lat": 48.1, "lon": 11})).is_ok_and(|at| at.is_some()));
        assert!(read(Value::Null).is_ok_and(|at| at.is_none()));
        for wrong in [
            json!({"lat": 91, "lon": 0}),
            json!({"lat": 1}),
            json!({"lat": "1", "lon": 2}),
            json!([1, 2]),
        ] {
            assert!(read(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
