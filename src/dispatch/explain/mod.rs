//! Explains which drivers a trip was offered to, and why, from the recorded decisions and the offers.

mod object;
mod text;

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;

use super::policy::{Chosen, Decision, Searched, SolvedAssignment};
use crate::domain::{DriverId, Offer, OfferState, Policy, Trip, TripId};
use crate::store::QueryResult;
use crate::store::db::Db;
use crate::store::{decisions, offers, trips, users};

pub use object::DispatchObject;

/// The most decisions about a trip that are explained, the last ones.
const DECISIONS_MAX: i64 = 100;

/// The explanation of the search for a trip's driver.
#[derive(Debug, Clone)]
pub struct Explanation {
    trip: Trip,
    rounds: Vec<Round>,
    /// The number of decisions that an older version wrote in another format.
    unreadable: usize,
    offers: Vec<Offer>,
    names: HashMap<DriverId, String>,
}

/// The part of a decision that is about the trip.
#[derive(Debug, Clone)]
struct Round {
    is_shadow: bool,
    at: Timestamp,
    policy: Policy,
    window_ms: i64,
    /// The number of searches that were decided on together.
    searches: usize,
    solved: Option<SolvedAssignment>,
    /// Whether deciding anew from the record gives the same result.
    is_same_again: bool,
    searched: Searched,
}

impl Round {
    /// The round of a record; nothing if the record cannot be read.
    fn of(record: &decisions::KeptDecision, trip: TripId) -> Option<Self> {
        let mut decision: Decision = serde_json::from_str(&record.payload).ok()?;
        let mut searches = decision.searches.iter();
        let index = searches.position(|searched| searched.trip == trip)?;
        Some(Self {
            is_shadow: record.is_shadow,
            at: decision.at,
            policy: decision.policy,
            window_ms: decision.window_ms,
            searches: decision.searches.len(),
            solved: decision.solved,
            is_same_again: decision.is_same_again(),
            searched: decision.searches.swap_remove(index),
        })
    }
}

impl Explanation {
    /// Reads the explanation of a trip, and decides anew from each record; nothing if there is no such trip.
    pub fn read(db: &mut Db, trip: TripId) -> QueryResult<Option<Self>> {
        let Some(trip) = trips::find(db, trip)? else {
            return Ok(None);
        };
        let ids = decisions::of_trip(db, trip.number, DECISIONS_MAX)?;
        let (mut rounds, mut unreadable) = (Vec::with_capacity(ids.len()), 0);
        // One record at a time, since records of a large town are large.
        for id in ids {
            let Some(record) = decisions::find(db, id)? else {
                continue;
            };
            match Round::of(&record, trip.id) {
                Some(round) => rounds.push(round),
                None => unreadable += 1,
            }
        }
        let offers = offers::of_trip(db, &trip)?;
        let names = names(db, &rounds, &offers)?;
        Ok(Some(Self {
            trip,
            rounds,
            unreadable,
            offers,
            names,
        }))
    }

    /// The time to the pick-up that was estimated for the driver who accepted the present attempt, in seconds.
    fn accepted_eta_s(&self) -> Option<i64> {
        let mut offers = self.offers.iter();
        let accepted = offers.find(|offer| {
            offer.attempt == self.trip.attempt && offer.state == OfferState::Accepted
        });
        accepted.map(|offer| offer.eta_s)
    }

    /// Drivers whom a round chose but who got no offer, because they were no longer free when the offers were made.
    fn not_offered(&self, round: &Round) -> Vec<DriverId> {
        let Chosen::Offered(chosen) = &round.searched.chosen else {
            return Vec::new();
        };
        let later = self.rounds.iter().filter(|other| !other.is_shadow);
        let later = later.map(|other| other.at).filter(|at| *at > round.at);
        let until = later.min();
        let is_of_round = |offer: &&Offer| {
            let is_in_time = until.is_none_or(|until| offer.offered_at < until);
            offer.attempt == round.searched.attempt && offer.offered_at >= round.at && is_in_time
        };
        let offers = self.offers.iter().filter(is_of_round);
        let offered: BTreeSet<DriverId> = offers.map(|offer| offer.driver).collect();
        let without_offer = chosen.iter().filter(|driver| !offered.contains(driver));
        without_offer
            .copied()
            .filter(|_| !round.is_shadow)
            .collect()
    }

    fn name(&self, driver: DriverId) -> &str {
        self.names.get(&driver).map_or("", String::as_str)
    }
}

/// The names of all drivers in the rounds and offers.
fn names(
    db: &mut Db,
    rounds: &[Round],
    offers: &[Offer],
) -> QueryResult<HashMap<DriverId, String>> {
    let searched = rounds.iter().map(|round| &round.searched);
    let in_rounds = searched.flat_map(|searched| {
        let candidates = searched.candidates.iter().map(|one| one.driver);
        candidates.chain(searched.excluded.iter().map(|one| one.driver))
    });
    let in_offers = offers.iter().map(|offer| offer.driver);
    let drivers: BTreeSet<i64> = in_rounds
        .chain(in_offers)
        .map(|driver| driver.user().get())
        .collect();
    let drivers: Vec<i64> = drivers.into_iter().collect();
    let names = users::names(db, &drivers)?.into_iter();
    Ok(names.map(|(id, name)| (DriverId::of(id), name)).collect())
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use uuid::Uuid;

    use super::*;
    use crate::domain::{OfferId, UserId, sample};
    use crate::eta::Via;

    const ANN: DriverId = DriverId::of(UserId::new(1));
    const BOB: DriverId = DriverId::of(UserId::new(2));

    fn at(second: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second)
    }

    fn round(second: i64, is_shadow: bool, chosen: &[DriverId]) -> Round {
        let searched = Searched {
            trip: TripId::new(Uuid::nil()),
            number: 1,
            attempt: 1,
            round: 0,
            waited_s: second,
            eta_max_s: 600,
            offering: Default::default(),
            unheard: 0,
            via: Via::Straight,
            candidates: Vec::new(),
            excluded: Vec::new(),
            chosen: Chosen::Offered(chosen.to_vec()),
        };
        Round {
            is_shadow,
            at: at(second),
            policy: Policy::Nearest,
            window_ms: 0,
            searches: 1,
            solved: None,
            is_same_again: true,
            searched,
        }
    }

    fn offer(driver: DriverId, second: i64) -> Offer {
        Offer {
            id: OfferId::new(Uuid::nil()),
            trip: TripId::new(Uuid::nil()),
            attempt: 1,
            driver,
            state: OfferState::Undelivered,
            metres: 100,
            eta_s: 20,
            offered_at: at(second),
            due_at: at(second + 4),
            decide_s: 15,
        }
    }

    #[test]
    fn whom_a_round_chose_and_nobody_offered_it_is_named() {
        let explanation = Explanation {
            trip: Trip::request(sample::request(UserId::new(9)), at(0)),
            rounds: vec![
                round(10, false, &[ANN, BOB]),
                round(12, true, &[ANN]),
                round(20, false, &[ANN]),
                round(30, false, &[BOB]),
            ],
            unreadable: 0,
            offers: vec![offer(BOB, 10), offer(ANN, 20)],
            names: HashMap::new(),
        };
        let left = explanation
            .rounds
            .iter()
            .map(|round| explanation.not_offered(round));
        let left: Vec<_> = left.collect();
        assert_eq!(left, [vec![ANN], vec![], vec![], vec![BOB]]);
    }
}
