//! Properties that hold for whatever a device reports.

use jiff::SignedDuration;
use proptest::prelude::*;

use super::gaps::GAP_MIN;
use super::*;

fn at_ms(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(1_800_000_000_000 + ms).expect("within range")
}

prop_compose! {
    /// A fix that is mostly within a town and sometimes anywhere, at a time around that of the ride.
    fn any_fix()(
        ms in -100_000..700_000_i64,
        lat in prop_oneof![8 => 53.5..53.6, 1 => -90.0..90.0_f64],
        lon in prop_oneof![8 => 10.0..10.1, 1 => -180.0..180.0_f64],
        accuracy_m in prop::option::of(prop_oneof![4 => 0.0..30.0, 1 => -1.0..600.0_f64]),
    ) -> Fix {
        let location = Coordinates::new(lat, lon).expect("on earth");
        Fix { location, at: at_ms(ms), accuracy_m, heading_deg: None, speed_mps: None }
    }
}

prop_compose! {
    /// The fixes of a device that moves about as fast as a car, and stands now and then.
    fn steady()(steps in prop::collection::vec((100..90_000_i64, 0.0..40.0_f64, -1.0..1.0_f64), 1..60)) -> Vec<Fix> {
        let (mut ms, mut east, mut north) = (0, 0.0, 0.0);
        steps.into_iter().map(|(wait_ms, mps, turn)| {
            ms += wait_ms;
            let metres = mps * wait_ms as f64 / 1_000.0;
            (east, north) = (east + metres * turn, north + metres * (1.0 - turn.abs()));
            let location = Coordinates::new(53.5 + north / 111_195.0, 10.0 + east / 66_000.0);
            let location = location.expect("on earth");
            Fix { location, at: at_ms(ms), accuracy_m: Some(5.0), heading_deg: None, speed_mps: None }
        }).collect()
    }
}

fn any_fixes() -> impl Strategy<Value = Vec<Fix>> {
    prop_oneof![
        prop::collection::vec(any_fix(), 0..60),
        steady(),
        (steady(), prop::collection::vec(any_fix(), 0..20)).prop_map(|(a, b)| [a, b].concat()),
    ]
}

fn ride(seconds: i64) -> RideFacts {
    let place = |lat, lon| Some(Coordinates::new(lat, lon).expect("on earth"));
    RideFacts {
        started_at: at_ms(0),
        ended_at: at_ms(seconds * 1_000),
        pick_up: place(53.5, 10.0),
        drop_off: place(53.6, 10.1),
        quoted_m: Some(16_000.0),
    }
}

fn estimate_m(from: Coordinates, to: Coordinates) -> f64 {
    from.metres_to(to) * 1.3
}

fn track(fixes: &[Fix]) -> Track {
    let mut track = Track::default();
    track.add(fixes);
    track
}

proptest! {
    #[test]
    fn no_ride_is_longer_than_a_car_drives_in_its_time(fixes in any_fixes(), seconds in 0..700_i64, off_ms in -3_600_000..3_600_000_i64) {
        let off = |fix: &Fix| Fix { at: fix.at + SignedDuration::from_millis(off_ms), ..*fix };
        let skewed: Vec<Fix> = fixes.iter().map(off).collect();
        for fixes in [fixes, skewed] {
            let measured = track(&fixes).measure(&ride(seconds), estimate_m);
            let metres = measured.measured_m + measured.filled_m;
            prop_assert!(measured.measured_m >= 0.0 && measured.filled_m >= 0.0);
            prop_assert!(metres <= 50.0 * seconds as f64 + 1e-6, "{metres} m in {seconds} s");
            let filled: f64 = measured.gaps.iter().map(|gap| gap.filled_m).sum();
            prop_assert!((filled - measured.filled_m).abs() < 1e-6);
        }
    }

    #[test]
    fn order_splitting_and_repetition_change_nothing(
        (fixes, shuffled) in any_fixes().prop_flat_map(|fixes| (Just(fixes.clone()), Just(fixes).prop_shuffle())),
        split in 1..20_usize,
    ) {
        let whole = track(&fixes);
        let mut pieces = Track::default();
        let mut stored = Vec::new();
        for report in shuffled.chunks(split) {
            stored.extend(pieces.add(report));
            prop_assert_eq!(pieces.add(report), []);
        }
        prop_assert_eq!(&pieces, &whole);
        let mut restored = Track::default();
        restored.restore(stored.into_iter().rev());
        prop_assert_eq!(&restored, &whole);
        prop_assert_eq!(pieces.measure(&ride(600), estimate_m), whole.measure(&ride(600), estimate_m));
    }

    #[test]
    fn a_gap_is_longer_than_a_minute_or_the_whole_ride(fixes in any_fixes(), seconds in 1..700_i64) {
        let ride = ride(seconds);
        let measured = track(&fixes).measure(&ride, estimate_m);
        for gap in &measured.gaps {
            let is_long = gap.to_at.duration_since(gap.from_at) > GAP_MIN;
            let is_whole = (gap.from_at, gap.to_at) == (ride.started_at, ride.ended_at);
            prop_assert!(is_long || is_whole && measured.segments.is_empty(), "{gap:?}");
        }
        prop_assert!(measured.gaps.is_sorted_by_key(|gap| gap.from_at));
        prop_assert!(measured.segments.iter().all(|segment| !segment.is_empty()));
    }

    #[test]
    fn a_car_has_only_stood_still_if_its_fixes_are_near_each_other(fixes in any_fixes(), seconds in 1..700_i64) {
        let ride = ride(seconds);
        let track = track(&fixes);
        if track.measure(&ride, estimate_m).stood_still {
            let is_within = |fix: &&TrackFix| (ride.started_at.as_millisecond()..=ride.ended_at.as_millisecond()).contains(&fix.at_ms);
            let is_sure = |fix: &&TrackFix| fix.accuracy_m() <= 10.0;
            let sure: Vec<&TrackFix> = track.fixes().iter().filter(is_within).filter(is_sure).collect();
            let in_pairs = sure.windows(2).filter(|pair| usable::is_reachable(pair[0], pair[1]));
            for pair in in_pairs {
                let metres = pair[0].location().metres_to(pair[1].location());
                prop_assert!(metres <= 100.0, "{metres} m from {:?} to {:?}", pair[0], pair[1]);
            }
        }
    }
}
