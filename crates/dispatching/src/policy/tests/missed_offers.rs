//! Devices that acknowledge nothing, and offers that move on to others.

use super::*;
use domain::MissedOffers;

/// Drivers whose devices left that many offers unacknowledged, the last of them just now.
fn silent<const N: usize>(devices: [(i64, i64); N]) -> Unresponsive {
    let missed = |offers| MissedOffers {
        offers,
        last_at: AT,
    };
    devices
        .map(|(number, offers)| (driver(number), missed(offers)))
        .into()
}

/// The drivers whom a search would be offered to, the best first.
fn candidates(plan: &Plan) -> Vec<DriverId> {
    let candidates = plan.proposals[0].candidates.iter();
    candidates.map(|candidate| candidate.driver).collect()
}

#[test]
fn silent_devices_come_last_wherever_they_are() {
    let supply = supply(&[1.0, 2.0, 3.0, 4.0]);
    let unresponsive = silent([(1, 2), (2, 1), (3, 2)]);
    for policy in [Policy::Nearest, Policy::Batch] {
        let pool = [search(policy, &[])];
        let plan = planned_with(&pool, &supply, &Rides::default(), &unresponsive, 8_000);
        assert_eq!(candidates(&plan), [4, 2, 1, 3].map(driver), "{policy:?}");
        assert_eq!(chosen(&plan), [offered(4)], "{policy:?}");
        assert_eq!(plan.proposals[0].round, 0, "{policy:?}");
        let ten_minutes = planned_with(&pool, &supply, &Rides::default(), &unresponsive, 600_000);
        // No driver has reported for so long, but the rule is the same.
        assert!(ten_minutes.proposals[0].candidates.is_empty());
    }
}

#[test]
fn silent_devices_take_no_places_from_others() {
    // More devices than a search considers, and nearer.
    let mut places: Vec<f64> = (0..200).map(|n| f64::from(n) / 100.0).collect();
    places.push(5.0);
    let supply = supply(&places);
    let unresponsive: Unresponsive = (1..=200).flat_map(|number| silent([(number, 2)])).collect();
    for policy in [Policy::Nearest, Policy::Batch] {
        let pool = [search(policy, &[])];
        let plan = planned_with(&pool, &supply, &Rides::default(), &unresponsive, 8_000);
        assert_eq!(chosen(&plan), [offered(201)], "{policy:?}");
    }
}

#[test]
fn where_there_are_only_silent_devices_they_are_asked_and_the_circle_grows() {
    let supply = supply(&[1.0]);
    for policy in [Policy::Nearest, Policy::Batch] {
        let pool = [search(policy, &[])];
        let plan = planned_with(&pool, &supply, &Rides::default(), &silent([(1, 2)]), 8_000);
        assert_eq!(chosen(&plan), [offered(1)], "{policy:?}");
        assert_eq!(plan.proposals[0].round, 1, "{policy:?}");
    }
}

#[test]
fn a_device_that_was_tried_too_often_rests() {
    let supply = supply(&[1.0]);
    for policy in [Policy::Nearest, Policy::Batch] {
        let pool = [search(policy, &[]), unheard(policy, &[1], 1)];
        let plan = planned_with(&pool, &supply, &Rides::default(), &silent([(1, 3)]), 8_000);
        assert_eq!(
            chosen_all(&plan),
            [Chosen::Nobody, Chosen::Nobody],
            "{policy:?}"
        );
        let plan = planned_with(&pool, &supply, &Rides::default(), &silent([(1, 3)]), 30_000);
        assert!(chosen_all(&plan).contains(&offered(1)), "{policy:?}");
    }
}

/// The choices of a plan, decision by decision and search by search.
fn chosen_all(plan: &Plan) -> Vec<Chosen> {
    let searches = plan.decisions.iter().flat_map(|it| &it.searches);
    searches.map(|searched| searched.chosen.clone()).collect()
}

/// A search after unacknowledged offers: to these drivers, that many in a row.
fn unheard(policy: Policy, drivers: &[i64], unheard: u32) -> Search {
    let mut search = search(policy, &[]);
    search.asked.unreached = drivers.iter().copied().map(driver).collect();
    search.asked.unheard = unheard;
    search
}

#[test]
fn whose_device_was_silent_is_asked_again_once_everybody_else_was_asked() {
    let supply = supply(&[1.0, 2.0]);
    for policy in [Policy::Nearest, Policy::Batch] {
        let pool = [unheard(policy, &[1], 1)];
        let plan = planned_at(&pool, &supply, &Rides::default(), 8_000);
        assert_eq!(candidates(&plan), [driver(2)], "{policy:?}");
        let excluded = &plan.decisions[0].searches[0].excluded[0];
        assert_eq!(
            (excluded.driver, excluded.why),
            (driver(1), Why::AskedBefore)
        );
        let pool = [unheard(policy, &[1, 2], 2)];
        let plan = planned_at(&pool, &supply, &Rides::default(), 8_000);
        assert_eq!(candidates(&plan), [1, 2].map(driver), "{policy:?}");
        let again = &plan.decisions[0].searches[0].candidates;
        assert!(again.iter().all(|one| one.is_again), "{again:?}");
        assert_eq!(plan.proposals[0].round, 1, "{policy:?}");
    }
}

#[test]
fn a_wave_that_reached_nobody_doubles_the_next_up_to_eight() {
    let supply = supply(&[1.0; 12]);
    for policy in [Policy::Nearest, Policy::Batch] {
        for (in_a_row, wave) in [(0, 1), (1, 2), (3, 4), (7, 8), (15, 8)] {
            let pool = [unheard(policy, &[], in_a_row)];
            let plan = planned_at(&pool, &supply, &Rides::default(), 8_000);
            assert_eq!(plan.proposals[0].wave, wave, "{policy:?}");
            let Chosen::Offered(drivers) = &chosen(&plan)[0] else {
                panic!("there are drivers: {plan:?}");
            };
            assert_eq!(drivers.len(), wave, "{policy:?}");
        }
    }
}

#[test]
fn whoever_was_offered_to_dead_devices_only_does_not_gather_again() {
    let supply = supply(&[1.0, 2.0]);
    let mut search = unheard(Policy::Batch, &[1], 1);
    search.asked.unheard_at = Some(AT);
    let at_once = planned_at(&[search.clone()], &supply, &Rides::default(), 0);
    assert_eq!(chosen(&at_once), [offered(2)]);
    // Once it was decided on, it waits for the next window as others do.
    search.due_at = AT + SignedDuration::from_millis(500);
    let later = planned_at(&[search], &supply, &Rides::default(), 1_000);
    assert!(later.decisions.is_empty());
}

#[test]
fn those_beside_whoever_does_not_gather_again_go_on_gathering() {
    let supply = supply(&[1.0, 2.0, 3.0]);
    let mut gathered = unheard(Policy::Batch, &[1], 1);
    gathered.asked.unheard_at = Some(AT);
    gathered.trip.id = TripId::new(Uuid::from_u128(2));
    let pool = [search(Policy::Batch, &[]), gathered];
    let at_once = planned_at(&pool, &supply, &Rides::default(), 0);
    let of: Vec<TripId> = at_once
        .proposals
        .iter()
        .map(|proposal| proposal.trip)
        .collect();
    assert_eq!(of, [pool[1].trip.id]);
    let all = planned_at(&pool, &supply, &Rides::default(), 8_000);
    assert_eq!(all.proposals.len(), 2);
}

#[test]
fn a_record_of_an_older_version_is_read_and_decides_the_same_again() {
    let supply = supply(&[1.0, 2.0]);
    let plan = planned(&[search(Policy::Nearest, &[])], &supply);
    let text = plan.decisions[0].text();
    // Where no device was unresponsive, nothing is written that older versions did not write.
    assert!(!text.contains("unheard"), "{text}");
    let record: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    let written = &record["searches"][0]["candidates"][0];
    assert_eq!(written.as_array().map(Vec::len), Some(5), "{written}");
    assert_eq!(written[4].as_array().map(Vec::len), Some(4), "{written}");
    let mut silent_plan = planned_with(
        &[unheard(Policy::Nearest, &[1, 2], 2)],
        &supply,
        &Rides::default(),
        &silent([(1, 1)]),
        0,
    );
    let decision = silent_plan.decisions.remove(0);
    let read: Decision = serde_json::from_str(&decision.text()).expect("it is read");
    assert_eq!(read, decision);
    assert!(read.is_same_again());
}
