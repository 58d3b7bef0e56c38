//! How offers are made, answered and ended.

use std::sync::Arc;

use jiff::Timestamp;

use super::changes::SearchStep;
use super::command::Reply;
use super::outcome::{Effect, TripOutcome};
use super::proposal::{Candidate, Proposal};
use super::refusal::Refusal;
use super::state::State;
use crate::{
    Actor, DriverId, Fact, MissedOffers, Offer, OfferAction, OfferChange, OfferOver, OfferState,
    Order, Standing, Status, Trip, TripId, TripRef,
};

impl State {
    /// Offers a trip to the candidates who are still free, in their order.
    pub(super) fn propose(
        &mut self,
        proposal: &Proposal,
        at: Timestamp,
    ) -> Result<TripOutcome, Refusal> {
        let trip = self.trip(proposal.trip)?;
        let is_searching = trip.is_offered() && trip.state.status() == Status::Requested;
        if !is_searching || trip.attempt != proposal.attempt {
            return Ok(TripOutcome::new(trip, Effect::AlreadyDone));
        }
        if self.is_on_offer(trip.id) {
            self.step(trip.id, SearchStep::Wait(None));
            return Ok(TripOutcome::new(trip, Effect::Changed));
        }
        let mut offered = 0;
        for candidate in &proposal.candidates {
            if offered < proposal.wave && self.may_be_offered(&trip, candidate.driver) {
                self.offer(&trip, proposal, candidate, at);
                offered += 1;
            }
        }
        let step = match offered {
            0 => SearchStep::Again(proposal.next_round, proposal.again_at),
            _ => SearchStep::Wait(Some(proposal.round)),
        };
        self.step(trip.id, step);
        Ok(TripOutcome::new(trip, Effect::Changed))
    }

    fn is_on_offer(&self, trip: TripId) -> bool {
        self.open_offers.of(trip).next().is_some()
    }

    fn may_be_offered(&self, trip: &Trip, driver: DriverId) -> bool {
        let is_active = self.standings.get(&driver.user()) == Some(&Standing::Active);
        let Order {
            class, passengers, ..
        } = &trip.order;
        let shift = self.shifts.get(&driver);
        let serves = shift.is_some_and(|shift| shift.vehicle.serves(class, *passengers));
        let has_offer = self.open_offers.to(driver).is_some();
        let is_free = !self.taken.contains_key(&driver) && !has_offer;
        is_active && serves && is_free && !trip.given_back_by.contains(&driver)
    }

    fn offer(
        &mut self,
        trip: &Arc<Trip>,
        proposal: &Proposal,
        candidate: &Candidate,
        at: Timestamp,
    ) {
        let offer = proposal.offer(candidate, at);
        self.changes.new_offers.push(offer.id);
        let change = (offer.clone(), at);
        self.changes.changed_offers.insert(offer.id, change);
        self.open_offers.put(offer.clone());
        self.record_offer(offer, trip, Actor::Service, at);
    }

    /// Carries out the reply of a device, or of its driver, to an offer.
    pub(super) fn reply(
        &mut self,
        trip: TripRef,
        driver: DriverId,
        reply: Reply,
        at: Timestamp,
    ) -> Result<TripOutcome, Refusal> {
        let trip = self.named(trip, Actor::Driver(driver))?;
        let offer = self.last_offer(trip.id, driver)?;
        let action = match reply {
            Reply::Receive => OfferAction::Receive,
            Reply::Decline => OfferAction::Decline,
        };
        match offer.apply(action, at) {
            Err(over) => Err(self.too_late(&offer, over, at)),
            Ok(after) if after == offer => {
                Ok(TripOutcome::new(trip, Effect::AlreadyDone).with_offer(offer))
            }
            Ok(after) => {
                self.change_offer(after.clone(), Actor::Driver(driver), at);
                Ok(TripOutcome::new(trip, Effect::Changed).with_offer(after))
            }
        }
    }

    /// Ends those offers of a trip whose deadline has passed.
    pub(super) fn lapse(&mut self, trip: TripId, at: Timestamp) -> Result<TripOutcome, Refusal> {
        let trip = self.trip(trip)?;
        let mut effect = Effect::AlreadyDone;
        for offer in self.offers_of(trip.id) {
            if let Ok(after) = offer.apply(OfferAction::Lapse, at)
                && after != offer
            {
                self.change_offer(after, Actor::Service, at);
                effect = Effect::Changed;
            }
        }
        Ok(TripOutcome::new(trip, effect))
    }

    /// Accepts the driver's offer of this trip, and withdraws the driver's other offer, if there is one.
    pub(super) fn take_offer(
        &mut self,
        trip: &Trip,
        driver: DriverId,
        at: Timestamp,
    ) -> Result<(), Refusal> {
        if trip.is_offered() {
            let offer = self.last_offer(trip.id, driver)?;
            match offer.apply(OfferAction::Accept, at) {
                Ok(accepted) => self.change_offer(accepted, Actor::Driver(driver), at),
                Err(over) => return Err(self.too_late(&offer, over, at)),
            }
        }
        self.withdraw_offer_to(driver, at);
        Ok(())
    }

    /// Refuses a reply to an offer that is over, or whose deadline has passed unnoticed. The reply still shows that the
    /// device is alive.
    fn too_late(&mut self, offer: &Offer, over: OfferOver, at: Timestamp) -> Refusal {
        if let Ok(lapsed) = offer.apply(OfferAction::Lapse, at)
            && lapsed != *offer
        {
            self.change_offer(lapsed, Actor::Service, at);
        }
        self.note_missed_offers(offer.driver, None);
        Refusal::OfferOver(over)
    }

    pub(super) fn withdraw_offers_of(&mut self, trip: TripId, at: Timestamp) {
        let taken = self.trips.get(&trip);
        let is_taken = taken.is_some_and(|trip| trip.state.status() == Status::Accepted);
        for offer in self.offers_of(trip) {
            if is_taken && offer.state == OfferState::Created {
                let before = self.unresponsive.get(&offer.driver).copied();
                self.note_missed_offers(offer.driver, Some(MissedOffers::outrun(before, at)));
            }
            self.withdraw(&offer, at);
        }
    }

    pub(super) fn withdraw_offer_to(&mut self, driver: DriverId, at: Timestamp) {
        if let Some(offer) = self.open_offers.to(driver).cloned() {
            self.withdraw(&offer, at);
        }
    }

    fn withdraw(&mut self, offer: &Offer, at: Timestamp) {
        if let Ok(withdrawn) = offer.apply(OfferAction::Withdraw, at) {
            self.change_offer(withdrawn, Actor::Service, at);
        }
    }

    /// Stores the new state of an open offer. When the last open offer of a trip has ended without an accept, the
    /// search goes on.
    fn change_offer(&mut self, offer: Offer, actor: Actor, at: Timestamp) {
        let before = self.unresponsive.get(&offer.driver).copied();
        self.note_missed_offers(offer.driver, MissedOffers::after(before, offer.state, at));
        self.open_offers.put(offer.clone());
        let changed = (offer.clone(), at);
        self.changes.changed_offers.insert(offer.id, changed);
        if offer.state.is_open() {
            return;
        }
        let key = (offer.trip, offer.driver);
        self.last_offers.insert(key, offer.clone());
        if let Some(trip) = self.trips.get(&offer.trip).cloned() {
            let was_in_vain = offer.state != OfferState::Accepted;
            self.record_offer(offer, &trip, actor, at);
            if was_in_vain && !self.is_on_offer(trip.id) {
                self.step(trip.id, SearchStep::Wake(at));
            }
        }
    }

    /// Stores the missed offers of a driver; `None` once the device has acknowledged an offer.
    fn note_missed_offers(&mut self, driver: DriverId, after: Option<MissedOffers>) {
        let before = match after {
            Some(missed) => self.unresponsive.insert(driver, missed),
            None => self.unresponsive.remove(&driver),
        };
        if after != before {
            self.changes.unresponsive.insert(driver, after);
        }
    }

    fn record_offer(&mut self, offer: Offer, trip: &Trip, actor: Actor, at: Timestamp) {
        let trip = trip.clone();
        self.record(at, actor, Fact::Offer(OfferChange { offer, trip }));
    }

    fn offers_of(&self, trip: TripId) -> Vec<Offer> {
        self.open_offers.of(trip).cloned().collect()
    }

    /// The last offer of a trip to a driver, open or ended.
    pub(super) fn last_offer(&self, trip: TripId, driver: DriverId) -> Result<Offer, Refusal> {
        let open = self.open_offers.to(driver).filter(|it| it.trip == trip);
        let last = open.or_else(|| self.last_offers.get(&(trip, driver)));
        last.cloned().ok_or(Refusal::NotOffered)
    }
}
