//! The real store and the model of it, side by side.

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
use super::deed::{Call, Deed, Drive, Leave, Round, Told, Verdict, Wanted, What, Wish, verdict};
use super::model::{AGAIN_S, DECIDE_S, DELIVER_S, DRIVERS, Model, PROMISED_S, RIDERS, SEARCH_S};
use crate::town::{Town, Write, ordered};

/// Nothing, or what is wrong.
pub type Finding = Result<(), String>;

/// What is about to be sent, and what each of it comes to for the model and for the core in memory.
#[derive(Default)]
struct Prepared {
    writes: Vec<Write<'static, Done>>,
    expected: Vec<(Verdict, Decided, String)>,
}

/// A town, what the model says of it, and a clock of their own.
pub struct City {
    pub town: Town,
    pub model: Model,
    pub core: CoreInMemory,
    pub riders: [Party<RiderId>; RIDERS],
    pub drivers: [Party<DriverId>; DRIVERS],
    operator: OperatorId,
    /// The trips, as the model numbers them.
    pub trips: Vec<TripId>,
    pub second: i64,
    /// The last event of the log that the model knows of.
    pub heard: i64,
    /// What has been done, for whoever must find out what went wrong.
    pub told: Vec<String>,
}

/// So many seconds after the beginning.
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
    /// Whoever was there before is at rest, and is left alone.
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
            heard: last,
            told: Vec::new(),
            town,
        }
    }

    /// Stops the service and starts it again.
    pub fn restart(mut self) -> Self {
        self.told.push("the service is started again".to_owned());
        Self {
            town: self.town.restart(),
            ..self
        }
    }

    /// Does all of this as the model says, in one batch if it is more than one thing. Everybody knows what comes
    /// before their own wish.
    pub fn carry_out(&mut self, wishes: &[Wish]) -> Finding {
        let prepared = self.prepare_in_turn(wishes);
        self.compare(prepared)
    }

    /// The same, and nobody knows of the others.
    pub fn race(&mut self, wishes: &[Wish]) -> Finding {
        self.told.push("in one batch, all at once:".to_owned());
        let deeds = wishes.iter().filter_map(|wish| self.model.deed(wish));
        let mut prepared = Prepared::default();
        for deed in deeds.collect::<Vec<_>>() {
            self.prepare(deed, &mut prepared);
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
        for (done, (expected, decided, deed)) in written.into_iter().zip(expected) {
            core::same_outcome(&done, &decided).map_err(|why| format!("{deed}: {why}"))?;
            let verdict = verdict(done.map(|written| effect(&written)));
            if verdict != Ok(expected) {
                return Err(format!(
                    "{deed} is {expected:?} for the model, not {verdict:?}"
                ));
            }
        }
        self.check()
    }

    /// Does all of this in one batch, whose connection breaks: nothing of it has happened.
    pub fn lose(mut self, wishes: &[Wish]) -> Result<Self, String> {
        let before = (self.model.clone(), self.core.clone(), self.trips.clone());
        let mut writes = self.prepare_in_turn(wishes).writes;
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
        self.told.push("all of this is lost".to_owned());
        let mut city = self.restart();
        match city.check() {
            Ok(()) => Ok(city),
            Err(why) => Err(city.story(&why)),
        }
    }

    /// What is wrong, and what was done before.
    pub fn story(&self, why: &str) -> String {
        format!("{why}\nThis was done:\n  {}", self.told.join("\n  "))
    }

    fn prepare_in_turn(&mut self, wishes: &[Wish]) -> Prepared {
        if wishes.len() > 1 {
            self.told
                .push("in one batch, one after the other:".to_owned());
        }
        let mut prepared = Prepared::default();
        for wish in wishes {
            if let Some(deed) = self.model.deed(wish) {
                self.prepare(deed, &mut prepared);
            }
        }
        prepared
    }

    /// Makes a deed ready to be sent, and has the model take note of it.
    fn prepare(&mut self, deed: Deed, prepared: &mut Prepared) {
        let new = TripId::new(inputs::fresh_id());
        let submission = Submission::new(self.command(&deed, new), at(self.second));
        let decided = self.core.carry_out(&submission);
        prepared.writes.push(self.write(submission));
        let verdict = self.model.does(&deed, self.second);
        if self.model.rides.len() > self.trips.len() {
            self.trips.push(new);
        }
        let (second, Deed { what, trip, who }) = (self.second, deed);
        let deed = format!("second {second}: {what:?}, trip {trip}, by {who}");
        self.told.push(format!("{deed}: {verdict:?}"));
        prepared.expected.push((verdict, decided, deed));
    }

    fn write(&self, submission: Submission) -> Write<'static, Done> {
        let writer = self.town.store.writer.clone();
        Box::pin(async move { writer.carry_out(submission).await })
    }

    fn command(&self, deed: &Deed, new: TripId) -> Command {
        let reason = || Reason::parse("The road is flooded").expect("a reason");
        let trip = || self.trips[deed.trip];
        let act = |action| Command::Act {
            trip: trip(),
            action,
            stated: Stated::default(),
        };
        let driver = || self.drivers[deed.who].id;
        let rider = || self.riders[deed.who].id;
        match &deed.what {
            What::Request(wanted) => self.request(deed.who, *wanted, new),
            What::Propose(round) => Command::Propose(self.proposal(deed.trip, round)),
            What::Reply(reply) => Command::ReplyToOffer {
                trip: trip(),
                driver: driver(),
                reply: *reply,
            },
            What::Accept => act(Action::Accept(
                self.drivers[deed.who].clone(),
                Outset::default(),
            )),
            What::Drive(Drive::Arrive) => act(Action::Arrive(driver(), None)),
            What::Drive(Drive::Start(told)) => act(Action::Start(driver(), told_code(*told))),
            What::Drive(Drive::Complete) => act(Action::Complete(driver(), Some(Box::default()))),
            What::Drive(Drive::NoShow) => act(Action::NoShow(driver(), None)),
            What::GiveBack => act(Action::GiveBack(driver(), None)),
            What::Leave(Leave::Cancel) => act(Action::Cancel(rider(), None)),
            What::Leave(Leave::Delete) => act(Action::Delete(rider())),
            What::Leave(Leave::AmendPickUp(address)) => {
                let (pick_up, drop_off) = (Some(change(address)), None);
                act(Action::Amend(rider(), Amendment { pick_up, drop_off }))
            }
            What::Leave(Leave::AmendDropOff(address)) => {
                let (pick_up, drop_off) = (None, Some(change(address)));
                act(Action::Amend(rider(), Amendment { pick_up, drop_off }))
            }
            What::Call(Call::Cancel) => act(Action::CancelByOperator(self.operator, reason())),
            What::Call(Call::TakeBack) => act(Action::TakeBack(self.operator, reason())),
            What::Call(Call::End(ending)) => act(Action::End(
                self.operator,
                *ending,
                reason(),
                Some(Box::default()),
            )),
            What::Late => act(Action::NoteLate),
            What::Block => act(Action::NoteBlocked(driver())),
            What::Lapse => Command::LapseOffers(trip()),
            What::Open => act(Action::Open),
            What::Expire => act(Action::Expire),
            What::BeginShift => {
                let (class, seats) = (VehicleClass::default(), 4);
                Command::BeginShift(driver(), Vehicle { class, seats })
            }
            What::EndShift => Command::EndShift(driver(), Actor::Driver(driver())),
        }
    }

    fn request(&self, rider: usize, wanted: Wanted, id: TripId) -> Command {
        let opens_at = wanted.opens_in.map(|seconds| at(self.second + seconds));
        let order = Order {
            opens_at,
            policy: wanted.policy,
            search_s: u32::try_from(SEARCH_S).expect("a small number"),
            code: wanted.has_code.then(|| code("0007")),
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

fn told_code(told: Told) -> Option<RideCode> {
    match told {
        Told::Right => Some(code("0007")),
        Told::Wrong => Some(code("1111")),
        Told::Nothing => None,
    }
}

fn change(address: &str) -> PlaceChange {
    PlaceChange {
        address: Some(Address::parse(address).expect("an address")),
        location: None,
    }
}
