//! The dispatching policies: which trip is offered to whom.
//!
//! A policy gets all searches that are due and the current [`World`]. It proposes; the database decides. Each proposal
//! comes with the [`Decision`] behind it: the candidates, their costs, and the excluded drivers. `broadcast` needs none
//! of this, because every driver hears of the request.
//!
//! Pure, except that the ETA provider may ask another service.

mod batch;
mod candidates;
mod cost;
mod decision;
mod nearest;

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};

use super::rides::Rides;
use domain::Search;
use domain::core::{Candidate, Proposal};
use domain::{DriverId, OfferId, Policy, TripId, Unresponsive};
use eta::Provider;
use supply::Supply;
use town::Town;

pub use candidates::EndingRide;
pub use cost::Cost;
pub use decision::{
    Chosen, Considered, Decision, ExcludedCandidate, Searched, SolvedAssignment, Why,
};

/// The facts that a plan is made from.
#[derive(Clone, Copy)]
pub struct World<'a> {
    pub supply: &'a Supply,
    pub town: &'a Town,
    pub eta: &'a dyn Provider,
    /// The rides under way, some of which will soon be over.
    pub rides: &'a Rides,
    /// The devices that did not acknowledge their last offers.
    pub unresponsive: &'a Unresponsive,
    /// The current time.
    pub at: Timestamp,
}

/// Proposals for the searches that are due, and the decisions behind them.
#[derive(Debug, Default)]
pub struct Plan {
    /// At most one for each search.
    pub proposals: Vec<Proposal>,
    /// All decisions, with or without a proposal.
    pub decisions: Vec<Decision>,
}

/// What the town's shadow policies would have decided for the searches just decided on. It is for comparison only.
pub fn shadow(pool: &[Search], decided: &[Decision], world: &World<'_>) -> Vec<Decision> {
    let decided = decided.iter().flat_map(|decision| &decision.searches);
    let decided: HashSet<TripId> = decided.map(|searched| searched.trip).collect();
    let pool = pool.iter().filter(|it| decided.contains(&it.trip.id));
    shadow_at_once(pool, world)
}

/// What the town's shadow policies decide for these searches, without waiting for a window.
pub fn shadow_at_once<'s>(
    pool: impl IntoIterator<Item = &'s Search>,
    world: &World<'_>,
) -> Vec<Decision> {
    let (mut nearest, mut batch) = (Vec::new(), Vec::new());
    for search in pool {
        let rules = world.town.place(search.trip.pick_up.location);
        let other = rules.ok().and_then(|rules| rules.shadow);
        match other.filter(|other| *other != search.trip.order.policy) {
            Some(Policy::Nearest) => nearest.push(search),
            Some(Policy::Batch) => batch.push(search),
            Some(Policy::Broadcast) | None => {}
        }
    }
    let mut decisions = nearest::decide(&nearest, world);
    decisions.extend(batch::decide(&batch, batch::When::AtOnce, world));
    decisions
}

/// Proposes drivers for the searches whose time has come. `ids` makes the keys of the offers.
pub fn plan(pool: &[Search], world: &World<'_>, mut ids: impl FnMut() -> OfferId) -> Plan {
    let of = |policy| -> Vec<&Search> {
        let of_policy = pool
            .iter()
            .filter(|search| search.trip.order.policy == policy);
        of_policy.collect()
    };
    // A search under `broadcast` is here only because of an older configuration: no driver is asked, and any driver may
    // accept.
    let nearest = of(Policy::Nearest);
    let mut decisions = nearest::decide(&nearest, world);
    decisions.extend(batch::decide(
        &of(Policy::Batch),
        batch::When::WindowIsOver,
        world,
    ));
    let mut proposals = Vec::new();
    for decision in &decisions {
        let taken = decision.searches.iter().flat_map(|it| it.chosen.drivers());
        let taken: HashSet<DriverId> = taken.copied().collect();
        for searched in &decision.searches {
            proposals.push(proposal(decision.policy, searched, &taken, world, &mut ids));
        }
    }
    Plan {
        proposals,
        decisions,
    }
}

/// The proposal that follows from a decision for one of its searches. `taken` are all drivers chosen for any search.
fn proposal(
    policy: Policy,
    searched: &Searched,
    taken: &HashSet<DriverId>,
    world: &World<'_>,
    ids: &mut impl FnMut() -> OfferId,
) -> Proposal {
    let offering = &searched.offering;
    let candidate = |found: &Considered| Candidate {
        offer: ids(),
        driver: found.driver,
        metres: found.metres,
        eta_s: i64::from(found.eta_s),
    };
    let candidates = match &searched.chosen {
        Chosen::Offered(chosen) => {
            // If a chosen driver is not free after all, which only the database knows, the next spare driver is asked.
            let is_spare = |one: &&Considered| one.free_in_s == 0 && !taken.contains(&one.driver);
            let spare = searched.candidates.iter().filter(is_spare);
            let chosen = chosen.iter().filter_map(|it| searched.considered(*it));
            chosen.chain(spare).map(candidate).collect()
        }
        Chosen::Held(_) | Chosen::Nobody => Vec::new(),
    };
    let is_held = matches!(searched.chosen, Chosen::Held(_));
    // A search under `batch` goes into the next window at once.
    let again_s = match policy {
        Policy::Batch => 0,
        Policy::Nearest | Policy::Broadcast => i64::from(offering.look_again_seconds),
    };
    Proposal {
        trip: searched.trip,
        attempt: searched.attempt,
        // Unresponsive devices are asked while the next round looks further away.
        round: searched.round + i64::from(!is_held && searched.is_last_resort()),
        next_round: searched.round + i64::from(!is_held),
        candidates,
        wave: searched.wave(),
        deliver_s: i64::from(offering.deliver_seconds),
        decide_s: i64::from(offering.decide_seconds),
        again_at: world.at + SignedDuration::from_secs(again_s),
    }
}

#[cfg(test)]
mod tests;
