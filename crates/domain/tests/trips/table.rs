//! Compares `docs/transitions.txt`, which says what every action does in every state, with `Trip::apply`.

use std::fmt::Write;
use std::path::Path;

use domain::fare::{HIGH_FARE_PERMILLE, SURGE_NONE};
use domain::{
    Action, Amendment, Amount, Change, Coordinates, Currency, Order, Outset, PlaceChange, RideCode,
    RideEnding, Status, Tariff, Terms, Trip, TripRefusal, Whereabouts,
};

use crate::cast::{
    FREE_WAITING_SECONDS, OPENS_SECOND, SEARCH_SECONDS, after, after_at, at, driver, in_a_town,
    later, operator, ordered, party, place, reason, requested, rider,
};

const HEADER: &str = "\
# What every action does in every state. Made from Trip::apply and checked by crates/domain/tests/trips/table.rs;
# after a change that is meant, write it anew: UPDATE_TABLE=1 cargo test -p cabrank-domain the_table
#
# The trip is rider 1's; where somebody has taken it, it was driver 1; where an operator acted, it was operator 1.
#
# STATUS             the trip is now there
# STATUS, removed    the same, and its rider has deleted it: gone for them, and for nobody else
# already done       the same actor had done the same: the same answer again, nothing changes
# - reason           refused
";

/// When a driver becomes late who was expected a minute after the first second.
const LATE_SECOND: i64 = 1 + 60 + 300;

/// How long nothing was heard from a silent driver.
const SILENT_SECONDS: i64 = 180;

/// Every state that the rules distinguish.
fn states() -> Vec<(&'static str, Trip)> {
    let requested = requested();
    let started = after(
        &requested,
        &Action::Accept(party(driver(1)), Outset::default()),
    );
    let arrived = after(&started, &Action::Arrive(driver(1), None));
    let riding = after(&arrived, &Action::Start(driver(1), None));
    let mut with_code = arrived.clone();
    with_code.order.code = Some(code());
    let no_show = after_at(
        &arrived,
        &Action::NoShow(driver(1), None),
        FREE_WAITING_SECONDS + 1,
    );
    let given_back = after(&started, &Action::GiveBack(driver(1), None));
    let scheduled = ordered(place("1 Main Street"), place("2 Side Street"), later());
    let by_rider = Action::Cancel(rider(0), None);
    let by_operator = Action::CancelByOperator(operator(1), reason());
    let end_well = Action::End(
        operator(1),
        RideEnding::Completed,
        reason(),
        Some(Box::default()),
    );
    let end_badly = Action::End(
        operator(1),
        RideEnding::Cancelled,
        reason(),
        Some(Box::default()),
    );
    let expired = after_at(&requested, &Action::Expire, SEARCH_SECONDS);
    let completed = after(&riding, &Action::Complete(driver(1), Some(Box::default())));
    let cancelled = after(&requested, &by_rider);
    let removed = |trip: &Trip| after(trip, &Action::Delete(rider(0)));
    vec![
        ("COMPLETED by driver 1, removed", removed(&completed)),
        ("CANCELLED by rider 1, removed", removed(&cancelled)),
        ("EXPIRED, removed", removed(&expired)),
        ("COMPLETED by driver 1", completed),
        ("COMPLETED by operator 1", after(&riding, &end_well)),
        ("CANCELLED by rider 1, untaken", cancelled),
        ("CANCELLED by rider 1, taken", after(&started, &by_rider)),
        (
            "CANCELLED by operator 1, untaken",
            after(&requested, &by_operator),
        ),
        (
            "CANCELLED by operator 1, taken",
            after(&arrived, &by_operator),
        ),
        (
            "CANCELLED by operator 1, under way",
            after(&riding, &end_badly),
        ),
        (
            "CANCELLED by rider 1, scheduled",
            after(&scheduled, &by_rider),
        ),
        ("NO_SHOW, removed", removed(&no_show)),
        ("NO_SHOW", no_show),
        ("EXPIRED", expired),
        ("SCHEDULED", scheduled),
        ("REQUESTED", requested),
        ("REQUESTED, driver 1 gave it back", given_back),
        ("STARTED", started),
        ("ARRIVED", arrived),
        ("ARRIVED, with a code", with_code),
        ("IN_PROGRESS", riding),
    ]
}

/// The findings about drivers that the rules distinguish.
fn held_states() -> Vec<(&'static str, Trip)> {
    let outset = Outset {
        from: Some(off(1_000.0)),
        promised_s: Some(60),
    };
    let taken = after(&watched(), &Action::Accept(party(driver(1)), outset));
    let untold = Action::Accept(party(driver(1)), Outset::default());
    let riding = after(
        &after(&requested(), &untold),
        &Action::Start(driver(1), None),
    );
    let silent = Action::NoteSilent(driver(1), at(1 - SILENT_SECONDS));
    vec![
        (
            "STARTED, driver 1 is late",
            after_at(&taken, &Action::NoteLate, LATE_SECOND),
        ),
        ("STARTED, driver 1 is silent", after(&taken, &silent)),
        (
            "IN_PROGRESS, driver 1 was blocked",
            after(&riding, &Action::NoteBlocked(driver(1))),
        ),
        ("STARTED, in a town, was promised", taken),
    ]
}

/// The states of trips with a price that the rules distinguish.
fn priced_states() -> Vec<(&'static str, Trip)> {
    let requested = ordered(place("1 Main Street"), place("2 Side Street"), priced());
    let started = after(
        &requested,
        &Action::Accept(party(driver(1)), Outset::default()),
    );
    let arrived = after(&started, &Action::Arrive(driver(1), None));
    let riding = after(&arrived, &Action::Start(driver(1), None));
    let completed = after(&riding, &Action::Complete(driver(1), Some(Box::default())));
    let set = after(&completed, &set_fare(1));
    let waited = FREE_WAITING_SECONDS + 1;
    let no_show = after_at(&arrived, &Action::NoShow(driver(1), None), waited);
    vec![
        ("COMPLETED by driver 1, priced", completed),
        ("COMPLETED by driver 1, fare set", set),
        ("NO_SHOW, priced", no_show),
    ]
}

/// An order in a town with fares and no-show fees.
fn priced() -> Order {
    let terms = Terms {
        currency: Currency::parse("EUR").ok(),
        tariff: Some(Tariff::default()),
        surge_permille: SURGE_NONE,
        quoted: None,
        free_waiting_s: 300,
        free_cancel_s: 0,
        cancel_fee: Amount::ZERO,
        no_show_fee: Amount::new(500).expect("an amount"),
        reasons: Vec::new(),
        high_fare_permille: HIGH_FARE_PERMILLE,
    };
    Order {
        terms: Some(Box::new(terms)),
        ..Order::default()
    }
}

fn set_fare(by: u8) -> Action {
    Action::SetFare(operator(by), Amount::ZERO, reason())
}

/// Every action, by the right actors and by others, with the second in which it is tried.
fn actions() -> Vec<(String, Action, i64)> {
    let mut actions = Vec::new();
    for number in [1, 2] {
        for action in by_driver(number)
            .into_iter()
            .chain(by_rider(number))
            .chain(by_operator(number))
        {
            actions.push((action.0, action.1, 2));
        }
    }
    let no_show = Action::NoShow(driver(1), None);
    for (words, action, second) in [
        ("expire in the search time", Action::Expire, 2),
        (
            "expire after the search time",
            Action::Expire,
            SEARCH_SECONDS,
        ),
        ("open too early", Action::Open, 2),
        ("open in time", Action::Open, OPENS_SECOND),
        (
            "note that the driver is late",
            Action::NoteLate,
            LATE_SECOND,
        ),
        (
            "note that the driver is late too early",
            Action::NoteLate,
            2,
        ),
        (
            "note that driver 1 is silent",
            Action::NoteSilent(driver(1), at(2 - SILENT_SECONDS)),
            2,
        ),
        (
            "note that driver 1 is silent too early",
            Action::NoteSilent(driver(1), at(3 - SILENT_SECONDS)),
            2,
        ),
        (
            "note that driver 1 comes nearer",
            Action::NoteNearer(driver(1), 500),
            2,
        ),
        (
            "note that driver 1 was blocked",
            Action::NoteBlocked(driver(1)),
            2,
        ),
        (
            "arrive by driver 1 from afar",
            Action::Arrive(driver(1), Some(off(84_000.0))),
            2,
        ),
        (
            "no-show by driver 1 from afar",
            Action::NoShow(driver(1), Some(off(84_000.0))),
            FREE_WAITING_SECONDS + 1,
        ),
        (
            "no-show by driver 1 after the free waiting",
            no_show,
            FREE_WAITING_SECONDS + 1,
        ),
    ] {
        actions.push((words.to_owned(), action, second));
    }
    actions
}

fn by_driver(number: u8) -> Vec<(String, Action)> {
    let id = driver(number);
    [
        ("accept", Action::Accept(party(id), Outset::default())),
        ("arrive", Action::Arrive(id, None)),
        ("start", Action::Start(id, None)),
        ("start with a code", Action::Start(id, Some(code()))),
        ("complete", Action::Complete(id, Some(Box::default()))),
        ("give back", Action::GiveBack(id, None)),
        ("no-show", Action::NoShow(id, None)),
    ]
    .map(|(words, action)| (format!("{words} by driver {number}"), action))
    .into()
}

fn by_rider(number: u8) -> Vec<(String, Action)> {
    let id = rider(number - 1);
    let elsewhere = || {
        Some(PlaceChange {
            address: Some(place("Elsewhere").address),
            location: None,
        })
    };
    let amend = |pick_up, drop_off| Action::Amend(id, Amendment { pick_up, drop_off });
    [
        ("cancel", Action::Cancel(id, None)),
        ("amend the pick-up", amend(elsewhere(), None)),
        ("amend the drop-off", amend(None, elsewhere())),
        ("delete", Action::Delete(id)),
    ]
    .map(|(words, action)| (format!("{words} by rider {number}"), action))
    .into()
}

fn by_operator(number: u8) -> Vec<(String, Action)> {
    let by = operator(number);
    let end = |ending| Action::End(by, ending, reason(), Some(Box::default()));
    [
        ("cancel", Action::CancelByOperator(by, reason())),
        ("take back", Action::TakeBack(by, reason())),
        ("end as completed", end(RideEnding::Completed)),
        ("end as cancelled", end(RideEnding::Cancelled)),
        ("set the fare", set_fare(number)),
    ]
    .map(|(words, action)| (format!("{words} by operator {number}"), action))
    .into()
}

/// A trip of a town that charges for late cancellations and knows where the pick-up is.
fn watched() -> Trip {
    let mut pick_up = place("1 Main Street");
    pick_up.location = Some(Coordinates::new(53.55, 10.0).expect("on the earth"));
    ordered(pick_up, place("2 Side Street"), in_a_town())
}

/// A device so many metres from that pick-up.
fn off(metres: f64) -> Whereabouts {
    let place = Coordinates::new(53.55 + metres / 111_195.0, 10.0).expect("on the earth");
    Whereabouts::new(place, Some(5.0))
}

fn code() -> RideCode {
    RideCode::parse("0007").expect("a code")
}

fn result(trip: &Trip, action: &Action, second: i64) -> String {
    let words = |text: &str| text.to_owned();
    match trip.apply(action, at(second)) {
        Ok(Change::To(after)) if after.hidden => format!("{}, removed", after.state.status()),
        Ok(Change::To(after)) => after.state.status().to_string(),
        Ok(Change::AlreadyDone) => words("already done"),
        Err(TripRefusal::AlreadyTaken) => words("- already taken"),
        Err(TripRefusal::NotYourTrip) => words("- not your trip"),
        Err(TripRefusal::GivenBack) => words("- given back"),
        Err(TripRefusal::WrongCode) => words("- wrong code"),
        Err(TripRefusal::TooEarly { .. }) => words("- too early"),
        Err(TripRefusal::TooFar { .. }) => words("- too far away"),
        Err(TripRefusal::NotMeasured) => words("- not measured"),
        Err(TripRefusal::UnknownReason) => words("- unknown reason"),
        Err(TripRefusal::NoCurrency) => words("- no currency"),
        Err(TripRefusal::PinNeeded(_)) => words("- pin needed"),
        Err(TripRefusal::NotPossible { .. }) => words("- not possible"),
    }
}

fn table() -> String {
    let mut states = states();
    states.extend(held_states());
    states.extend(priced_states());
    // In the order of a trip's life. The sort is stable.
    states.sort_by_key(|(_, trip)| trip.state.status() as u8);
    let mut text = HEADER.to_owned();
    for (state, trip) in states {
        text.push('\n');
        for (words, action, second) in actions() {
            let result = result(&trip, &action, second);
            writeln!(text, "{state:<34} | {words:<42} | {result}").expect("a String takes it all");
        }
    }
    text
}

#[test]
fn the_table_is_what_the_code_does() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/transitions.txt");
    let table = table();
    if std::env::var_os("UPDATE_TABLE").is_some() {
        std::fs::write(&path, &table).expect("docs can be written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let differing = kept
        .lines()
        .zip(table.lines())
        .find(|(kept, made)| kept != made);
    assert!(
        kept == table,
        "docs/transitions.txt is not what Trip::apply does (lines: {} kept, {} made); first difference: {differing:#?}\n\
         If that is meant: UPDATE_TABLE=1 cargo test -p cabrank-domain the_table",
        kept.lines().count(),
        table.lines().count(),
    );
}

#[test]
fn a_refusal_names_the_action_and_the_status() {
    let refusal = |action: &Action| {
        let expired = states().into_iter().find(|(name, _)| *name == "EXPIRED");
        let (_, trip) = expired.expect("one of the states");
        let refused = trip.apply(action, at(1)).expect_err("it is over");
        refused.to_string()
    };
    let by_driver = driver(1);
    for (action, verb) in [
        (
            Action::Accept(party(driver(1)), Outset::default()),
            "accept",
        ),
        (Action::Arrive(by_driver, None), "arrive"),
        (Action::Start(by_driver, None), "start"),
        (Action::Complete(by_driver, None), "complete"),
        (Action::GiveBack(by_driver, None), "give_back"),
        (Action::NoShow(by_driver, None), "no_show"),
        (Action::Cancel(rider(0), None), "cancel"),
        (Action::CancelByOperator(operator(1), reason()), "cancel"),
        (Action::TakeBack(operator(1), reason()), "take_back"),
        (Action::NoteLate, "note"),
        (Action::Open, "open"),
    ] {
        let sentence = format!("A trip that is EXPIRED does not allow {verb}.");
        assert_eq!(refusal(&action), sentence);
    }
}

#[test]
fn rows_and_payloads_have_the_same_words() {
    for status in Status::ALL {
        let word = status.as_str();
        assert_eq!(serde_json::to_value(status).ok(), Some(word.into()));
        assert_eq!(Status::parse(word), Some(status));
    }
    assert_eq!(Status::parse("requested"), None);
}

#[test]
fn a_trip_that_was_written_before_there_were_attempts_is_in_its_first() {
    let trip = requested();
    let mut payload = serde_json::to_value(&trip).expect("a trip is JSON");
    let members = payload.as_object_mut().expect("it is an object");
    assert_eq!(members.remove("attempt"), Some(1.into()));
    let read: Trip = serde_json::from_value(payload).expect("it is read");
    assert_eq!(read, trip);
}

#[test]
fn the_driver_can_be_changed_wherever_there_is_one() {
    for (name, mut trip) in states() {
        let driver = trip.state.driver().cloned();
        assert_eq!(trip.state.driver_mut().cloned(), driver, "{name}");
    }
}
