//! What the database is to the live service: the trips, the offers and the searches, and the last word on them.
//!
//! The trip and the offer decide by their own rules ([`Trip::apply`], [`Offer::apply`]). What a constraint of the schema would refuse is refused here: a
//! driver has at most one trip and one open offer, and a trip one driver. The searches stand as the writer keeps them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use uuid::Uuid;

use crate::domain::{
    Action, Asked, Change, DriverId, Ended, Offer, OfferAction, OfferId, OfferState, Silence,
    Silences, Status, Trip, TripId,
};
use crate::store::searches::Search;
use crate::store::writer::command::Proposal;

/// What has changed.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    /// An offer.
    Offer(Offer),
    /// The trip of that number, and who had it before.
    Trip(usize, Option<DriverId>),
}

/// What cannot be: somebody was quicker, or it is too late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused;

/// All that is durable.
#[derive(Debug, Default)]
pub struct Book {
    trips: Vec<Trip>,
    searches: BTreeMap<usize, Standing>,
    /// By driver.
    open: BTreeMap<DriverId, Offer>,
    /// By trip: how offers of it ended.
    ended: Vec<Vec<Ended>>,
    silences: Silences,
    /// By driver: the last offer that the device had not acknowledged when somebody else accepted the trip.
    outrun: BTreeMap<DriverId, OfferId>,
    driving: BTreeMap<DriverId, usize>,
    on_shift: BTreeSet<DriverId>,
    unfinished: usize,
    news: Vec<News>,
}

#[derive(Debug)]
struct Standing {
    search: Search,
    look_at: Option<Timestamp>,
}

/// The key of the trip of that number.
pub(super) const fn key(number: usize) -> TripId {
    TripId::new(Uuid::from_u128(number as u128))
}

/// The number of the trip of that key.
pub(super) fn number(key: TripId) -> usize {
    usize::try_from(key.uuid().as_u128()).unwrap_or(usize::MAX)
}

impl Book {
    /// The trip of that number.
    pub fn trip(&self, number: usize) -> &Trip {
        &self.trips[number]
    }

    /// The open offer to a driver.
    pub fn offer_to(&self, driver: DriverId) -> Option<&Offer> {
        self.open.get(&driver)
    }

    /// Whose devices did not acknowledge their last offers.
    pub const fn silences(&self) -> &Silences {
        &self.silences
    }

    /// How many trips are not over.
    pub const fn unfinished(&self) -> usize {
        self.unfinished
    }

    /// How many trips there are.
    pub const fn requested(&self) -> usize {
        self.trips.len()
    }

    /// For how many trips a driver is looked for.
    pub fn looked_for(&self) -> usize {
        // All that are not over, but for those who are driven.
        self.unfinished - self.driving.len()
    }

    /// What has changed since this was last asked.
    pub fn news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.news)
    }

    /// Notes that a driver is on shift, or no more; then an offer to them is taken back.
    pub fn shift(&mut self, driver: DriverId, is_on: bool, at: Timestamp) {
        if is_on {
            self.on_shift.insert(driver);
        } else {
            self.on_shift.remove(&driver);
            self.withdraw_to(driver, at);
        }
    }

    /// A new trip; its number is the next one.
    pub fn request(&mut self, trip: Trip, at: Timestamp) -> usize {
        let number = self.trips.len();
        self.trips.push(trip);
        self.ended.push(Vec::new());
        self.unfinished += 1;
        self.begin_search(number, at);
        self.news.push(News::Trip(number, None));
        number
    }

    fn begin_search(&mut self, number: usize, at: Timestamp) {
        let trip = &self.trips[number];
        if trip.is_offered() {
            let search = Search {
                trip: trip.clone(),
                round: 0,
                asked: Asked::default(),
                due_at: at,
            };
            let look_at = Some(at);
            self.searches.insert(number, Standing { search, look_at });
        }
    }

    /// Somebody acts on a trip.
    pub fn act(&mut self, number: usize, action: &Action, at: Timestamp) -> Result<(), Refused> {
        let before = &self.trips[number];
        let driver_before = before.state.driver().map(|driver| driver.id);
        let after = match before.apply(action, at) {
            Ok(Change::To(after)) => *after,
            Ok(Change::AlreadyDone) | Err(_) => return Err(Refused),
        };
        if let Action::Accept(driver, _) = action {
            self.take(number, driver.id, at)?;
        }
        let status = after.state.status();
        self.trips[number] = after;
        if status != Status::Requested {
            self.withdraw_of(number, at);
            self.searches.remove(&number);
        } else if driver_before.is_some() {
            self.begin_search(number, at);
        }
        if !Status::TAKEN.contains(&status)
            && let Some(driver) = driver_before
        {
            self.driving.remove(&driver);
        }
        self.unfinished -= usize::from(status.is_final());
        self.news.push(News::Trip(number, driver_before));
        Ok(())
    }

    /// A driver takes a trip: with the offer of it, where it is offered, and with no other trip.
    fn take(&mut self, number: usize, driver: DriverId, at: Timestamp) -> Result<(), Refused> {
        if self.driving.contains_key(&driver) {
            return Err(Refused);
        }
        if self.trips[number].is_offered() {
            let offer = self.open.get(&driver).filter(|it| it.trip == key(number));
            let offer = offer.ok_or(Refused)?;
            let accepted = offer.apply(OfferAction::Accept, at).map_err(|_| Refused)?;
            self.end(accepted, at);
        }
        self.withdraw_to(driver, at);
        self.driving.insert(driver, number);
        Ok(())
    }

    /// A driver, or a driver's device, replies to the offer of that key.
    pub fn reply(
        &mut self,
        driver: DriverId,
        offer: OfferId,
        reply: OfferAction,
        at: Timestamp,
    ) -> Result<(), Refused> {
        if self.outrun.get(&driver) == Some(&offer) {
            self.outrun.remove(&driver);
            self.silences.remove(&driver);
        }
        let open = self.open.get(&driver).filter(|open| open.id == offer);
        let after = open.ok_or(Refused)?.apply(reply, at).map_err(|_| Refused)?;
        if after.state.is_open() {
            self.note_silence(&after, at);
            self.open.insert(driver, after);
        } else {
            self.end(after, at);
        }
        Ok(())
    }

    /// Ends the offers whose time is over.
    pub fn lapse(&mut self, at: Timestamp) {
        let due: Vec<Offer> = self
            .open
            .values()
            .filter(|it| it.due_at <= at)
            .cloned()
            .collect();
        for offer in due {
            if let Ok(lapsed) = offer.apply(OfferAction::Lapse, at) {
                self.end(lapsed, at);
            }
        }
    }

    fn withdraw_of(&mut self, number: usize, at: Timestamp) {
        let of_trip = self.open.values().filter(|it| it.trip == key(number));
        let is_taken = self.trips[number].state.status() == Status::Started;
        for offer in of_trip.cloned().collect::<Vec<Offer>>() {
            if is_taken && offer.state == OfferState::Created {
                let before = self.silences.get(&offer.driver).copied();
                let silence = Silence::outrun(before, at);
                self.silences.insert(offer.driver, silence);
                self.outrun.insert(offer.driver, offer.id);
            }
            self.withdraw_to(offer.driver, at);
        }
    }

    fn withdraw_to(&mut self, driver: DriverId, at: Timestamp) {
        let open = self.open.get(&driver);
        if let Some(Ok(withdrawn)) = open.map(|offer| offer.apply(OfferAction::Withdraw, at)) {
            self.end(withdrawn, at);
        }
    }

    /// Notes whether the device has acknowledged something, or has not.
    fn note_silence(&mut self, offer: &Offer, at: Timestamp) {
        let before = self.silences.remove(&offer.driver);
        if let Some(silence) = Silence::after(before, offer.state, at) {
            self.silences.insert(offer.driver, silence);
        }
    }

    /// Notes how an offer has ended; when a trip's last one has in vain, drivers are looked for again.
    fn end(&mut self, offer: Offer, at: Timestamp) {
        let number = number(offer.trip);
        self.open.remove(&offer.driver);
        self.note_silence(&offer, at);
        self.ended[number].push(Ended {
            driver: offer.driver,
            attempt: offer.attempt,
            state: offer.state,
            offered_at: offer.offered_at,
            ended_at: at,
        });
        let is_last = self.open.values().all(|other| other.trip != offer.trip);
        if offer.state != OfferState::Accepted
            && is_last
            && let Some(standing) = self.searches.get_mut(&number)
        {
            standing.look_at = Some(at);
        }
        self.news.push(News::Offer(offer));
    }

    /// Takes out the searches that are due, longest due first; [`Book::put_back`] takes them again.
    pub fn due(&mut self, at: Timestamp) -> Vec<Search> {
        let is_due = |standing: &Standing| standing.look_at.is_some_and(|look_at| look_at <= at);
        let due = self
            .searches
            .iter()
            .filter(|(_, standing)| is_due(standing));
        let mut due: Vec<(Option<Timestamp>, usize)> = due
            .map(|(number, standing)| (standing.look_at, *number))
            .collect();
        due.sort_unstable();
        let search = |(look_at, number): (Option<Timestamp>, usize)| {
            let mut search = self.searches.remove(&number)?.search;
            let trip = &search.trip;
            let ended = &self.ended[number];
            search.asked = Asked::of(ended, trip.attempt, &trip.given_back_by, at);
            search.due_at = look_at?;
            Some(search)
        };
        due.into_iter().filter_map(search).collect()
    }

    /// Takes searches again that [`Book::due`] gave.
    pub fn put_back(&mut self, pool: Vec<Search>) {
        for search in pool {
            let look_at = Some(search.due_at);
            let number = number(search.trip.id);
            self.searches.insert(number, Standing { search, look_at });
        }
    }

    /// Offers a trip to those of the candidates who are still free, in their order; gives the drivers.
    pub fn propose(&mut self, proposal: &Proposal, at: Timestamp) -> Vec<DriverId> {
        let number = number(proposal.trip);
        let trip = &self.trips[number];
        let is_searching = trip.is_offered() && trip.state.status() == Status::Requested;
        if !is_searching || trip.attempt != proposal.attempt {
            return Vec::new();
        }
        let mut offered = Vec::new();
        for candidate in &proposal.candidates {
            if offered.len() < proposal.wave && self.may_be_offered(number, candidate.driver) {
                let offer = proposal.offer(candidate, at);
                offered.push(candidate.driver);
                self.open.insert(candidate.driver, offer.clone());
                self.news.push(News::Offer(offer));
            }
        }
        if let Some(standing) = self.searches.get_mut(&number) {
            standing.look_at = if offered.is_empty() {
                standing.search.round = proposal.next_round;
                Some(proposal.again_at)
            } else {
                standing.search.round = proposal.round;
                None
            };
        }
        offered
    }

    fn may_be_offered(&self, number: usize, driver: DriverId) -> bool {
        let is_free = !self.driving.contains_key(&driver) && !self.open.contains_key(&driver);
        let has_given_back = self.trips[number].given_back_by.contains(&driver);
        self.on_shift.contains(&driver) && is_free && !has_given_back
    }

    /// What must never be, if it is.
    pub fn broken(&self) -> Option<String> {
        let mut driving = BTreeMap::new();
        let mut unfinished = 0;
        for (number, trip) in self.trips.iter().enumerate() {
            let status = trip.state.status();
            unfinished += usize::from(!status.is_final());
            let driver = trip
                .state
                .driver()
                .filter(|_| Status::TAKEN.contains(&status));
            if let Some(driver) = driver
                && let Some(other) = driving.insert(driver.id, number)
            {
                return Some(format!("one driver has the trips {other} and {number}"));
            }
            let accepted = self.ended[number].iter().filter(|ended| {
                ended.state == OfferState::Accepted && ended.attempt == trip.attempt
            });
            if accepted.count() > 1 {
                return Some(format!("two offers of trip {number} were accepted"));
            }
            let is_searched = self.searches.contains_key(&number);
            if is_searched != (trip.is_offered() && status == Status::Requested) {
                return Some(format!("trip {number} is {status}, and its search is not"));
            }
        }
        if driving != self.driving {
            return Some("the drivers' trips are not the trips' drivers".to_owned());
        }
        (unfinished != self.unfinished).then(|| "trips were counted wrong".to_owned())
    }
}
