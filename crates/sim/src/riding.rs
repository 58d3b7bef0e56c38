//! What riders do, and what drivers do with them.

use super::car::{self, Doing};
use super::dice::{Dice, Question};
use super::queue::Happening;
use super::simulation::{Simulation, about, moment};
use super::tally::RideOutcome;
use domain::{
    Action, Actor, Address, DriverId, Fact, Offer, OfferState, Order, Party, Place, RiderId,
    Status, TripChange, TripRequest, UserId, Whereabouts,
};
use supply::Occupation;

/// The first of the riders' account ids.
const RIDERS_FROM: i64 = 1_000_000_000;

impl Simulation<'_> {
    pub(super) fn request(&mut self, number: usize) {
        let ride = self.day.requests[number];
        if let Some(next) = self.day.requests.get(number + 1) {
            self.queue.add(next.at, Happening::Request(number + 1));
        }
        let place = |location| Place {
            address: Address::parse("on the map").expect("an address"),
            location: Some(location),
        };
        // A request outside every area would be refused by the service; here it gets the default rules.
        let rules = self.town.place(Some(ride.from)).ok();
        let search_s = rules.as_ref().and_then(|rules| rules.search_seconds);
        let order = Order {
            passengers: ride.passengers,
            duties: rules.as_ref().and_then(|rules| rules.duties),
            area: rules.and_then(|rules| rules.area.map(str::to_owned)),
            policy: self.variant.policy,
            search_s: search_s.unwrap_or(self.day.scenario.search_s()),
            ..Order::default()
        };
        let request = TripRequest {
            id: super::service::key(number),
            rider: Party {
                id: rider(number),
                username: String::new(),
                first_name: String::new(),
                last_name: String::new(),
                photo: None,
            },
            pick_up: place(ride.from),
            drop_off: place(ride.to),
            order,
        };
        let at = moment(self.now);
        let trip = number;
        if let Err(refused) = self.service.request(request, at) {
            unreachable!("a rider's only trip is not refused: {refused}");
        }
        self.tally.requested(self.now);
        self.requested.push_back((self.now, trip));
        let ends_ms = 1_000 * i64::from(self.service.trip(trip).order.search_s);
        self.queue.add(self.now + ends_ms, Happening::Expire(trip));
        if let Some(patience_ms) = self.moods[trip].patience_ms {
            self.queue
                .add(self.now + patience_ms, Happening::GiveUp(trip));
        }
        if self.service.trip(trip).is_offered() {
            self.wake();
        } else {
            self.announce(trip);
        }
    }

    /// Carries out an action on a trip; returns whether the core accepted it.
    pub(super) fn act(&mut self, trip: usize, action: Action) -> bool {
        let at = moment(self.now);
        if let Actor::Driver(driver) = action.actor() {
            self.heard.heard(driver, at);
        }
        self.service.act(trip, action, at).is_ok()
    }

    fn status(&self, trip: usize) -> Status {
        self.service.trip(trip).state.status()
    }

    pub(super) fn give_up(&mut self, trip: usize) {
        // A rider whose driver gave the trip back has been patient already, and stays a little longer.
        if self.status(trip) == Status::Requested
            && self.act(trip, Action::Cancel(rider(trip), None))
        {
            self.tally.over(trip, RideOutcome::GaveUp);
        }
    }

    pub(super) fn expire(&mut self, trip: usize) {
        if self.status(trip) == Status::Requested && self.act(trip, Action::Expire) {
            self.tally.over(trip, RideOutcome::Expired);
        }
    }

    pub(super) fn cancel(&mut self, trip: usize, attempt: i64) {
        let is_taken = self.status(trip) == Status::Accepted;
        if is_taken
            && self.service.trip(trip).attempt == attempt
            && self.act(trip, Action::Cancel(rider(trip), None))
        {
            self.tally.over(trip, RideOutcome::Cancelled);
        }
    }

    /// A driver has accepted a trip. `promised_s` is the time to the pick-up that the rider was told, if any.
    pub(super) fn taken(&mut self, trip: usize, car: usize, promised_s: Option<i64>) {
        let Some(pick_up) = self.service.trip(trip).pick_up.location else {
            return;
        };
        let ms = self.drive(car, pick_up);
        self.set_doing(car, Doing::ToPickUp(trip));
        let promised_s = promised_s.unwrap_or((ms + 999) / 1_000);
        self.tally.taken(trip, self.now, promised_s);
        let mood = self.moods[trip];
        if self.riders.cancels(&mood, promised_s) {
            let attempt = self.service.trip(trip).attempt;
            // While the car is on the way, not once it is there.
            let after_ms = mood.cancels_after_ms.min(ms - 1).max(0);
            let cancel = Happening::Cancel { trip, attempt };
            self.queue.add(self.now + after_ms, cancel);
        }
        let mut dice = Dice::of(self.seed, Question::GiveBack, about(trip, car));
        if dice.permille(self.drivers.give_back_permille) {
            let turn = self.cars[car].turn;
            let give_back = Happening::GiveBack { car, turn };
            self.queue.add(self.now + ms / 2, give_back);
        }
    }

    /// The position that a car's device reports. It is exact.
    pub(super) fn whereabouts(&self, car: usize) -> Option<Whereabouts> {
        Some(Whereabouts::new(self.cars[car].place(self.now), Some(0.0)))
    }

    /// Sends a car to a place; returns the duration of the drive in milliseconds.
    pub(super) fn drive(&mut self, car: usize, to: domain::Coordinates) -> i64 {
        let from = self.cars[car].place(self.now);
        let leg = self.day.streets.leg(from, to, moment(self.now));
        let (turn, ms) = self.cars[car].set_out(leg, to, self.now);
        self.queue
            .add(self.now + ms, Happening::Reach { car, turn });
        ms
    }

    pub(super) fn reach(&mut self, car: usize, turn: u32) {
        if self.cars[car].turn != turn {
            return;
        }
        let driver = self.cars[car].driver;
        let doing = self.cars[car].doing;
        self.cars[car].stop(self.now);
        match doing {
            Doing::ToPickUp(trip) => {
                if self.act(trip, Action::Arrive(driver, self.whereabouts(car))) {
                    self.arrived(trip, car);
                }
            }
            Doing::Riding(trip) => {
                // The device reports the place where the ride ends before the driver completes it.
                self.report(car);
                // No fares are computed here, so the ride is not metered.
                let metered = Some(Box::default());
                if self.act(trip, Action::Complete(driver, metered)) {
                    self.tally.over(trip, RideOutcome::Served);
                }
            }
            Doing::Roaming => {
                self.set_doing(car, Doing::Idle);
                self.report(car);
            }
            Doing::Off | Doing::Idle | Doing::Waiting(_) => {}
        }
    }

    fn arrived(&mut self, trip: usize, car: usize) {
        self.set_doing(car, Doing::Waiting(trip));
        self.tally.arrived(trip, self.now);
        let after_ms = if self.moods[trip].is_no_show {
            let until = self.service.trip(trip).free_waiting_ends_at();
            until.duration_since(moment(self.now)).as_millis() as i64
        } else {
            1_000 * self.riders.boarding_s
        };
        let turn = self.cars[car].turn;
        self.queue
            .add(self.now + after_ms, Happening::Board { car, turn });
    }

    pub(super) fn board(&mut self, car: usize, turn: u32) {
        let Doing::Waiting(trip) = self.cars[car].doing else {
            return;
        };
        if self.cars[car].turn != turn {
            return;
        }
        let driver = self.cars[car].driver;
        if self.moods[trip].is_no_show {
            if self.act(trip, Action::NoShow(driver, self.whereabouts(car))) {
                self.tally.over(trip, RideOutcome::NoShow);
            }
        } else if self.act(trip, Action::Start(driver, None))
            && let Some(drop_off) = self.service.trip(trip).drop_off.location
        {
            self.drive(car, drop_off);
            self.set_doing(car, Doing::Riding(trip));
        }
    }

    pub(super) fn give_back(&mut self, car: usize, turn: u32) {
        let Doing::ToPickUp(trip) = self.cars[car].doing else {
            return;
        };
        let action = Action::GiveBack(self.cars[car].driver, None);
        if self.cars[car].turn == turn && self.act(trip, action) {
            self.tally.given_back(trip);
            let ends_ms = 1_000 * i64::from(self.service.trip(trip).order.search_s);
            self.queue.add(self.now + ends_ms, Happening::Expire(trip));
            let mood = &self.moods[trip];
            if let Some(patience_ms) = mood.patience_ms {
                self.queue
                    .add(self.now + patience_ms, Happening::GiveUp(trip));
            }
            if self.service.trip(trip).is_offered() {
                self.wake();
            } else {
                self.follow();
                self.announce(trip);
            }
        }
    }

    /// Follows committed events, as the live service does.
    pub(super) fn follow(&mut self) {
        loop {
            let events = self.service.take_events();
            if events.is_empty() {
                return;
            }
            for event in events {
                match event.fact {
                    Fact::Offer(change) => self.follow_offer(&change.offer),
                    Fact::Trip(change) => self.follow_trip(&change),
                    Fact::Shift(_) | Fact::Message(_) | Fact::Notification(_) => {}
                }
            }
        }
    }

    fn follow_offer(&mut self, offer: &Offer) {
        match offer.state {
            OfferState::Created | OfferState::Delivered => {
                self.occupy(offer.driver, Occupation::Offered);
            }
            OfferState::Accepted => self.supply.answered(offer.driver, true),
            OfferState::Declined
            | OfferState::Expired
            | OfferState::Withdrawn
            | OfferState::Undelivered => {
                self.tally.ended(offer.state);
                if OfferState::REFUSED.contains(&offer.state) {
                    self.supply.answered(offer.driver, false);
                }
                if self.supply.occupation(offer.driver) == Some(Occupation::Offered) {
                    self.occupy(offer.driver, Occupation::Free);
                }
                self.wake();
            }
        }
    }

    fn follow_trip(&mut self, change: &TripChange) {
        let trip = &change.trip;
        let before = change.before.and_then(|before| before.driver);
        let status = trip.state.status();
        if status != Status::Requested {
            self.open.close(super::service::number(trip.id));
        }
        match (trip.state.driver().map(|driver| driver.id), before) {
            (Some(driver), _) if Status::TAKEN.contains(&status) => {
                if status == Status::InProgress {
                    self.rides.begin(driver, trip.drop_off.location);
                }
                let on_trip = Occupation::OnTrip(trip.id);
                self.occupy(driver, on_trip);
                let has_reported = self.supply.latest(driver).is_some();
                let at = moment(self.now);
                self.heard.drives(driver, trip, has_reported, at);
            }
            (_, Some(driver)) => {
                self.rides.end(driver);
                self.heard.ends(driver);
                self.supply.wait_from(driver, moment(self.now));
                self.occupy(driver, Occupation::Free);
                self.freed(car::number(driver));
                self.wake();
            }
            (_, None) => {}
        }
    }

    fn occupy(&self, driver: DriverId, occupation: Occupation) {
        // A driver who is off shift by now has no occupation.
        let _ = self.supply.occupy(driver, occupation);
    }
}

/// The rider of the trip of that number.
fn rider(trip: usize) -> RiderId {
    RiderId::of(UserId::new(RIDERS_FROM + trip as i64))
}
