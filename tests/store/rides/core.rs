//! The same life on the core in memory. Every outcome, event and row must be the same as in the database.
//!
//! The writer decides on the part of the state that it has loaded, the core in memory on the whole state.

use std::fmt::Debug;
use std::sync::Arc;

use cabrank::domain::core::{Memory, Outcome, Refusal, Submission};
use cabrank::domain::{
    DriverId, Event, Fact, NoticeText, OperatorId, Party, RiderId, Shift, Standing, Trip, TripId,
    UserId,
};
use cabrank::store::writer::{CommandError, Written};
use jiff::Timestamp;

use super::check::{Stored, same};
use super::city::Finding;

/// The writer's answer.
pub type Done = Result<Written, CommandError>;

/// The decision of the core in memory.
pub type Decided = Result<Outcome, Refusal>;

/// The core in memory, and its events since the last comparison with the database.
#[derive(Clone)]
pub struct CoreInMemory {
    memory: Memory,
    events: Vec<Event>,
}

impl CoreInMemory {
    pub fn of(
        riders: &[Party<RiderId>],
        drivers: &[Party<DriverId>],
        operator: OperatorId,
    ) -> Self {
        let mut memory = Memory::default();
        let riders = riders.iter().map(|rider| rider.id.user());
        let drivers = drivers.iter().map(|driver| driver.id.user());
        let accounts = riders.chain(drivers).chain([operator.into()]);
        let active = accounts.map(|account: UserId| (account, Standing::Active));
        memory.state_mut().standings.extend(active);
        let events = Vec::new();
        Self { memory, events }
    }

    pub fn carry_out(&mut self, submission: &Submission) -> Decided {
        let (decided, changes) = self.memory.carry_out(submission);
        self.events.extend(changes.events);
        decided
    }

    /// Compares the database with the core in memory.
    pub fn check(&mut self, stored: &Stored) -> Finding {
        if let Some(broken) = self.memory.broken() {
            return Err(format!("the core in memory: {broken}"));
        }
        let state = self.memory.state();
        let events = std::mem::take(&mut self.events);
        let logged: Vec<Event> = stored.news.iter().map(plain_event).collect();
        same(
            "the log",
            &logged,
            &events.iter().map(plain_event).collect(),
        )?;
        let rows: Vec<Trip> = stored.trips.iter().map(plain_trip).collect();
        let trips = state.trips.values().map(|trip| plain_trip(trip));
        same("the trips", &rows, &trips.collect())?;
        let mut open: Vec<_> = state.open_offers.iter().cloned().collect();
        open.sort_by_key(|offer| offer.id);
        same("the open offers", &stored.open, &open)?;
        let mut shifts: Vec<Shift> = stored.shifts.iter().map(plain_shift).collect();
        shifts.sort_by_key(|shift| shift.driver);
        let on_shift = state.shifts.values().map(plain_shift);
        same("the shifts", &shifts, &on_shift.collect())?;
        let due = stored.searches.iter();
        let due = due.map(|search| (search.trip.id, search.round, search.due_at));
        let mut due: Vec<(TripId, i64, Timestamp)> = due.collect();
        due.sort_unstable();
        let searches = state.searches.iter();
        let searches =
            searches.filter_map(|(trip, search)| Some((*trip, search.round, search.look_at?)));
        same("the searches that are due", &due, &searches.collect())?;
        let of_these = |driver: &DriverId| state.standings.contains_key(&driver.user());
        let mut unresponsive = stored.unresponsive.clone();
        unresponsive.retain(|driver, _| of_these(driver));
        same("the unresponsive", &unresponsive, &state.unresponsive)
    }
}

/// Compares the writer's answer with the decision of the core in memory.
pub fn same_outcome(done: &Done, decided: &Decided) -> Finding {
    match (done, decided) {
        (Ok(Written::Trip(done)), Ok(Outcome::Trip(decided))) => {
            same("the effect", &done.effect, &decided.effect)?;
            same("the offer", &done.offer, &decided.offer)?;
            same(
                "the trip",
                &plain_trip(&done.trip),
                &plain_trip(&decided.trip),
            )
        }
        (Ok(Written::Event(_)), Ok(Outcome::Event(_))) => Ok(()),
        (Err(CommandError::Refused(refused)), Err(decided)) => same(
            "the refusal",
            &plain_refusal(refused),
            &plain_refusal(decided),
        ),
        (done, decided) => differ(done, decided),
    }
}

fn differ(done: &impl Debug, decided: &impl Debug) -> Finding {
    Err(format!("{decided:?} by the core in memory, not {done:?}"))
}

// The plain values below have no numbers: the database's numbers depend on what others have written before.

fn plain_trip(trip: &Trip) -> Trip {
    let number = 0;
    Trip {
        number,
        ..trip.clone()
    }
}

fn plain_shift(shift: &Shift) -> Shift {
    Shift {
        id: 0,
        ..shift.clone()
    }
}

fn plain_refusal(refusal: &Refusal) -> Refusal {
    match refusal.clone() {
        Refusal::Trip(why, trip) => Refusal::Trip(why, Arc::new(plain_trip(&trip))),
        Refusal::OnShift(shift) => Refusal::OnShift(plain_shift(&shift)),
        other @ (Refusal::UnknownTrip
        | Refusal::Corrupt
        | Refusal::DriverBusy
        | Refusal::TooManyTrips(_)
        | Refusal::KeyReused
        | Refusal::NotActive
        | Refusal::Differs(_)
        | Refusal::NotOffered
        | Refusal::OfferOver(_)
        | Refusal::NotOnShift
        | Refusal::WrongVehicle(_)
        | Refusal::NoRoom(_)) => other,
    }
}

/// Operators are told the trip's number, so it is left out.
fn plain_text(text: &NoticeText) -> NoticeText {
    let words = text.as_str().split(' ');
    let words: Vec<&str> = words.filter(|word| word.parse::<i64>().is_err()).collect();
    NoticeText::parse(words.join(" ")).expect("it has other words")
}

fn plain_event(event: &Event) -> Event {
    let mut event = event.clone();
    (event.id, event.positions) = (0, Vec::new());
    match &mut event.fact {
        Fact::Trip(change) => change.trip.number = 0,
        Fact::Offer(change) => change.trip.number = 0,
        Fact::Shift(shift) => shift.id = 0,
        Fact::Notification(notification) => notification.text = plain_text(&notification.text),
        Fact::Message(_) => {}
    }
    event
}
