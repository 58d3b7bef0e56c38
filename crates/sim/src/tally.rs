//! The counts of a simulated day.

use std::time::Duration;

use super::car::Doing;
use dispatching::policy::Decision;
use domain::OfferState;
use matching::Solver;

/// How a trip ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RideOutcome {
    Served,
    /// No driver was found within the search time.
    Expired,
    /// The rider's patience ended before a driver accepted.
    GaveUp,
    /// The rider cancelled after a driver had accepted.
    Cancelled,
    /// The rider did not show up.
    NoShow,
}

/// The times and the outcome of one trip. Times are in milliseconds after midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RideTally {
    pub requested: i64,
    /// When a driver last accepted it.
    pub taken: Option<i64>,
    /// The time to the pick-up that the rider was told, in seconds.
    pub promised_s: i64,
    /// When the driver arrived.
    pub arrived: Option<i64>,
    pub outcome: Option<RideOutcome>,
    /// The number of drivers that it was shown to.
    pub shown: u64,
}

/// What all drivers are doing at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// In milliseconds after midnight.
    pub at: i64,
    /// The number of drivers by [`Doing::kind`].
    pub doing: [u64; Doing::KINDS],
    /// The number of trips without a driver.
    pub looked_for: u64,
}

/// Totals over the batching windows that were solved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Windows {
    /// The number of windows.
    pub solved: u64,
    /// The number of windows solved exactly.
    pub exact: u64,
    /// How many times the solver visited an edge.
    pub visits: u64,
    /// The number of searches in all windows.
    pub searches: u64,
}

/// All counts of a day.
#[derive(Debug)]
pub struct DayTally {
    /// Drivers' time counts only within this span.
    span: (i64, i64),
    /// By the number of the trip.
    pub rides: Vec<RideTally>,
    /// The drivers' time by [`Doing::kind`], in milliseconds.
    pub doing_ms: [i64; Doing::KINDS],
    /// Samples at regular intervals.
    pub samples: Vec<Sample>,
    pub windows: Windows,
    /// Offers that drivers declined.
    pub declined: u64,
    /// Offers that were not answered in time.
    pub unanswered: u64,
    /// Offers that the device did not acknowledge.
    pub undelivered: u64,
    /// Offers that the service withdrew.
    pub withdrawn: u64,
    /// Trips that drivers gave back.
    pub given_back: u64,
    /// The time that the policy took, by the machine's clock.
    pub policy_time: Duration,
    /// The longest time that it took at once.
    pub policy_time_longest: Duration,
}

impl DayTally {
    /// An empty tally. Drivers' time will count within `span` only.
    pub fn new(span: (i64, i64)) -> Self {
        Self {
            span,
            rides: Vec::new(),
            doing_ms: [0; Doing::KINDS],
            samples: Vec::new(),
            windows: Windows::default(),
            declined: 0,
            unanswered: 0,
            undelivered: 0,
            withdrawn: 0,
            given_back: 0,
            policy_time: Duration::ZERO,
            policy_time_longest: Duration::ZERO,
        }
    }

    pub(super) fn requested(&mut self, now: i64) {
        self.rides.push(RideTally {
            requested: now,
            ..RideTally::default()
        });
    }

    pub(super) fn shown(&mut self, trip: usize) {
        self.rides[trip].shown += 1;
    }

    pub(super) fn taken(&mut self, trip: usize, now: i64, promised_s: i64) {
        self.rides[trip].taken = Some(now);
        self.rides[trip].promised_s = promised_s;
    }

    pub(super) fn given_back(&mut self, trip: usize) {
        self.given_back += 1;
        self.rides[trip].taken = None;
    }

    pub(super) fn arrived(&mut self, trip: usize, now: i64) {
        self.rides[trip].arrived = Some(now);
    }

    pub(super) fn over(&mut self, trip: usize, outcome: RideOutcome) {
        debug_assert_eq!(self.rides[trip].outcome, None, "a trip ends once");
        self.rides[trip].outcome = Some(outcome);
    }

    pub(super) fn add_time(&mut self, doing: Doing, since: i64, until: i64) {
        let (begin, end) = self.span;
        let ms = until.min(end) - since.max(begin);
        self.doing_ms[doing.kind()] += ms.max(0);
    }

    pub(super) fn sample(&mut self, at: i64, doing: [u64; Doing::KINDS], looked_for: usize) {
        self.samples.push(Sample {
            at,
            doing,
            looked_for: looked_for as u64,
        });
    }

    pub(super) fn ended(&mut self, state: OfferState) {
        match state {
            OfferState::Declined => self.declined += 1,
            OfferState::Expired => self.unanswered += 1,
            OfferState::Undelivered => self.undelivered += 1,
            OfferState::Withdrawn => self.withdrawn += 1,
            OfferState::Created | OfferState::Delivered | OfferState::Accepted => {}
        }
    }

    pub(super) fn decided(&mut self, decision: &Decision) {
        if let Some(solved) = decision.solved {
            self.windows.solved += 1;
            self.windows.exact += u64::from(solved.solver == Solver::Exact);
            self.windows.visits += solved.visits;
            self.windows.searches += decision.searches.len() as u64;
        }
    }

    pub(super) fn add_policy_time(&mut self, took: Duration) {
        self.policy_time += took;
        self.policy_time_longest = self.policy_time_longest.max(took);
    }
}
