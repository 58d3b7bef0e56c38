//! Which accounts hear of an event and see its trip, as tables called stories. Each row has an event, the action that
//! causes it, the accounts that hear of it, and those that see the trip afterwards. All accounts listen in every
//! dialect from before the first row until after the last.
//!
//! A new kind of event needs a row in some story, or `every_kind_of_event_is_in_a_story` fails.

mod listener;
mod stage;
mod stories;

use serde_json::json;

use self::listener::{Heard, Listener, OWN};
use self::stage::{Stage, Who};
use self::stories::{ALL, Row, Story};
use crate::harness::{DOCUMENT, Database, Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        a_ride_that_changes_hands,
        a_ride_that_its_rider_cancels,
        a_ride_that_an_operator_ends,
        a_request_that_its_rider_deletes,
        a_booking_that_finds_nobody,
        a_rider_who_does_not_come,
        a_ride_that_is_offered_one_by_one,
        a_ride_that_is_taken_from_its_driver,
        a_ride_whose_driver_is_silent_and_blocked,
        notifications,
        every_kind_of_event_is_in_a_story,
    ]
}

fn a_ride_that_changes_hands(on: Database) {
    plays(on, &stories::CHANGES_HANDS);
}

fn a_ride_that_its_rider_cancels(on: Database) {
    plays(on, &stories::CANCELLED);
}

fn a_ride_that_an_operator_ends(on: Database) {
    plays(on, &stories::ENDED);
}

fn a_request_that_its_rider_deletes(on: Database) {
    plays(on, &stories::WITHDRAWN);
}

fn a_booking_that_finds_nobody(on: Database) {
    plays(on, &stories::BOOKED);
}

fn a_rider_who_does_not_come(on: Database) {
    plays(on, &stories::NO_SHOW);
}

fn a_ride_that_is_offered_one_by_one(on: Database) {
    plays(on, &stories::OFFERED);
}

fn a_ride_that_is_taken_from_its_driver(on: Database) {
    plays(on, &stories::TAKEN_BACK);
}

fn a_ride_whose_driver_is_silent_and_blocked(on: Database) {
    plays(on, &stories::SILENT);
}

fn notifications(on: Database) {
    plays(on, &stories::TOLD);
}

/// Plays a story, and compares the frames of every account in every dialect with the table.
#[track_caller]
fn plays(on: Database, story: &Story) {
    let mut stage = Stage::set(on, story.town, story.on_shift);
    let listening = story
        .listening()
        .map(|who| (who, Listener::of(stage.client(who))));
    let mut listeners: Vec<(Who, Listener)> = listening.collect();
    for (n, row) in story.rows.iter().enumerate() {
        (row.does)(&mut stage);
        if row.changes_trip() {
            sees(&stage, story, row);
            for (who, listener) in &mut listeners {
                listener.observe(&stage, *who, n, row);
            }
        }
    }
    let end = stage.ends();
    for (who, listener) in listeners {
        let heard = listener.until(&stage, who, &end);
        assert_eq!(
            heard,
            expected(story, who, &heard),
            "{who:?} of {}",
            story.name
        );
    }
}

/// Checks that exactly the accounts that a row names see the trip.
#[track_caller]
fn sees(stage: &Stage, story: &Story, row: &Row) {
    let trip = stage.trip();
    for who in story.listening() {
        let client = stage.client(who);
        let path = format!("/api/trip/{}/", crate::harness::nk(trip));
        let expected = if row.sees.contains(&who) { 200 } else { 404 };
        assert_eq!(client.get(&path).status, expected, "{who:?}: {}", row.kind);
        let listed = client
            .trips()
            .iter()
            .any(|listed| listed["nk"] == trip["nk"]);
        assert_eq!(listed, expected == 200, "{who:?}: {}", row.kind);
        let position = client.get(&format!("{path}position/")).status;
        assert!(expected == 200 || position != 200, "{who:?}: {}", row.kind);
    }
}

/// The frames that an account must have heard, by the table.
fn expected(story: &Story, who: Who, heard: &Heard) -> Heard {
    let rows = || story.rows.iter().enumerate();
    let hears = |row: &Row| row.hears.contains(&who);
    let observed = |since: Option<usize>| -> Vec<String> {
        let rows = rows().filter(|(n, row)| since.is_some_and(|since| *n > since) && hears(row));
        rows.filter(|(_, row)| row.changes_trip())
            .map(|(_, row)| row.observed(who))
            .collect()
    };
    let kinds = || rows().map(|(_, row)| row).filter(|row| hears(row));
    let events: Vec<String> = kinds()
        .filter(|row| row.kind != "position")
        .map(|row| row.kind.to_owned())
        .collect();
    let of = |kind: &str, is_listening: bool| {
        let count = kinds().filter(|row| row.kind == kind).count();
        if is_listening { count } else { 0 }
    };
    let bare = |is_open: bool| -> Vec<String> {
        let statuses = kinds().filter(|row| !row.is_note());
        let statuses = statuses.filter_map(|row| row.status.filter(|_| is_open));
        statuses.map(str::to_owned).collect()
    };
    Heard {
        course: bare(who != Who::Staff),
        taxi: bare(who != Who::Staff),
        stream: events.clone(),
        lines: events,
        activity: rows()
            .filter(|(_, row)| hears(row) && row.changes_trip())
            .map(|(_, row)| row.observed(who))
            .collect(),
        instance: observed(heard.observes_since),
        positions: of("position", heard.sees_positions),
        room: of("message", heard.in_room),
        chat: of("message", heard.in_room),
        notifications: of("notification", true),
        notified: of("notification", true),
        own: own(story, who, &heard.own),
        observes_since: heard.observes_since,
        sees_positions: heard.sees_positions,
        in_room: heard.in_room,
    }
}

/// The notifications that an account must have from the service itself, by the beginnings of their texts.
fn own(story: &Story, who: Who, heard: &[String]) -> Vec<String> {
    let notified = story.notified.iter().filter(|(whom, _)| *whom == who);
    let expected: Vec<String> = notified
        .map(|(_, begins)| format!("{OWN}{begins}"))
        .collect();
    let fits = |(heard, expected): (&String, &String)| heard.starts_with(expected.as_str());
    if heard.len() == expected.len() && heard.iter().zip(&expected).all(fits) {
        heard.to_vec()
    } else {
        expected
    }
}

fn every_kind_of_event_is_in_a_story(_: Database) {
    let schemas = &DOCUMENT["components"]["schemas"];
    let of = |event: &str| {
        let kind = &schemas[event]["properties"]["kind"];
        let one = kind["const"].as_str().map(|word| vec![json!(word)]);
        one.unwrap_or_else(|| kind["enum"].as_array().cloned().expect("kinds"))
    };
    let events = [
        "TripEvent",
        "OfferEvent",
        "ShiftEvent",
        "MessageEvent",
        "NotificationEvent",
    ];
    for kind in events.into_iter().flat_map(of) {
        let has = |story: &&Story| story.rows.iter().any(|row| kind == row.kind);
        assert!(ALL.iter().any(has), "no story has a row for {kind}");
    }
}
