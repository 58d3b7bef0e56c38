//! Decisions are kept for a while, and have no effect by themselves.

use cabrank::domain::{Policy, Trip};
use cabrank::inputs;
use cabrank::store::decisions::{self, NewDecision};
use cabrank::store::writer::Tx;
use cabrank::store::{StoreBounds, searches};
use jiff::{SignedDuration, Timestamp};

use crate::support::{On, Test};
use crate::tests;
use crate::town::{Town, begin_shift, propose, request_under};

pub fn tests() -> Vec<Test> {
    tests![
        decisions_are_found_by_their_trips_until_they_are_old,
        a_decision_without_its_offer_is_made_again_after_a_restart,
    ]
    .to_vec()
}

fn new(trips: &[&Trip], at: Timestamp, payload: &str) -> NewDecision {
    NewDecision {
        at,
        is_shadow: false,
        payload: payload.to_owned(),
        trips: trips.iter().map(|trip| trip.number).collect(),
    }
}

fn keep(town: &Town, new: NewDecision) {
    let keep = move |tx: &mut Tx<'_>| decisions::insert(tx.db, std::slice::from_ref(&new));
    let kept = town.wait_for(town.store.writer.change(keep));
    kept.expect("it can be kept");
}

fn payloads(town: &Town, trip: &Trip) -> Vec<String> {
    let number = trip.number;
    let kept = town.read(move |db| {
        let ids = decisions::of_trip(db, number, 10)?.into_iter();
        ids.map(|id| decisions::find(db, id))
            .collect::<Result<Vec<_>, _>>()
    });
    kept.into_iter()
        .flatten()
        .map(|kept| kept.payload)
        .collect()
}

fn decisions_are_found_by_their_trips_until_they_are_old(on: On) {
    let town = Town::on(on);
    let (ann, bea) = (town.rider("ann"), town.rider("bea"));
    let [first, second] = [&ann, &bea].map(|rider| town.trip(request_under(Policy::Batch, rider)));
    let now = inputs::now();
    let hour = SignedDuration::from_hours(1);
    keep(&town, new(&[&first, &second], now - hour, "both"));
    keep(&town, new(&[&second], now, "one"));
    assert_eq!(payloads(&town, &first), ["both"]);
    assert_eq!(payloads(&town, &second), ["both", "one"]);
    let forgotten = |before, limit| {
        let purge = move |tx: &mut Tx<'_>| decisions::purge(tx.db, before, limit);
        let purged = town.wait_for(town.store.writer.change(purge));
        purged.expect("it can be forgotten")
    };
    assert_eq!(forgotten(now - hour, 10), 0);
    assert_eq!(forgotten(now, 0), 0);
    assert_eq!(forgotten(now, 10), 1);
    assert_eq!(payloads(&town, &first), [""; 0]);
    assert_eq!(payloads(&town, &second), ["one"]);
}

fn a_decision_without_its_offer_is_made_again_after_a_restart(on: On) {
    let town = Town::on(on);
    let (ann, bob) = (town.rider("ann"), town.driver("bob"));
    town.post(begin_shift(&bob)).expect("a driver may");
    let trip = town.trip(request_under(Policy::Batch, &ann));
    keep(&town, new(&[&trip], inputs::now(), "solved"));
    let (database, _) = town.close();

    let town = Town::open(database, StoreBounds::STANDARD);
    let due = town.read(|db| searches::due(db, inputs::now(), 10));
    let [search] = &due[..] else {
        panic!("the search is due as before: {due:?}");
    };
    assert_eq!((search.trip.id, search.round), (trip.id, 0));
    assert!(search.asked.not_now.is_empty());
    town.trip(propose(&trip, &bob));
    town.trip(propose(&trip, &bob));
    let offers = town.read(move |db| cabrank::store::offers::of_trip(db, &trip));
    assert_eq!(offers.len(), 1);
}
