//! Several nodes on one database: no trip with two drivers, no driver with two trips, no gap in a stream.

use std::collections::{HashMap, HashSet};
use std::sync::Barrier;

use cabrank::domain::{
    Action, DriverId, Event, Kind, Party, Refusal, RiderId, Role, Stream, Trip, TripId,
};
use cabrank::store::writer::CommandError;
use cabrank::store::writer::command::{Outcome, Refused};
use cabrank::store::{Store, events};
use tokio::runtime::Runtime;

use crate::support::{On, Test};
use crate::tests;
use crate::town::{
    Town, accept, act, add_user, another_store, party, request, runtime, under, wait_for,
};

pub fn tests() -> Vec<Test> {
    tests![
        two_nodes_write_one_log_without_gaps,
        of_many_drivers_on_two_nodes_one_wins_each_trip,
        a_driver_on_two_nodes_takes_one_trip,
        a_key_on_two_nodes_stands_for_one_command,
    ]
}

/// How many callers each node has.
const CALLERS: usize = 8;

/// One caller of one node.
struct Caller {
    number: usize,
    store: Store,
    runtime: Runtime,
}

impl Caller {
    fn command(
        &self,
        command: cabrank::store::writer::command::Command,
    ) -> Result<cabrank::store::writer::command::Answer, CommandError> {
        wait_for(&self.runtime, self.store.writer.command(command))
    }

    fn rider(&self) -> Party<RiderId> {
        let name = format!("rider{}", self.number);
        let id = wait_for(&self.runtime, add_user(&self.store, &name, Role::Rider));
        party(&name, RiderId::of(id))
    }

    fn driver(&self) -> Party<DriverId> {
        let name = format!("driver{}", self.number);
        let id = wait_for(&self.runtime, add_user(&self.store, &name, Role::Driver));
        party(&name, DriverId::of(id))
    }
}

/// Runs `life` for each caller of two nodes at once.
fn at_once<T: Send>(stores: &[Store; 2], life: impl Fn(Caller) -> T + Sync) -> Vec<T> {
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..2 * CALLERS)
            .map(|number| {
                let store = stores[number % 2].clone();
                let life = &life;
                scope.spawn(move || {
                    life(Caller {
                        number,
                        store,
                        runtime: runtime(),
                    })
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("a caller does not panic"))
            .collect()
    })
}

fn two_nodes(town: &Town) -> [Store; 2] {
    [town.store.clone(), another_store(&town.database.url)]
}

/// Every stream's sequences must be 1, 2, 3 and so on, and carry each trip's revisions in order.
fn check_streams(log: &[Event]) {
    let mut streams: HashMap<Stream, Vec<(i64, TripId, i64)>> = HashMap::new();
    let mut epochs = HashMap::new();
    for event in log {
        assert_eq!(event.positions.len(), event.streams().count());
        for position in &event.positions {
            let entry = (position.sequence, event.trip.id, event.trip.revision);
            streams.entry(position.stream).or_default().push(entry);
            assert_eq!(
                *epochs.entry(position.stream).or_insert(position.epoch),
                position.epoch
            );
        }
    }
    for (stream, mut entries) in streams {
        entries.sort_unstable();
        let mut revisions = HashMap::new();
        for (index, (sequence, trip, revision)) in entries.into_iter().enumerate() {
            assert_eq!(
                usize::try_from(sequence),
                Ok(index + 1),
                "{stream} has a gap or a double"
            );
            let before = revisions.insert(trip, revision).unwrap_or(0);
            assert!(before < revision, "{stream} tells trip {trip} out of order");
        }
    }
}

fn two_nodes_write_one_log_without_gaps(on: On) {
    const ROUNDS: usize = 6;
    let town = Town::on(on);
    let stores = two_nodes(&town);
    at_once(&stores, |caller| {
        let (rider, driver) = (caller.rider(), caller.driver());
        for _ in 0..ROUNDS {
            let trip = caller.command(request(&rider)).expect("a request").trip;
            for action in [
                Action::Accept(driver.clone()),
                Action::Arrive(driver.id),
                Action::Start(driver.id),
                Action::Complete(driver.id),
            ] {
                caller
                    .command(act(&trip, action))
                    .expect("nobody else is concerned");
            }
        }
    });
    let log = town.log();
    assert_eq!(
        log.len(),
        2 * CALLERS * ROUNDS * 5,
        "no event is lost, none is there twice"
    );
    check_streams(&log);
}

/// Each round every driver wants the one trip; whoever wins ends it at once, so that all are free again.
fn of_many_drivers_on_two_nodes_one_wins_each_trip(on: On) {
    const ROUNDS: usize = 10;
    let town = Town::on(on);
    let stores = two_nodes(&town);
    let riders: Vec<_> = (0..ROUNDS)
        .map(|number| town.rider(&format!("r{number}")))
        .collect();
    let trips: Vec<Trip> = riders
        .iter()
        .map(|rider| town.requested_by(rider))
        .collect();
    let line = Barrier::new(2 * CALLERS);
    let wins: usize = at_once(&stores, |caller| {
        let driver = caller.driver();
        let mut wins = 0;
        for trip in &trips {
            line.wait();
            match caller.command(accept(trip, &driver)) {
                Ok(answer) => {
                    assert_eq!(answer.outcome, Outcome::Changed);
                    assert_eq!(answer.trip.state.driver(), Some(&driver));
                    wins += 1;
                    for action in [Action::Start(driver.id), Action::Complete(driver.id)] {
                        caller
                            .command(act(trip, action))
                            .expect("the winner drives on");
                    }
                }
                Err(CommandError::Refused(Refused::Trip(Refusal::AlreadyTaken, as_it_is))) => {
                    assert_ne!(
                        as_it_is.state.driver(),
                        Some(&driver),
                        "no loser is told otherwise"
                    );
                }
                Err(other) => panic!("won or taken, not {other:?}"),
            }
        }
        wins
    })
    .into_iter()
    .sum();
    assert_eq!(wins, ROUNDS, "one winner a trip");
    let log = town.log();
    let accepted: Vec<TripId> = log
        .iter()
        .filter(|event| event.kind == Kind::Accepted)
        .map(|event| event.trip.id)
        .collect();
    assert_eq!(accepted.len(), ROUNDS);
    assert_eq!(accepted.iter().collect::<HashSet<_>>().len(), ROUNDS);
    check_streams(&log);
}

fn a_driver_on_two_nodes_takes_one_trip(on: On) {
    let town = Town::on(on);
    let stores = two_nodes(&town);
    let bob = town.driver("bob");
    let line = Barrier::new(2 * CALLERS);
    let won = at_once(&stores, |caller| {
        let trip = caller
            .command(request(&caller.rider()))
            .expect("a request")
            .trip;
        line.wait();
        match caller.command(accept(&trip, &bob)) {
            Ok(_) => true,
            Err(CommandError::Refused(Refused::DriverBusy)) => false,
            Err(other) => panic!("won or busy, not {other:?}"),
        }
    });
    assert_eq!(won.into_iter().filter(|won| *won).count(), 1);
    check_streams(&town.log());
}

fn a_key_on_two_nodes_stands_for_one_command(on: On) {
    let town = Town::on(on);
    let stores = two_nodes(&town);
    let ann = town.rider("ann");
    let line = Barrier::new(2 * CALLERS);
    let trips = at_once(&stores, |caller| {
        line.wait();
        let answer = caller
            .command(under("k", 1, request(&ann)))
            .expect("the one trip");
        (answer.trip.id, answer.trip.number)
    });
    assert_eq!(trips.iter().collect::<HashSet<_>>().len(), 1, "{trips:?}");
    let log = town.read(|db| events::range(db, 1, i64::MAX));
    assert_eq!(log.len(), 1);
}
