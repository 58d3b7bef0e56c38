//! What is reported: whole numbers only, so that the same day makes the same bytes everywhere.

use serde::Serialize;

use super::bound::Bound;
use super::car::Doing;
use super::recorded::RecordedOutcome;
use super::simulation::Day;
use super::tally::{DayTally, RideOutcome, RideTally, Windows};

/// The report of a day under some policies.
#[derive(Debug, Clone, Serialize)]
pub struct DayReport {
    /// What was simulated.
    pub scenario: String,
    /// By which seed.
    pub seed: u64,
    /// How many drivers there were.
    pub drivers: usize,
    /// How many requests.
    pub requests: usize,
    /// From when to when requests came, in milliseconds after midnight.
    pub span_ms: (i64, i64),
    /// Whether everybody accepted at once and nobody cancelled.
    pub ideal: bool,
    /// What came of the day as it was, where it was recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded: Option<RecordedOutcome>,
    /// What no policy can do better, where it was asked for.
    pub bound: Option<Bound>,
    /// Policy by policy.
    pub policies: Vec<PolicyResult>,
}

/// How long something took, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Spread {
    /// How many there were.
    pub count: u64,
    /// In the mean.
    pub mean_ms: i64,
    /// Half of them took no longer.
    pub p50_ms: i64,
    /// Nine of ten.
    pub p90_ms: i64,
    /// Nineteen of twenty.
    pub p95_ms: i64,
}

impl Spread {
    /// Of these durations, in any order.
    pub fn of(mut all: Vec<i64>) -> Self {
        all.sort_unstable();
        let rank = |percent: usize| {
            let place = (all.len() * percent).div_ceil(100).saturating_sub(1);
            all.get(place).copied().unwrap_or(0)
        };
        Self {
            count: all.len() as u64,
            mean_ms: ratio(all.iter().sum(), all.len() as i64),
            p50_ms: rank(50),
            p90_ms: rank(90),
            p95_ms: rank(95),
        }
    }
}

/// What came of a policy.
#[derive(Debug, Clone, Serialize)]
pub struct PolicyResult {
    /// Its word.
    pub policy: String,
    /// How many riders were driven.
    pub served: u64,
    /// For how many no driver was found within the search time.
    pub expired: u64,
    /// How many had no patience left before a driver accepted.
    pub gave_up: u64,
    /// How many cancelled after that.
    pub cancelled: u64,
    /// How many did not come.
    pub no_show: u64,
    /// How many of 1,000 cancelled, before or after a driver accepted, or were not found a driver.
    pub lost_permille: i64,
    /// From the request to the driver's arrival, of those who were driven.
    pub wait: Spread,
    /// From the request to the last acceptance, of those who were driven.
    pub to_accept: Spread,
    /// By how much the driver came later, or earlier, than was said on acceptance.
    pub promise_off: Spread,
    /// How long drivers were at what, in milliseconds, between the first and the last hour of requests.
    pub time: DriverTimes,
    /// How many of 1,000 parts of the time on shift somebody was driven.
    pub utilisation_permille: i64,
    /// How many of 1,000 parts of the time in which cars moved nobody was driven.
    pub deadhead_permille: i64,
    /// How long was driven to pick-ups for each rider who was driven, in milliseconds.
    pub to_pick_up_per_served_ms: i64,
    /// How long was driven after hints, for each of them.
    pub roaming_per_served_ms: i64,
    /// How many times a trip was shown to a driver, for 1,000 requests.
    pub shown_permille: i64,
    /// What came of offers that were not accepted.
    pub offers: NotAccepted,
    /// How many trips drivers gave back.
    pub given_back: u64,
    /// The windows that were solved.
    pub windows: SolvedWindows,
    /// How many waited how long, in steps of half a minute; the last is all that waited longer.
    pub waits: Vec<u64>,
    /// Now and then, how many drivers were at what.
    pub supply: Vec<Moment>,
}

/// How long drivers were at what, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DriverTimes {
    /// Waiting for a trip.
    pub idle_ms: i64,
    /// Driving to where requests were expected.
    pub roaming_ms: i64,
    /// Driving to a pick-up.
    pub to_pick_up_ms: i64,
    /// Waiting at a pick-up.
    pub waiting_ms: i64,
    /// Driving a rider.
    pub riding_ms: i64,
}

/// What came of offers that were not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct NotAccepted {
    /// The driver did not want it.
    pub declined: u64,
    /// The driver did not answer in time.
    pub unanswered: u64,
    /// The device did not acknowledge it.
    pub undelivered: u64,
    /// It was taken back.
    pub withdrawn: u64,
}

/// What is known of the windows that were solved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct SolvedWindows {
    /// How many.
    pub solved: u64,
    /// How many exactly.
    pub exact: u64,
    /// How many edges the solver looked at.
    pub visits: u64,
    /// How many searches were in a window, in the mean, times 1,000.
    pub searches_permille: i64,
}

/// How many drivers were at what at a time, and for how many trips a driver was looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Moment {
    /// When, in milliseconds after midnight.
    pub at_ms: i64,
    /// Waiting for a trip, in one place or on the way to another.
    pub idle: u64,
    /// On the way to a pick-up, or waiting there.
    pub coming: u64,
    /// With a rider.
    pub riding: u64,
    /// Off shift.
    pub off: u64,
    /// For how many trips a driver was looked for.
    pub looked_for: u64,
}

/// How wide a step of [`PolicyResult::waits`] is, in milliseconds, and how many there are.
pub const STEP_MS: i64 = 30_000;
const STEPS: usize = 41;

impl DayReport {
    /// The report of that day.
    pub fn new(day: &Day, bound: Option<Bound>, policies: Vec<PolicyResult>) -> Self {
        Self {
            scenario: day.scenario.name.clone(),
            seed: day.seed,
            drivers: (0..day.starts.len())
                .filter(|car| !day.is_absent(*car))
                .count(),
            requests: day.wishes.len(),
            span_ms: day.scenario.span(),
            ideal: day.scenario.ideal,
            recorded: day.scenario.recorded.as_ref().map(|it| it.outcome),
            bound,
            policies,
        }
    }

    /// As a file.
    pub fn json(&self) -> String {
        let text = serde_json::to_string_pretty(self).expect("words and whole numbers are JSON");
        text + "\n"
    }
}

impl PolicyResult {
    /// What came of the policy of that word.
    pub fn of(policy: &str, tally: &DayTally) -> Self {
        let count = |outcome| {
            let ended = tally
                .rides
                .iter()
                .filter(|ride| ride.outcome == Some(outcome));
            ended.count() as u64
        };
        let served = tally
            .rides
            .iter()
            .filter(|ride| ride.outcome == Some(RideOutcome::Served));
        let served: Vec<&RideTally> = served.collect();
        let since_request = |at: fn(&RideTally) -> Option<i64>| -> Vec<i64> {
            let durations = served
                .iter()
                .filter_map(|ride| Some(at(ride)? - ride.requested));
            durations.collect()
        };
        let promise_off = served.iter().filter_map(|ride| {
            let promised = ride.taken? + 1_000 * ride.promised_s;
            Some((ride.arrived? - promised).abs())
        });
        let waits = since_request(|ride| ride.arrived);
        let time = DriverTimes::of(tally);
        let per_served = |ms| ratio(ms, served.len() as i64);
        let requests = tally.rides.len() as i64;
        let shown: u64 = tally.rides.iter().map(|ride| ride.shown).sum();
        let lost = count(RideOutcome::Expired)
            + count(RideOutcome::GaveUp)
            + count(RideOutcome::Cancelled);
        Self {
            policy: policy.to_owned(),
            served: served.len() as u64,
            expired: count(RideOutcome::Expired),
            gave_up: count(RideOutcome::GaveUp),
            cancelled: count(RideOutcome::Cancelled),
            no_show: count(RideOutcome::NoShow),
            lost_permille: ratio(1_000 * lost as i64, requests),
            to_accept: Spread::of(since_request(|ride| ride.taken)),
            promise_off: Spread::of(promise_off.collect()),
            utilisation_permille: ratio(1_000 * time.riding_ms, time.on_shift_ms()),
            deadhead_permille: ratio(1_000 * time.empty_ms(), time.empty_ms() + time.riding_ms),
            to_pick_up_per_served_ms: per_served(time.to_pick_up_ms),
            roaming_per_served_ms: per_served(time.roaming_ms),
            time,
            shown_permille: ratio(1_000 * shown as i64, requests),
            offers: NotAccepted {
                declined: tally.declined,
                unanswered: tally.unanswered,
                undelivered: tally.undelivered,
                withdrawn: tally.withdrawn,
            },
            given_back: tally.given_back,
            windows: SolvedWindows::of(&tally.windows),
            waits: steps(&waits),
            wait: Spread::of(waits),
            supply: moments(tally),
        }
    }
}

impl DriverTimes {
    fn of(tally: &DayTally) -> Self {
        let ms = |doing: Doing| tally.doing_ms[doing.kind()];
        Self {
            idle_ms: ms(Doing::Idle),
            roaming_ms: ms(Doing::Roaming),
            to_pick_up_ms: ms(Doing::ToPickUp(0)),
            waiting_ms: ms(Doing::Waiting(0)),
            riding_ms: ms(Doing::Riding(0)),
        }
    }

    const fn on_shift_ms(&self) -> i64 {
        self.idle_ms + self.empty_ms() + self.waiting_ms + self.riding_ms
    }

    const fn empty_ms(&self) -> i64 {
        self.roaming_ms + self.to_pick_up_ms
    }
}

impl SolvedWindows {
    fn of(windows: &Windows) -> Self {
        Self {
            solved: windows.solved,
            exact: windows.exact,
            visits: windows.visits,
            searches_permille: ratio(1_000 * windows.searches as i64, windows.solved as i64),
        }
    }
}

fn steps(waits: &[i64]) -> Vec<u64> {
    let mut steps = vec![0; STEPS];
    for wait in waits {
        let step = usize::try_from(wait / STEP_MS).unwrap_or(0);
        steps[step.min(STEPS - 1)] += 1;
    }
    steps
}

fn moments(tally: &DayTally) -> Vec<Moment> {
    let moments = tally.samples.iter().map(|sample| {
        let count = |doing: Doing| sample.doing[doing.kind()];
        Moment {
            at_ms: sample.at,
            idle: count(Doing::Idle) + count(Doing::Roaming),
            coming: count(Doing::ToPickUp(0)) + count(Doing::Waiting(0)),
            riding: count(Doing::Riding(0)),
            off: count(Doing::Off),
            looked_for: sample.looked_for,
        }
    });
    moments.collect()
}

/// A part of a whole, rounded; 0 of nothing.
const fn ratio(of: i64, whole: i64) -> i64 {
    if whole == 0 {
        0
    } else {
        (of + whole / 2) / whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_least_that_so_many_do_not_exceed() {
        let spread = Spread::of((1..=20).rev().collect());
        let all = (spread.p50_ms, spread.p90_ms, spread.p95_ms, spread.mean_ms);
        assert_eq!(all, (10, 18, 19, 11));
        assert_eq!(Spread::of(Vec::new()), Spread::default());
        assert_eq!(Spread::of(vec![7]).p95_ms, 7);
    }

    #[test]
    fn waits_are_counted_in_steps() {
        let steps = steps(&[0, 29_999, 30_000, 9_000_000]);
        assert_eq!((steps[0], steps[1], steps[40]), (2, 1, 1));
    }
}
