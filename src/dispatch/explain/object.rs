//! The explanation as clients see it in JSON.

use jiff::Timestamp;
use serde::Serialize;

use super::{Explanation, Round};
use crate::dispatch::eta_accuracy::took_s;
use crate::dispatch::policy::{Chosen, Considered, Cost, SolvedAssignment, Why};
use crate::domain::trip_object::microseconds;
use crate::domain::{DriverId, Offer, OfferState, Policy};
use crate::eta::Via;
use crate::matching::Solver;

/// The search for a trip's driver.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Dispatch)]
pub struct DispatchObject<'a> {
    /// The trip's key.
    #[schema(min_length = 32, max_length = 32)]
    nk: String,
    /// The search rounds, the oldest first; at most the last 100.
    rounds: Vec<RoundObject<'a>>,
    /// The offers and their states, the oldest first.
    offers: Vec<DispatchOfferObject<'a>>,
    /// For the present attempt; absent until a driver has accepted an offer.
    promise: Option<PromiseObject>,
}

/// The time to the pick-up that the rider was promised when a driver took the trip.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = DispatchPromise)]
struct PromiseObject {
    /// The estimated time to the pick-up, in seconds.
    eta: i64,
    /// The actual time, in seconds, once the driver has arrived.
    took: Option<i64>,
}

/// One search round.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = DispatchRound)]
struct RoundObject<'a> {
    #[serde(serialize_with = "microseconds")]
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    #[schema(value_type = String, example = "batch")]
    policy: Policy,
    /// Whether this is a shadow decision, from which nothing follows.
    shadow: bool,
    /// The attempt of the trip, from 1.
    attempt: i64,
    /// How many earlier rounds of this search found no driver.
    round: i64,
    /// How long the rider had waited, in seconds.
    waited: i64,
    /// How long searches had been collected for a joint decision, in seconds.
    window: f64,
    /// The number of searches that were decided on together.
    searches: usize,
    /// How the assignment was solved, if the policy solved one.
    solver: Option<SolverObject>,
    /// Drivers who would take longer to the pick-up were not considered, in seconds.
    eta_max: u32,
    /// The source of the driving times: `straight`, `road` or `osrm`.
    #[schema(value_type = String, example = "road")]
    eta_by: Via,
    /// How many drivers are asked at once: the area's `wave`, and one more for each offer in a row that no device
    /// acknowledged, up to 8.
    wave: usize,
    /// The candidates, the nearest by driving time first. Drivers whose devices left their last offers unacknowledged
    /// come last.
    candidates: Vec<CandidateObject<'a>>,
    /// Drivers who were near, but excluded.
    left_out: Vec<ExcludedObject<'a>>,
    /// `offered`, `held` (for a driver who will soon be free) or `nobody`.
    #[schema(example = "offered")]
    outcome: &'static str,
    /// The drivers of the outcome.
    drivers: Vec<DriverObject<'a>>,
    /// Those of them who got no offer after all, because they were blocked, off shift or no longer free when the offers
    /// were made.
    not_offered: Vec<DriverObject<'a>>,
    /// Whether deciding anew from this record gives the same result.
    same_again: bool,
}

/// How an assignment was solved.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = DispatchSolver)]
struct SolverObject {
    /// `exact`: no assignment has more matches, or as many at a lower cost. `greedy`: an exact solution took too long.
    #[schema(value_type = String, example = "exact")]
    name: Solver,
    /// The number of edges that were visited.
    visits: u64,
    /// The number of searches that were matched with a driver.
    matched: usize,
    /// The most searches that any assignment could match.
    matched_max: usize,
    /// The total cost, in milliseconds of riders' time.
    cost: i64,
    /// An upper bound on how much the cost exceeds the least possible, in milliseconds.
    gap: i64,
}

impl From<SolvedAssignment> for SolverObject {
    fn from(solved: SolvedAssignment) -> Self {
        Self {
            name: solved.solver,
            visits: solved.visits,
            matched: solved.matched,
            matched_max: solved.matched_max,
            cost: solved.cost,
            gap: solved.gap,
        }
    }
}

/// A driver.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = DispatchDriver)]
struct DriverObject<'a> {
    id: i64,
    username: &'a str,
}

/// A candidate: a driver who could be asked.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = DispatchCandidate)]
struct CandidateObject<'a> {
    driver: DriverObject<'a>,
    /// The distance to the pick-up in a straight line.
    metres: i64,
    /// The driving time to the pick-up, in seconds.
    eta: u32,
    /// Seconds until the driver is free; 0 if the driver is free already.
    free_in: u32,
    /// Whether the driver was asked before in this attempt, by an offer that the device did not acknowledge.
    again: bool,
    /// The cost of choosing this driver, in milliseconds of the rider's time.
    cost: i64,
    parts: CostObject,
}

/// The parts of a cost, in milliseconds; `idle` and `waited` are subtracted.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = DispatchCost)]
struct CostObject {
    /// The time until the driver is at the pick-up.
    pick_up: i64,
    /// The cost of a refusal, weighted by its probability.
    refusal: i64,
    /// How long the driver has been idle.
    idle: i64,
    /// How long the rider has waited.
    waited: i64,
    /// A penalty of a day for a device that left its last offer unacknowledged, and of two days for its last two.
    silence: i64,
}

impl From<Cost> for CostObject {
    fn from(cost: Cost) -> Self {
        Self {
            pick_up: cost.pick_up_ms,
            refusal: cost.refusal_ms,
            idle: cost.idle_ms,
            waited: cost.waited_ms,
            silence: cost.silence_ms,
        }
    }
}

/// A driver who was near, but excluded.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = DispatchLeftOut)]
struct ExcludedObject<'a> {
    driver: DriverObject<'a>,
    /// The distance to the pick-up in a straight line.
    metres: i64,
    /// `occupied`, `other_class`, `too_few_seats`, `stale`, `asked_before`, `proposed`, `too_far` or `silent`.
    #[schema(value_type = String, example = "occupied")]
    why: Why,
}

/// An offer and its state.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = DispatchOffer)]
struct DispatchOfferObject<'a> {
    driver: DriverObject<'a>,
    attempt: i64,
    #[schema(value_type = String, example = "declined")]
    state: OfferState,
    #[serde(serialize_with = "microseconds")]
    #[schema(value_type = String, format = DateTime)]
    offered: Timestamp,
}

impl<'a> From<&'a Explanation> for DispatchObject<'a> {
    fn from(of: &'a Explanation) -> Self {
        Self {
            nk: of.trip.id.to_string(),
            rounds: of.rounds.iter().map(|round| of.round(round)).collect(),
            offers: of.offers.iter().map(|offer| of.offer(offer)).collect(),
            promise: of.accepted_eta_s().map(|eta| PromiseObject {
                eta,
                took: took_s(&of.trip),
            }),
        }
    }
}

impl Explanation {
    fn driver(&self, driver: DriverId) -> DriverObject<'_> {
        DriverObject {
            id: driver.user().get(),
            username: self.name(driver),
        }
    }

    fn offer(&self, offer: &Offer) -> DispatchOfferObject<'_> {
        DispatchOfferObject {
            driver: self.driver(offer.driver),
            attempt: offer.attempt,
            state: offer.state,
            offered: offer.offered_at,
        }
    }

    fn round(&self, round: &Round) -> RoundObject<'_> {
        let searched = &round.searched;
        let excluded = searched.excluded.iter().map(|excluded| ExcludedObject {
            driver: self.driver(excluded.driver),
            metres: excluded.metres,
            why: excluded.why,
        });
        let candidates = searched.candidates.iter().map(|one| self.candidate(one));
        let drivers = searched.chosen.drivers().iter();
        RoundObject {
            at: round.at,
            policy: round.policy,
            shadow: round.is_shadow,
            attempt: searched.attempt,
            round: searched.round,
            waited: searched.waited_s,
            window: round.window_ms as f64 / 1_000.0,
            searches: round.searches,
            solver: round.solved.map(SolverObject::from),
            eta_max: searched.eta_max_s,
            eta_by: searched.via,
            wave: searched.wave(),
            candidates: candidates.collect(),
            left_out: excluded.collect(),
            outcome: match searched.chosen {
                Chosen::Offered(_) => "offered",
                Chosen::Held(_) => "held",
                Chosen::Nobody => "nobody",
            },
            drivers: drivers.map(|driver| self.driver(*driver)).collect(),
            not_offered: self
                .not_offered(round)
                .into_iter()
                .map(|driver| self.driver(driver))
                .collect(),
            same_again: round.is_same_again,
        }
    }

    fn candidate(&self, one: &Considered) -> CandidateObject<'_> {
        CandidateObject {
            driver: self.driver(one.driver),
            metres: one.metres,
            eta: one.eta_s,
            free_in: one.free_in_s,
            again: one.is_again,
            cost: one.cost.total(),
            parts: one.cost.into(),
        }
    }
}
