//! One working device among devices that acknowledge nothing.

use super::*;
use crate::car;

/// An hour in which that many dead devices are between the pick-up and the only driver with a working device. A second
/// request comes once the first ride is over.
fn among_dead(devices: usize) -> Day {
    let mut places: Vec<f64> = (0..devices).map(|n| 0.1 + n as f64 / 1_000.0).collect();
    places.push(0.5);
    let mut day = small(&[(60, 0.0, 0.2), (400, 0.0, 0.2)], &places);
    day.dead = (0..=devices).map(|car| car < devices).collect();
    day
}

/// How long after each request that driver was asked, in milliseconds.
fn asked_after(day: &Day, word: &str) -> Vec<i64> {
    let variant: Variant = word.parse().expect("a policy");
    let honest = car::driver(day.starts.len() - 1);
    let mut simulation = Simulation::new(day, &variant).expect("a simulation");
    let mut nothing = |_| {};
    let mut outside = outside_of(&mut nothing);
    let mut asked = vec![None; day.requests.len()];
    while simulation.step(&mut outside) {
        assert_eq!(simulation.service.broken(), None, "{word}");
        if let Some(offer) = simulation.service.offer_to(honest) {
            let trip = super::super::service::number(offer.trip);
            asked[trip].get_or_insert(simulation.now - day.requests[trip].at);
        }
    }
    let asked = asked.into_iter();
    asked.map(|after| after.expect("asked")).collect()
}

#[test]
fn an_honest_driver_is_asked_soon_however_many_devices_are_dead() {
    for word in ["nearest", "batch"] {
        for (devices, most_s) in [(1, 20), (8, 20), (30, 25), (100, 90)] {
            let asked = asked_after(&among_dead(devices), word);
            println!("{word}, {devices} dead devices: asked after {asked:?} ms");
            assert!(asked[0] <= 1_000 * most_s, "{word}, {devices}: {asked:?}");
            assert!(asked[1] <= 10_000, "{word}, {devices}: {asked:?}");
        }
    }
}

#[test]
fn a_day_without_the_dead_is_the_same_day_for_everybody_else() {
    let day_of = |absent| {
        day(
            |scenario| {
                scenario.dead = people::DeadDevices {
                    permille: 200,
                    absent,
                };
            },
            3,
        )
    };
    let (with, without) = (day_of(false), day_of(true));
    assert_eq!(with.dead, without.dead);
    assert!((1..6).contains(&with.dead.iter().filter(|dead| **dead).count()));
    for word in ["broadcast", "nearest", "batch+hints"] {
        let (with, without) = (tally(&with, word), tally(&without, word));
        // Drivers with dead devices serve no rider. Where they are absent, they count as off shift.
        let served = |tally: &DayTally| {
            let served = tally.rides.iter();
            served
                .filter(|ride| ride.outcome == Some(RideOutcome::Served))
                .count()
        };
        assert!(served(&with) > 20 && served(&without) > 20, "{word}");
        let off = car::Doing::Off.kind();
        let more_ms = without.doing_ms[off] - with.doing_ms[off];
        assert!(more_ms > 3 * demand::HOUR_MS, "{word}: {more_ms} ms");
    }
}
