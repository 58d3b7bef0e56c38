//! The text of an event: who did what, on which trip.

use crate::client::{
    FareLine, WireEvent, WireFare, WireOffer, WireOfferState, WireParty, WireShift, WireTrip,
};

/// A line of the output. `nk` is empty without a trip.
#[derive(Debug, PartialEq, Eq)]
pub struct StoryLine {
    pub actor: String,
    pub text: String,
    pub nk: String,
}

/// The name of the service as an actor.
pub const SERVICE: &str = "cabrank";

/// The line for an event, if it deserves one. `actor` has caused it, and `receiver` is the user whose stream it came
/// in.
pub fn line(event: &WireEvent, actor: &str, receiver: &str) -> Option<StoryLine> {
    let (actor, text, nk) = if let Some(offer) = &event.offer {
        let (actor, text) = offered(offer, receiver)?;
        (actor, text, offer.trip.nk.clone())
    } else if let Some(shift) = &event.shift {
        (receiver, on_shift(shift), String::new())
    } else if let Some(message) = &event.message {
        let text = format!("writes: {}", message.message);
        (message.sender.username.as_str(), text, message.trip.clone())
    } else {
        let trip = event.trip.as_ref()?;
        (actor, changed(&event.kind, trip)?, trip.nk.clone())
    };
    let actor = actor.to_owned();
    Some(StoryLine { actor, text, nk })
}

fn offered<'a>(offer: &WireOffer, driver: &'a str) -> Option<(&'a str, String)> {
    let line = match offer.state {
        WireOfferState::Created => {
            let again = if offer.attempt > 1 { "now " } else { "" };
            let (metres, eta) = (offer.metres, offer.eta);
            let text = format!("{again}asks {driver}, {metres} m away, {eta} s in town traffic");
            (SERVICE, text)
        }
        WireOfferState::Declined => (driver, "declines".to_owned()),
        WireOfferState::Expired => (driver, "has not answered in time".to_owned()),
        WireOfferState::Undelivered => (driver, "has no reception, and never knew".to_owned()),
        WireOfferState::Withdrawn => (driver, "need not answer any more".to_owned()),
        // The trip's own event says it better.
        WireOfferState::Accepted | WireOfferState::Delivered | WireOfferState::Unknown => {
            return None;
        }
    };
    Some(line)
}

fn on_shift(shift: &WireShift) -> String {
    match shift.ended {
        Some(_) => "ends the shift".to_owned(),
        None => format!(
            "begins a shift in a {} car with {} seats",
            shift.class, shift.seats
        ),
    }
}

/// The text for a change of a trip, by the kind of event.
fn changed(kind: &str, trip: &WireTrip) -> Option<String> {
    let rider = name(trip.rider.as_ref());
    let (from, to) = (&trip.pick_up_address, &trip.drop_off_address);
    let reason = trip.reason.as_deref().unwrap_or("no reason given");
    let vehicle = match &trip.class {
        Some(class) => format!("a {class}"),
        None => "a trip".to_owned(),
    };
    Some(match kind {
        "scheduled" => format!("orders {vehicle} for later, from {from} to {to}"),
        // A trip for later is announced once its time has come.
        "requested" if trip.pick_up_at.is_some() => {
            format!("looks for a driver: {rider} is to be picked up soon")
        }
        "requested" => format!("requests {vehicle} from {from} to {to}"),
        "accepted" => format!("takes it and drives to {from}"),
        "given-back" => format!("gives it back: {reason}"),
        "arrived" => format!("is at {from}, and waits for {rider}"),
        "started" => format!("was told the code, and sets off with {rider}"),
        "completed" => format!("has brought {rider} to {to}"),
        "no-show" => format!("has waited in vain for {rider}"),
        "cancelled" => format!("cancels: {reason}"),
        "expired" => format!("has EXPIRED the request of {rider}: no driver was found"),
        _ => return None,
    })
}

fn name(party: Option<&WireParty>) -> &str {
    party.map_or("nobody", |party| party.username.as_str())
}

/// A fare with its lines. The demo's town counts in cents.
pub fn fare(fare: &WireFare) -> String {
    let parts: Vec<String> = fare
        .lines
        .iter()
        .map(|FareLine { kind, amount }| format!("{} {}", kind.replace('_', "-"), money(*amount)))
        .collect();
    format!("{} ({})", total(fare), parts.join(", "))
}

/// The total of a fare.
pub fn total(fare: &WireFare) -> String {
    format!("{} {}", fare.currency, money(fare.total))
}

fn money(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn event(kind: &str, object: &str, value: Value) -> WireEvent {
        let mut event = json!({"id": 1, "kind": kind, "actor": {"role": "driver", "id": 2}});
        event[object] = value;
        serde_json::from_value(event).expect("an event")
    }

    fn trip(status: &str) -> Value {
        json!({"nk": "ab", "rider": {"id": 1, "username": "ann"}, "driver": null, "status": status,
            "pick_up_address": "Zoo", "drop_off_address": "Opera"})
    }

    fn line_of(event: &WireEvent) -> Option<(String, String)> {
        line(event, "bob", "eve").map(|line| (line.actor, line.text))
    }

    #[track_caller]
    fn assert_line(event: &WireEvent, actor: &str, text: &str) {
        assert_eq!(line_of(event), Some((actor.to_owned(), text.to_owned())));
    }

    #[test]
    fn changes_of_a_trip_are_told_of_who_made_them() {
        let trip_event = |kind, trip| event(kind, "trip", trip);
        assert_line(
            &trip_event("accepted", trip("STARTED")),
            "bob",
            "takes it and drives to Zoo",
        );
        let mut van = trip("REQUESTED");
        van["class"] = json!("van");
        assert_line(
            &trip_event("requested", van),
            "bob",
            "requests a van from Zoo to Opera",
        );
        let mut given_back = trip("REQUESTED");
        given_back["reason"] = json!("a flat tyre");
        assert_line(
            &trip_event("given-back", given_back),
            "bob",
            "gives it back: a flat tyre",
        );
        let amended = trip_event("amended", trip("REQUESTED"));
        assert_eq!(line(&amended, "bob", "eve"), None);
    }

    #[test]
    fn offers_are_told_of_whose_they_are() {
        let offer = |state: &str, attempt: i64| {
            let offer = json!({"state": state, "attempt": attempt, "metres": 640, "eta": 95, "decide_seconds": 15, "trip": trip("REQUESTED")});
            event("offered", "offer", offer)
        };
        assert_line(
            &offer("created", 1),
            "cabrank",
            "asks eve, 640 m away, 95 s in town traffic",
        );
        assert_line(
            &offer("created", 2),
            "cabrank",
            "now asks eve, 640 m away, 95 s in town traffic",
        );
        assert_line(&offer("declined", 1), "eve", "declines");
        assert_eq!(line_of(&offer("accepted", 1)), None);
    }

    #[test]
    fn a_fare_is_told_with_its_lines() {
        let fare_of = |value| serde_json::from_value::<WireFare>(value).expect("a fare");
        let ride = fare_of(json!({"currency": "EUR", "total": 1270, "lines": [
            {"kind": "base", "amount": 250}, {"kind": "distance", "amount": 1020}]}));
        assert_eq!(fare(&ride), "EUR 12.70 (base 2.50, distance 10.20)");
        let fee = fare_of(
            json!({"currency": "EUR", "total": 405, "lines": [{"kind": "no_show", "amount": 405}]}),
        );
        assert_eq!(fare(&fee), "EUR 4.05 (no-show 4.05)");
    }
}
