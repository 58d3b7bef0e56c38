//! Measures the memory that a driver takes: in the index alone with its slot, and in the supply with the whole record.
//!
//! `cargo bench -p cabrank-supply --bench nearest_bytes`; `CABRANK_BENCH_DRIVERS="10000 100000"` sets the numbers of
//! drivers. The index and the city are those of benches/nearest.

mod alone;
#[expect(dead_code, reason = "the other bench uses all of it")]
mod city;
#[expect(dead_code, reason = "the other bench uses all of it")]
mod index;
#[path = "../../../../benches/people/made_up.rs"]
mod made_up;
#[expect(dead_code, reason = "the other bench uses all of it")]
mod supply;
#[path = "../../../../benches/people/trips.rs"]
mod trips;
#[expect(dead_code, reason = "the other bench uses all of it")]
mod truth;

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

use alone::Alone;
use city::{City, Traffic, Trips};
use index::Index;
use supply::InProcess;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The number of drivers that a search asks for.
const K: usize = 10;
/// The longest time to the pick-up, in seconds.
const ETA_MAX_S: u32 = 600;
/// The distance that a driver covers in that time.
const RADIUS_M: f64 = 600.0 * 12.8 / 3.6;

fn main() {
    println!(
        "\nBytes a driver, at the start of the day and after everybody has reported ten times\n"
    );
    println!("| drivers | index | at first | later |");
    println!("|---:|---|---:|---:|");
    for drivers in city::sizes() {
        let city = City::new(drivers, &Trips::made_up());
        row(&city, "cabrank", InProcess::with);
        row(&city, "cabrank, the index alone", Alone::with);
    }
}

fn row<I: Index>(city: &City, name: &str, open: impl FnOnce(&City) -> I) {
    let drivers = city.is_free.len();
    let region = Region::new(ALLOCATOR);
    let mut index = open(city);
    let each = || {
        let change = region.change();
        (change.bytes_allocated - change.bytes_deallocated) / drivers
    };
    let at_first = each();
    let mut traffic = Traffic::new(city);
    for _ in 0..10 * drivers {
        let (moves, round) = traffic.next(1);
        index.relocate(moves, round);
    }
    println!("| {drivers} | {name} | {at_first} | {} |", each());
}
