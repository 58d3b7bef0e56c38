//! Shadow decisions under `broadcast`: compares the driver who took a request with those another policy would choose.
//!
//! Under `broadcast` there is no search that a shadow policy could decide on together with the policy in force. So the
//! requests themselves are remembered in memory while no driver has taken them, up to a bound. A restart forgets them,
//! and requests beyond the bound are not remembered. Only the comparison is lost.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::Mutex;

use super::policy::{Decision, Searched};
use crate::domain::{
    DriverId, EarlierOffers, Policy, Search, Status, Trip, TripChange, TripEventKind, TripId,
};
use crate::town::Town;

/// The most open requests that are remembered; further ones are not compared.
const OPEN_MAX: usize = 4_096;

/// The requests for a shadow policy to decide on, and its decisions; cheap to clone.
#[derive(Clone)]
pub struct Shadow {
    town: Arc<Town>,
    open: Arc<Mutex<HashMap<TripId, UntakenRequest>>>,
}

/// A request that no driver has taken yet.
struct UntakenRequest {
    trip: Trip,
    since: Timestamp,
    decided: Option<(Policy, Searched)>,
}

impl Shadow {
    /// Begins without requests; the town says where a shadow policy applies.
    pub fn new(town: Arc<Town>) -> Self {
        Self {
            town,
            open: Arc::default(),
        }
    }

    /// Takes note of a change of a trip. Returns whether there is a new request to decide on.
    pub(super) fn changed(&self, change: &TripChange, at: Timestamp) -> bool {
        let trip = &change.trip;
        if trip.state.status() != Status::Requested {
            if let Some(open) = self.open.lock().remove(&trip.id) {
                open.compare(trip);
            }
            return false;
        }
        let is_new = matches!(
            change.kind,
            TripEventKind::Requested | TripEventKind::GivenBack | TripEventKind::TakenBack
        );
        if !is_new || trip.is_offered() || !self.is_shadowed(trip) {
            return false;
        }
        let open = UntakenRequest {
            trip: trip.clone(),
            since: at,
            decided: None,
        };
        let mut all = self.open.lock();
        if all.len() >= OPEN_MAX {
            forget_ended(&mut all, at);
        }
        let has_room = all.len() < OPEN_MAX || all.contains_key(&trip.id);
        if has_room {
            all.insert(trip.id, open);
        }
        has_room
    }

    fn is_shadowed(&self, trip: &Trip) -> bool {
        let rules = self.town.place(trip.pick_up.location);
        rules.is_ok_and(|rules| rules.shadow.is_some())
    }

    /// The requests without a decision, the oldest first, as searches.
    pub(super) fn undecided(&self, at: Timestamp) -> Vec<Search> {
        let mut open = self.open.lock();
        forget_ended(&mut open, at);
        let undecided = open.values().filter(|open| open.decided.is_none());
        let searches = undecided.map(|open| Search {
            trip: open.trip.clone(),
            round: 0,
            asked: EarlierOffers {
                not_now: open.trip.given_back_by.clone(),
                ..EarlierOffers::default()
            },
            due_at: open.since,
        });
        let mut searches: Vec<Search> = searches.collect();
        searches.sort_unstable_by_key(|search| (search.due_at, search.trip.number));
        searches
    }

    /// Remembers the decisions until a driver takes the trip.
    pub(super) fn decided(&self, decisions: &[Decision]) {
        let mut open = self.open.lock();
        for decision in decisions {
            for searched in &decision.searches {
                if let Some(open) = open.get_mut(&searched.trip)
                    && open.trip.attempt == searched.attempt
                {
                    open.decided = Some((decision.policy, searched.clone()));
                }
            }
        }
    }
}

/// Forgets requests whose search is over. Their end may have happened on another node, which is not announced here.
fn forget_ended(open: &mut HashMap<TripId, UntakenRequest>, at: Timestamp) {
    open.retain(|_, open| open.trip.search_ends_at > at);
}

impl UntakenRequest {
    /// Logs the driver who took the trip beside those that the other policy would have asked.
    fn compare(&self, now: &Trip) {
        let driver: Option<DriverId> = now.state.driver().map(|driver| driver.id);
        if let (Some(driver), Some((policy, searched))) = (driver, &self.decided) {
            let candidate = searched.considered(driver);
            tracing::info!(
                // The log has always had this target.
                target: "cabrank::dispatch::onlooking",
                policy = policy.as_str(),
                trip = %now.id,
                same = searched.chosen.drivers().contains(&driver),
                shadow_offered = !searched.chosen.drivers().is_empty(),
                // Absent for a driver who was not on shift, or too far away to be a candidate.
                pick_up_s = candidate.map(|one| one.free_in_s + one.eta_s),
                shadow_pick_up_s = searched.pick_up_s(),
                "Compared who took a trip with whom another policy would have chosen"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::{Coordinates, TripRequest, UserId, sample};

    const AT: Timestamp = Timestamp::UNIX_EPOCH;

    fn request(number: u128) -> TripChange {
        let mut request = TripRequest {
            id: TripId::new(Uuid::from_u128(number)),
            ..sample::request(UserId::new(1))
        };
        request.pick_up.location = Coordinates::new(48.0, 11.0).ok();
        TripChange {
            kind: TripEventKind::Requested,
            trip: Trip::request(request, AT),
            before: None,
        }
    }

    #[test]
    fn more_open_requests_than_can_be_remembered_are_not_looked_at() {
        let town = Town::parse(r#"{"policy": "broadcast", "shadow": "batch"}"#).expect("a town");
        let shadow = Shadow::new(Arc::new(town));
        let all = OPEN_MAX as u128;
        for number in 0..all {
            assert!(shadow.changed(&request(number), AT), "{number}");
        }
        assert!(!shadow.changed(&request(all), AT));
        assert_eq!(shadow.undecided(AT).len(), OPEN_MAX);

        let ended = shadow.open.lock()[&request(0).trip.id].trip.search_ends_at;
        assert!(shadow.changed(&request(all), ended), "there is room again");
    }
}
