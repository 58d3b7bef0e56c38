//! Why a trip was offered to whom: what was decided about it, from what, and what became of the offers.

mod object;
mod text;

use std::collections::{BTreeSet, HashMap};

use super::policy::{Decision, Searched};
use crate::domain::{DriverId, Offer, OfferState, Trip, TripId};
use crate::store::QueryResult;
use crate::store::db::Db;
use crate::store::{decisions, offers, trips, users};

pub use object::DispatchObject;

/// How many decisions about a trip are told, the last ones.
const DECISIONS_MAX: i64 = 500;

/// What is known of how a trip's driver was looked for.
#[derive(Debug, Clone)]
pub struct Explanation {
    trip: Trip,
    rounds: Vec<Round>,
    /// Decisions that an older version wrote in words of its own.
    unreadable: usize,
    offers: Vec<Offer>,
    names: HashMap<DriverId, String>,
}

/// A decision, and what of it is about the trip.
#[derive(Debug, Clone)]
struct Round {
    is_shadow: bool,
    decision: Decision,
    place: usize,
}

impl Round {
    fn searched(&self) -> &Searched {
        &self.decision.searches[self.place]
    }

    /// Whether the record, decided anew, says the same.
    fn is_same_again(&self) -> bool {
        let (solved, chosen) = self.decision.chosen_again();
        let before = self.decision.searches.iter();
        solved == self.decision.solved && before.map(|it| &it.chosen).eq(&chosen)
    }
}

impl Explanation {
    /// Reads it; nothing if there is no such trip.
    pub fn read(db: &mut Db, trip: TripId) -> QueryResult<Option<Self>> {
        let Some(trip) = trips::find(db, trip)? else {
            return Ok(None);
        };
        let kept = decisions::of_trip(db, trip.number, DECISIONS_MAX)?;
        let count = kept.len();
        let round = |kept: decisions::Kept| {
            let decision: Decision = serde_json::from_str(&kept.payload).ok()?;
            let mut searches = decision.searches.iter();
            let place = searches.position(|searched| searched.trip == trip.id)?;
            Some(Round {
                is_shadow: kept.is_shadow,
                decision,
                place,
            })
        };
        let rounds: Vec<Round> = kept.into_iter().filter_map(round).collect();
        let offers = offers::of_trip(db, &trip)?;
        let names = names(db, &rounds, &offers)?;
        Ok(Some(Self {
            unreadable: count - rounds.len(),
            trip,
            rounds,
            offers,
            names,
        }))
    }

    /// Whether every decision, made anew from its record, is the same.
    pub fn is_same_again(&self) -> bool {
        self.rounds.iter().all(Round::is_same_again)
    }

    /// How long the driver who has accepted the present attempt would take to the pick-up, in seconds.
    fn promised_s(&self) -> Option<i64> {
        let mut offers = self.offers.iter();
        let accepted = offers.find(|offer| {
            offer.attempt == self.trip.attempt && offer.state == OfferState::Accepted
        });
        accepted.map(|offer| offer.eta_s)
    }

    fn name(&self, driver: DriverId) -> &str {
        self.names.get(&driver).map_or("", String::as_str)
    }
}

/// The names of all drivers that it speaks of.
fn names(
    db: &mut Db,
    rounds: &[Round],
    offers: &[Offer],
) -> QueryResult<HashMap<DriverId, String>> {
    let searched = rounds.iter().map(Round::searched);
    let in_rounds = searched.flat_map(|searched| {
        let candidates = searched.candidates.iter().map(|one| one.driver);
        candidates.chain(searched.left_out.iter().map(|one| one.driver))
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
