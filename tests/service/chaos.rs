//! Devices lose their connections in every way, while the service is stopped and killed. In the end each device has a
//! log that agrees, entry by entry, with the service's own.
//!
//! `CABRANK_CHAOS_EVENTS` is the number of commands that take effect (500). Random choices come from a seed, which a
//! failure prints and `CABRANK_CHAOS_SEED` sets. The seed does not determine the order in which threads run.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::AtomicUsize;
use std::thread;

use fastrand::Rng;

use self::city::{City, GivesUp};
use self::device::{Device, LOSSES};
use self::diary::Diary;
use self::trade::{Trade, drive, ride};
use crate::harness::{Database, Driver, Rider, Service, Test, tests};

#[path = "chaos/city.rs"]
mod city;
#[path = "chaos/device.rs"]
mod device;
#[path = "chaos/diary.rs"]
mod diary;
#[path = "chaos/trade.rs"]
mod trade;

pub fn tests() -> Vec<Test> {
    tests![every_log_is_the_services_own_whatever_is_lost]
}

const RIDERS: usize = 2;
const DRIVERS: usize = 3;
/// A phone and a tablet.
const DEVICES_OF_A_RIDER: usize = 2;
/// How often the service goes down.
const RESTARTS: usize = 5;

fn from_environment(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(
        value
            .parse()
            .unwrap_or_else(|_| panic!("{name} is a number")),
    )
}

/// Prints the seed when the test fails.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if thread::panicking() {
            println!("to choose the same again: CABRANK_CHAOS_SEED={}", self.0);
        }
    }
}

fn every_log_is_the_services_own_whatever_is_lost(on: Database) {
    let events = from_environment("CABRANK_CHAOS_EVENTS").unwrap_or(500);
    let events = usize::try_from(events).expect("a number of events");
    let seed = from_environment("CABRANK_CHAOS_SEED");
    let seed = Seed(seed.unwrap_or_else(|| RandomState::new().hash_one(())));
    let mut rng = Rng::with_seed(seed.0);
    let mut service = Service::with(on, &["--rider-trips", "1000"]);
    let riders: Vec<Rider> = (0..RIDERS)
        .map(|n| service.rider(&format!("rider{n}")))
        .collect();
    let drivers = service.drivers("driver", DRIVERS);
    let city = City::at(service.address, events);
    let losses: [AtomicUsize; LOSSES.len()] = Default::default();
    let diaries = live(&mut service, &city, &riders, &drivers, &losses, &mut rng);
    let ledger = service.ledger();
    let entries: usize = ledger.values().map(Vec::len).sum();
    assert!(entries >= events, "{entries} entries of {events} commands");
    for diary in &diaries {
        diary.agrees_with(&ledger);
    }
    let losses = losses.map(AtomicUsize::into_inner);
    assert!(
        losses.iter().all(|count| *count > 0),
        "every kind of loss happens: {LOSSES:?}, {losses:?}"
    );
    let heard: usize = diaries.iter().map(|diary| diary.log.heard.len()).sum();
    let snapshots: usize = diaries.iter().map(|diary| diary.snapshots).sum();
    println!(
        "{}: {entries} entries, {heard} heard, {snapshots} snapshots, {LOSSES:?} {losses:?}, seed {}",
        on.name(),
        seed.0
    );
}

/// Lets riders and drivers act and lose connections while the service goes down; gives each device's diary.
fn live(
    service: &mut Service,
    city: &City,
    riders: &[Rider],
    drivers: &[Driver],
    losses: &[AtomicUsize; LOSSES.len()],
    rng: &mut Rng,
) -> Vec<Diary> {
    thread::scope(|scope| {
        let _gives_up = GivesUp(city);
        let mut trade = Trade::new(drivers.len());
        let mut trading = Vec::new();
        for (driver, offers) in drivers.iter().zip(trade.offers()) {
            let (caller, rng) = (city.caller(driver), rng.fork());
            trading.push(scope.spawn(move || drive(caller, rng, &offers)));
        }
        for rider in riders {
            let (caller, rng, market) = (city.caller(rider), rng.fork(), trade.market());
            trading.push(scope.spawn(move || ride(caller, rng, &market)));
        }
        drop(trade);
        let devices = riders
            .iter()
            .flat_map(|rider| (0..DEVICES_OF_A_RIDER).map(move |n| (&**rider, n)))
            .chain(drivers.iter().map(|driver| (&**driver, 0)));
        let mut following = Vec::new();
        for (person, n) in devices {
            let device = Device::of(person, n, city, losses, rng.fork());
            following.push(scope.spawn(move || device.follow()));
        }
        for n in 1..=RESTARTS {
            city.wait_for_part(n, RESTARTS + 1);
            goes_down(service, city, n % 2 == 0);
        }
        for thread in trading {
            thread.join().expect("every command is answered");
        }
        // Positions are written with a delay, at the latest when the service stops. No more are sent after this.
        goes_down(service, city, true);
        city.ends_with(service.ledger());
        let diaries = following.into_iter().map(thread::ScopedJoinHandle::join);
        diaries
            .map(|diary| diary.expect("every device catches up"))
            .collect()
    })
}

/// Stops the service in order, or kills it, and starts it again.
fn goes_down(service: &mut Service, city: &City, in_order: bool) {
    if in_order {
        city.stops();
        assert!(
            service.stop().success(),
            "the service stops without an error"
        );
    } else {
        service.kill();
    }
    service.restart();
    city.moves_to(service.address);
}
