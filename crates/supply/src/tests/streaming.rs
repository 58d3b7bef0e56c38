//! The index compared with a scan of all drivers while several threads report.
//!
//! A driver's position and occupation after a number of steps follow from the driver and that number, and each driver
//! says which step has begun and which is done. The steps done before a search and the steps begun after it leave a few
//! positions, one for most drivers, that the search may have seen.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::*;

const THREADS: i64 = 3;
const STREAMERS: i64 = 300;
const SEARCHES: u64 = 1_500;
/// The most steps that the threads take, so that a hanging search does not keep them for ever.
const STEPS_MAX: u64 = 2_000_000;

/// How many steps a driver has begun and done.
#[derive(Default)]
struct Progress {
    begun: AtomicU64,
    done: AtomicU64,
}

/// A driver's place after that many steps, and whether they are free. All places are within 4 by 4 km, so that steps
/// cross cells and tiles.
fn after(id: i64, step: u64) -> (Coordinates, bool) {
    let mut random = fastrand::Rng::with_seed(id as u64 ^ step.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let lat = 48.2 + random.f64() * 0.036;
    let lon = 16.37 + random.f64() * 0.054;
    (place(lat, lon), random.u32(0..5) > 0)
}

/// Moves a driver to the next step.
fn go_on(supply: &Supply, id: i64, progress: &Progress) {
    let step = progress.done.load(Ordering::SeqCst) + 1;
    progress.begun.store(step, Ordering::SeqCst);
    put(supply, id, step);
    progress.done.store(step, Ordering::SeqCst);
}

fn put(supply: &Supply, id: i64, step: u64) {
    let (at_place, is_free) = after(id, step);
    // Two minutes are enough for any of these distances.
    let at = after_s(step as i64 * 120);
    let fix = fix(at_place.lat(), at_place.lon(), at);
    let reported = supply.report(driver(id), &[fix], at).expect("on shift");
    assert_eq!(reported.counts.accepted, 1);
    let occupation = if is_free {
        Occupation::Free
    } else {
        Occupation::Offered
    };
    supply.occupy(driver(id), occupation).expect("on shift");
}

fn done(all: &[Progress]) -> Vec<u64> {
    all.iter()
        .map(|progress| progress.done.load(Ordering::SeqCst))
        .collect()
}

fn begun(all: &[Progress]) -> Vec<u64> {
    all.iter()
        .map(|progress| progress.begun.load(Ordering::SeqCst))
        .collect()
}

/// Searches once and compares; returns how many drivers did not move meanwhile.
fn compare(supply: &Supply, all: &[Progress], seed: u64) -> usize {
    let mut random = fastrand::Rng::with_seed(seed);
    let (from, _) = after(-1, seed);
    let k = random.usize(1..30);
    let wanted = Wanted {
        from,
        k,
        eta_max_s: 600,
        class: &VehicleClass::default(),
        passengers: 1,
        at: noon(),
        except: &|_| false,
    };
    let before = done(all);
    let found = supply.nearest(&wanted);
    let later = begun(all);
    for candidate in &found {
        let id = candidate.driver.user().get();
        let seen = before[id as usize]..=later[id as usize];
        let may_be_there =
            |step| distance_m(from, after(id, step).0).to_bits() == candidate.metres.to_bits();
        assert!(seen.clone().any(may_be_there), "{candidate:?} is elsewhere");
        assert!(
            seen.clone().any(|step| after(id, step).1),
            "{candidate:?} is occupied"
        );
        assert!(candidate.eta_s <= 600, "{candidate:?} is too far away");
    }
    let furthest = found.get(k - 1).map_or(f64::INFINITY, |last| last.metres);
    let still = (0..STREAMERS).filter(|id| before[*id as usize] == later[*id as usize]);
    let mut count = 0;
    for id in still {
        count += 1;
        let (at_place, is_free) = after(id, before[id as usize]);
        let metres = distance_m(from, at_place);
        let must_be_found = is_free && metres < furthest && Straight::CITY.seconds(metres) <= 600;
        let is_found = found.iter().any(|candidate| candidate.driver == driver(id));
        assert!(is_found || !must_be_found, "{id} was missed at {metres} m");
    }
    count
}

#[test]
fn the_nearest_are_found_while_everybody_moves() {
    let supply = Supply::default();
    let all: Vec<Progress> = (0..STREAMERS).map(|_| Progress::default()).collect();
    for id in 0..STREAMERS {
        supply.begin(driver(id), standard(), noon());
        put(&supply, id, 0);
    }
    let is_over = AtomicBool::new(false);
    let still: usize = thread::scope(|scope| {
        for thread in 0..THREADS {
            let (supply, all, is_over) = (&supply, &all, &is_over);
            scope.spawn(move || {
                let mut random = fastrand::Rng::with_seed(thread as u64);
                for _ in 0..STEPS_MAX {
                    if is_over.load(Ordering::SeqCst) {
                        return;
                    }
                    // Only one thread moves a given driver, as a device has one socket at a time.
                    let id = random.i64(0..STREAMERS / THREADS) * THREADS + thread;
                    go_on(supply, id, &all[id as usize]);
                }
            });
        }
        let still = (0..SEARCHES).map(|seed| compare(&supply, &all, seed)).sum();
        is_over.store(true, Ordering::SeqCst);
        still
    });
    assert!(still > 0, "some drivers stood still during a search");
    let moved: u64 = done(&all).iter().sum();
    assert!(moved > 0, "some drivers moved");
    // Now that no driver moves, every one of them must be found.
    assert_eq!(compare(&supply, &all, SEARCHES), all.len());
}
