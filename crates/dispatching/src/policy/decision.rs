//! What was decided, with all that it was decided from: the same record decides the same again.
//!
//! A policy writes the record first and then lets it decide ([`Decision::decide`]), so there is no other way to a choice, and
//! [`Decision::chosen_again`] years later is the same code on the same values.

use std::collections::{BTreeSet, HashSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::cost::Cost;
use domain::{DriverId, Policy, TripId};
use eta::Via;
use matching::{self, Edge, Graph, Solver};
use supply::Unfit;
use town::Offering;

/// A choice of drivers for some searches at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// When.
    pub at: Timestamp,
    /// By which policy.
    pub policy: Policy,
    /// For how long the searches had gathered, at least, in milliseconds.
    pub window_ms: i64,
    /// How many edges the solver might look at before it had to be content with less than the best.
    pub visits_max: u64,
    /// How it was solved; nothing where every search was decided by itself.
    pub solved: Option<SolvedAssignment>,
    /// The searches, and whom each of them got.
    pub searches: Vec<Searched>,
}

/// How an assignment was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SolvedAssignment {
    /// By whom: whether it is the best there is.
    pub solver: Solver,
    /// How many edges were looked at.
    pub visits: u64,
    /// How many searches got somebody.
    pub matched: usize,
    /// How many could have got somebody, at most.
    pub matched_max: usize,
    /// What it costs.
    pub cost: i64,
    /// By how much it costs more than the least possible for as many matches, at most; 0 when exact.
    pub gap: i64,
}

/// A search, and who could have got the trip.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Searched {
    /// Of which trip.
    pub trip: TripId,
    /// The trip's number in the database.
    pub number: i64,
    /// In which attempt.
    pub attempt: i64,
    /// In how many rounds nobody was found before.
    pub round: i64,
    /// How long the rider had waited, in seconds.
    pub waited_s: i64,
    /// Who may take longer to the pick-up was not looked for, in seconds.
    pub eta_max_s: u32,
    /// How the trip is offered there.
    pub offering: Offering,
    /// How many offers in a row, up to the last wave, no device had acknowledged.
    #[serde(default, skip_serializing_if = "is_none")]
    pub unheard: u32,
    /// Who told how long drivers take.
    pub via: Via,
    /// The best first.
    pub candidates: Vec<Considered>,
    /// Who was near and did not come into question.
    pub left_out: Vec<ExcludedCandidate>,
    /// What was decided.
    pub chosen: Chosen,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
const fn is_none(number: &u32) -> bool {
    *number == 0
}

/// Offers that no device acknowledged let a wave grow to so many.
const WAVE_MAX: usize = 8;

/// A driver who came into question. There may be forty for each search, so it is written without names:
/// `[driver, metres, eta_s, free_in_s, [pick_up_ms, refusal_ms, idle_ms, waited_ms, silence_ms], is_again]`; the last two where there is something to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredCandidate", into = "StoredCandidate")]
pub struct Considered {
    /// Who.
    pub driver: DriverId,
    /// How far from the pick-up, by straight line, in metres.
    pub metres: i64,
    /// How long to the pick-up, from where the driver was or will be free, in seconds.
    pub eta_s: u32,
    /// After how many seconds the driver would be free; 0: free already.
    pub free_in_s: u32,
    /// Whether the driver was asked in this attempt before, by an offer that the device did not acknowledge.
    pub is_again: bool,
    /// What it would cost.
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

/// A driver near the pick-up who did not come into question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExcludedCandidate {
    /// Who.
    pub driver: DriverId,
    /// How far from the pick-up, by straight line, in metres.
    pub metres: i64,
    /// Why.
    pub why: Why,
}

/// Why a driver who was near did not come into question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Has an offer, or a trip.
    Occupied,
    /// Drives another class.
    OtherClass,
    /// Has too few seats.
    TooFewSeats,
    /// Was not heard of lately.
    Stale,
    /// Was asked before, or has given the trip back.
    AskedBefore,
    /// Is proposed for another trip at the same moment.
    Proposed,
    /// Would take too long by road.
    TooFar,
    /// Left the last offers unacknowledged, and there are enough others, or it has been tried too often.
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

/// What was decided for a search.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome", content = "drivers")]
pub enum Chosen {
    /// It is offered to these.
    Offered(Vec<DriverId>),
    /// It waits for this one, who will soon be free.
    Held([DriverId; 1]),
    /// Nobody got it.
    Nobody,
}

impl Why {
    /// The word for it, as it is written.
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
    /// Whom it concerns.
    pub fn drivers(&self) -> &[DriverId] {
        match self {
            Self::Offered(drivers) => drivers,
            Self::Held(driver) => driver,
            Self::Nobody => &[],
        }
    }
}

impl Searched {
    /// How many are asked at once. An offer that no device acknowledged asked nobody, so that one more is asked: a wave in vain doubles the next.
    pub fn wave(&self) -> usize {
        let wave = usize::from(self.offering.wave);
        let unheard = usize::try_from(self.unheard).unwrap_or(WAVE_MAX);
        wave.saturating_add(unheard).min(WAVE_MAX.max(wave))
    }

    /// Whether nobody is asked whom this round has not reached before: only devices that have been silent.
    pub fn is_last_resort(&self) -> bool {
        let mut drivers = self.chosen.drivers().iter();
        drivers.all(|driver| {
            let known = self.considered(*driver);
            known.is_some_and(|one| one.is_again || one.cost.silence_ms > 0)
        })
    }

    /// How long the first whom it is offered to takes to the pick-up, in seconds; 0 if it is offered to nobody.
    pub fn pick_up_s(&self) -> u32 {
        let first = self.chosen.drivers().first();
        let known = first.and_then(|driver| self.considered(*driver));
        known.map_or(0, |one| one.free_in_s + one.eta_s)
    }

    /// What was known of a driver who came into question.
    pub fn considered(&self, driver: DriverId) -> Option<&Considered> {
        self.candidates.iter().find(|one| one.driver == driver)
    }
}

impl Decision {
    /// The decision as it is kept.
    pub fn text(&self) -> String {
        serde_json::to_string(self).expect("words and whole numbers are JSON")
    }

    /// Decides, and writes down what.
    pub fn decide(&mut self) {
        let (solved, chosen) = self.chosen_again();
        self.solved = solved;
        for (searched, chosen) in self.searches.iter_mut().zip(chosen) {
            searched.chosen = chosen;
        }
    }

    /// What the record decides, search by search: what was decided, unless the rules have changed since.
    pub fn chosen_again(&self) -> (Option<SolvedAssignment>, Vec<Chosen>) {
        match self.policy {
            Policy::Nearest | Policy::Broadcast => (None, self.first_of_each()),
            Policy::Batch => self.assignment(),
        }
    }

    /// Whether it decides the same again.
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
        // A driver's column is the place in this list.
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
            // Beyond what the solver takes: each by itself, which the record says by having no solver.
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
        (Some(solved), self.with_company(&matched))
    }

    /// Where a wave is more than one, those whom nobody got join in, the nearest first.
    fn with_company(&self, matched: &[Option<DriverId>]) -> Vec<Chosen> {
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
