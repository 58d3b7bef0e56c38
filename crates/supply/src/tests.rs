//! The supply as its callers see it, alone and from many threads.

mod streaming;

use std::collections::HashSet;
use std::thread;

use jiff::SignedDuration;
use uuid::Uuid;

use super::grid::distance_m;
use super::*;
use domain::{TripId, UserId};

fn driver(id: i64) -> DriverId {
    DriverId::of(UserId::new(id))
}

fn noon() -> Timestamp {
    Timestamp::from_second(1_800_000_000).expect("within range")
}

fn after_s(seconds: i64) -> Timestamp {
    noon() + SignedDuration::from_secs(seconds)
}

fn place(lat: f64, lon: f64) -> Coordinates {
    Coordinates::new(lat, lon).expect("on the earth")
}

fn fix(lat: f64, lon: f64, at: Timestamp) -> Fix {
    Fix {
        location: place(lat, lon),
        at,
        accuracy_m: Some(5.0),
        heading_deg: None,
        speed_mps: None,
    }
}

fn standard() -> Vehicle {
    Vehicle {
        class: VehicleClass::default(),
        seats: 4,
    }
}

fn van() -> Vehicle {
    Vehicle {
        class: VehicleClass::parse("van").expect("a class"),
        seats: 8,
    }
}

/// A request near the middle of Vienna.
struct NearVienna {
    class: VehicleClass,
    passengers: u8,
    eta_max_s: u32,
    at: Timestamp,
    except: Vec<DriverId>,
}

impl Default for NearVienna {
    fn default() -> Self {
        Self {
            class: VehicleClass::default(),
            passengers: 1,
            eta_max_s: 600,
            at: noon(),
            except: Vec::new(),
        }
    }
}

impl NearVienna {
    fn of(&self, supply: &Supply) -> Vec<i64> {
        let wanted = Wanted {
            from: place(48.2, 16.37),
            k: 10,
            eta_max_s: self.eta_max_s,
            class: &self.class,
            passengers: self.passengers,
            at: self.at,
            except: &|driver| self.except.contains(&driver),
        };
        let candidates = supply.nearest(&wanted).into_iter();
        candidates
            .map(|candidate| candidate.driver.user().get())
            .collect()
    }
}

/// Drivers 1, 2 and 3, each 111 metres north of the one before.
fn three() -> Supply {
    let supply = Supply::default();
    for id in 1..=3 {
        supply.begin(driver(id), standard(), noon());
        let fix = fix(48.2 + id as f64 * 1e-3, 16.37, noon());
        let reported = supply.report(driver(id), &[fix], noon());
        assert_eq!(reported.expect("on shift").latest(), Some(&fix));
    }
    supply
}

#[test]
fn the_nearest_free_drivers_come_first_with_their_way() {
    let supply = three();
    let class = VehicleClass::default();
    let wanted = Wanted {
        from: place(48.2, 16.37),
        k: 2,
        eta_max_s: 600,
        class: &class,
        passengers: 4,
        at: noon(),
        except: &|_| false,
    };
    let candidates = supply.nearest(&wanted);
    assert_eq!(candidates.len(), 2);
    assert_eq!(candidates[0].driver, driver(1));
    assert!((candidates[0].metres - 111.2).abs() < 0.1);
    assert_eq!(candidates[0].eta_s, 32);
    assert_eq!(candidates[1].driver, driver(2));
    assert_eq!(candidates[1].eta_s, 63);
}

#[test]
fn who_may_not_get_the_trip_is_passed_over() {
    let supply = three();
    let all = NearVienna::default().of(&supply);
    assert_eq!(all, [1, 2, 3]);
    let except = vec![driver(2)];
    assert_eq!(
        NearVienna {
            except,
            ..NearVienna::default()
        }
        .of(&supply),
        [1, 3]
    );
    for (eta_max_s, expected) in [(31, vec![]), (32, vec![1]), (63, vec![1, 2])] {
        let request = NearVienna {
            eta_max_s,
            ..NearVienna::default()
        };
        assert_eq!(request.of(&supply), expected, "{eta_max_s} s");
    }
    let five = NearVienna {
        passengers: 5,
        ..NearVienna::default()
    };
    assert!(five.of(&supply).is_empty());
    let a_van = NearVienna {
        class: van().class,
        passengers: 5,
        ..NearVienna::default()
    };
    assert!(a_van.of(&supply).is_empty());
    supply.begin(driver(3), van(), noon());
    assert_eq!(a_van.of(&supply), [3]);
    assert_eq!(NearVienna::default().of(&supply), [1, 2]);
}

#[test]
fn an_occupied_driver_gets_nothing_until_free() {
    let supply = three();
    let trip = Occupation::OnTrip(TripId::new(Uuid::from_u128(7)));
    assert_eq!(
        supply.occupy(driver(1), Occupation::Offered),
        Ok(Occupation::Free)
    );
    assert_eq!(supply.occupy(driver(2), trip), Ok(Occupation::Free));
    assert_eq!(supply.occupation(driver(2)), Some(trip));
    let expected = OnShift {
        free: 1,
        offered: 1,
        on_trip: 1,
    };
    assert_eq!(supply.drivers(), expected);
    assert_eq!(NearVienna::default().of(&supply), [3]);
    // A report does not free the driver.
    let moved = supply.report(driver(2), &[fix(48.2, 16.37, after_s(9))], after_s(9));
    assert_eq!(moved.expect("on shift").counts.accepted, 1);
    assert_eq!(NearVienna::default().of(&supply), [3]);
    assert_eq!(supply.occupy(driver(2), Occupation::Free), Ok(trip));
    assert_eq!(NearVienna::default().of(&supply), [2, 3]);
}

#[test]
fn a_driver_not_heard_of_gets_no_offer_and_then_is_idle() {
    let supply = three();
    supply.begin(driver(4), standard(), noon());
    assert!(supply.is_stale(driver(4), noon()));
    for (seconds, is_stale) in [(-1, false), (60, false), (61, true), (400, true)] {
        let at = after_s(seconds);
        assert_eq!(supply.is_stale(driver(1), at), is_stale, "{seconds} s");
        let request = NearVienna {
            at,
            ..NearVienna::default()
        };
        assert_eq!(request.of(&supply).is_empty(), is_stale, "{seconds} s");
    }
    let trip = TripId::new(Uuid::from_u128(7));
    let occupied = [
        supply.occupy(driver(1), Occupation::OnTrip(trip)),
        supply.occupy(driver(2), Occupation::Offered),
    ];
    assert_eq!(occupied, [Ok(Occupation::Free); 2]);
    assert!(supply.idle(after_s(179)).is_empty());
    assert_eq!(supply.idle(after_s(180)), [2, 3, 4].map(driver));
    let report = supply.report(driver(3), &[fix(48.21, 16.37, after_s(170))], after_s(170));
    assert_eq!(report.expect("on shift").counts.accepted, 1);
    supply.begin(driver(4), standard(), after_s(100));
    assert_eq!(supply.idle(after_s(180)), [driver(2)]);
    // A driver whose trip has ended may wait as long again, but gets no offer without a fresh fix.
    supply.wait_from(driver(1), after_s(170));
    let freed = supply.occupy(driver(1), Occupation::Free);
    assert_eq!(freed, Ok(Occupation::OnTrip(trip)));
    assert!(supply.is_stale(driver(1), after_s(180)));
    assert!(!supply.idle(after_s(349)).contains(&driver(1)));
    assert!(supply.idle(after_s(350)).contains(&driver(1)));
}

#[test]
fn nothing_is_known_of_a_driver_off_shift() {
    let supply = three();
    assert_eq!(supply.end(driver(1)), Ok(()));
    assert_eq!(supply.end(driver(1)), Err(NotOnShift));
    assert_eq!(supply.occupation(driver(1)), None);
    assert_eq!(supply.latest(driver(1)), None);
    assert!(supply.is_stale(driver(1), noon()));
    let report = supply.report(driver(1), &[fix(48.2, 16.37, noon())], noon());
    assert_eq!(report, Err(NotOnShift));
    assert_eq!(
        supply.occupy(driver(1), Occupation::Offered),
        Err(NotOnShift)
    );
    assert_eq!(NearVienna::default().of(&supply), [2, 3]);
    assert_eq!(supply.drivers().free, 2);
    // A new shift starts without the old one's position.
    supply.begin(driver(1), standard(), noon());
    assert_eq!(supply.latest(driver(1)), None);
    assert_eq!(NearVienna::default().of(&supply), [2, 3]);
}

#[test]
fn operators_see_how_many_fixes_were_what() {
    let supply = three();
    let fixes = [
        fix(48.201, 16.37, noon()),
        fix(48.201, 16.37, after_s(-1)),
        fix(48.201, 16.37, noon() + SignedDuration::from_millis(199)),
        fix(50.0, 16.37, after_s(2)),
    ];
    let reported = supply
        .report(driver(1), &fixes, after_s(2))
        .expect("on shift");
    assert!(reported.accepted.is_empty());
    let expected = Counts {
        accepted: 3,
        late: 1,
        duplicate: 1,
        impossible: 1,
        too_frequent: 1,
        ..Counts::default()
    };
    assert_eq!(supply.verdicts(), expected);
    assert_eq!(
        reported.counts,
        Counts {
            accepted: 0,
            ..expected
        }
    );
}

#[test]
fn what_is_not_believed_neither_moves_a_driver_nor_is_a_sign_of_life() {
    let supply = three();
    let unbelieved = [
        (fix(48.2005, 16.37, after_s(-1)), Verdict::Late),
        (fix(48.2005, 16.37, noon()), Verdict::Duplicate),
        (fix(50.0, 16.37, after_s(50)), Verdict::Impossible),
    ];
    for (fix, verdict) in unbelieved {
        let reported = supply.report(driver(3), &[fix], after_s(50));
        let mut expected = Counts::default();
        expected.add(verdict);
        assert_eq!(reported.expect("on shift").counts, expected);
    }
    assert_eq!(NearVienna::default().of(&supply), [1, 2, 3]);
    let report = supply.report(driver(2), &[fix(48.2, 16.37, after_s(50))], after_s(50));
    assert_eq!(report.expect("on shift").counts.accepted, 1);
    let at = after_s(61);
    let request = || NearVienna {
        at,
        ..NearVienna::default()
    };
    assert_eq!(request().of(&supply), [2]);
    // After a fresh fix the driver is offered trips again.
    let report = supply.report(driver(3), &[fix(48.204, 16.37, at)], at);
    assert_eq!(report.expect("on shift").counts.accepted, 1);
    assert_eq!(request().of(&supply), [2, 3]);
}

const IDS: i64 = 400;

/// One thread's work: it moves, occupies, frees, ends and begins drivers whom other threads change as well.
fn disturb(supply: &Supply, seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    for step in 0..6_000 {
        let driver = driver(random.i64(0..IDS));
        match random.u32(0..20) {
            0 => drop(supply.end(driver).ok()),
            1 => supply.begin(driver, standard(), noon()),
            2 => supply.begin(driver, van(), noon()),
            3..6 => drop(supply.occupy(driver, Occupation::Offered)),
            6..9 => drop(supply.occupy(driver, Occupation::Free)),
            _ => {
                let lat = 48.2 + random.f64() * 0.02;
                let lon = 16.36 + random.f64() * 0.02;
                let at = noon() + SignedDuration::from_millis(step * 5);
                // Time has passed, so that far jumps become possible.
                let fixes = [0, 1, 2].map(|n| fix(lat, lon, at + SignedDuration::from_secs(n)));
                drop(supply.report(driver, &fixes, at));
            }
        }
    }
}

fn search(supply: &Supply) {
    let mut random = fastrand::Rng::with_seed(99);
    for _ in 0..3_000 {
        let found = all_near(supply, random.usize(1..40));
        let distinct: HashSet<DriverId> = found.iter().map(|found| found.driver).collect();
        assert_eq!(distinct.len(), found.len(), "nobody is found twice");
        assert!(found.is_sorted_by(|a, b| a.metres <= b.metres));
    }
}

fn all_near(supply: &Supply, k: usize) -> Vec<NearbyDriver> {
    let wanted = Wanted {
        from: place(48.21, 16.37),
        k,
        eta_max_s: u32::MAX,
        class: &VehicleClass::default(),
        passengers: 1,
        at: noon(),
        except: &|_| false,
    };
    supply.nearest(&wanted)
}

#[test]
fn many_threads_lose_and_double_nobody() {
    let supply = Supply::default();
    for id in 0..IDS {
        supply.begin(driver(id), standard(), noon());
    }
    thread::scope(|scope| {
        for seed in 0..4 {
            let supply = supply.clone();
            scope.spawn(move || disturb(&supply, seed));
        }
        scope.spawn(|| search(&supply));
    });
    // Drivers in a van change to a car. Then each driver's record alone says whether a search must find them.
    for id in 0..IDS {
        if supply.occupation(driver(id)).is_some() {
            supply.begin(driver(id), standard(), noon());
        }
    }
    let on_shift = (0..IDS)
        .map(driver)
        .filter_map(|driver| Some((driver, supply.occupation(driver)?)));
    let free: Vec<DriverId> = on_shift
        .filter(|(_, occupation)| *occupation == Occupation::Free)
        .map(|(driver, _)| driver)
        .collect();
    let mut expected: Vec<(f64, DriverId)> = free
        .iter()
        .filter_map(|driver| Some((supply.latest(*driver)?, *driver)))
        .map(|(fix, driver)| (distance_m(place(48.21, 16.37), fix.location), driver))
        .collect();
    expected.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let found: Vec<(f64, DriverId)> = all_near(&supply, 1_000)
        .iter()
        .map(|found| (found.metres, found.driver))
        .collect();
    assert!(found.len() > 100, "the test moves enough drivers about");
    assert_eq!(found, expected);
    assert_eq!(supply.drivers().free, free.len() as u64);
    for id in 0..IDS {
        supply.end(driver(id)).ok();
    }
    assert_eq!(supply.drivers(), OnShift::default());
    assert_eq!(supply.shared.grid.tile_count(), 0);
}
