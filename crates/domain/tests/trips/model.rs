//! Compares random lives of trips with a model. The model has only a status, a driver, who ended the trip, what riders
//! change, who has given it back, the findings about the driver, and some times.

use domain::{
    Action, Actor, Address, Amendment, Change, Coordinates, Order, Outset, Place, PlaceChange,
    RideEnding, Status, Trip, TripRefusal, TripState, TripTimes,
};
use jiff::Timestamp;
use proptest::prelude::*;

use crate::cast::{
    FREE_WAITING_SECONDS, OPENS_SECOND, SEARCH_SECONDS, at, driver, later, measured, operator,
    ordered, party, place, reason, rider,
};

/// The time to the pick-up that the rider is promised, in seconds.
const PROMISED_SECONDS: u32 = 60;
/// A driver who comes this much later is late, in seconds.
const LATE_SECONDS: i64 = 300;
/// How long nothing may be heard from a driver, in seconds.
const SILENT_SECONDS: i64 = 180;

/// An action and its actor. The numbers distinguish people of one role. Rider 0 has requested the trip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    Accept(u8),
    Arrive(u8),
    Start(u8),
    Complete(u8),
    GiveBack(u8),
    NoShow(u8),
    Cancel(u8),
    /// The rider, the new pick-up and the new drop-off.
    Amend(u8, Option<&'static str>, Option<&'static str>),
    Delete(u8),
    CancelByOperator(u8),
    End(u8, RideEnding),
    TakeBack(u8),
    /// The driver may be late.
    Late,
    /// Nothing was heard from that driver for so many seconds.
    Silent(u8, i64),
    Block(u8),
    Open,
    Expire,
}

/// The result that an action must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Changed,
    AlreadyDone,
    AlreadyTaken,
    NotYours,
    GivenBack,
    TooEarly,
    NotPossible,
}

/// The trip as the model sees it.
#[derive(Debug)]
struct Model {
    status: Status,
    driver: Option<u8>,
    /// Who made the last change of the status.
    by: Actor,
    pick_up: Place,
    drop_off: Place,
    hidden: bool,
    given_back_by: Vec<u8>,
    search_ends: i64,
    taken: Option<i64>,
    arrived: Option<i64>,
    started: Option<i64>,
    late_due: Option<i64>,
    is_late: bool,
    silent: Option<i64>,
    is_blocked: bool,
}

impl Deed {
    fn action(self, second: i64) -> Action {
        match self {
            Self::Accept(number) => {
                let outset = Outset {
                    from: None,
                    promised_s: Some(PROMISED_SECONDS),
                };
                Action::Accept(party(driver(number)), outset)
            }
            Self::Arrive(number) => Action::Arrive(driver(number), None),
            Self::Start(number) => Action::Start(driver(number), None),
            Self::Complete(number) => Action::Complete(driver(number), Some(Box::new(measured()))),
            Self::GiveBack(number) => Action::GiveBack(driver(number), Some(reason())),
            Self::NoShow(number) => Action::NoShow(driver(number), None),
            Self::Cancel(number) => Action::Cancel(rider(number), Some(reason())),
            Self::Amend(number, pick_up, drop_off) => {
                let change = |address: &str| PlaceChange {
                    address: Some(place(address).address),
                    location: None,
                };
                let amendment = Amendment {
                    pick_up: pick_up.map(change),
                    drop_off: drop_off.map(change),
                };
                Action::Amend(rider(number), amendment)
            }
            Self::Delete(number) => Action::Delete(rider(number)),
            Self::CancelByOperator(number) => Action::CancelByOperator(operator(number), reason()),
            Self::End(number, ending) => {
                Action::End(operator(number), ending, reason(), Some(Box::default()))
            }
            Self::TakeBack(number) => Action::TakeBack(operator(number), reason()),
            Self::Late => Action::NoteLate,
            Self::Silent(number, ago) => Action::NoteSilent(driver(number), at(second - ago)),
            Self::Block(number) => Action::NoteBlocked(driver(number)),
            Self::Open => Action::Open,
            Self::Expire => Action::Expire,
        }
    }

    fn by(self) -> Actor {
        match self {
            Self::Accept(number)
            | Self::Arrive(number)
            | Self::Start(number)
            | Self::GiveBack(number)
            | Self::NoShow(number)
            | Self::Complete(number) => Actor::Driver(driver(number)),
            Self::Cancel(number) | Self::Amend(number, ..) | Self::Delete(number) => {
                Actor::Rider(rider(number))
            }
            Self::CancelByOperator(number) | Self::TakeBack(number) | Self::End(number, _) => {
                Actor::Operator(operator(number))
            }
            Self::Late | Self::Silent(..) | Self::Block(_) | Self::Open | Self::Expire => {
                Actor::Service
            }
        }
    }

    /// The status that the action leads to, if it is possible. `None` if the status stays.
    fn target(self) -> Option<Status> {
        Some(match self {
            Self::Accept(_) => Status::Accepted,
            Self::Arrive(_) => Status::Arrived,
            Self::Start(_) => Status::InProgress,
            Self::Complete(_) | Self::End(_, RideEnding::Completed) => Status::Completed,
            Self::Cancel(_) | Self::CancelByOperator(_) | Self::End(_, RideEnding::Cancelled) => {
                Status::Cancelled
            }
            Self::Expire => Status::Expired,
            Self::GiveBack(_) | Self::TakeBack(_) | Self::Open => Status::Requested,
            Self::NoShow(_) => Status::NoShow,
            Self::Amend(..) | Self::Delete(_) | Self::Late | Self::Silent(..) | Self::Block(_) => {
                return None;
            }
        })
    }

    fn sources(self) -> &'static [Status] {
        match self {
            Self::Accept(_) | Self::Expire => &[Status::Requested],
            Self::Arrive(_) => &[Status::Accepted],
            Self::Start(_) => &[Status::Accepted, Status::Arrived],
            Self::Complete(_) | Self::End(..) => &[Status::InProgress],
            Self::GiveBack(_) | Self::TakeBack(_) => &[Status::Accepted, Status::Arrived],
            Self::Late => &[Status::Accepted],
            Self::Silent(..) | Self::Block(_) => &Status::TAKEN,
            Self::NoShow(_) => &[Status::Arrived],
            Self::Cancel(_) | Self::CancelByOperator(_) => &[
                Status::Scheduled,
                Status::Requested,
                Status::Accepted,
                Status::Arrived,
            ],
            Self::Open => &[Status::Scheduled],
            Self::Amend(_, Some(_), _) => &[Status::Scheduled, Status::Requested],
            Self::Amend(_, None, _) => &Status::OPEN,
            Self::Delete(_) => &[
                Status::Scheduled,
                Status::Requested,
                Status::Completed,
                Status::Cancelled,
                Status::NoShow,
                Status::Expired,
            ],
        }
    }
}

impl Model {
    /// Findings about the driver, and an operator who takes the trip back.
    fn judge_note(&self, deed: Deed, second: i64) -> Option<Verdict> {
        let has_it = |number| self.driver == Some(number) && deed.sources().contains(&self.status);
        let (is_done, is_possible) = match deed {
            Deed::TakeBack(_) => (
                self.status == Status::Requested && !self.given_back_by.is_empty(),
                deed.sources().contains(&self.status),
            ),
            Deed::Late => {
                let is_due = self.late_due.is_some_and(|due| second >= due);
                let is_coming = self.status == Status::Accepted;
                (is_coming && self.is_late, is_coming && is_due)
            }
            Deed::Silent(number, ago) => {
                let is_possible = has_it(number) && ago >= SILENT_SECONDS;
                let is_noted = |silent| self.started.is_none_or(|started| silent >= started);
                (
                    is_possible && self.silent.is_some_and(is_noted),
                    is_possible,
                )
            }
            Deed::Block(number) => (
                self.status == Status::Requested && self.given_back_by.contains(&number)
                    || has_it(number) && self.is_blocked,
                has_it(number),
            ),
            Deed::Accept(_)
            | Deed::Arrive(_)
            | Deed::Start(_)
            | Deed::Complete(_)
            | Deed::GiveBack(_)
            | Deed::NoShow(_)
            | Deed::Cancel(_)
            | Deed::Amend(..)
            | Deed::Delete(_)
            | Deed::CancelByOperator(_)
            | Deed::End(..)
            | Deed::Open
            | Deed::Expire => return None,
        };
        Some(match (is_done, is_possible) {
            (true, _) => Verdict::AlreadyDone,
            (false, true) => Verdict::Changed,
            (false, false) => Verdict::NotPossible,
        })
    }

    /// The driver loses the trip, and does not get it again.
    fn let_go(&mut self, second: i64) {
        self.status = Status::Requested;
        self.given_back_by.extend(self.driver.take());
        self.search_ends = second + SEARCH_SECONDS;
        self.forget();
    }

    /// Forgets the findings about the driver who had the trip.
    fn forget(&mut self) {
        (self.taken, self.arrived, self.started) = (None, None, None);
        (self.late_due, self.silent) = (None, None);
        (self.is_late, self.is_blocked) = (false, false);
    }

    fn judge(&self, deed: Deed, at_second: i64) -> Verdict {
        if let Some(verdict) = self.judge_note(deed, at_second) {
            return verdict;
        }
        let strange = match deed {
            Deed::Cancel(number) | Deed::Amend(number, ..) => number != 0 || self.hidden,
            Deed::Delete(number) => number != 0,
            Deed::Arrive(number)
            | Deed::Start(number)
            | Deed::Complete(number)
            | Deed::NoShow(number) => self.driver.is_some_and(|driver| driver != number),
            Deed::GiveBack(number) => {
                self.driver.is_some_and(|driver| driver != number)
                    && self.status != Status::Cancelled
            }
            Deed::Accept(_)
            | Deed::CancelByOperator(_)
            | Deed::End(..)
            | Deed::TakeBack(_)
            | Deed::Late
            | Deed::Silent(..)
            | Deed::Block(_)
            | Deed::Open
            | Deed::Expire => false,
        };
        let too_late = matches!(deed, Deed::Accept(number)
            if self.driver.is_some_and(|driver| driver != number) && self.status != Status::Cancelled);
        let too_early = deed == Deed::Expire && at_second < self.search_ends
            || deed == Deed::Open && at_second < OPENS_SECOND;
        let had_it = matches!(deed, Deed::Accept(number)
            if self.status == Status::Requested && self.given_back_by.contains(&number));
        let still_waits = matches!(deed, Deed::NoShow(_))
            && self.status == Status::Arrived
            && self
                .arrived
                .is_some_and(|arrived| at_second < arrived + FREE_WAITING_SECONDS);
        if had_it {
            Verdict::GivenBack
        } else if still_waits && !strange {
            Verdict::TooEarly
        } else if strange {
            Verdict::NotYours
        } else if self.has_done(deed) {
            Verdict::AlreadyDone
        } else if too_late {
            Verdict::AlreadyTaken
        } else if self
            .without_idle_parts(deed)
            .sources()
            .contains(&self.status)
            && !too_early
        {
            Verdict::Changed
        } else {
            Verdict::NotPossible
        }
    }

    fn follow(&mut self, deed: Deed, second: i64) {
        if let Some(target) = deed.target() {
            self.status = target;
            self.by = deed.by();
        }
        match self.without_idle_parts(deed) {
            Deed::Accept(number) => {
                self.driver = Some(number);
                self.taken = Some(second);
                self.late_due = Some(second + i64::from(PROMISED_SECONDS) + LATE_SECONDS);
            }
            Deed::Amend(_, pick_up, drop_off) => {
                // The coordinates stay.
                let renamed = |address: Option<&str>, now: &Place| Place {
                    address: address
                        .map_or_else(|| now.address.clone(), |text| place(text).address),
                    location: now.location,
                };
                self.pick_up = renamed(pick_up, &self.pick_up);
                self.drop_off = renamed(drop_off, &self.drop_off);
            }
            Deed::Delete(_) => {
                self.hidden = true;
                if [Status::Scheduled, Status::Requested].contains(&self.status) {
                    self.status = Status::Cancelled;
                    self.by = deed.by();
                }
            }
            Deed::GiveBack(_) | Deed::TakeBack(_) => self.let_go(second),
            Deed::Late => self.is_late = true,
            Deed::Silent(..) => self.silent = Some(second.max(self.started.unwrap_or(second))),
            Deed::Block(_) if self.status == Status::InProgress => self.is_blocked = true,
            Deed::Block(_) => self.let_go(second),
            Deed::Start(_) => self.started = Some(second),
            Deed::Open => self.search_ends = second + SEARCH_SECONDS,
            Deed::Arrive(_) => self.arrived = Some(second),
            Deed::Complete(_)
            | Deed::NoShow(_)
            | Deed::Cancel(_)
            | Deed::CancelByOperator(_)
            | Deed::End(..)
            | Deed::Expire => {}
        }
    }

    fn has_done(&self, deed: Deed) -> bool {
        let has_brought_it_here = Some(self.status) == deed.target() && self.by == deed.by();
        match self.without_idle_parts(deed) {
            Deed::Amend(_, pick_up, drop_off) => pick_up.or(drop_off).is_none(),
            Deed::Delete(_) => self.hidden,
            Deed::GiveBack(number) => {
                self.status == Status::Requested && self.given_back_by.contains(&number)
            }
            Deed::Open => self.status == Status::Requested,
            Deed::Accept(_)
            | Deed::Arrive(_)
            | Deed::Start(_)
            | Deed::Complete(_)
            | Deed::NoShow(_)
            | Deed::Cancel(_)
            | Deed::CancelByOperator(_)
            | Deed::End(..)
            | Deed::TakeBack(_)
            | Deed::Late
            | Deed::Silent(..)
            | Deed::Block(_)
            | Deed::Expire => has_brought_it_here,
        }
    }

    /// An amendment without addresses that equal the trip's.
    fn without_idle_parts(&self, deed: Deed) -> Deed {
        let differs = |now: &Place, address: &&str| now.address.as_str() != *address;
        let Deed::Amend(number, pick_up, drop_off) = deed else {
            return deed;
        };
        Deed::Amend(
            number,
            pick_up.filter(|address| differs(&self.pick_up, address)),
            drop_off.filter(|address| differs(&self.drop_off, address)),
        )
    }
}

fn verdict(outcome: &Result<Change, TripRefusal>) -> Verdict {
    match outcome {
        Ok(Change::To(_)) => Verdict::Changed,
        Ok(Change::AlreadyDone) => Verdict::AlreadyDone,
        Err(TripRefusal::AlreadyTaken) => Verdict::AlreadyTaken,
        Err(TripRefusal::NotYourTrip) => Verdict::NotYours,
        Err(TripRefusal::GivenBack) => Verdict::GivenBack,
        Err(TripRefusal::TooEarly { .. }) => Verdict::TooEarly,
        Err(
            TripRefusal::WrongCode
            | TripRefusal::NotMeasured
            | TripRefusal::UnknownReason
            | TripRefusal::PinNeeded(_)
            | TripRefusal::NoCurrency
            | TripRefusal::TooFar { .. }
            | TripRefusal::NotPossible { .. },
        ) => Verdict::NotPossible,
    }
}

/// Checks the invariants of every trip.
fn check_shape(trip: &Trip, model: &Model) {
    assert_eq!(trip.state.status(), model.status);
    assert_eq!(
        trip.state.driver().map(|party| party.id),
        model.driver.map(driver)
    );
    let times = TripTimes {
        taken_at: model.taken.map(at),
        arrived_at: model.arrived.map(at),
        started_at: model.started.map(at),
    };
    assert_eq!(trip.times, times);
    let conduct = trip.conduct;
    assert_eq!(conduct.late_at.is_some(), model.is_late);
    assert_eq!(conduct.silent_at, model.silent.map(at));
    assert_eq!(conduct.blocked_at.is_some(), model.is_blocked);
    let ended_by = match &trip.state {
        TripState::Completed { .. } | TripState::Cancelled { .. } => Some(model.by),
        TripState::Scheduled
        | TripState::Requested
        | TripState::Accepted { .. }
        | TripState::Arrived { .. }
        | TripState::InProgress { .. }
        | TripState::NoShow { .. }
        | TripState::Expired => None,
    };
    assert_eq!(trip.state.ended_by(), ended_by);
    assert_eq!(
        (&trip.pick_up, &trip.drop_off, trip.hidden),
        (&model.pick_up, &model.drop_off, model.hidden)
    );
    match trip.state.status() {
        Status::Scheduled | Status::Requested | Status::Expired => {
            assert!(trip.state.driver().is_none());
        }
        Status::Accepted
        | Status::Arrived
        | Status::InProgress
        | Status::NoShow
        | Status::Completed => assert!(trip.state.driver().is_some()),
        Status::Cancelled => {}
    }
    let payload = serde_json::to_string(trip).expect("a trip is JSON");
    assert_eq!(
        &serde_json::from_str::<Trip>(&payload).expect("a trip is read back"),
        trip
    );
}

/// Checks what a change must have done, and what it must not have touched.
fn check_change(before: &Trip, after: &Trip, action: &Action, now: Timestamp) {
    let is_over = before.state.status().is_final();
    assert!(
        !is_over || matches!(action, Action::Delete(_)),
        "final stays final"
    );
    assert_eq!(after.revision, before.revision + 1);
    assert_eq!(
        after.changed_at,
        now.max(before.changed_at),
        "time never runs back"
    );
    let reason = match action {
        Action::Cancel(_, reason) => reason.clone(),
        Action::GiveBack(_, reason) => reason.clone(),
        Action::CancelByOperator(_, reason)
        | Action::TakeBack(_, reason)
        | Action::End(_, _, reason, _) => Some(reason.clone()),
        Action::NoteBlocked(_) if after.state.status() == Status::Requested => None,
        Action::Accept(..)
        | Action::Arrive(..)
        | Action::Start(..)
        | Action::Complete(..)
        | Action::NoShow(..)
        | Action::Expire => None,
        Action::Amend(..)
        | Action::Delete(_)
        | Action::NoteNearer(..)
        | Action::NoteLate
        | Action::NoteSilent(..)
        | Action::NoteBlocked(_)
        | Action::SetFare(..)
        | Action::Open => before.reason.clone(),
    };
    assert_eq!(after.reason, reason);
    let untouched = Trip {
        state: before.state.clone(),
        changed_at: before.changed_at,
        revision: before.revision,
        reason: before.reason.clone(),
        // The model covers these fields.
        pick_up: before.pick_up.clone(),
        drop_off: before.drop_off.clone(),
        hidden: before.hidden,
        given_back_by: before.given_back_by.clone(),
        search_ends_at: before.search_ends_at,
        // These fields belong to the state.
        ridden: before.ridden,
        attempt: before.attempt,
        times: before.times,
        conduct: before.conduct,
        ..after.clone()
    };
    assert_eq!(&untouched, before, "a change leaves the rest alone");
    let is_given_back = matches!(
        action,
        Action::GiveBack(..) | Action::TakeBack(..) | Action::NoteBlocked(_)
    ) && after.state.status() == Status::Requested;
    assert_eq!(after.attempt, before.attempt + i64::from(is_given_back));
    assert_eq!(
        after.apply(action, now),
        Ok(Change::AlreadyDone),
        "what took effect is not done twice"
    );
}

fn live(mut trip: Trip, deeds: &[(Deed, i64)]) {
    let mut model = Model {
        status: trip.state.status(),
        driver: None,
        by: Actor::Rider(rider(0)),
        pick_up: trip.pick_up.clone(),
        drop_off: trip.drop_off.clone(),
        hidden: false,
        given_back_by: Vec::new(),
        search_ends: SEARCH_SECONDS,
        taken: None,
        arrived: None,
        started: None,
        late_due: None,
        is_late: false,
        silent: None,
        is_blocked: false,
    };
    let mut second = 0;
    check_shape(&trip, &model);
    for (deed, pause) in deeds {
        second += pause;
        let action = deed.action(second);
        let expected = model.judge(*deed, second);
        let outcome = trip.apply(&action, at(second));
        assert_eq!(
            verdict(&outcome),
            expected,
            "{deed:?} by the model {model:?}"
        );
        match outcome {
            Ok(Change::To(after)) => {
                check_change(&trip, &after, &action, at(second));
                trip = *after;
                model.follow(*deed, second);
            }
            Err(TripRefusal::NotPossible { verb, status }) => {
                assert_eq!((verb, status), (action.verb(), trip.state.status()));
            }
            Err(TripRefusal::TooEarly { until }) => {
                let arrived = model.arrived.expect("the driver has arrived");
                assert_eq!(until, at(arrived + FREE_WAITING_SECONDS));
            }
            Ok(Change::AlreadyDone)
            | Err(
                TripRefusal::AlreadyTaken
                | TripRefusal::NotYourTrip
                | TripRefusal::GivenBack
                | TripRefusal::WrongCode
                | TripRefusal::TooFar { .. }
                | TripRefusal::NotMeasured
                | TripRefusal::UnknownReason
                | TripRefusal::PinNeeded(_)
                | TripRefusal::NoCurrency,
            ) => {}
        }
        check_shape(&trip, &model);
    }
}

fn a_deed() -> impl Strategy<Value = Deed> {
    let ending = prop_oneof![Just(RideEnding::Completed), Just(RideEnding::Cancelled)];
    // Driver 0 does most of the actions, so that trips get beyond their beginnings.
    let number = || prop_oneof![4 => Just(0_u8), 1 => 1..3_u8];
    let address = || proptest::option::of(prop_oneof![Just("A"), Just("B")]);
    prop_oneof![
        4 => number().prop_map(Deed::Accept),
        4 => number().prop_map(Deed::Arrive),
        4 => number().prop_map(Deed::Start),
        3 => number().prop_map(Deed::Complete),
        2 => number().prop_map(Deed::GiveBack),
        2 => number().prop_map(Deed::NoShow),
        2 => Just(Deed::Open),
        1 => number().prop_map(Deed::Cancel),
        2 => (number(), address(), address()).prop_map(|(number, pick_up, drop_off)| Deed::Amend(number, pick_up, drop_off)),
        1 => number().prop_map(Deed::Delete),
        1 => number().prop_map(Deed::CancelByOperator),
        1 => (number(), ending).prop_map(|(number, ending)| Deed::End(number, ending)),
        1 => number().prop_map(Deed::TakeBack),
        2 => Just(Deed::Late),
        2 => (number(), 170..190_i64).prop_map(|(number, ago)| Deed::Silent(number, ago)),
        1 => number().prop_map(Deed::Block),
        1 => Just(Deed::Expire),
    ]
}

/// Pauses may be negative: the clocks of two nodes differ, and clocks are set.
fn deeds() -> impl Strategy<Value = Vec<(Deed, i64)>> {
    proptest::collection::vec((a_deed(), -20..90_i64), 0..24)
}

fn a_place() -> impl Strategy<Value = Place> {
    let location = proptest::option::of((-90.0..=90.0, -180.0..=180.0_f64));
    (".{1,255}", location).prop_map(|(text, location)| Place {
        address: Address::parse(text).unwrap_or_else(|_| place("5 </b> \"Quote\" Street").address),
        location: location
            .map(|(lat, lon)| Coordinates::new(lat, lon).expect("a point on the earth")),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_life_of_a_trip_is_as_the_model_says(
        pick_up in a_place(),
        drop_off in a_place(),
        is_for_later: bool,
        deeds in deeds(),
    ) {
        let order = if is_for_later { later() } else { Order::default() };
        live(ordered(pick_up, drop_off, order), &deeds);
    }
}
