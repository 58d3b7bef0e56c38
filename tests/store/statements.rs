//! How many statements the writer runs for a batch.

use std::sync::{Arc, Mutex};

use cabrank::domain::core::{Command, Reply, Submission};
use cabrank::domain::{DriverId, Party, Role, Trip};
use cabrank::store::db::Db;
use diesel::Connection;
use diesel::connection::InstrumentationEvent;

use crate::support::{On, Test};
use crate::tests;
use crate::town::{Town, accept, begin_shift, command, propose_to, request, request_nearest, say};

pub fn tests() -> Vec<Test> {
    tests![a_batch_takes_no_more_statements_than_its_bound].to_vec()
}

/// How many commands the large batches have.
const MANY: usize = 64;
/// To how many drivers a trip is proposed at once.
const WAVE: usize = 8;

/// The most statements that a batch may take on SQLite and on PostgreSQL, without those that begin and end the
/// transaction. Both read everything once for the whole batch. SQLite is given one row a statement; PostgreSQL is
/// given all rows of a kind at once, except for ended offers and for missed ones.
const BOUNDS: [(&str, usize, usize); 10] = [
    ("one request", 11, 7),
    ("one accept", 16, 10),
    ("64 requests", 390, 8),
    ("64 accepts of different trips", 521, 11),
    ("a shift", 12, 10),
    ("a proposal to 8 drivers", 50, 13),
    ("a device acknowledges an offer", 8, 8),
    ("a driver declines an offer", 13, 11),
    ("a driver accepts one of 7 offers", 57, 26),
    ("a message", 9, 7),
];

/// What the writer's connection was asked since it was last looked at.
struct Watch(Arc<Mutex<Vec<String>>>);

impl Watch {
    fn on(town: &Town) -> Self {
        let watch = Self(Arc::default());
        let seen = watch.0.clone();
        let begun = town.store.writer.change(move |tx| {
            let seen = seen.clone();
            let note = move |event: InstrumentationEvent<'_>| {
                if let InstrumentationEvent::StartQuery { query, .. } = event {
                    seen.lock().expect("no panic").push(query.to_string());
                }
            };
            match tx.db {
                Db::Pg(conn) => conn.set_instrumentation(note),
                Db::Sqlite(conn) => conn.set_instrumentation(note),
            }
            Ok(())
        });
        town.wait_for(begun).expect("the writer works");
        watch
    }

    /// The statements since the last call.
    fn take(&self) -> Vec<String> {
        let mut seen = std::mem::take(&mut *self.0.lock().expect("no panic"));
        seen.retain(|statement| !statement.starts_with("BEGIN") && statement != "COMMIT");
        seen
    }
}

fn reply(trip: &Trip, driver: &Party<DriverId>, reply: Reply) -> Submission {
    command(Command::ReplyToOffer {
        trip: trip.id.into(),
        driver: driver.id,
        reply,
    })
}

fn a_batch_takes_no_more_statements_than_its_bound(on: On) {
    let town = Town::alone_on(on);
    let riders: Vec<_> = (0..MANY).map(|n| town.rider(&format!("ann{n}"))).collect();
    let drivers: Vec<_> = (0..MANY).map(|n| town.driver(&format!("bob{n}"))).collect();
    let wave: Vec<_> = (0..WAVE).map(|n| town.driver(&format!("cid{n}"))).collect();
    let (dan, eve) = (town.rider("dan"), town.driver("eve"));
    for driver in &wave[1..] {
        town.post(begin_shift(driver)).expect("a driver may");
    }
    let watch = Watch::on(&town);
    let mut bounds = BOUNDS.into_iter();
    let mut count = || {
        let (batch, sqlite, postgres) = bounds.next().expect("each batch has a bound");
        let (bound, taken) = (
            if on == On::Sqlite { sqlite } else { postgres },
            watch.take(),
        );
        let is_seen = taken
            .iter()
            .any(|it| it.starts_with("INSERT") || it.starts_with("UPDATE"));
        assert!(is_seen, "{batch} writes something: {taken:#?}");
        assert!(
            taken.len() <= bound,
            "{batch} takes {} statements instead of {bound}: {taken:#?}",
            taken.len()
        );
    };
    watch.take();

    let trip = town.trip(request(&dan));
    count();
    town.trip(accept(&trip, &eve));
    count();
    let requested = town.commands_in_one_batch(riders.iter().map(request));
    count();
    let requested = requested.into_iter().map(|it| it.expect("a rider may"));
    let trips: Vec<_> = requested.map(|outcome| outcome.trip).collect();
    let accepts = trips.iter().zip(&drivers);
    let accepted = town.commands_in_one_batch(accepts.map(|(trip, it)| accept(trip, it)));
    assert!(accepted.iter().all(Result::is_ok), "{accepted:?}");
    count();
    town.post(begin_shift(&wave[0])).expect("a driver may");
    count();

    let offered = town.trip(request_nearest(&dan));
    watch.take();
    town.trip(propose_to(&offered, &wave));
    count();
    town.trip(reply(&offered, &wave[0], Reply::Receive));
    count();
    town.trip(reply(&offered, &wave[1], Reply::Decline));
    count();
    town.trip(accept(&offered, &wave[2]));
    count();
    town.post(say(&trip, &dan, Role::Rider, "Hello"))
        .expect("the room is open");
    count();
    assert_eq!(bounds.next(), None, "every batch was made");
}
