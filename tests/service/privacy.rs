//! Who hears and sees what: a table of stories. Every row is an event, what brings it about, whom it is told to and who
//! may see the trip afterwards; everybody listens in every dialect from before the first row until after the last.
//!
//! A new kind of event needs a row in some story, or `every_kind_of_event_is_in_a_story` says so.

mod ears;
mod stage;
mod stories;

use serde_json::json;

use self::ears::{Ears, Heard, OWN};
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

/// Plays a story, and compares what everybody has heard in every dialect with the table.
#[track_caller]
fn plays(on: Database, story: &Story) {
    let mut stage = Stage::set(on, story.town, story.on_shift);
    let listening = story
        .listening()
        .map(|who| (who, Ears::of(stage.client(who))));
    let mut ears: Vec<(Who, Ears)> = listening.collect();
    for (n, row) in story.rows.iter().enumerate() {
        (row.does)(&mut stage);
        if row.changes_trip() {
            sees(&stage, story, row);
            for (who, ears) in &mut ears {
                ears.look(&stage, *who, n, row);
            }
        }
    }
    let end = stage.ends();
    for (who, ears) in ears {
        let heard = ears.until(&stage, who, &end);
        assert_eq!(
            heard,
            expected(story, who, &heard),
            "{who:?} of {}",
            story.name
        );
    }
}

/// After a row, those see the trip whom it says, and nobody else.
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

/// What somebody must have heard by the table.
fn expected(story: &Story, who: Who, heard: &Heard) -> Heard {
    let rows = || story.rows.iter().enumerate();
    let told = |row: &Row| row.hears.contains(&who);
    let observed = |since: Option<usize>| -> Vec<String> {
        let rows = rows().filter(|(n, row)| since.is_some_and(|since| *n > since) && told(row));
        rows.filter(|(_, row)| row.changes_trip())
            .map(|(_, row)| row.observed(who))
            .collect()
    };
    let kinds = || rows().map(|(_, row)| row).filter(|row| told(row));
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
            .filter(|(_, row)| told(row) && row.changes_trip())
            .map(|(_, row)| row.observed(who))
            .collect(),
        instance: observed(heard.looks_since),
        positions: of("position", heard.sights),
        room: of("message", heard.in_room),
        chat: of("message", heard.in_room),
        notices: of("notification", true),
        notified: of("notification", true),
        own: own(story, who, &heard.own),
        looks_since: heard.looks_since,
        sights: heard.sights,
        in_room: heard.in_room,
    }
}

/// What the service itself must have notified of, by how the texts begin.
fn own(story: &Story, who: Who, heard: &[String]) -> Vec<String> {
    let told = story.told.iter().filter(|(whom, _)| *whom == who);
    let told: Vec<String> = told.map(|(_, begins)| format!("{OWN}{begins}")).collect();
    let is_it = |(heard, told): (&String, &String)| heard.starts_with(told.as_str());
    if heard.len() == told.len() && heard.iter().zip(&told).all(is_it) {
        heard.to_vec()
    } else {
        told
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
