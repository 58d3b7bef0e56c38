//! Small worlds on one meridian, where distances are easy to see.

mod missed_offers;

use uuid::Uuid;

use super::*;
use domain::{
    Coordinates, DriverId, EarlierOffers, Fix, Trip, TripId, UserId, Vehicle, VehicleClass, sample,
};
use eta::Straight;

const AT: Timestamp = Timestamp::UNIX_EPOCH;

fn driver(number: i64) -> DriverId {
    DriverId::of(UserId::new(number))
}

/// A place that many thousandths of a degree north of the pick-up: 111 m each.
fn north(thousandths: f64) -> Coordinates {
    Coordinates::new(48.0 + thousandths / 1_000.0, 11.0).expect("on earth")
}

/// Drivers 1, 2, 3 and so on, on shift at these places.
fn supply(places: &[f64]) -> Supply {
    let supply = Supply::default();
    for (number, place) in (1..).zip(places) {
        let (class, seats) = (VehicleClass::default(), 4);
        supply.begin(driver(number), Vehicle { class, seats }, AT);
        let fix = Fix {
            location: north(*place),
            at: AT,
            accuracy_m: None,
            heading_deg: None,
            speed_mps: None,
        };
        supply.report(driver(number), &[fix], AT).expect("on shift");
    }
    supply
}

fn search(policy: Policy, asked: &[i64]) -> Search {
    search_at(policy, asked, 0.0)
}

/// A search for a trip that begins that many thousandths of a degree further north.
fn search_at(policy: Policy, asked: &[i64], pick_up: f64) -> Search {
    let mut request = sample::request(UserId::new(100));
    request.pick_up.location = Some(north(pick_up));
    request.order.policy = policy;
    Search {
        trip: Trip::request(request, AT),
        round: 0,
        due_at: AT,
        asked: EarlierOffers {
            not_now: asked.iter().copied().map(driver).collect(),
            ..EarlierOffers::default()
        },
    }
}

fn planned(pool: &[Search], supply: &Supply) -> Plan {
    planned_at(pool, supply, &Rides::default(), 0)
}

/// The plan that many milliseconds later.
fn planned_at(pool: &[Search], supply: &Supply, rides: &Rides, ms: i64) -> Plan {
    planned_with(pool, supply, rides, &Unresponsive::default(), ms)
}

/// The plan where some devices are unresponsive.
fn planned_with(
    pool: &[Search],
    supply: &Supply,
    rides: &Rides,
    unresponsive: &Unresponsive,
    ms: i64,
) -> Plan {
    let world = World {
        supply,
        town: &Town::default(),
        eta: &Straight::CITY,
        rides,
        unresponsive,
        at: AT + SignedDuration::from_millis(ms),
    };
    plan(pool, &world, || OfferId::new(Uuid::nil()))
}

/// The drivers proposed for each search that has a proposal.
fn proposed(pool: &[Search], supply: &Supply) -> Vec<Vec<DriverId>> {
    let drivers = |proposal: Proposal| {
        let candidates = proposal.candidates.iter();
        candidates.map(|candidate| candidate.driver).collect()
    };
    let plan = planned(pool, supply);
    plan.proposals.into_iter().map(drivers).collect()
}

#[test]
fn the_nearest_come_first_and_those_who_were_asked_not_at_all() {
    let supply = supply(&[3.0, 1.0, 2.0, 50.0]);
    let pool = [search(Policy::Nearest, &[])];
    assert_eq!(proposed(&pool, &supply), [[2, 3, 1].map(driver)]);
    let pool = [search(Policy::Nearest, &[2])];
    assert_eq!(proposed(&pool, &supply), [[3, 1].map(driver)]);
}

#[test]
fn one_driver_is_not_the_first_choice_of_two_trips() {
    let supply = supply(&[1.0, 2.0]);
    let pool = [search(Policy::Nearest, &[]), search(Policy::Nearest, &[])];
    let expected = [vec![driver(1), driver(2)], vec![driver(2)]];
    assert_eq!(proposed(&pool, &supply), expected);
}

#[test]
fn where_nobody_is_found_drivers_are_looked_for_again() {
    let pool = [search(Policy::Nearest, &[]), search(Policy::Broadcast, &[])];
    let none = Vec::<DriverId>::new();
    assert_eq!(proposed(&pool, &Supply::default()), [none]);
}

/// The choices of a plan with one decision, search by search.
fn chosen(plan: &Plan) -> Vec<Chosen> {
    let [decision] = &plan.decisions[..] else {
        panic!("one decision: {plan:?}");
    };
    let searches = decision.searches.iter();
    searches.map(|searched| searched.chosen.clone()).collect()
}

fn offered(number: i64) -> Chosen {
    Chosen::Offered(vec![driver(number)])
}

#[test]
fn a_batch_serves_all_where_the_nearest_would_serve_one() {
    // The first driver is the nearest for both trips, and the second driver is too far from the second trip.
    let supply = supply(&[0.0, -20.0]);
    let pool = |policy| [search_at(policy, &[], 1.0), search_at(policy, &[], 10.0)];
    let plan = planned_at(&pool(Policy::Batch), &supply, &Rides::default(), 8_000);
    assert_eq!(chosen(&plan), [offered(2), offered(1)]);
    let solved = plan.decisions[0].solved.expect("an assignment was solved");
    assert_eq!(solved.solver, matching::Solver::Exact);
    assert_eq!((solved.matched, solved.gap), (2, 0));
}

#[test]
fn a_batch_waits_longer_where_drivers_are_scarce() {
    let pool = [search(Policy::Batch, &[])];
    let is_decided = |supply: &Supply, ms| {
        !planned_at(&pool, supply, &Rides::default(), ms)
            .decisions
            .is_empty()
    };
    let plenty = supply(&[1.0, 2.0, 3.0]);
    assert!(!is_decided(&plenty, 999));
    assert!(is_decided(&plenty, 1_000));
    let scarce = supply(&[1.0]);
    assert!(!is_decided(&scarce, 7_999));
    assert!(is_decided(&scarce, 8_000));
    let between = supply(&[1.0, 2.0]);
    assert!(!is_decided(&between, 4_499));
    assert!(is_decided(&between, 4_500));
}

#[test]
fn whoever_is_left_over_is_looked_for_among_more_drivers() {
    // Forty riders share the same forty nearest drivers. The last rider's driver is further away than all of them.
    let near: Vec<f64> = (0..40).map(|n| f64::from(n) / 10.0).collect();
    let pool: Vec<Search> = (0..41).map(|_| search(Policy::Batch, &[])).collect();
    let plan = planned_at(
        &pool,
        &supply(&[near, vec![15.0]].concat()),
        &Rides::default(),
        8_000,
    );
    let nobody = chosen(&plan).into_iter().filter(|it| *it == Chosen::Nobody);
    assert_eq!(nobody.count(), 0);
}

#[test]
fn a_trip_waits_for_a_driver_who_will_soon_be_free_and_nearer() {
    let supply = supply(&[-20.0, 3.0]);
    supply
        .occupy(
            driver(2),
            supply::Occupation::OnTrip(TripId::new(Uuid::nil())),
        )
        .expect("on shift");
    let rides = Rides::default();
    rides.begin(driver(2), Some(north(2.0)));
    let pool = [search(Policy::Batch, &[])];
    let plan = planned_at(&pool, &supply, &rides, 8_000);
    assert_eq!(chosen(&plan), [Chosen::Held([driver(2)])]);
    assert_eq!(plan.proposals[0].candidates, []);
    // No driver was passed over: the round stays the same when the search is taken up again, at once.
    assert_eq!(plan.proposals[0].next_round, 0);
    assert_eq!(
        plan.proposals[0].again_at,
        AT + SignedDuration::from_millis(8_000)
    );
    let asked = [search(Policy::Batch, &[2])];
    let plan = planned_at(&asked, &supply, &rides, 8_000);
    assert_eq!(chosen(&plan), [offered(1)]);
}

#[test]
fn the_record_decides_the_same_again_and_says_who_was_left_out() {
    let supply = supply(&[1.0, 2.0, 3.0, 50.0]);
    supply
        .occupy(driver(1), supply::Occupation::Offered)
        .expect("on shift");
    for policy in [Policy::Nearest, Policy::Batch] {
        let pool = [search(policy, &[2]), search_at(policy, &[], 4.0)];
        for decision in planned_at(&pool, &supply, &Rides::default(), 8_000).decisions {
            let text = decision.text();
            let read: Decision = serde_json::from_str(&text).expect("it was written as it is read");
            assert_eq!(read, decision);
            assert!(read.is_same_again(), "{read:?}");
            let mut other = read;
            other.searches[0].chosen = offered(9);
            assert!(!other.is_same_again());
        }
        let plan = planned_at(&pool, &supply, &Rides::default(), 8_000);
        let first = &plan.decisions[0].searches[0];
        let excluded: Vec<(DriverId, Why)> = first
            .excluded
            .iter()
            .map(|excluded| (excluded.driver, excluded.why))
            .collect();
        let expected = [(driver(1), Why::Occupied), (driver(2), Why::AskedBefore)];
        assert_eq!(excluded, expected, "{policy:?}");
    }
}

#[test]
fn who_is_not_free_after_all_is_followed_by_whom_nobody_got() {
    let supply = supply(&[1.0, 2.0, 3.0, 4.0]);
    for policy in [Policy::Nearest, Policy::Batch] {
        let pool = [search_at(policy, &[], 0.0), search_at(policy, &[], 5.0)];
        let plan = planned_at(&pool, &supply, &Rides::default(), 8_000);
        let proposed = plan.proposals.iter().map(|proposal| {
            let candidates = proposal.candidates.iter();
            candidates.map(|candidate| candidate.driver).collect()
        });
        let proposed: Vec<Vec<DriverId>> = proposed.collect();
        let last = proposed[1].clone();
        assert_eq!(last, [4, 3, 2].map(driver), "{policy:?}");
        if policy == Policy::Batch {
            assert_eq!(proposed[0], [1, 2, 3].map(driver));
        }
    }
}

#[test]
fn a_trip_does_not_wait_for_a_driver_who_never_comes_free() {
    let supply = supply(&[-5.0, 3.0]);
    let on_trip = supply::Occupation::OnTrip(TripId::new(Uuid::nil()));
    supply.occupy(driver(2), on_trip).expect("on shift");
    let rides = Rides::default();
    rides.begin(driver(2), Some(north(2.9)));
    let pool = [search_at(Policy::Batch, &[], 3.0)];
    let at = |second: i64| {
        for (number, place) in [(1, -5.0), (2, 3.0)] {
            let fix = Fix {
                location: north(place),
                at: AT + SignedDuration::from_secs(second),
                accuracy_m: None,
                heading_deg: None,
                speed_mps: None,
            };
            let reported = supply.report(driver(number), &[fix], fix.at);
            reported.expect("on shift");
        }
        planned_at(&pool, &supply, &rides, 1_000 * second)
    };
    for second in [8, 60, 128] {
        assert_eq!(chosen(&at(second)), [Chosen::Held([driver(2)])], "{second}");
    }
    assert_eq!(chosen(&at(129)), [offered(1)]);
}
