//! What is counted while a day passes.

use std::time::Duration;

use super::car::Doing;
use dispatching::policy::Decision;
use domain::OfferState;
use matching::Solver;

/// How a trip has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RideOutcome {
    /// The rider was driven.
    Served,
    /// No driver was found within the search time.
    Expired,
    /// The rider had no patience left before a driver accepted.
    GaveUp,
    /// The rider cancelled after a driver had accepted.
    Cancelled,
    /// The rider did not come.
    NoShow,
}

/// What is known of a trip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RideTally {
    /// When it was requested.
    pub requested: i64,
    /// When a driver took it, the last time.
    pub taken: Option<i64>,
    /// How long the driver was said to take, in seconds.
    pub promised_s: i64,
    /// When the driver was there.
    pub arrived: Option<i64>,
    /// How it ended.
    pub outcome: Option<RideOutcome>,
    /// How many drivers it was shown to.
    pub shown: u64,
}

/// What all are doing at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// When.
    pub at: i64,
    /// How many are at what, by [`Doing::kind`].
    pub doing: [u64; Doing::KINDS],
    /// For how many trips a driver is looked for.
    pub looked_for: u64,
}

/// What is known of the windows that were solved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Windows {
    /// How many there were.
    pub solved: u64,
    /// How many of them exactly.
    pub exact: u64,
    /// How many edges were looked at.
    pub visits: u64,
    /// How many searches were in them.
    pub searches: u64,
}

/// All that was counted.
#[derive(Debug)]
pub struct DayTally {
    /// Only what falls in there counts as the drivers' time.
    span: (i64, i64),
    /// Trip by trip.
    pub rides: Vec<RideTally>,
    /// How long all were at what, by [`Doing::kind`], in milliseconds.
    pub doing_ms: [i64; Doing::KINDS],
    /// Now and then, what all were doing.
    pub samples: Vec<Sample>,
    /// The windows that were solved.
    pub windows: Windows,
    /// How many offers were declined.
    pub declined: u64,
    /// How many were not answered in time.
    pub unanswered: u64,
    /// How many did not reach the device.
    pub undelivered: u64,
    /// How many were taken back.
    pub withdrawn: u64,
    /// How many trips were given back by a driver.
    pub given_back: u64,
    /// For how long the policy has thought; the machine's time, not the day's.
    pub thought: Duration,
    /// The longest time at once.
    pub thought_longest: Duration,
}

impl DayTally {
    /// Nothing yet.
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
            thought: Duration::ZERO,
            thought_longest: Duration::ZERO,
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

    pub(super) fn did(&mut self, doing: Doing, since: i64, until: i64) {
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

    pub(super) fn thought(&mut self, took: Duration) {
        self.thought += took;
        self.thought_longest = self.thought_longest.max(took);
    }
}
