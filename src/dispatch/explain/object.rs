//! The explanation as the world outside sees it.

use jiff::Timestamp;
use serde::Serialize;

use super::{Explanation, Round};
use crate::dispatch::eta_accuracy::took_s;
use crate::dispatch::policy::{Chosen, Considered, Cost, SolvedAssignment, Why};
use crate::domain::trip_object::microseconds;
use crate::domain::{DriverId, Offer, OfferState, Policy};
use crate::eta::Via;
use crate::matching::Solver;

/// How a trip's driver was looked for.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Dispatch)]
pub struct DispatchObject<'a> {
    /// The trip's key.
    #[schema(min_length = 32, max_length = 32)]
    nk: String,
    /// Each time that drivers were looked for, the oldest first; at most the last 100.
    rounds: Vec<RoundObject<'a>>,
    /// What became of the offers, the oldest first.
    offers: Vec<FateObject<'a>>,
    /// Of the present attempt; nothing before a driver has accepted an offer.
    promise: Option<PromiseObject>,
}

/// What the rider was promised when a driver took the trip.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = DispatchPromise)]
struct PromiseObject {
    /// How long the driver would take to the pick-up, in seconds.
    eta: i64,
    /// How long it took, once the driver was there.
    took: Option<i64>,
}

/// One time that drivers were looked for.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = DispatchRound)]
struct RoundObject<'a> {
    #[serde(serialize_with = "microseconds")]
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    #[schema(value_type = String, example = "batch")]
    policy: Policy,
    /// Whether it was only looked at what this policy would have chosen.
    shadow: bool,
    /// In which attempt, from 1.
    attempt: i64,
    /// In how many rounds of this search nobody had been found before.
    round: i64,
    /// How long the rider had waited, in seconds.
    waited: i64,
    /// For how long searches had gathered, in seconds.
    window: f64,
    /// How many searches were decided on together.
    searches: usize,
    /// How they were, where it was one assignment.
    solver: Option<SolverObject>,
    /// Drivers who would take longer were not looked for, in seconds.
    eta_max: u32,
    /// Who told the driving times: `straight`, `road` or `osrm`.
    #[schema(value_type = String, example = "road")]
    eta_by: Via,
    /// How many were to be asked at once: the area's `wave`, and one more for each offer in a row that no device acknowledged, up to 8.
    wave: usize,
    /// Who came into question, the nearest by driving time first; devices that left their last offers unacknowledged come last.
    candidates: Vec<CandidateObject<'a>>,
    /// Who was near and did not.
    left_out: Vec<LeftOutObject<'a>>,
    /// `offered`, `held` (for a driver who will soon be free) or `nobody`.
    #[schema(example = "offered")]
    outcome: &'static str,
    /// Whom that concerns.
    drivers: Vec<NamedObject<'a>>,
    /// Who of them was not offered it after all: blocked, off shift, or not free any more when it was to be written.
    not_offered: Vec<NamedObject<'a>>,
    /// Whether the same is decided when it is decided anew from this record.
    same_again: bool,
}

/// How an assignment was solved.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = DispatchSolver)]
struct SolverObject {
    /// `exact`: no other assignment has more matches, or as many at less cost; or `greedy`: that would have taken too long.
    #[schema(value_type = String, example = "exact")]
    name: Solver,
    /// How many edges were looked at.
    visits: u64,
    /// How many searches got somebody.
    matched: usize,
    /// How many could have, at most.
    matched_max: usize,
    /// What it costs, in milliseconds of riders' time.
    cost: i64,
    /// By how much that is more than the least possible, at most.
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
struct NamedObject<'a> {
    id: i64,
    username: &'a str,
}

/// A driver who came into question.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = DispatchCandidate)]
struct CandidateObject<'a> {
    driver: NamedObject<'a>,
    /// How far from the pick-up, by straight line.
    metres: i64,
    /// How long to the pick-up, in seconds.
    eta: u32,
    /// After how many seconds the driver would be free; 0: free already.
    free_in: u32,
    /// Whether the driver had been asked in this attempt before, by an offer that the device did not acknowledge.
    again: bool,
    /// What it would have cost, in milliseconds of the rider's time.
    cost: i64,
    parts: PartsObject,
}

/// What a cost is made of, in milliseconds; `idle` and `waited` are taken off.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = DispatchCost)]
struct PartsObject {
    /// Until the driver is at the pick-up.
    pick_up: i64,
    /// What a refusal would cost, as likely as it is.
    refusal: i64,
    /// For how long the driver has had nothing to do.
    idle: i64,
    /// For how long the rider has waited.
    waited: i64,
    /// What keeps a device that left its last offer, or its last two, unacknowledged behind the others: a day, or two.
    silence: i64,
}

impl From<Cost> for PartsObject {
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

/// A driver who was near and did not come into question.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = DispatchLeftOut)]
struct LeftOutObject<'a> {
    driver: NamedObject<'a>,
    /// How far from the pick-up, by straight line.
    metres: i64,
    /// `occupied`, `other_class`, `too_few_seats`, `stale`, `asked_before`, `proposed`, `too_far` or `silent`.
    #[schema(value_type = String, example = "occupied")]
    why: Why,
}

/// What became of an offer.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = DispatchOffer)]
struct FateObject<'a> {
    driver: NamedObject<'a>,
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
            offers: of.offers.iter().map(|offer| of.fate(offer)).collect(),
            promise: of.promised_s().map(|eta| PromiseObject {
                eta,
                took: took_s(&of.trip),
            }),
        }
    }
}

impl Explanation {
    fn named(&self, driver: DriverId) -> NamedObject<'_> {
        NamedObject {
            id: driver.user().get(),
            username: self.name(driver),
        }
    }

    fn fate(&self, offer: &Offer) -> FateObject<'_> {
        FateObject {
            driver: self.named(offer.driver),
            attempt: offer.attempt,
            state: offer.state,
            offered: offer.offered_at,
        }
    }

    fn round(&self, round: &Round) -> RoundObject<'_> {
        let searched = &round.searched;
        let excluded = searched.excluded.iter().map(|excluded| LeftOutObject {
            driver: self.named(excluded.driver),
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
            drivers: drivers.map(|driver| self.named(*driver)).collect(),
            not_offered: self
                .not_offered(round)
                .into_iter()
                .map(|driver| self.named(driver))
                .collect(),
            same_again: round.is_same_again,
        }
    }

    fn candidate(&self, one: &Considered) -> CandidateObject<'_> {
        CandidateObject {
            driver: self.named(one.driver),
            metres: one.metres,
            eta: one.eta_s,
            free_in: one.free_in_s,
            again: one.is_again,
            cost: one.cost.total(),
            parts: one.cost.into(),
        }
    }
}
