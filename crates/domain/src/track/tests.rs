//! Small inputs that are easily charged wrongly.

use jiff::SignedDuration;

use super::*;

fn place(lat: f64, lon: f64) -> Coordinates {
    Coordinates::new(lat, lon).expect("on earth")
}

fn after(seconds: f64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_millis((seconds * 1_000.0).round() as i64)
}

fn fix(seconds: f64, lat: f64, lon: f64, accuracy_m: Option<f64>) -> Fix {
    Fix {
        location: place(lat, lon),
        at: after(seconds),
        accuracy_m,
        heading_deg: None,
        speed_mps: None,
    }
}

/// The estimate of the quote without a road graph.
fn estimate_m(from: Coordinates, to: Coordinates) -> f64 {
    from.metres_to(to) * 1.3
}

/// A ride that begins at second 0, from 53.55/10 to 53.5535/10, quoted as 600 m.
fn ride(seconds: f64) -> RideFacts {
    RideFacts {
        started_at: after(0.0),
        ended_at: after(seconds),
        pick_up: Some(place(53.55, 10.0)),
        drop_off: Some(place(53.5535, 10.0)),
        quoted_m: Some(600.0),
    }
}

fn track(fixes: &[Fix]) -> Track {
    let mut track = Track::default();
    track.add(fixes);
    track
}

fn measure(fixes: &[Fix], ride: &RideFacts) -> Measured {
    track(fixes).measure(ride, estimate_m)
}

#[test]
fn a_place_that_is_believed_because_it_repeats_itself_adds_no_metres() {
    let mut fixes = vec![fix(0.0, 53.55, 10.0, None)];
    for (at, lat) in [53.0, 53.0, 53.0, 53.55, 53.55, 53.55]
        .into_iter()
        .enumerate()
    {
        fixes.push(fix(0.25 * (at as f64 + 1.0), lat, 10.0, None));
    }
    let measured = measure(&fixes, &ride(2.0));
    assert_eq!((measured.measured_m, measured.filled_m), (0.0, 0.0));
    assert_eq!(measured.segments.len(), 3);
    assert_eq!(measured.gaps, []);
}

#[test]
fn one_report_from_the_other_end_of_the_world_adds_no_metres() {
    let mut fixes = vec![fix(0.0, 53.55, 10.0, None)];
    fixes.extend([0.2, 0.4, 0.6, 0.8].map(|at| fix(at, 35.68, 139.69, Some(5.0))));
    assert_eq!(measure(&fixes, &ride(1.0)).measured_m, 0.0);
}

#[test]
fn zero_degrees_north_and_east_is_a_device_without_a_fix() {
    let home = |at| fix(at, 53.55, 10.0, None);
    let nowhere = |at| fix(at, 0.0, 0.0, None);
    let fixes = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0].map(nowhere);
    assert_eq!(track(&fixes).fixes(), []);
    let fixes = [
        home(0.0),
        nowhere(1.0),
        nowhere(2.0),
        nowhere(3.0),
        home(4.0),
    ];
    let measured = measure(&fixes, &ride(5.0));
    assert_eq!((measured.measured_m, measured.segments.len()), (0.0, 1));
    let whole = measure(&[nowhere(0.0), nowhere(30.0)], &ride(60.0));
    assert_eq!((whole.gaps.len(), whole.stood_still), (1, false));
}

#[test]
fn a_fix_without_a_usable_accuracy_does_not_count() {
    let accuracy_dm = |accuracy_m| {
        let fix = TrackFix::of(&fix(0.0, 53.55, 10.0, accuracy_m));
        fix.map(|fix| fix.accuracy_dm)
    };
    assert_eq!(accuracy_dm(None), Some(None));
    assert_eq!(accuracy_dm(Some(0.0)), Some(Some(0)));
    assert_eq!(accuracy_dm(Some(12.34)), Some(Some(123)));
    assert_eq!(accuracy_dm(Some(100.0)), Some(Some(1_000)));
    for accuracy_m in [-1.0, 100.1, f64::NAN] {
        assert_eq!(accuracy_dm(Some(accuracy_m)), None, "{accuracy_m}");
    }
}

#[test]
fn what_is_no_place_or_no_time_is_not_sound() {
    let fix = TrackFix::of(&fix(0.0, 53.55, 10.0, None)).expect("a fix");
    assert!(fix.is_sound());
    let lat_e7 = 900_000_001;
    assert!(!TrackFix { lat_e7, ..fix }.is_sound());
    let at_ms = i64::MAX;
    assert!(!TrackFix { at_ms, ..fix }.is_sound());
}

#[test]
fn a_coarse_fix_makes_no_metres_while_better_ones_come() {
    for accuracy_m in [450.0, 100.0, 60.0] {
        let fixes: Vec<Fix> = (0..10)
            .map(|at| match at % 2 {
                0 => fix(f64::from(at) * 0.25, 53.55, 10.0, Some(10.0)),
                _ => fix(f64::from(at) * 0.25, 53.5535, 10.0, Some(accuracy_m)),
            })
            .collect();
        let measured = measure(&fixes, &ride(2.5));
        assert_eq!(measured.measured_m, 0.0, "{accuracy_m}");
        assert!(measured.stood_still);
    }
}

#[test]
fn a_parked_car_that_jitters_adds_nothing() {
    let mut chance = fastrand::Rng::with_seed(1);
    for (spread_m, accuracy_m) in [(50.0, Some(60.0)), (15.0, None), (10.0, Some(10.0))] {
        let mut off = || (chance.f64() * 2.0 - 1.0) * spread_m / 111_195.0;
        let fixes: Vec<Fix> = (0..60)
            .map(|at| {
                fix(
                    f64::from(at) * 10.0,
                    53.55 + off(),
                    10.0 + off(),
                    accuracy_m,
                )
            })
            .collect();
        let measured = measure(&fixes, &ride(600.0));
        assert_eq!((measured.measured_m, measured.filled_m), (0.0, 0.0));
        assert!(measured.stood_still);
    }
}

/// 90 fixes, each ten seconds and 100 m after the one before.
fn offline() -> Vec<Fix> {
    let fixes = (0..90).map(|at| {
        let at = f64::from(at);
        fix(at * 10.0, 53.55 + at * 100.0 / 111_195.0, 10.0, Some(10.0))
    });
    fixes.collect()
}

#[test]
fn a_backlog_counts_in_whatever_order_it_comes() {
    let fixes = offline();
    let (older, newer) = fixes.split_at(45);
    let backlog = &fixes[..89];
    let orders: [&[&[Fix]]; 4] = [
        &[&fixes],
        &[&fixes[89..], backlog],
        &[newer, older],
        &[newer, older, newer],
    ];
    for reports in orders {
        let mut track = Track::default();
        let new: usize = reports.iter().map(|report| track.add(report).len()).sum();
        assert_eq!(new, 90);
        let measured = track.measure(&ride(890.0), estimate_m);
        assert!((measured.measured_m - 8_900.0).abs() < 10.0, "{measured:?}");
        assert_eq!((measured.filled_m, measured.gaps.len()), (0.0, 0));
    }
}

#[test]
fn fifteen_minutes_without_a_fix_are_filled_as_the_quote_reckons() {
    let mut fixes = offline();
    fixes.drain(1..=88);
    let quoted_m = Some(8_900.0 * 1.3);
    let ride = RideFacts {
        quoted_m,
        ..ride(890.0)
    };
    let measured = measure(&fixes, &ride);
    let is_filled = (measured.filled_m - 8_900.0 * 1.3).abs() < 10.0;
    assert!(is_filled && measured.measured_m <= 0.0, "{measured:?}");
    assert_eq!((measured.gaps.len(), measured.stood_still), (1, false));
}

/// A ride of 19.8 km, with fixes of the first kilometre only.
#[test]
fn a_killed_app_costs_what_was_quoted() {
    let north = |metres: f64| 53.55 + metres / 111_195.0;
    let fixes: Vec<Fix> = (0..30)
        .map(|at| f64::from(at) * 33.0)
        .map(|metres| fix(metres / 11.0, north(metres), 10.0, Some(10.0)))
        .collect();
    let ride = RideFacts {
        drop_off: Some(place(north(19_800.0), 10.0)),
        quoted_m: Some(19_800.0),
        ..ride(90.0 + 24.0 * 60.0)
    };
    let measured = measure(&fixes, &ride);
    assert!((measured.measured_m - 957.0).abs() < 40.0, "{measured:?}");
    let metres = measured.measured_m + measured.filled_m;
    assert!((metres - 19_800.0).abs() < 1.0, "{measured:?}");
    let ends = measured.gaps.iter().map(|gap| (gap.from_at, gap.to_at));
    assert!(ends.eq([(after(87.0), ride.ended_at)]));
}

#[test]
fn a_ride_that_stood_still_is_measured_as_that() {
    let fixes = [1.0, 2.0, 3.0, 4.0].map(|at| fix(at, 53.55, 10.0, Some(5.0)));
    let measured = measure(&fixes, &ride(5.0));
    assert_eq!((measured.measured_m, measured.filled_m), (0.0, 0.0));
    assert!(measured.stood_still);
    let mut fixes = [1.0, 3.0, 5.0, 7.0, 9.0]
        .map(|at| fix(at, 53.55, 10.0, Some(5.0)))
        .to_vec();
    fixes.extend([2.0, 4.0, 6.0].map(|at| fix(at, 50.0 + at, 10.0, Some(5.0))));
    let among_leaps = measure(&fixes, &ride(10.0));
    assert!(among_leaps.stood_still, "{among_leaps:?}");
}

#[test]
fn a_ride_without_fixes_is_one_gap_and_no_longer_than_a_car_drives_in_its_time() {
    let whole = measure(&[], &ride(600.0));
    assert!((whole.filled_m - 506.0).abs() < 1.0, "{whole:?}");
    assert_eq!((whole.gaps.len(), whole.stood_still), (1, false));
    let short = measure(&[], &ride(2.0));
    assert_eq!((short.filled_m, short.gaps.len()), (100.0, 1));
}

#[test]
fn what_is_filled_in_leaves_the_ride_as_short_as_a_car_can_drive_it() {
    let north = |metres: f64| 53.55 + metres / 111_195.0;
    let fixes = [
        fix(0.0, north(0.0), 10.0, None),
        fix(2.0, north(150.0), 10.0, None),
    ];
    let ride = RideFacts {
        drop_off: Some(place(north(10_000.0), 10.0)),
        quoted_m: Some(10_000.0),
        ..ride(102.0)
    };
    let measured = measure(&fixes, &ride);
    assert!((measured.measured_m - 150.0).abs() < 0.1, "{measured:?}");
    let metres = measured.measured_m + measured.filled_m;
    assert!((metres - ride.reach_m()).abs() < 0.1, "{measured:?}");
}

#[test]
fn what_is_outside_the_ride_by_the_device_s_clock_is_not_its_way() {
    let mut fixes = offline();
    let before = fixes.iter().map(|fix| Fix {
        at: fix.at - SignedDuration::from_hours(1),
        ..*fix
    });
    let before: Vec<Fix> = before.collect();
    fixes.extend(before);
    let measured = measure(&fixes, &ride(445.0));
    assert!((measured.measured_m - 4_400.0).abs() < 10.0, "{measured:?}");
}

#[test]
fn of_too_many_fixes_the_most_accurate_of_each_span_counts_in_whatever_order_they_come() {
    let fixes: Vec<Fix> = (0..3 * FIXES_MAX as u32)
        .map(|at| (f64::from(at), 5.0 + f64::from(at % 3)))
        .map(|(at, accuracy_m)| {
            fix(
                at * 0.5,
                50.0 + at * 5.0 / 111_195.0,
                10.0,
                Some(accuracy_m),
            )
        })
        .collect();
    let ride = ride(30_000.0);
    let ordered = track(&fixes);
    assert!(ordered.is_thinned() && ordered.fixes().len() <= FIXES_MAX);
    assert!(ordered.fixes().len() >= FIXES_MAX / 2);
    let mut shuffled = Track::default();
    let mut reports: Vec<&[Fix]> = fixes.chunks(100).collect();
    fastrand::Rng::with_seed(1).shuffle(&mut reports);
    for report in reports {
        shuffled.add(report);
    }
    assert_eq!(shuffled, ordered);
    let measured = ordered.measure(&ride, estimate_m).measured_m;
    assert!((measured / 300_000.0 - 1.0).abs() < 0.001, "{measured}");
}

#[test]
fn a_track_that_is_a_little_too_long_keeps_a_fix_of_each_second() {
    let fixes: Vec<Fix> = (0..=FIXES_MAX as u32)
        .map(|at| fix(f64::from(at) * 0.5, 53.55, 10.0, Some(5.0)))
        .collect();
    assert_eq!(track(&fixes).fixes().len(), FIXES_MAX / 2 + 1);
}

/// A drive to the north at 10 m/s, with a fix a second.
fn northwards(seconds: u32, accuracy_m: impl Fn(u32) -> f64) -> Vec<Fix> {
    let fixes = (0..seconds).map(|at| {
        let lat = 53.55 + f64::from(at) * 10.0 / 111_195.0;
        fix(f64::from(at), lat, 10.0, Some(accuracy_m(at)))
    });
    fixes.collect()
}

#[test]
fn a_fix_that_is_surer_than_usual_leaves_the_good_ones_beside_it() {
    let fixes = northwards(61, |at| if at % 15 == 0 { 3.0 } else { 10.0 });
    let track_fixes: Vec<TrackFix> = fixes.iter().filter_map(TrackFix::of).collect();
    assert_eq!(usable::sure(&track_fixes), track_fixes);
}

#[test]
fn of_fixes_that_come_nearly_at_once_the_surest_counts() {
    let sure = northwards(61, |_| 5.0);
    let coarse = sure.iter().map(|fix| Fix {
        at: fix.at - SignedDuration::from_millis(100),
        location: place(fix.location.lat(), 10.000_5),
        accuracy_m: Some(80.0),
        ..*fix
    });
    let both: Vec<Fix> = sure.iter().copied().chain(coarse).collect();
    let (alone, beside) = (measure(&sure, &ride(60.0)), measure(&both, &ride(60.0)));
    assert!(alone.measured_m > 590.0, "{alone:?}");
    assert!(
        (alone.measured_m - beside.measured_m).abs() < 1.0,
        "{beside:?}"
    );
}

#[test]
fn a_leap_is_no_way_though_a_car_could_have_driven_it_by_now() {
    let north = |metres: f64| 53.55 + metres / 111_195.0;
    let fixes: Vec<Fix> = [-2_000.0, 0.0, 100.0, 200.0, 300.0, 400.0]
        .into_iter()
        .zip([0.0, 30.0, 60.0, 90.0, 120.0, 150.0])
        .map(|(metres, at)| fix(at, north(metres), 10.0, Some(10.0)))
        .collect();
    let measured = measure(&fixes, &ride(150.0));
    assert!((measured.measured_m - 400.0).abs() < 25.0, "{measured:?}");
}

#[test]
fn an_outlier_does_not_take_the_true_place_with_it() {
    let mut fixes = northwards(61, |_| 10.0);
    fixes[30].location = place(53.60, 10.0);
    let measured = measure(&fixes, &ride(60.0));
    assert!((measured.measured_m - 600.0).abs() < 25.0, "{measured:?}");
    assert_eq!(measured.segments.len(), 1);
}

#[test]
fn who_says_little_or_leaps_about_has_not_stood_still() {
    let alone = [fix(60.0, 53.55, 10.0, Some(5.0))];
    let leaps: Vec<Fix> = (0..6)
        .map(|at| {
            fix(
                f64::from(at) * 0.25,
                53.0 + f64::from(at % 2),
                10.0,
                Some(5.0),
            )
        })
        .collect();
    let early = [1.0, 2.0, 3.0].map(|at| fix(at, 53.55, 10.0, Some(5.0)));
    let at_once = [fix(0.0, 53.55, 10.0, Some(5.0))];
    for (fixes, seconds) in [
        (&alone[..], 120.0),
        (&leaps, 1.5),
        (&early, 30.0),
        (&at_once, 0.0),
    ] {
        let measured = measure(fixes, &ride(seconds));
        assert_eq!((measured.measured_m, measured.filled_m), (0.0, 0.0));
        assert!(!measured.stood_still, "{measured:?}");
    }
}
