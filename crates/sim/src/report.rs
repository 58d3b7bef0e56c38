//! The report. It has whole numbers only, so that the same day makes the same bytes on every machine.

use serde::Serialize;

use super::bound::Bound;
use super::car::Doing;
use super::recorded::RecordedOutcome;
use super::simulation::Day;
use super::tally::{DayTally, RideOutcome, RideTally, Windows};

/// The report of a day under several policies.
#[derive(Debug, Clone, Serialize)]
pub struct DayReport {
    /// The scenario's name.
    pub scenario: String,
    pub seed: u64,
    pub drivers: usize,
    pub requests: usize,
    /// When requests came, from and until, in milliseconds after midnight.
    pub span_ms: (i64, i64),
    /// Whether all drivers accepted at once and no rider cancelled.
    pub ideal: bool,
    /// The outcome of the recorded day, if the scenario is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded: Option<RecordedOutcome>,
    /// The bound that no policy can beat, if it was asked for.
    pub bound: Option<Bound>,
    /// One for each policy.
    pub policies: Vec<PolicyResult>,
}

/// The distribution of durations, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Spread {
    pub count: u64,
    pub mean_ms: i64,
    /// Half of them took no longer.
    pub p50_ms: i64,
    /// Nine in ten took no longer.
    pub p90_ms: i64,
    /// Nineteen in twenty took no longer.
    pub p95_ms: i64,
}

impl Spread {
    /// The distribution of these durations, which may be in any order.
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

/// The results of a policy.
#[derive(Debug, Clone, Serialize)]
pub struct PolicyResult {
    /// The policy's word.
    pub policy: String,
    /// How many riders were served.
    pub served: u64,
    /// How many trips expired because no driver was found within the search time.
    pub expired: u64,
    /// How many riders lost patience before a driver accepted.
    pub gave_up: u64,
    /// How many riders cancelled after that.
    pub cancelled: u64,
    /// How many riders did not show up.
    pub no_show: u64,
    /// How many of 1,000 riders cancelled, before or after a driver accepted, or got no driver.
    pub lost_permille: i64,
    /// From the request to the driver's arrival, for served riders.
    pub wait: Spread,
    /// From the request to the last acceptance, for served riders.
    pub to_accept: Spread,
    /// How much later the driver came than the ETA on acceptance; negative for earlier.
    pub promise_off: Spread,
    /// What the drivers' time was spent on, between the first and the last hour of requests.
    pub time: DriverTimes,
    /// The share of the time on shift with a rider, in permille.
    pub utilisation_permille: i64,
    /// The share of the driving time without a rider, in permille.
    pub deadhead_permille: i64,
    /// Driving time to pick-ups for each served rider, in milliseconds.
    pub to_pick_up_per_served_ms: i64,
    /// Driving time after hints for each served rider, in milliseconds.
    pub roaming_per_served_ms: i64,
    /// How many times a trip was shown to a driver, per 1,000 requests.
    pub shown_permille: i64,
    /// The offers that were not accepted.
    pub offers: NotAccepted,
    /// How many trips drivers gave back.
    pub given_back: u64,
    /// The windows that were solved.
    pub windows: SolvedWindows,
    /// The number of served riders by wait, in steps of half a minute. The last step has all longer waits.
    pub waits: Vec<u64>,
    /// Samples over the day of what the drivers were doing.
    pub supply: Vec<Moment>,
}

/// What the drivers' time was spent on, in milliseconds.
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

/// The offers that were not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct NotAccepted {
    /// The driver did not want the trip.
    pub declined: u64,
    /// The driver did not answer in time.
    pub unanswered: u64,
    /// The device did not acknowledge the offer.
    pub undelivered: u64,
    /// The service withdrew the offer.
    pub withdrawn: u64,
}

/// The batching windows that were solved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct SolvedWindows {
    pub solved: u64,
    /// How many of them were solved exactly.
    pub exact: u64,
    /// How many times the solver visited an edge.
    pub visits: u64,
    /// The mean number of searches in a window, times 1,000.
    pub searches_permille: i64,
}

/// How many drivers were doing what at one time, and how many trips were searching.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Moment {
    /// In milliseconds after midnight.
    pub at_ms: i64,
    /// Waiting for a trip, in one place or on the way to another.
    pub idle: u64,
    /// On the way to a pick-up, or waiting there.
    pub coming: u64,
    pub riding: u64,
    pub off: u64,
    /// The number of trips without a driver.
    pub looked_for: u64,
}

/// The width of a step of [`PolicyResult::waits`] in milliseconds, and the number of steps.
pub const STEP_MS: i64 = 30_000;
const STEPS: usize = 41;

impl DayReport {
    /// The report of a day.
    pub fn new(day: &Day, bound: Option<Bound>, policies: Vec<PolicyResult>) -> Self {
        Self {
            scenario: day.scenario.name.clone(),
            seed: day.seed,
            drivers: (0..day.starts.len())
                .filter(|car| !day.is_absent(*car))
                .count(),
            requests: day.requests.len(),
            span_ms: day.scenario.span(),
            ideal: day.scenario.ideal,
            recorded: day.scenario.recorded.as_ref().map(|it| it.outcome),
            bound,
            policies,
        }
    }

    /// The report as JSON, ending with a newline.
    pub fn json(&self) -> String {
        let text = serde_json::to_string_pretty(self).expect("words and whole numbers are JSON");
        text + "\n"
    }
}

impl PolicyResult {
    /// The results of the policy with that word.
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

/// A ratio, rounded; 0 if the whole is 0.
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
