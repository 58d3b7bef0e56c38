//! Decides what becomes of offers.

use std::collections::HashSet;
use std::sync::Arc;

use diesel::QueryResult;
use jiff::Timestamp;

use super::{Decision, Desk};
use crate::domain::{
    Actor, DriverId, Fact, Offer, OfferAction, OfferChange, OfferId, OfferOver, OfferState,
    Silence, Standing, Status, Trip, TripId,
};
use crate::store::db::Db;
use crate::store::searches::{self, Step};
use crate::store::writer::command::{Answer, Candidate, Outcome, Proposal, Refused, Reply};
use crate::store::writer::wanted::Wanted;
use crate::store::{offers, silences, trips};

impl Desk {
    /// Locks and reads the open offers that the batch is about, and the trips that those are about.
    pub(super) fn load_offers(&mut self, db: &mut Db, wanted: &Wanted<'_>) -> QueryResult<()> {
        let offered: Vec<i64> = self
            .trips
            .values()
            .filter(|trip| trip.is_offered())
            .map(|trip| trip.number)
            .collect();
        if offered.is_empty() && wanted.drivers.is_empty() {
            return Ok(());
        }
        let open = offers::lock_open(db, &offered, &wanted.drivers)?;
        let elsewhere: HashSet<TripId> = open
            .iter()
            .map(|(_, offer)| offer.trip)
            .filter(|trip| !self.trips.contains_key(trip))
            .collect();
        // They are only told about: nothing of them is changed.
        let elsewhere: Vec<TripId> = elsewhere.into_iter().collect();
        for trip in trips::find_all(db, &elsewhere, trips::Lock::No)?.trips {
            self.trips.insert(trip.id, Arc::new(trip));
        }
        self.offers = open
            .into_iter()
            .map(|(_, offer)| (offer.id, offer))
            .collect();
        let drivers = self.offers.values().map(|offer| offer.driver);
        // Whoever accepts an offer, or is made one in this batch, may be noted as well.
        let asked = wanted.drivers.iter().filter(|_| !offered.is_empty());
        let answering = asked.chain(&wanted.repliers).copied();
        let drivers: Vec<DriverId> = drivers.chain(answering).collect();
        if !drivers.is_empty() {
            self.silences = silences::of(db, &drivers)?;
        }
        Ok(())
    }

    /// Offers a trip to those of the candidates who are still free, in their order.
    pub(super) fn propose(&mut self, proposal: &Proposal, at: Timestamp) -> Decision {
        let trip = self.trips.get(&proposal.trip).cloned();
        let trip = trip.ok_or(Refused::Unknown)?;
        let is_searching = trip.is_offered() && trip.state.status() == Status::Requested;
        if !is_searching || trip.attempt != proposal.attempt {
            return Ok(Answer::of(trip, Outcome::AlreadyDone));
        }
        if !self.offers_of(trip.id).is_empty() {
            self.step(trip.id, Step::Wait(None));
            return Ok(Answer::of(trip, Outcome::Changed));
        }
        let mut open = 0;
        for candidate in &proposal.candidates {
            if open < proposal.wave && self.may_be_offered(&trip, candidate.driver) {
                self.offer(&trip, proposal, candidate, at);
                open += 1;
            }
        }
        let step = match open {
            0 => Step::Again(proposal.next_round, proposal.again_at),
            _ => Step::Wait(Some(proposal.round)),
        };
        self.step(trip.id, step);
        Ok(Answer::of(trip, Outcome::Changed))
    }

    fn may_be_offered(&self, trip: &Trip, driver: DriverId) -> bool {
        let is_active = self.standings.get(&driver.user()) == Some(&Standing::Active);
        let shift = self.shifts.get(&driver);
        let serves = shift.is_some_and(|shift| {
            shift
                .vehicle
                .serves(&trip.order.class, trip.order.passengers)
        });
        let has_offer = self.offers.values().any(|offer| offer.driver == driver);
        let is_free = !self.taken_by_drivers.contains_key(&driver) && !has_offer;
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
        self.new_offers.push(offer.id);
        self.offers.insert(offer.id, offer.clone());
        self.tell_driver(offer, trip, Actor::Service, at);
    }

    /// A driver's device, or the driver, replies to an offer.
    pub(super) fn reply(
        &mut self,
        db: &mut Db,
        trip: TripId,
        driver: DriverId,
        reply: Reply,
        at: Timestamp,
    ) -> QueryResult<Decision> {
        let Some(trip) = self.trips.get(&trip).cloned() else {
            return Ok(Err(Refused::Unknown));
        };
        let Some(offer) = self.last_offer(db, &trip, driver)? else {
            return Ok(Err(Refused::NotOffered));
        };
        let action = match reply {
            Reply::Receive => OfferAction::Receive,
            Reply::Decline => OfferAction::Decline,
        };
        Ok(match offer.apply(action, at) {
            Err(over) => Err(self.too_late(&offer, over, at)),
            Ok(after) if after == offer => {
                Ok(Answer::of(trip, Outcome::AlreadyDone).with_offer(offer))
            }
            Ok(after) => {
                self.change(after.clone(), Actor::Driver(driver), at);
                Ok(Answer::of(trip, Outcome::Changed).with_offer(after))
            }
        })
    }

    /// What of a trip's offers has come to its deadline.
    pub(super) fn lapse(&mut self, trip: TripId, at: Timestamp) -> Decision {
        let trip = self.trips.get(&trip).cloned().ok_or(Refused::Unknown)?;
        let mut outcome = Outcome::AlreadyDone;
        for offer in self.offers_of(trip.id) {
            if let Ok(after) = offer.apply(OfferAction::Lapse, at)
                && after != offer
            {
                self.change(after, Actor::Service, at);
                outcome = Outcome::Changed;
            }
        }
        Ok(Answer::of(trip, outcome))
    }

    /// Takes the driver's offer of a trip that is accepted, and withdraws the driver's other one, if there is one.
    pub(super) fn take_offer(
        &mut self,
        db: &mut Db,
        trip: &Arc<Trip>,
        driver: DriverId,
        at: Timestamp,
    ) -> QueryResult<Result<(), Refused>> {
        if trip.is_offered() {
            let Some(offer) = self.last_offer(db, trip, driver)? else {
                return Ok(Err(Refused::NotOffered));
            };
            match offer.apply(OfferAction::Accept, at) {
                Ok(accepted) => self.change(accepted, Actor::Driver(driver), at),
                Err(over) => return Ok(Err(self.too_late(&offer, over, at))),
            }
        }
        self.withdraw_offers_to(driver, at);
        Ok(Ok(()))
    }

    /// An offer is answered that is over, or would be if anybody had looked. Late as it is, the device is alive.
    fn too_late(&mut self, offer: &Offer, over: OfferOver, at: Timestamp) -> Refused {
        if let Ok(lapsed) = offer.apply(OfferAction::Lapse, at)
            && lapsed != *offer
        {
            self.change(lapsed, Actor::Service, at);
        }
        self.note_silence(offer.driver, None);
        Refused::OfferOver(over)
    }

    pub(super) fn withdraw_offers(&mut self, trip: TripId, at: Timestamp) {
        let taken = self.trips.get(&trip);
        let is_taken = taken.is_some_and(|trip| trip.state.status() == Status::Started);
        for offer in self.offers_of(trip) {
            if is_taken && offer.state == OfferState::Created {
                let before = self.silences.get(&offer.driver).copied();
                self.note_silence(offer.driver, Some(Silence::outrun(before, at)));
            }
            self.withdraw(&offer, at);
        }
    }

    pub(super) fn withdraw_offers_to(&mut self, driver: DriverId, at: Timestamp) {
        let open = self.offers.values().find(|offer| offer.driver == driver);
        if let Some(offer) = open.cloned() {
            self.withdraw(&offer, at);
        }
    }

    fn withdraw(&mut self, offer: &Offer, at: Timestamp) {
        if let Ok(withdrawn) = offer.apply(OfferAction::Withdraw, at) {
            self.change(withdrawn, Actor::Service, at);
        }
    }

    /// Notes what an open offer is now; when a trip's last one has ended in vain, drivers are looked for again.
    fn change(&mut self, offer: Offer, actor: Actor, at: Timestamp) {
        let trip = self.trips.get(&offer.trip).cloned();
        let before = self.silences.get(&offer.driver).copied();
        let after = Silence::after(before, offer.state, at);
        self.note_silence(offer.driver, after);
        if offer.state.is_open() {
            self.offers.insert(offer.id, offer.clone());
        } else {
            self.offers.remove(&offer.id);
            if let Some(trip) = &trip {
                self.tell_driver(offer.clone(), trip, actor, at);
                if offer.state != OfferState::Accepted && self.offers_of(trip.id).is_empty() {
                    self.step(trip.id, Step::Wake(at));
                }
            }
        }
        self.changed_offers.insert(offer.id, (offer, at));
    }

    /// Notes whether the device has acknowledged something, or has not.
    fn note_silence(&mut self, driver: DriverId, after: Option<Silence>) {
        let before = match after {
            Some(silence) => self.silences.insert(driver, silence),
            None => self.silences.remove(&driver),
        };
        if after != before {
            self.changed_silences.insert(driver, after);
        }
    }

    fn tell_driver(&mut self, offer: Offer, trip: &Arc<Trip>, actor: Actor, at: Timestamp) {
        let trip = (**trip).clone();
        self.happened(at, actor, Fact::Offer(OfferChange { offer, trip }));
    }

    pub(super) fn step(&mut self, trip: TripId, step: Step) {
        self.searches.entry(trip).or_default().push(step);
    }

    fn offers_of(&self, trip: TripId) -> Vec<Offer> {
        let of_trip = self.offers.values().filter(|offer| offer.trip == trip);
        of_trip.cloned().collect()
    }

    /// The last offer of a trip to a driver: the open one, or one that this batch has ended, or what the row says,
    /// which knows nothing of this batch.
    fn last_offer(&self, db: &mut Db, trip: &Trip, driver: DriverId) -> QueryResult<Option<Offer>> {
        let is_it = |offer: &&Offer| (offer.trip, offer.driver) == (trip.id, driver);
        let ended = self.changed_offers.values().map(|(offer, _)| offer);
        let here = self.offers.values().find(is_it);
        match here.or_else(|| ended.filter(is_it).max_by_key(|offer| offer.id)) {
            Some(offer) => Ok(Some(offer.clone())),
            None => offers::last(db, trip, driver),
        }
    }

    /// Ended offers go first: a driver may be offered the next trip in the same batch.
    pub(super) fn save_offers(&mut self, db: &mut Db) -> QueryResult<()> {
        let is_new = |id: &OfferId| self.new_offers.contains(id);
        for (offer, at) in self.changed_offers.values() {
            if !is_new(&offer.id) {
                offers::update(db, offer, *at)?;
            }
        }
        let now = |id: &OfferId| {
            let changed = self.changed_offers.get(id);
            let (offer, at) = match changed {
                Some((offer, at)) => (offer, *at),
                None => self.offers.get(id).map(|offer| (offer, offer.offered_at))?,
            };
            Some((offer, self.trips.get(&offer.trip)?.number, at))
        };
        let new: Vec<(&Offer, i64, Timestamp)> = self.new_offers.iter().filter_map(now).collect();
        offers::insert(db, &new)?;
        silences::save(db, &self.changed_silences)?;
        for (trip, steps) in &self.searches {
            if let Some(trip) = self.trips.get(trip) {
                for step in steps {
                    searches::step(db, trip.number, *step)?;
                }
            }
        }
        Ok(())
    }
}
