//! Who is to be offered which trip: the seam where a policy plugs in.
//!
//! A policy is given the whole pool of searches that are due, and the world as it is known; it proposes, and the database decides. With each
//! proposal comes the [`Decision`] that it follows from: what was known, what it would have cost, and who was left out. `broadcast` needs none of this:
//! every driver hears of the request.
//!
//! Pure but for the provider of driving times, which may ask another service.

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

/// What is known when a plan is made.
#[derive(Clone, Copy)]
pub struct World<'a> {
    /// Who is on shift, and where.
    pub supply: &'a Supply,
    /// What the operator has decided.
    pub town: &'a Town,
    /// How long drivers take.
    pub eta: &'a dyn Provider,
    /// Which rides are under way: some of them will soon be over.
    pub rides: &'a Rides,
    /// Whose devices did not acknowledge their last offers.
    pub unresponsive: &'a Unresponsive,
    /// Now.
    pub at: Timestamp,
}

/// Whom to ask, and why them.
#[derive(Debug, Default)]
pub struct Plan {
    /// What to write; at most one for each search.
    pub proposals: Vec<Proposal>,
    /// What was decided, the proposals and more.
    pub decisions: Vec<Decision>,
}

/// What the town's other policies would have decided for the searches that were decided on just now, and nothing else: it is to be compared.
pub fn shadow(pool: &[Search], decided: &[Decision], world: &World<'_>) -> Vec<Decision> {
    let decided = decided.iter().flat_map(|decision| &decision.searches);
    let decided: HashSet<TripId> = decided.map(|searched| searched.trip).collect();
    let pool = pool.iter().filter(|it| decided.contains(&it.trip.id));
    look_on(pool, world)
}

/// What the town's other policies decide for these searches at once.
pub fn look_on<'s>(pool: impl IntoIterator<Item = &'s Search>, world: &World<'_>) -> Vec<Decision> {
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

/// Proposes drivers for those of the searches whose time has come; `ids` makes the keys of the offers.
pub fn plan(pool: &[Search], world: &World<'_>, mut ids: impl FnMut() -> OfferId) -> Plan {
    let of = |policy| -> Vec<&Search> {
        let of_policy = pool
            .iter()
            .filter(|search| search.trip.order.policy == policy);
        of_policy.collect()
    };
    // What waits for everybody is here by an older configuration only: nobody is asked, and everybody may take it.
    let nearest = of(Policy::Nearest);
    let mut decisions = nearest::decide(&nearest, world);
    decisions.extend(batch::decide(
        &of(Policy::Batch),
        batch::When::WindowIsOver,
        world,
    ));
    let mut proposals = Vec::new();
    for decision in &decisions {
        let got = decision.searches.iter().flat_map(|it| it.chosen.drivers());
        let got: HashSet<DriverId> = got.copied().collect();
        for searched in &decision.searches {
            proposals.push(proposal(decision.policy, searched, &got, world, &mut ids));
        }
    }
    Plan {
        proposals,
        decisions,
    }
}

/// What follows from a decision for one of its searches; `got` are all drivers who were chosen for one.
fn proposal(
    policy: Policy,
    searched: &Searched,
    got: &HashSet<DriverId>,
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
            // If one is not free after all, which the database knows, the next whom nobody got is asked.
            let is_spare = |one: &&Considered| one.free_in_s == 0 && !got.contains(&one.driver);
            let spare = searched.candidates.iter().filter(is_spare);
            let chosen = chosen.iter().filter_map(|it| searched.considered(*it));
            chosen.chain(spare).map(candidate).collect()
        }
        Chosen::Held(_) | Chosen::Nobody => Vec::new(),
    };
    let is_held = matches!(searched.chosen, Chosen::Held(_));
    // Whoever waits in a pool goes into the next window at once.
    let again_s = match policy {
        Policy::Batch => 0,
        Policy::Nearest | Policy::Broadcast => i64::from(offering.look_again_seconds),
    };
    Proposal {
        trip: searched.trip,
        attempt: searched.attempt,
        // Silent devices are asked while others are looked for further away.
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
