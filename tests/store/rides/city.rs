//! The real store and its model, side by side.

use cabrank::domain::core::{Candidate, Command, Effect, Proposal, Stated, Submission};
use cabrank::domain::{
    Action, Actor, Address, Amendment, DriverId, OfferId, OperatorId, Order, Outset, Party,
    PlaceChange, Reason, RideCode, RiderId, TripId, TripRequest, Vehicle, VehicleClass,
};
use cabrank::inputs;
use cabrank::store::QueryResult;
use cabrank::store::writer::Written;
use diesel::result::Error;
use jiff::{SignedDuration, Timestamp};

use super::core::{self, CoreInMemory, Decided, Done};
use super::model::{AGAIN_S, DECIDE_S, DELIVER_S, DRIVERS, Model, PROMISED_S, RIDERS, SEARCH_S};
use super::operation::{
    Call, Drive, GivenCode, Intent, Leave, ModelOrder, Operation, Round, Verb, Verdict, verdict,
};
use crate::town::{Town, Write, ordered};

/// Nothing, or what is wrong.
pub type Finding = Result<(), String>;

/// Writes that are about to be sent, and what the model and the core in memory expect of each.
#[derive(Default)]
struct Prepared {
    writes: Vec<Write<'static, Done>>,
    expected: Vec<(Verdict, Decided, String)>,
}

/// A town, its model and its core in memory, with a clock of their own.
pub struct City {
    pub town: Town,
    pub model: Model,
    pub core: CoreInMemory,
    pub riders: [Party<RiderId>; RIDERS],
    pub drivers: [Party<DriverId>; DRIVERS],
    operator: OperatorId,
    /// In the order of the model's numbers.
    pub trips: Vec<TripId>,
    pub second: i64,
    /// The number of the last event that was compared with the model.
    pub last_event: i64,
    /// What was done so far, for the failure's message.
    pub journal: Vec<String>,
}

/// The time at that second of the life.
pub fn at(second: i64) -> Timestamp {
    let begun = Timestamp::from_second(1_900_000_000).expect("a time within jiff's range");
    begun + SignedDuration::from_secs(second)
}

fn effect(written: &Written) -> Effect {
    match written {
        Written::Trip(done) => done.effect,
        Written::Event(_) => Effect::Changed,
    }
}

fn code(digits: &str) -> RideCode {
    RideCode::parse(digits).expect("four digits")
}

impl City {
    /// A city of new people. The people who were there before are left alone.
    pub fn of_new_people(town: Town) -> Self {
        let suffix = inputs::fresh_id().simple();
        let driver = |number| town.driver(&format!("driver{number}_{suffix}"));
        let last = town.log().last().map_or(0, |event| event.id);
        let riders = std::array::from_fn(|number| town.rider(&format!("rider{number}_{suffix}")));
        let drivers = std::array::from_fn(driver);
        let operator = town.operator(&format!("operator_{suffix}"));
        Self {
            core: CoreInMemory::of(&riders, &drivers, operator),
            riders,
            drivers,
            operator,
            model: Model::default(),
            trips: Vec::new(),
            second: 0,
            last_event: last,
            journal: Vec::new(),
            town,
        }
    }

    /// Stops the service and starts it again.
    pub fn restart(mut self) -> Self {
        self.journal.push("the service is started again".to_owned());
        Self {
            town: self.town.restart(),
            ..self
        }
    }

    /// Carries out all of these, in one batch if there is more than one. Each intent takes those before it into
    /// account.
    pub fn carry_out(&mut self, intents: &[Intent]) -> Finding {
        let prepared = self.prepare_in_turn(intents);
        self.compare(prepared)
    }

    /// Carries out all of these in one batch. No intent takes the others into account.
    pub fn race(&mut self, intents: &[Intent]) -> Finding {
        self.journal.push("in one batch, all at once:".to_owned());
        let operations = intents
            .iter()
            .filter_map(|intent| self.model.operation(intent));
        let mut prepared = Prepared::default();
        for operation in operations.collect::<Vec<_>>() {
            self.prepare(operation, &mut prepared);
        }
        self.compare(prepared)
    }

    fn compare(&mut self, prepared: Prepared) -> Finding {
        let Prepared {
            mut writes,
            expected,
        } = prepared;
        let written = match (writes.pop(), writes.is_empty()) {
            (None, _) => return Ok(()),
            (Some(only), true) => vec![self.town.wait_for(only)],
            (Some(last), false) => {
                writes.push(last);
                self.town.in_one_batch(writes)
            }
        };
        for (done, (expected, decided, operation)) in written.into_iter().zip(expected) {
            core::same_outcome(&done, &decided).map_err(|why| format!("{operation}: {why}"))?;
            let verdict = verdict(done.map(|written| effect(&written)));
            if verdict != Ok(expected) {
                return Err(format!(
                    "{operation} is {expected:?} for the model, not {verdict:?}"
                ));
            }
        }
        self.check()
    }

    /// Carries out all of these in one batch whose connection breaks, so nothing of it may remain.
    pub fn lose(mut self, intents: &[Intent]) -> Result<Self, String> {
        let before = (self.model.clone(), self.core.clone(), self.trips.clone());
        let mut writes = self.prepare_in_turn(intents).writes;
        let writer = self.town.store.writer.clone();
        writes.push(Box::pin(async move {
            let cut = writer.change(|_| QueryResult::<()>::Err(Error::BrokenTransactionManager));
            Err(cut.await.expect_err("the connection is cut").into())
        }));
        let written = self.town.in_one_batch(writes);
        if let Some(done) = written.into_iter().find_map(Result::ok) {
            return Err(self.story(&format!("{done:?} was answered in a batch that is lost")));
        }
        (self.model, self.core, self.trips) = before;
        self.journal.push("all of this is lost".to_owned());
        let mut city = self.restart();
        match city.check() {
            Ok(()) => Ok(city),
            Err(why) => Err(city.story(&why)),
        }
    }

    /// The failure's message: what is wrong, and what was done before.
    pub fn story(&self, why: &str) -> String {
        format!("{why}\nThis was done:\n  {}", self.journal.join("\n  "))
    }

    fn prepare_in_turn(&mut self, intents: &[Intent]) -> Prepared {
        if intents.len() > 1 {
            self.journal
                .push("in one batch, one after the other:".to_owned());
        }
        let mut prepared = Prepared::default();
        for intent in intents {
            if let Some(operation) = self.model.operation(intent) {
                self.prepare(operation, &mut prepared);
            }
        }
        prepared
    }

    /// Makes an operation ready to be sent, and lets the model carry it out.
    fn prepare(&mut self, operation: Operation, prepared: &mut Prepared) {
        let new = TripId::new(inputs::fresh_id());
        let submission = Submission::new(self.command(&operation, new), at(self.second));
        let decided = self.core.carry_out(&submission);
        prepared.writes.push(self.write(submission));
        let verdict = self.model.carry_out(&operation, self.second);
        if self.model.rides.len() > self.trips.len() {
            self.trips.push(new);
        }
        let (second, Operation { verb, trip, actor }) = (self.second, operation);
        let operation = format!("second {second}: {verb:?}, trip {trip}, by {actor}");
        self.journal.push(format!("{operation}: {verdict:?}"));
        prepared.expected.push((verdict, decided, operation));
    }

    fn write(&self, submission: Submission) -> Write<'static, Done> {
        let writer = self.town.store.writer.clone();
        Box::pin(async move { writer.carry_out(submission).await })
    }

    fn command(&self, operation: &Operation, new: TripId) -> Command {
        let reason = || Reason::parse("The road is flooded").expect("a reason");
        let trip = || self.trips[operation.trip];
        let act = |action| Command::Act {
            trip: trip().into(),
            action,
            stated: Stated::default(),
        };
        let driver = || self.drivers[operation.actor].id;
        let rider = || self.riders[operation.actor].id;
        match &operation.verb {
            Verb::Request(order) => self.request(operation.actor, *order, new),
            Verb::Propose(round) => Command::Propose(self.proposal(operation.trip, round)),
            Verb::Reply(reply) => Command::ReplyToOffer {
                trip: trip().into(),
                driver: driver(),
                reply: *reply,
            },
            Verb::Accept => act(Action::Accept(
                self.drivers[operation.actor].clone(),
                Outset::default(),
            )),
            Verb::Drive(Drive::Arrive) => act(Action::Arrive(driver(), None)),
            Verb::Drive(Drive::Start(given)) => act(Action::Start(driver(), ride_code(*given))),
            Verb::Drive(Drive::Complete) => act(Action::Complete(driver(), Some(Box::default()))),
            Verb::Drive(Drive::NoShow) => act(Action::NoShow(driver(), None)),
            Verb::GiveBack => act(Action::GiveBack(driver(), None)),
            Verb::Leave(Leave::Cancel) => act(Action::Cancel(rider(), None)),
            Verb::Leave(Leave::Delete) => act(Action::Delete(rider())),
            Verb::Leave(Leave::AmendPickUp(address)) => {
                let (pick_up, drop_off) = (Some(change(address)), None);
                act(Action::Amend(rider(), Amendment { pick_up, drop_off }))
            }
            Verb::Leave(Leave::AmendDropOff(address)) => {
                let (pick_up, drop_off) = (None, Some(change(address)));
                act(Action::Amend(rider(), Amendment { pick_up, drop_off }))
            }
            Verb::Call(Call::Cancel) => act(Action::CancelByOperator(self.operator, reason())),
            Verb::Call(Call::TakeBack) => act(Action::TakeBack(self.operator, reason())),
            Verb::Call(Call::End(ending)) => act(Action::End(
                self.operator,
                *ending,
                reason(),
                Some(Box::default()),
            )),
            Verb::Late => act(Action::NoteLate),
            Verb::Block => act(Action::NoteBlocked(driver())),
            Verb::Lapse => Command::LapseOffers(trip()),
            Verb::Open => act(Action::Open),
            Verb::Expire => act(Action::Expire),
            Verb::BeginShift => {
                let (class, seats) = (VehicleClass::default(), 4);
                Command::BeginShift(driver(), Vehicle { class, seats })
            }
            Verb::EndShift => Command::EndShift(driver(), Actor::Driver(driver())),
        }
    }

    fn request(&self, rider: usize, order: ModelOrder, id: TripId) -> Command {
        let opens_at = order.opens_in.map(|seconds| at(self.second + seconds));
        let order = Order {
            opens_at,
            policy: order.policy,
            search_s: u32::try_from(SEARCH_S).expect("a small number"),
            code: order.has_code.then(|| code("0007")),
            ..Order::default()
        };
        let ordered = ordered(&self.riders[rider], order).command;
        let Command::RequestTrip(request, limits) = ordered else {
            unreachable!("an order is a request");
        };
        Command::RequestTrip(TripRequest { id, ..request }, limits)
    }

    fn proposal(&self, trip: usize, round: &Round) -> Proposal {
        let candidate = |driver: &usize| Candidate {
            offer: OfferId::new(inputs::fresh_id()),
            driver: self.drivers[*driver].id,
            metres: 500,
            eta_s: PROMISED_S,
        };
        Proposal {
            trip: self.trips[trip],
            attempt: self.model.rides[trip].attempt - round.attempts_ago,
            round: round.number,
            next_round: round.number + 1,
            candidates: round.drivers.iter().map(candidate).collect(),
            wave: round.wave,
            deliver_s: DELIVER_S,
            decide_s: DECIDE_S,
            again_at: at(self.second + AGAIN_S),
        }
    }
}

fn ride_code(given: GivenCode) -> Option<RideCode> {
    match given {
        GivenCode::Right => Some(code("0007")),
        GivenCode::Wrong => Some(code("1111")),
        GivenCode::Missing => None,
    }
}

fn change(address: &str) -> PlaceChange {
    PlaceChange {
        address: Some(Address::parse(address).expect("an address")),
        location: None,
    }
}
