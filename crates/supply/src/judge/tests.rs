//! Tables of what a device may send, and random devices.

use proptest::prelude::*;

use super::*;
use domain::Coordinates;

/// The time of receipt. Fixes are given in milliseconds before or after it.
const NOON: i64 = 1_800_000_000_000;

fn at_ms(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(NOON + ms).expect("within range")
}

/// A fix that many metres north of a fixed place.
fn fix(ms: i64, metres: f64) -> Fix {
    Fix {
        location: Coordinates::new(48.0 + metres / 111_195.0, 16.0).expect("on the earth"),
        at: at_ms(ms),
        accuracy_m: None,
        heading_deg: None,
        speed_mps: None,
    }
}

fn unsure(ms: i64, metres: f64, accuracy_m: f64) -> Fix {
    Fix {
        accuracy_m: Some(accuracy_m),
        ..fix(ms, metres)
    }
}

#[test]
fn the_first_fix_is_judged_by_itself() {
    for (fix, verdict) in [
        (fix(0, 0.0), Verdict::Accepted),
        (fix(60_000, 0.0), Verdict::Accepted),
        (fix(60_001, 0.0), Verdict::FromFuture),
        (fix(-600_000, 0.0), Verdict::Accepted),
        (fix(-600_001, 0.0), Verdict::TooOld),
        (unsure(0, 0.0, 500.0), Verdict::Accepted),
        (unsure(0, 0.0, 500.1), Verdict::Impossible),
        (unsure(0, 0.0, -1.0), Verdict::Impossible),
        (unsure(0, 0.0, f64::NAN), Verdict::Impossible),
        (unsure(0, 0.0, f64::INFINITY), Verdict::Impossible),
    ] {
        assert_eq!(Judge::default().judge(&fix, at_ms(0)), verdict, "{fix:?}");
    }
}

#[test]
fn the_next_fix_is_judged_by_the_last() {
    for (next, verdict) in [
        (fix(1_000, 69.0), Verdict::Accepted),
        (fix(1_000, -69.0), Verdict::Accepted),
        (fix(1_000, 71.0), Verdict::Impossible),
        (unsure(1_000, 79.0, 10.0), Verdict::Accepted),
        (unsure(1_000, 81.0, 10.0), Verdict::Impossible),
        (fix(200, 0.0), Verdict::Accepted),
        (fix(199, 0.0), Verdict::TooFrequent),
        (fix(0, 0.0), Verdict::Duplicate),
        (fix(0, 5_000.0), Verdict::Duplicate),
        (fix(-1, 0.0), Verdict::Late),
    ] {
        let mut judge = Judge::default();
        assert_eq!(judge.judge(&fix(0, 0.0), at_ms(0)), Verdict::Accepted);
        assert_eq!(judge.judge(&next, at_ms(1_000)), verdict, "{next:?}");
        let last = if verdict == Verdict::Accepted {
            next
        } else {
            fix(0, 0.0)
        };
        assert_eq!(judge.last(), Some(&last));
    }
}

#[test]
fn a_place_out_of_reach_is_believed_when_three_fixes_in_a_row_agree() {
    let mut judge = Judge::default();
    let steps = [
        (fix(0, 0.0), Verdict::Accepted),
        (fix(1_000, 9_000.0), Verdict::Impossible),
        (fix(2_000, 9_010.0), Verdict::Impossible),
        // Back again: the device had erred.
        (fix(3_000, 20.0), Verdict::Accepted),
        (fix(4_000, 9_000.0), Verdict::Impossible),
        (fix(5_000, 9_010.0), Verdict::Impossible),
        // Another place again: this is the first fix that others may agree with.
        (fix(6_000, 20_000.0), Verdict::Impossible),
        (fix(7_000, 20_010.0), Verdict::Impossible),
        // The same fix sent twice counts once.
        (fix(7_100, 20_010.0), Verdict::Impossible),
        (fix(8_000, 20_020.0), Verdict::Accepted),
        (fix(9_000, 20_030.0), Verdict::Accepted),
        (fix(10_000, 0.0), Verdict::Impossible),
    ];
    for (fix, verdict) in steps {
        assert_eq!(judge.judge(&fix, fix.at), verdict, "{fix:?}");
    }
}

#[test]
fn what_comes_together_confirms_nothing_whatever_times_it_names() {
    let mut judge = Judge::default();
    judge.judge(&fix(0, 0.0), at_ms(0));
    let puppet: Vec<Fix> = (1..50).map(|at| fix(at * 1_000, 9_000.0)).collect();
    let (accepted, counts) = judge.judge_all(&puppet, at_ms(1_000));
    assert_eq!((accepted.len(), counts.impossible), (0, 49));
    // A repeated fix is not new, so it confirms nothing either.
    assert_eq!(judge.judge_all(&puppet, at_ms(2_000)).0, []);
    // Two more fixes, received at different times, make it believed; two within the same moment do not.
    let later = [50_000, 51_000, 52_000].map(|ms| fix(ms, 9_000.0));
    assert_eq!(judge.judge(&later[0], at_ms(3_000)), Verdict::Impossible);
    assert_eq!(judge.judge(&later[1], at_ms(3_199)), Verdict::Impossible);
    assert_eq!(judge.judge(&later[2], at_ms(3_200)), Verdict::Accepted);
}

#[test]
fn fixes_that_come_together_are_taken_by_their_times() {
    let mut judge = Judge::default();
    let batch = [
        fix(2_000, 20.0),
        fix(0, 0.0),
        fix(1_000, 10.0),
        fix(1_000, 10.0),
        fix(1_100, 11.0),
        fix(90_000, 0.0),
    ];
    let (accepted, counts) = judge.judge_all(&batch, at_ms(2_000));
    assert_eq!(accepted, [fix(0, 0.0), fix(1_000, 10.0), fix(2_000, 20.0)]);
    let expected = Counts {
        accepted: 3,
        duplicate: 1,
        too_frequent: 1,
        from_future: 1,
        ..Counts::default()
    };
    assert_eq!(counts, expected);
    let (accepted, counts) = judge.judge_all(&[fix(1_500, 15.0)], at_ms(3_000));
    assert_eq!((accepted.len(), counts.late), (0, 1));
}

prop_compose! {
    fn any_fix()(ms in -700_000..700_000_i64, metres in prop_oneof![-200.0..200.0, -1e5..1e5_f64], accuracy in prop::option::of(-10.0..600.0_f64)) -> Fix {
        Fix { accuracy_m: accuracy, ..fix(ms, metres) }
    }
}

proptest! {
    #[test]
    fn whatever_comes_time_only_goes_on_and_every_fix_is_counted(batches in prop::collection::vec((prop::collection::vec(any_fix(), 0..20), -60_000..60_000_i64), 1..20)) {
        let mut judge = Judge::default();
        for (batch, received) in batches {
            let before = judge.last().copied();
            let (accepted, counts) = judge.judge_all(&batch, at_ms(received));
            let all = counts.accepted + counts.late + counts.duplicate + counts.impossible + counts.too_old + counts.from_future + counts.too_frequent;
            prop_assert_eq!(all, batch.len() as u64);
            prop_assert_eq!(counts.accepted, accepted.len() as u64);
            prop_assert_eq!(judge.last().copied(), accepted.last().copied().or(before));
            let track: Vec<Fix> = before.into_iter().chain(accepted).collect();
            for pair in track.windows(2) {
                prop_assert!(pair[1].at.duration_since(pair[0].at) >= APART_MIN);
                prop_assert!(batch.contains(&pair[1]));
            }
        }
    }

    #[test]
    fn the_order_within_a_batch_does_not_matter(batch in prop::collection::vec(any_fix(), 0..20).prop_shuffle()) {
        let mut seen = std::collections::HashSet::new();
        let batch: Vec<Fix> = batch.into_iter().filter(|fix| seen.insert(fix.at)).collect();
        let mut sorted = batch.clone();
        sorted.sort_by_key(|fix| fix.at);
        let judged = Judge::default().judge_all(&batch, at_ms(0));
        prop_assert_eq!(judged, Judge::default().judge_all(&sorted, at_ms(0)));
    }

    #[test]
    fn a_steady_driver_is_never_stuck(wild in prop::collection::vec(any_fix(), 0..30), metres in -1e5..1e5_f64) {
        let mut judge = Judge::default();
        for fix in &wild {
            judge.judge(fix, at_ms(0));
        }
        // The clock may have been ahead by a minute. After that, three fixes are enough.
        for second in 61..64 {
            let here = fix(second * 1_000, metres);
            judge.judge(&here, here.at);
        }
        prop_assert_eq!(judge.last().copied(), Some(fix(63_000, metres)));
    }

    #[test]
    fn without_a_confirmed_jump_nobody_moves_faster_than_a_car_can(fixes in prop::collection::vec((1..5_000_i64, -500.0..500.0_f64), 1..50)) {
        let mut judge = Judge::default();
        let mut now = 0;
        let mut last: Option<Fix> = None;
        let mut doubts = 0;
        for (wait, metres) in fixes {
            now += wait;
            let fix = fix(now, metres);
            let verdict = judge.judge(&fix, fix.at);
            if verdict == Verdict::Accepted {
                if let Some(last) = last.filter(|_| doubts < CONFIRMED_BY - 1) {
                    prop_assert!(is_reachable(&last, &fix));
                }
                last = Some(fix);
                doubts = 0;
            } else if verdict == Verdict::Impossible {
                doubts += 1;
            }
        }
    }
}
