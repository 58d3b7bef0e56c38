//! Orders, vehicles and position reports, read the same way over HTTP and sockets.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{Fields, Optionality};
use crate::dispatch::{OrderRequest, QuoteRequest};
use crate::domain::place::CoordinatesError;
use crate::domain::vehicle::SEATS_MAX;
use crate::domain::{Amount, Coordinates, Fix, PositionReport, Reason, Vehicle, VehicleClass};
use crate::store::quotes::QuoteId;

/// The most positions in one report.
const FIXES_MAX: usize = 100;

impl Fields<'_> {
    /// A rider's order.
    pub fn order(&mut self) -> Option<OrderRequest> {
        let pick_up = self.place("pick_up_address", "pick_up_location");
        let drop_off = self.place("drop_off_address", "drop_off_location");
        let class = self.class();
        let passengers = self.seats("passengers", 1);
        let pick_up_at = self.time("pick_up_at");
        let quote = self.quote();
        Some(OrderRequest {
            pick_up: pick_up?,
            drop_off: drop_off?,
            class: class.unwrap_or_default(),
            passengers: passengers?,
            pick_up_at,
            quote,
        })
    }

    /// The id of a quote. A client may send a trip back to order the same again: its `quote` is the quoted fare, and is
    /// skipped.
    fn quote(&mut self) -> Option<QuoteId> {
        let value = self.value("quote", Optionality::Optional)?;
        if value.is_object() {
            return None;
        }
        self.parsed("quote", Optionality::Optional, |text| {
            QuoteId::parse(text).ok_or("A quote's id has 32 hex digits.")
        })
    }

    /// A vehicle class. It may be left out.
    pub fn class(&mut self) -> Option<VehicleClass> {
        self.parsed("class", Optionality::Optional, VehicleClass::parse)
    }

    /// A request for a quote.
    pub fn quote_request(&mut self) -> Option<QuoteRequest> {
        let mut end = |field| {
            self.value(field, Optionality::Required)?;
            self.coordinates(field)
        };
        let (pick_up, drop_off) = (end("pick_up_location"), end("drop_off_location"));
        let (class, pick_up_at) = (self.class(), self.time("pick_up_at"));
        Some(QuoteRequest {
            pick_up: pick_up?,
            drop_off: drop_off?,
            class,
            pick_up_at,
        })
    }

    /// The fare that an operator sets for a trip, and the reason.
    pub fn set_fare(&mut self) -> Option<(Amount, Reason)> {
        let units = match self.value("amount", Optionality::Required) {
            Some(_) => self.number("amount"),
            None => None,
        };
        let amount = units
            .map(Amount::new)
            .and_then(|amount| amount.map_err(|rule| self.refuse("amount", rule)).ok());
        let reason = self.parsed("reason", Optionality::Required, Reason::parse);
        amount.zip(reason)
    }

    /// A driver's vehicle.
    pub fn vehicle(&mut self) -> Option<Vehicle> {
        let class = self.class().unwrap_or_default();
        let seats = self.seats("seats", 4)?;
        Some(Vehicle { class, seats })
    }

    /// A number of people, or `default` if the field is left out.
    pub fn seats(&mut self, field: &'static str, default: u8) -> Option<u8> {
        if !self.is_given(field) {
            return Some(default);
        }
        let number = self.number(field)?;
        let seats = u8::try_from(number).ok();
        let seats = seats.filter(|seats| (1..=SEATS_MAX).contains(seats));
        if seats.is_none() {
            self.refuse(
                field,
                format!("A whole number from 1 to {SEATS_MAX} is required."),
            );
        }
        seats
    }

    /// A time with its offset from UTC. It may be left out.
    pub fn time(&mut self, field: &'static str) -> Option<Timestamp> {
        self.parsed(field, Optionality::Optional, |text| {
            text.parse::<Timestamp>()
                .map_err(|_| "A time like 2026-11-23T08:10:30Z is required.")
        })
    }

    /// A position report: one position, or a list of them as `positions`. A position without a time was taken at `now`.
    /// If one of several breaks a rule, it is counted and the others are kept.
    pub fn report(&mut self, now: Timestamp) -> Option<PositionReport> {
        if !self.is_given("positions") {
            return self.reading(now).map(|one| of_readings([Some(one)]));
        }
        let rule = format!("A list of 1 to {FIXES_MAX} positions is required.");
        let given = self.value("positions", Optionality::Required)?;
        let list = given
            .as_array()
            .filter(|list| (1..=FIXES_MAX).contains(&list.len()));
        let Some(list) = list else {
            self.refuse("positions", rule);
            return None;
        };
        let readings: Vec<Option<Reading>> =
            list.iter().map(|value| reading_of(value, now)).collect();
        if readings.iter().all(Option::is_none) {
            self.refuse("positions", FIX_RULE);
            return None;
        }
        Some(of_readings(readings))
    }

    fn reading(&mut self, now: Timestamp) -> Option<Reading> {
        let lat = self.float("lat", Optionality::Required);
        let lon = self.float("lon", Optionality::Required);
        let accuracy_m = self.float_up_to("accuracy", 100_000.0);
        let heading_deg = self.float_up_to("heading", 360.0);
        let speed_mps = self.float_up_to("speed", 1_000.0);
        let at = self.time("at").unwrap_or(now);
        let location = Coordinates::new(lat?, lon?)
            .map_err(|rule| match rule {
                CoordinatesError::Latitude => self.refuse("lat", rule),
                CoordinatesError::Longitude => self.refuse("lon", rule),
            })
            .ok()?;
        let is_known = |number: &f64| *number >= 0.0;
        if !accuracy_m.as_ref().is_none_or(is_known) || location.is_nowhere() {
            return Some(Reading::NoFix);
        }
        Some(Reading::Fix(Fix {
            location,
            at,
            // No device is that accurate: Android says 0 if it does not know.
            accuracy_m: accuracy_m.filter(|accuracy_m| *accuracy_m > 0.0),
            heading_deg: heading_deg.filter(is_known),
            speed_mps: speed_mps.filter(is_known),
        }))
    }

    fn float(&mut self, field: &'static str, presence: Optionality) -> Option<f64> {
        let value = self.value(field, presence)?;
        // A form has an empty string for an unknown value.
        if presence == Optionality::Optional && *value == "" {
            return None;
        }
        let number = value.as_f64().or_else(|| {
            // A form has numbers as strings.
            let text = value.as_str()?;
            text.parse::<f64>().ok().filter(|number| number.is_finite())
        });
        if number.is_none() {
            self.refuse(field, "A valid number is required.");
        }
        number
    }

    /// A number that may be left out. Devices write a negative one if they do not know.
    fn float_up_to(&mut self, field: &'static str, max: f64) -> Option<f64> {
        let number = self.float(field, Optionality::Optional)?;
        if number > max {
            self.refuse(
                field,
                format!("A number from 0 to {max} is required; a negative one means unknown."),
            );
            return None;
        }
        Some(number)
    }
}

/// A position that breaks no rule.
enum Reading {
    Fix(Fix),
    /// The device did not know where it was.
    NoFix,
}

fn of_readings(readings: impl IntoIterator<Item = Option<Reading>>) -> PositionReport {
    let mut report = PositionReport::default();
    for reading in readings {
        match reading {
            Some(Reading::Fix(fix)) => report.fixes.push(fix),
            Some(Reading::NoFix) | None => report.invalid += 1,
        }
    }
    report
}

/// The error for a list without a single good position.
const FIX_RULE: &str =
    "A position has lat and lon, and may have at, accuracy, heading and speed, as a single one.";

fn reading_of(value: &Value, now: Timestamp) -> Option<Reading> {
    let object: &Map<String, Value> = value.as_object()?;
    let mut fields = Fields::among_others(object);
    let reading = fields.reading(now);
    fields.finish(reading).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fields::FieldErrors;

    fn read<T>(
        object: &Value,
        read: impl FnOnce(&mut Fields<'_>) -> Option<T>,
    ) -> Result<T, FieldErrors> {
        let object = object.as_object().cloned().expect("an object");
        let mut fields = Fields::of(&object);
        let value = read(&mut fields);
        fields.finish(value)
    }

    #[test]
    fn a_wish_has_its_usual_class_and_number() {
        let plain = json!({"pick_up_address": "A", "drop_off_address": "B"});
        let order = read(&plain, |fields| fields.order()).expect("an order");
        assert_eq!((order.class.as_str(), order.passengers), ("standard", 1));
        for (field, wrong) in [
            ("passengers", json!(0)),
            ("passengers", json!(17)),
            ("class", json!("A B")),
            ("pick_up_at", json!("tomorrow")),
            ("quote", json!("x")),
        ] {
            let mut object = plain.clone();
            object[field] = wrong;
            let errors = read(&object, |fields| fields.order()).expect_err("a rule is broken");
            let errors = serde_json::to_value(errors).expect("JSON");
            assert!(errors.get(field).is_some(), "{errors}");
        }
    }

    #[test]
    fn positions_come_one_by_one_or_as_a_list() {
        let now = Timestamp::UNIX_EPOCH;
        let fixes =
            |object: Value| read(&object, |fields| fields.report(now)).map(|report| report.fixes);
        let one = fixes(json!({"lat": 48.1, "lon": 11.5, "speed": 3})).expect("a position");
        assert_eq!(
            (one.len(), one[0].at, one[0].speed_mps),
            (1, now, Some(3.0))
        );
        let some = json!({"positions": [{"lat": 1, "lon": 2, "at": "1970-01-01T00:00:01Z"}, {"lat": 1, "lon": 2}]});
        assert_eq!(fixes(some).map(|some| some.len()), Ok(2));
        for wrong in [
            json!({}),
            json!({"lat": 91, "lon": 0}),
            json!({"lat": 1, "lon": 2, "heading": 361}),
            json!({"positions": []}),
            json!({"positions": [{"lat": 1}]}),
            json!({"positions": vec![json!({"lat": 1, "lon": 2}); 101]}),
        ] {
            assert!(fixes(wrong.clone()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_a_device_does_not_know_is_unknown() {
        let read = |more: Value| {
            let mut one = json!({"lat": 48.1, "lon": 11.5});
            for (name, value) in more.as_object().expect("an object") {
                one[name] = value.clone();
            }
            let report = read(&one, |fields| fields.report(Timestamp::UNIX_EPOCH));
            report.expect("it breaks no rule")
        };
        let plain = read(json!({}));
        for unknown in [
            json!({"heading": -1, "speed": -1}),
            json!({"heading": null, "speed": null, "accuracy": null, "at": null}),
            json!({"heading": "", "speed": "-1.0"}),
            json!({"accuracy": 0}),
        ] {
            assert_eq!(read(unknown.clone()), plain, "{unknown}");
        }
        for nowhere in [json!({"accuracy": -1}), json!({"lat": 0, "lon": -0.0})] {
            let report = read(nowhere.clone());
            assert_eq!((report.fixes.len(), report.invalid), (0, 1), "{nowhere}");
        }
    }

    #[test]
    fn a_position_that_is_none_harms_no_other() {
        let some = json!({"positions": [
            {"lat": 48.1, "lon": 11.5}, {"lat": 91, "lon": 0}, "here", {"lat": 48.2, "lon": 11.5, "speed": "NaN"},
            {"lat": 48.3, "lon": 11.5, "heading": -1}, {"lat": 48.4, "lon": 11.5, "accuracy": -1},
        ]});
        let report = read(&some, |fields| fields.report(Timestamp::UNIX_EPOCH)).expect("a report");
        let lats: Vec<f64> = report.fixes.iter().map(|fix| fix.location.lat()).collect();
        assert_eq!((lats, report.invalid), (vec![48.1, 48.3], 4));
    }
}
