//! The record of a decision, with everything it was made from: the same record decides the same again.
//!
//! A policy first writes the record and then lets it decide ([`Decision::decide`]), so there is no other way to a
//! choice. [`Decision::chosen_again`], even years later, runs the same code on the same values.

use std::collections::{BTreeSet, HashSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::cost::Cost;
use domain::{DriverId, Policy, TripId};
use eta::Via;
use matching::{self, Edge, Graph, Solver};
use supply::Unfit;
use town::Offering;

/// The record of one choice of drivers, for one search or for several at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    pub at: Timestamp,
    pub policy: Policy,
    /// The least time that the searches had gathered, in milliseconds.
    pub window_ms: i64,
    /// How many edges the solver might visit before it settled for less than the best.
    pub visits_max: u64,
    /// How the assignment was solved; `None` where each search was decided on its own.
    pub solved: Option<SolvedAssignment>,
    pub searches: Vec<Searched>,
}

/// How an assignment was solved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SolvedAssignment {
    /// The solver used, which says whether the assignment is the best possible.
    pub solver: Solver,
    /// How many times an edge was visited.
    pub visits: u64,
    /// How many searches got a driver.
    pub matched: usize,
    /// An upper bound of how many searches could have got a driver.
    pub matched_max: usize,
    /// The total cost, in milliseconds.
    pub cost: i64,
    /// An upper bound of how much more it costs than the cheapest assignment with as many matches; 0 when exact.
    pub gap: i64,
}

/// The record of one search round: the candidates, the excluded drivers and the choice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Searched {
    pub trip: TripId,
    /// The trip's integer id in the database.
    pub number: i64,
    pub attempt: i64,
    /// The count of earlier rounds that found no driver.
    pub round: i64,
    /// Time that the rider had waited, in seconds.
    pub waited_s: i64,
    /// Drivers who take longer to the pick-up were not looked for, in seconds.
    pub eta_max_s: u32,
    /// The rules for offering this trip.
    pub offering: Offering,
    /// How many offers in a row, up to the last wave, no device acknowledged.
    #[serde(default, skip_serializing_if = "is_none")]
    pub unheard: u32,
    /// The source of the driving times.
    pub via: Via,
    /// The best first.
    pub candidates: Vec<Considered>,
    /// The drivers near the pick-up who may not get the trip.
    #[serde(rename = "left_out")]
    pub excluded: Vec<ExcludedCandidate>,
    pub chosen: Chosen,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
const fn is_none(number: &u32) -> bool {
    *number == 0
}

/// The largest wave that unacknowledged offers lead to.
const WAVE_MAX: usize = 8;

/// A driver who may get the trip. There may be forty for each search, so it is stored without field names: `[driver,
/// metres, eta_s, free_in_s, [pick_up_ms, refusal_ms, idle_ms, waited_ms, silence_ms], is_again]`. The last two are
/// left out where they are zero and false.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredCandidate", into = "StoredCandidate")]
pub struct Considered {
    pub driver: DriverId,
    /// Distance to the pick-up by straight line.
    pub metres: i64,
    /// Time to the pick-up from where the driver was or will be free, in seconds.
    pub eta_s: u32,
    /// Time until the driver is free, in seconds; 0 for a driver who is free already.
    pub free_in_s: u32,
    /// Whether the driver was asked before in this attempt, by an offer that the device did not acknowledge.
    pub is_again: bool,
    pub cost: Cost,
}

#[derive(Serialize, Deserialize)]
struct StoredCandidate(
    DriverId,
    i64,
    u32,
    u32,
    Vec<i64>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")] bool,
);

impl From<StoredCandidate> for Considered {
    fn from(written: StoredCandidate) -> Self {
        let StoredCandidate(driver, metres, eta_s, free_in_s, cost, is_again) = written;
        let mut parts = cost.into_iter();
        let mut part = || parts.next().unwrap_or(0);
        let (pick_up_ms, refusal_ms, idle_ms) = (part(), part(), part());
        let (waited_ms, silence_ms) = (part(), part());
        Self {
            driver,
            metres,
            eta_s,
            free_in_s,
            is_again,
            cost: Cost {
                pick_up_ms,
                refusal_ms,
                idle_ms,
                waited_ms,
                silence_ms,
            },
        }
    }
}

impl From<Considered> for StoredCandidate {
    fn from(of: Considered) -> Self {
        let Cost {
            pick_up_ms,
            refusal_ms,
            idle_ms,
            waited_ms,
            silence_ms,
        } = of.cost;
        let mut cost = vec![pick_up_ms, refusal_ms, idle_ms, waited_ms];
        cost.extend((silence_ms != 0).then_some(silence_ms));
        Self(
            of.driver,
            of.metres,
            of.eta_s,
            of.free_in_s,
            cost,
            of.is_again,
        )
    }
}

/// A driver near the pick-up who may not get the trip, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExcludedCandidate {
    pub driver: DriverId,
    /// Distance to the pick-up by straight line.
    pub metres: i64,
    pub why: Why,
}

/// Why a driver near the pick-up may not get the trip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The driver has an offer or is on a trip.
    Occupied,
    OtherClass,
    /// The vehicle has fewer seats than the trip has passengers.
    TooFewSeats,
    /// No fix was accepted lately.
    Stale,
    /// The driver was asked before, or has given the trip back.
    AskedBefore,
    /// The driver is proposed for another trip at the same moment.
    Proposed,
    /// The driver would take too long by road.
    TooFar,
    /// The device left the last offers unacknowledged, and there are enough other drivers or it was tried too often.
    Silent,
}

impl From<Unfit> for Why {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::Occupied => Self::Occupied,
            Unfit::OtherClass => Self::OtherClass,
            Unfit::TooFewSeats => Self::TooFewSeats,
            Unfit::Stale => Self::Stale,
            Unfit::Excepted => Self::AskedBefore,
        }
    }
}

/// The choice for one search.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome", content = "drivers")]
pub enum Chosen {
    /// The trip is offered to these drivers.
    Offered(Vec<DriverId>),
    /// The search waits for this driver, who will soon be free.
    Held([DriverId; 1]),
    /// No driver was chosen.
    Nobody,
}

impl Why {
    /// The word for it in rows and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Occupied => "occupied",
            Self::OtherClass => "other_class",
            Self::TooFewSeats => "too_few_seats",
            Self::Stale => "stale",
            Self::AskedBefore => "asked_before",
            Self::Proposed => "proposed",
            Self::TooFar => "too_far",
            Self::Silent => "silent",
        }
    }
}

impl Chosen {
    /// The chosen drivers.
    pub fn drivers(&self) -> &[DriverId] {
        match self {
            Self::Offered(drivers) => drivers,
            Self::Held(driver) => driver,
            Self::Nobody => &[],
        }
    }
}

impl Searched {
    /// How many drivers are asked at once. An unacknowledged offer has reached no driver, so one more is asked for
    /// each: a wave in vain doubles the next.
    pub fn wave(&self) -> usize {
        let wave = usize::from(self.offering.wave);
        let unheard = usize::try_from(self.unheard).unwrap_or(WAVE_MAX);
        wave.saturating_add(unheard).min(WAVE_MAX.max(wave))
    }

    /// Whether all chosen drivers were asked before or have unresponsive devices.
    pub fn is_last_resort(&self) -> bool {
        let mut drivers = self.chosen.drivers().iter();
        drivers.all(|driver| {
            let candidate = self.considered(*driver);
            candidate.is_some_and(|one| one.is_again || one.cost.silence_ms > 0)
        })
    }

    /// Time until the first chosen driver is at the pick-up, in seconds; 0 if none was chosen.
    pub fn pick_up_s(&self) -> u32 {
        let first = self.chosen.drivers().first();
        let candidate = first.and_then(|driver| self.considered(*driver));
        candidate.map_or(0, |one| one.free_in_s + one.eta_s)
    }

    /// The candidate with this driver.
    pub fn considered(&self, driver: DriverId) -> Option<&Considered> {
        self.candidates.iter().find(|one| one.driver == driver)
    }
}

impl Decision {
    /// The record as JSON, as it is stored.
    pub fn text(&self) -> String {
        serde_json::to_string(self).expect("words and whole numbers are JSON")
    }

    /// Decides, and writes the choice into the record.
    pub fn decide(&mut self) {
        let (solved, chosen) = self.chosen_again();
        self.solved = solved;
        for (searched, chosen) in self.searches.iter_mut().zip(chosen) {
            searched.chosen = chosen;
        }
    }

    /// What the record decides, search by search. It equals the recorded choice unless the code has changed since.
    pub fn chosen_again(&self) -> (Option<SolvedAssignment>, Vec<Chosen>) {
        match self.policy {
            Policy::Nearest | Policy::Broadcast => (None, self.first_of_each()),
            Policy::Batch => self.assignment(),
        }
    }

    /// Whether the record decides the same again.
    pub fn is_same_again(&self) -> bool {
        let (solved, chosen) = self.chosen_again();
        let before = self.searches.iter().map(|searched| &searched.chosen);
        solved == self.solved && before.eq(&chosen)
    }

    fn first_of_each(&self) -> Vec<Chosen> {
        let first = |searched: &Searched| {
            let drivers = searched.candidates.iter().take(searched.wave());
            offered(drivers.map(|considered| considered.driver).collect())
        };
        self.searches.iter().map(first).collect()
    }

    fn assignment(&self) -> (Option<SolvedAssignment>, Vec<Chosen>) {
        let all = self.searches.iter().flat_map(|it| &it.candidates);
        let drivers: BTreeSet<DriverId> = all.map(|considered| considered.driver).collect();
        // A driver's column is the index in this list.
        let drivers: Vec<DriverId> = drivers.into_iter().collect();
        let edge = |considered: &Considered| {
            let column = drivers.binary_search(&considered.driver).ok()?;
            Some(Edge {
                column: u32::try_from(column).ok()?,
                cost: considered.cost.total(),
            })
        };
        let rows = self.searches.iter();
        let rows = rows.map(|searched| searched.candidates.iter().filter_map(edge));
        let columns = u32::try_from(drivers.len()).unwrap_or(u32::MAX);
        let Ok(graph) = Graph::new(columns, rows) else {
            // Larger than the solver accepts: each search is decided on its own, and the record has no solver.
            return (None, self.first_of_each());
        };
        let solution = matching::solve(&graph, self.visits_max);
        let solved = SolvedAssignment {
            solver: solution.solver,
            visits: solution.visits,
            matched: solution.matched,
            matched_max: solution.matched_max,
            cost: solution.cost,
            gap: solution.gap(),
        };
        let columns = solution.columns.iter();
        let matched: Vec<Option<DriverId>> = columns
            .map(|column| drivers.get(usize::try_from((*column)?).ok()?).copied())
            .collect();
        (Some(solved), self.with_waves(&matched))
    }

    /// Fills waves of more than one with the drivers whom no search was assigned, nearest first.
    fn with_waves(&self, matched: &[Option<DriverId>]) -> Vec<Chosen> {
        let mut taken: HashSet<DriverId> = matched.iter().flatten().copied().collect();
        let mut choose = |(searched, matched): (&Searched, &Option<DriverId>)| {
            let Some(driver) = *matched else {
                return Chosen::Nobody;
            };
            let is_free = |one: &Considered| one.free_in_s == 0;
            if !searched.considered(driver).is_some_and(is_free) {
                return Chosen::Held([driver]);
            }
            let mut drivers = vec![driver];
            let others = searched.candidates.iter();
            for other in others.filter(|one| is_free(one)) {
                if drivers.len() < searched.wave() && taken.insert(other.driver) {
                    drivers.push(other.driver);
                }
            }
            Chosen::Offered(drivers)
        };
        self.searches.iter().zip(matched).map(&mut choose).collect()
    }
}

fn offered(drivers: Vec<DriverId>) -> Chosen {
    if drivers.is_empty() {
        Chosen::Nobody
    } else {
        Chosen::Offered(drivers)
    }
}
