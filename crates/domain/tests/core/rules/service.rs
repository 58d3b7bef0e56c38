//! A small service in memory, and what it tells.

use domain::core::{
    Candidate, Changes, Command, Effect, IdempotencyKey, Memory, Outcome, Proposal, Refusal, Reply,
    SearchStep, State, Stated, Submission, TripOutcome,
};
use domain::{
    Action, DriverId, Event, Fact, Offer, OfferId, Order, Outset, Policy, Standing, Trip, TripId,
    TripRef, TripRequest, UserId,
};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::cast::{LIMITS, driver, operator, party, place, rider, vehicle};

/// How long a device has to acknowledge an offer, in seconds.
pub const DELIVER_SECONDS: i64 = 4;
/// How long a driver then has to decide, in seconds.
pub const DECIDE_SECONDS: i64 = 15;
/// When the next round is due if nobody is free, in seconds.
pub const AGAIN_SECONDS: i64 = 5;
/// The estimated time to the pick-up of every candidate, in seconds.
pub const ETA_SECONDS: i64 = 60;

/// A service with a few active accounts, a clock that stands until somebody waits, and what the last command changed.
pub struct Service {
    pub memory: Memory,
    pub changes: Changes,
    second: i64,
    ids: u128,
}

/// The time so many seconds after the beginning.
pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_900_000_000 + second).expect("a time")
}

impl Service {
    pub fn new() -> Self {
        let mut memory = Memory::default();
        let riders = (0..4).map(|number| rider(number).user());
        let drivers = (0..6).map(|number| driver(number).user());
        let accounts = riders.chain(drivers).chain([operator().into()]);
        memory.state_mut().standings = accounts.map(|it| (it, Standing::Active)).collect();
        Self {
            memory,
            changes: Changes::default(),
            second: 0,
            ids: 0,
        }
    }

    /// A service whose drivers 0 to 4 are on shift.
    pub fn with_drivers() -> Self {
        let mut service = Self::new();
        for number in 0..5 {
            service.done(Command::BeginShift(driver(number), vehicle(4)));
        }
        service
    }

    pub fn state(&self) -> &State {
        self.memory.state()
    }

    pub fn set_standing(&mut self, user: impl Into<UserId>, standing: Standing) {
        let standings = &mut self.memory.state_mut().standings;
        standings.insert(user.into(), standing);
    }

    pub fn now(&self) -> Timestamp {
        at(self.second)
    }

    pub fn wait(&mut self, seconds: i64) {
        self.second += seconds;
    }

    fn id(&mut self) -> Uuid {
        self.ids += 1;
        Uuid::from_u128(self.ids)
    }

    pub fn submit(&mut self, submission: &Submission) -> Result<Outcome, Refusal> {
        let (outcome, changes) = self.memory.carry_out(submission);
        self.changes = changes;
        assert_eq!(self.memory.broken(), None);
        outcome
    }

    pub fn give(&mut self, command: Command) -> Result<Outcome, Refusal> {
        self.submit(&Submission::new(command, self.now()))
    }

    pub fn give_under(
        &mut self,
        key: &IdempotencyKey,
        command: Command,
    ) -> Result<Outcome, Refusal> {
        let submission = Submission {
            key: Some(key.clone()),
            ..Submission::new(command, self.now())
        };
        self.submit(&submission)
    }

    /// The event of a command that must succeed, and is about no trip.
    #[track_caller]
    pub fn done(&mut self, command: Command) -> Event {
        match self.give(command) {
            Ok(Outcome::Event(event)) => self.changes.events[event].clone(),
            other => panic!("it should have been carried out, but: {other:?}"),
        }
    }

    /// The refusal of a command that must be refused.
    #[track_caller]
    pub fn refused(&mut self, command: Command) -> Refusal {
        self.give(command).expect_err("it should have been refused")
    }

    #[track_caller]
    pub fn trip_after(&mut self, command: Command) -> TripOutcome {
        match self.give(command) {
            Ok(Outcome::Trip(outcome)) => outcome,
            other => panic!("it should have been carried out, but: {other:?}"),
        }
    }

    pub fn request_of(&mut self, number: i64, order: Order) -> TripRequest {
        TripRequest {
            id: TripId::new(self.id()),
            rider: party(rider(number)),
            pick_up: place("1 Main Street"),
            drop_off: place("2 Side Street"),
            order,
        }
    }

    /// A new trip of rider 0 whose driver is found by that policy.
    #[track_caller]
    pub fn request(&mut self, policy: Policy) -> TripId {
        self.request_by(0, policy)
    }

    #[track_caller]
    pub fn request_by(&mut self, number: i64, policy: Policy) -> TripId {
        let order = Order {
            policy,
            ..Order::default()
        };
        let request = self.request_of(number, order);
        self.trip_after(Command::RequestTrip(request, LIMITS))
            .trip
            .id
    }

    /// Proposes these drivers for a trip, and offers it to as many at once.
    pub fn proposal(&mut self, trip: TripId, drivers: &[i64], wave: usize) -> Proposal {
        let candidates = drivers.iter().map(|number| Candidate {
            offer: OfferId::new(self.id()),
            driver: driver(*number),
            metres: 500 + number,
            eta_s: ETA_SECONDS,
        });
        Proposal {
            trip,
            candidates: candidates.collect(),
            attempt: self.trip(trip).attempt,
            round: 2,
            next_round: 3,
            wave,
            deliver_s: DELIVER_SECONDS,
            decide_s: DECIDE_SECONDS,
            again_at: self.now() + SignedDuration::from_secs(AGAIN_SECONDS),
        }
    }

    /// Offers a trip to all these drivers at once.
    #[track_caller]
    pub fn offer(&mut self, trip: TripId, drivers: &[i64]) {
        let proposal = self.proposal(trip, drivers, drivers.len());
        let outcome = self.trip_after(Command::Propose(proposal));
        assert_eq!(outcome.effect, Effect::Changed);
    }

    #[track_caller]
    pub fn act(&mut self, trip: TripId, action: Action) -> TripOutcome {
        self.trip_after(act(TripRef::Key(trip), action))
    }

    #[track_caller]
    pub fn accept(&mut self, trip: TripId, number: i64) -> TripOutcome {
        self.act(trip, accept(number))
    }

    #[track_caller]
    pub fn reply(&mut self, trip: TripId, number: i64, reply: Reply) -> TripOutcome {
        self.trip_after(reply_to(trip, number, reply))
    }

    pub fn trip(&self, trip: TripId) -> &Trip {
        &self.state().trips[&trip]
    }

    /// The drivers who have an open offer of the trip.
    pub fn asked(&self, trip: TripId) -> Vec<DriverId> {
        let open = self.state().open_offers.of(trip);
        open.map(|offer| offer.driver).collect()
    }

    pub fn last_offer(&self, trip: TripId, number: i64) -> &Offer {
        &self.state().last_offers[&(trip, driver(number))]
    }

    /// What the last command told, in order.
    pub fn told(&self) -> Vec<String> {
        self.changes.events.iter().map(told).collect()
    }

    /// The steps of the trip's search that the last command made.
    pub fn steps(&self, trip: TripId) -> &[SearchStep] {
        self.changes.searches.get(&trip).map_or(&[], Vec::as_slice)
    }
}

fn told(event: &Event) -> String {
    let Event { fact, actor, .. } = event;
    let by = actor.role();
    match fact {
        Fact::Trip(change) => format!("{by}: {:?}", change.kind),
        Fact::Offer(change) => {
            let number = change.offer.driver.user().get() - driver(0).user().get();
            format!("{by}: {:?} to {number}", change.offer.state)
        }
        Fact::Notification(notification) => format!("{by}: {}", notification.text.as_str()),
        Fact::Message(message) => format!("{by}: {}", message.text.as_str()),
        Fact::Shift(shift) if shift.ended_at.is_none() => format!("{by}: the shift begins"),
        Fact::Shift(_) => format!("{by}: the shift ends"),
    }
}

pub fn act(trip: TripRef, action: Action) -> Command {
    Command::Act {
        trip,
        action,
        stated: Stated::default(),
    }
}

pub fn accept(number: i64) -> Action {
    Action::Accept(party(driver(number)), Outset::default())
}

pub fn reply_to(trip: TripId, number: i64, reply: Reply) -> Command {
    Command::ReplyToOffer {
        trip: TripRef::Key(trip),
        driver: driver(number),
        reply,
    }
}
