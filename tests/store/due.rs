//! Corrupt rows stay due the longest, and do not take the turn of others.

use cabrank::domain::{Trip, TripId};
use cabrank::inputs;
use cabrank::store::db::Db;
use cabrank::store::{QueryResult, offers, quiet_drivers, searches, trips};
use jiff::{SignedDuration, Timestamp};

use crate::support::{On, Test, execute};
use crate::tests;
use crate::town::{Town, accept, begin_shift, propose, request, request_later, request_nearest};

pub fn tests() -> Vec<Test> {
    tests![
        searches_whose_time_is_over_are_found_beside_corrupt_rows,
        trips_for_later_are_found_beside_corrupt_rows,
        searches_are_found_beside_corrupt_rows,
        offers_whose_time_is_over_are_found_beside_corrupt_rows,
        late_drivers_are_found_beside_corrupt_rows,
        quiet_drivers_are_found_beside_corrupt_rows,
    ]
    .to_vec()
}

/// How many rows are read at once.
const LIMIT: i64 = 2;

/// A time at which all of them are due.
fn by_then() -> Timestamp {
    inputs::now() + SignedDuration::from_hours(48)
}

/// Makes four trips due with `make` and corrupts the first three. `due` must find the fourth.
fn the_sound_one_is_found(
    on: On,
    make: impl Fn(&Town, &str) -> Trip,
    due: impl Fn(&mut Db) -> QueryResult<Vec<TripId>> + Send + 'static,
) {
    let town = Town::on(on);
    let mut made = ["ann", "bea", "cyd", "dee"]
        .map(|name| make(&town, name))
        .to_vec();
    let sound = made.pop().expect("there are four");
    for bad in made {
        let number = bad.number;
        spoil(&town, &format!("details = '{{' WHERE id = {number}"));
    }
    assert_eq!(town.read(due), [sound.id]);
}

fn spoil(town: &Town, how: &str) {
    let spoilt = execute(
        &mut town.database.connect(),
        &format!("UPDATE trips SET {how}"),
    );
    spoilt.expect("the row can be corrupted");
}

fn taken(town: &Town, name: &str) -> Trip {
    let trip = town.requested_by(&town.rider(name));
    town.trip(accept(&trip, &town.driver(&format!("{name}'s driver"))))
}

fn searches_whose_time_is_over_are_found_beside_corrupt_rows(on: On) {
    let make = |town: &Town, name: &str| town.trip(request(&town.rider(name)));
    the_sound_one_is_found(on, make, |db| trips::overdue(db, by_then(), LIMIT));
}

fn trips_for_later_are_found_beside_corrupt_rows(on: On) {
    let make = |town: &Town, name: &str| town.trip(request_later(&town.rider(name)));
    the_sound_one_is_found(on, make, |db| trips::due(db, by_then(), LIMIT));
}

fn searches_are_found_beside_corrupt_rows(on: On) {
    let make = |town: &Town, name: &str| town.trip(request_nearest(&town.rider(name)));
    the_sound_one_is_found(on, make, |db| {
        let due = searches::due(db, by_then(), LIMIT)?;
        Ok(due.into_iter().map(|search| search.trip.id).collect())
    });
}

fn offers_whose_time_is_over_are_found_beside_corrupt_rows(on: On) {
    let make = |town: &Town, name: &str| {
        let driver = town.driver(&format!("{name}'s driver"));
        town.post(begin_shift(&driver)).expect("a driver may");
        let trip = town.trip(request_nearest(&town.rider(name)));
        town.trip(propose(&trip, &driver))
    };
    the_sound_one_is_found(on, make, |db| offers::overdue(db, by_then(), LIMIT));
}

fn late_drivers_are_found_beside_corrupt_rows(on: On) {
    let make = |town: &Town, name: &str| {
        let trip = taken(town, name);
        spoil(
            town,
            &format!("late_after = created_at WHERE id = {}", trip.number),
        );
        trip
    };
    the_sound_one_is_found(on, make, |db| trips::late(db, by_then(), LIMIT));
}

fn quiet_drivers_are_found_beside_corrupt_rows(on: On) {
    let make = |town: &Town, name: &str| {
        let trip = taken(town, name);
        let number = trip.number;
        let begun = town
            .store
            .writer
            .change(move |tx| quiet_drivers::begin(tx.db, &[number], inputs::now()));
        town.wait_for(begun).expect("it can be noted");
        trip
    };
    the_sound_one_is_found(on, make, |db| {
        let due = quiet_drivers::due(db, by_then(), LIMIT)?;
        Ok(due.into_iter().map(|trip| trip.id).collect())
    });
}
