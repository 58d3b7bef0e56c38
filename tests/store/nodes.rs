//! Several nodes on one database: no trip gets two drivers, no driver two trips, and no stream a gap.

use std::collections::{HashMap, HashSet};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};

use cabrank::domain::core::{Refusal, Submission};
use cabrank::domain::{
    Action, Audience, DriverId, Event, Outset, Party, RiderId, Role, Stream, Trip, TripId,
    TripRefusal,
};
use cabrank::inputs;
use cabrank::store::streams::{self, StreamPart};
use cabrank::store::writer::CommandError;
use cabrank::store::{Store, offers, searches};
use jiff::SignedDuration;
use tokio::runtime::Runtime;

use crate::support::{On, Test};
use crate::tests;
use crate::town::{
    Outcome, TRIPS_MAX, Town, accept, act, add_user, another_store, begin_shift, notify, party,
    propose, propose_to, request, request_nearest, runtime, say, under, wait_for,
};

pub fn tests() -> Vec<Test> {
    tests![
        two_nodes_write_one_log_without_gaps,
        a_reader_never_finds_a_gap_while_two_nodes_write,
        of_many_drivers_on_two_nodes_one_wins_each_trip,
        a_driver_on_two_nodes_takes_one_trip,
        a_driver_whom_two_nodes_want_has_one_offer,
        of_a_wave_on_two_nodes_one_driver_wins,
        a_rider_on_two_nodes_cannot_pass_the_limit,
        a_key_on_two_nodes_stands_for_one_command,
    ]
    .to_vec()
}

/// How many callers each node has.
const CALLERS: usize = 8;

/// A caller of one node.
struct Caller {
    number: usize,
    store: Store,
    runtime: Runtime,
}

impl Caller {
    fn command(&self, command: Submission) -> Outcome {
        wait_for(&self.runtime, self.store.writer.act(command))
    }

    fn post(&self, post: Submission) {
        let posted = wait_for(&self.runtime, self.store.writer.record(post));
        posted.expect("nobody else is concerned");
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

/// Runs `life` for each caller of two nodes, all of them beginning at the same moment.
fn at_once<T: Send>(stores: &[Store; 2], life: impl Fn(Caller) -> T + Sync) -> Vec<T> {
    let line = Barrier::new(2 * CALLERS);
    let run = |number: usize| {
        let caller = Caller {
            number,
            store: stores[number % 2].clone(),
            runtime: runtime(),
        };
        line.wait();
        life(caller)
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..2 * CALLERS)
            .map(|number| {
                let run = &run;
                scope.spawn(move || run(number))
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

/// A sequence, the event's number, and the trip's key and revision.
type Entry = (i64, i64, Option<(TripId, i64)>);

/// Checks that every stream has the sequences 1, 2, 3 and so on, and each trip's revisions in order.
fn check_streams(log: &[Event]) {
    let mut streams: HashMap<Stream, Vec<Entry>> = HashMap::new();
    let mut epochs = HashMap::new();
    for event in log {
        assert_eq!(event.positions.len(), event.streams().len());
        for position in &event.positions {
            let change = event.trip();
            let revision = change.map(|change| (change.trip.id, change.trip.revision));
            let entry = (position.sequence, event.id, revision);
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
        let mut last = 0;
        for (index, (sequence, number, revision)) in entries.into_iter().enumerate() {
            assert_eq!(
                usize::try_from(sequence),
                Ok(index + 1),
                "{stream} has a gap or a double"
            );
            assert!(last < number, "{stream} is not in the order of the log");
            last = number;
            if let Some((trip, revision)) = revision {
                let before = revisions.insert(trip, revision).unwrap_or(0);
                assert!(before < revision, "{stream} tells trip {trip} out of order");
            }
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
                Action::Accept(driver.clone(), Outset::default()),
                Action::Arrive(driver.id, None),
                Action::Start(driver.id, None),
                Action::Complete(driver.id, Some(Box::default())),
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
        2 * CALLERS * ROUNDS * 6,
        "no event is lost, none is there twice"
    );
    check_streams(&log);
}

/// A reader who sees a sequence sees all sequences before it: an event that is not committed yet has no others after
/// it.
fn a_reader_never_finds_a_gap_while_two_nodes_write(on: On) {
    const ROUNDS: usize = 6;
    let town = Town::on(on);
    let (stores, op) = (two_nodes(&town), town.operator("op"));
    let life = |caller: Caller| {
        let (rider, driver) = (caller.rider(), caller.driver());
        for _ in 0..ROUNDS {
            let trip = caller.command(request(&rider)).expect("a request").trip;
            caller.command(accept(&trip, &driver)).expect("he is free");
            caller.post(say(&trip, &rider, Role::Rider, "Hello"));
            caller.post(notify(op, Audience::All, SignedDuration::from_hours(1)));
            caller
                .command(act(&trip, Action::Cancel(rider.id, None)))
                .expect("it is hers");
        }
    };
    let is_over = AtomicBool::new(false);
    let mut reads = 0;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            at_once(&stores, life);
            is_over.store(true, Ordering::Relaxed);
        });
        while !is_over.load(Ordering::Relaxed) {
            look_for_gaps(&town);
            reads += 1;
        }
    });
    assert!(reads > 0);
    let log = town.log();
    assert_eq!(log.len(), 2 * CALLERS * ROUNDS * 6);
    check_streams(&log);
}

fn look_for_gaps(town: &Town) {
    for stream in [Stream::Drivers, Stream::All] {
        let whole = StreamPart {
            stream,
            first: 1,
            last: 100_000,
        };
        let found = town.read(move |db| streams::read(db, &[whole], 100_000));
        let mut last = 0;
        for (expected, ((_, sequence), event)) in (1..).zip(&found) {
            assert_eq!(*sequence, expected, "{stream} has a gap");
            assert!(last < event.id, "{stream} is not in the order of the log");
            last = event.id;
        }
    }
}

/// In each round all drivers want the same trip. The winner ends it, so that all are free again.
fn of_many_drivers_on_two_nodes_one_wins_each_trip(on: On) {
    const ROUNDS: usize = 10;
    let town = Town::on(on);
    let stores = two_nodes(&town);
    let ann = town.rider("ann");
    let drivers: Vec<_> = (0..2 * CALLERS)
        .map(|number| town.driver(&format!("driver{number}")))
        .collect();
    for _ in 0..ROUNDS {
        let trip = town.requested_by(&ann);
        let won = at_once(&stores, |caller| {
            let driver = &drivers[caller.number];
            takes(driver, caller.command(accept(&trip, driver)))
        });
        let winners: Vec<_> = drivers.iter().zip(won).filter(|(_, won)| *won).collect();
        assert_eq!(winners.len(), 1, "one winner a trip: {winners:?}");
        let winner = winners[0].0;
        assert_eq!(town.stored(trip.id).state.driver(), Some(winner));
        for action in [
            Action::Start(winner.id, None),
            Action::Complete(winner.id, Some(Box::default())),
        ] {
            town.trip(act(&trip, action));
        }
    }
    let log = town.log();
    assert_eq!(log.len(), ROUNDS * 4, "no loser left a trace");
    check_streams(&log);
}

/// Whether the trip went to that driver. The only other answer allowed is that it is taken.
fn takes(driver: &Party<DriverId>, outcome: Outcome) -> bool {
    match outcome {
        Ok(answer) => {
            assert_eq!(answer.trip.state.driver(), Some(driver));
            true
        }
        Err(CommandError::Refused(Refusal::Trip(TripRefusal::AlreadyTaken, as_it_is))) => {
            assert_ne!(as_it_is.state.driver(), Some(driver));
            false
        }
        Err(other) => panic!("won or taken, not {other:?}"),
    }
}

fn a_driver_on_two_nodes_takes_one_trip(on: On) {
    const ROUNDS: usize = 5;
    let town = Town::on(on);
    let stores = two_nodes(&town);
    let bob = town.driver("bob");
    let riders: Vec<_> = (0..2 * CALLERS)
        .map(|number| town.rider(&format!("rider{number}")))
        .collect();
    for _ in 0..ROUNDS {
        let trips: Vec<Trip> = riders
            .iter()
            .map(|rider| town.requested_by(rider))
            .collect();
        let won = at_once(&stores, |caller| {
            match caller.command(accept(&trips[caller.number], &bob)) {
                Ok(_) => true,
                Err(CommandError::Refused(Refusal::DriverBusy)) => false,
                Err(other) => panic!("won or busy, not {other:?}"),
            }
        });
        assert_eq!(won.into_iter().filter(|won| *won).count(), 1);
        for (trip, rider) in trips.iter().zip(&riders) {
            town.trip(act(trip, Action::Cancel(rider.id, None)));
        }
    }
    check_streams(&town.log());
}

/// Each caller has a trip of its own, and all propose the same driver.
fn a_driver_whom_two_nodes_want_has_one_offer(on: On) {
    const ROUNDS: usize = 5;
    let town = Town::on(on);
    let stores = two_nodes(&town);
    let bob = town.driver("bob");
    town.post(begin_shift(&bob)).expect("a driver may");
    let riders: Vec<_> = (0..2 * CALLERS)
        .map(|number| town.rider(&format!("rider{number}")))
        .collect();
    for round in 1..=ROUNDS {
        let trips: Vec<Trip> = riders
            .iter()
            .map(|rider| town.trip(request_nearest(rider)))
            .collect();
        at_once(&stores, |caller| {
            let proposed = caller.command(propose(&trips[caller.number], &bob));
            proposed.expect("that a driver is not free any more is no fault");
        });
        let open = town.read(offers::open);
        assert_eq!(open.len(), 1, "one offer of one driver: {open:?}");
        assert_eq!(open[0].driver, bob.id);
        // No search is forgotten: it waits for the offer, or is due again.
        let soon = inputs::now() + SignedDuration::from_secs(6);
        let waiting = town.read(move |db| searches::due(db, soon, 100));
        assert_eq!(waiting.len(), trips.len() - 1);
        for (trip, rider) in trips.iter().zip(&riders) {
            town.trip(act(trip, Action::Cancel(rider.id, None)));
        }
        let offered = town.log();
        let offered = offered.iter().filter(|event| event.kind() == "offered");
        assert_eq!(offered.count(), round, "one offer a round was told");
    }
    check_streams(&town.log());
}

/// All drivers have an offer of the same trip, and accept it.
fn of_a_wave_on_two_nodes_one_driver_wins(on: On) {
    let town = Town::on(on);
    let stores = two_nodes(&town);
    let ann = town.rider("ann");
    let drivers: Vec<_> = (0..3)
        .map(|number| town.driver(&format!("driver{number}")))
        .collect();
    for driver in &drivers {
        town.post(begin_shift(driver)).expect("a driver may");
    }
    for _ in 0..5 {
        let trip = town.trip(request_nearest(&ann));
        town.trip(propose_to(&trip, &drivers));
        assert_eq!(town.read(offers::open).len(), drivers.len());
        let won = at_once(&stores, |caller| {
            let driver = &drivers[caller.number % drivers.len()];
            match caller.command(accept(&trip, driver)) {
                Ok(answer) => answer.trip.state.driver() == Some(driver),
                Err(CommandError::Refused(
                    Refusal::Trip(TripRefusal::AlreadyTaken, _) | Refusal::OfferOver(_),
                )) => false,
                Err(other) => panic!("won, taken or over, not {other:?}"),
            }
        });
        assert!(won.into_iter().any(|won| won));
        assert_eq!(town.read(offers::open).len(), 0, "the others are withdrawn");
        let taken = town.stored(trip.id);
        let winner = taken.state.driver().expect("somebody has won").id;
        for action in [
            Action::Start(winner, None),
            Action::Complete(winner, Some(Box::default())),
        ] {
            town.trip(act(&trip, action));
        }
    }
    check_streams(&town.log());
}

fn a_rider_on_two_nodes_cannot_pass_the_limit(on: On) {
    let town = Town::on(on);
    let stores = two_nodes(&town);
    let ann = town.rider("ann");
    let allowed = at_once(&stores, |caller| match caller.command(request(&ann)) {
        Ok(_) => true,
        Err(CommandError::Refused(Refusal::TooManyTrips(_))) => false,
        Err(other) => panic!("allowed or too many, not {other:?}"),
    });
    let allowed = allowed.into_iter().filter(|allowed| *allowed).count();
    assert_eq!(u32::try_from(allowed), Ok(TRIPS_MAX));
}

fn a_key_on_two_nodes_stands_for_one_command(on: On) {
    let town = Town::on(on);
    let stores = two_nodes(&town);
    let ann = town.rider("ann");
    let trips = at_once(&stores, |caller| {
        let answer = caller
            .command(under("k", 1, request(&ann)))
            .expect("the one trip");
        (answer.trip.id, answer.trip.number)
    });
    assert_eq!(trips.iter().collect::<HashSet<_>>().len(), 1, "{trips:?}");
    assert_eq!(town.log().len(), 1);
}
