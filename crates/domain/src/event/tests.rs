//! Streams by name, and who hears of which change.

use super::*;
use crate::{State, sample};

#[test]
fn a_stream_is_read_back_by_its_name() {
    let streams = [
        Stream::Drivers,
        Stream::User(UserId::new(7)),
        Stream::Role(Role::Rider),
        Stream::All,
        Stream::Staff,
    ];
    for stream in streams {
        assert_eq!(Stream::parse(&stream.to_string()), Some(stream));
    }
    for wrong in [
        "drivers:elsewhere",
        "user:x",
        "user:+7",
        "user",
        "role:king",
        "",
    ] {
        assert_eq!(Stream::parse(wrong), None, "{wrong}");
    }
}

const RIDER: UserId = UserId::new(1);
const DRIVER: UserId = UserId::new(2);

/// Who hears of a change of that kind, of a trip that all drivers may take; the first driver has it, if it is taken.
fn hearers(kind: Kind) -> Vec<Stream> {
    let (rider, driver) = (Stream::User(RIDER), Stream::User(DRIVER));
    match kind {
        Kind::Scheduled | Kind::Removed => vec![rider, Stream::Staff],
        Kind::Requested | Kind::Amended | Kind::Expired | Kind::Withdrawn => {
            vec![rider, Stream::Drivers, Stream::Staff]
        }
        Kind::Accepted | Kind::GivenBack | Kind::TakenBack => {
            vec![rider, driver, Stream::Drivers, Stream::Staff]
        }
        Kind::DriverBlocked => vec![Stream::Staff],
        Kind::DriverNearer
        | Kind::DriverLate
        | Kind::DriverSilent
        | Kind::Arrived
        | Kind::Started
        | Kind::Completed
        | Kind::Cancelled
        | Kind::NoShow
        | Kind::FareSet => vec![rider, driver, Stream::Staff],
    }
}

/// How a trip stands before and after a change of that kind.
fn change(kind: Kind) -> TripChange {
    let at = Timestamp::UNIX_EPOCH;
    let driver = sample::party(DriverId::of(DRIVER));
    let by = Actor::Driver(driver.id);
    let standing = |state, hidden| Trip {
        state,
        hidden,
        ..Trip::request(sample::request(RIDER), at)
    };
    let started = State::Started {
        driver: driver.clone(),
    };
    let over = State::Completed {
        driver: driver.clone(),
        by,
    };
    let (before, after) = match kind {
        Kind::Scheduled => (None, standing(State::Scheduled, false)),
        Kind::Requested => (None, standing(State::Requested, false)),
        Kind::Amended => (Some(State::Requested), standing(State::Requested, false)),
        Kind::Accepted => (Some(State::Requested), standing(started, false)),
        Kind::DriverNearer | Kind::DriverLate | Kind::DriverSilent => {
            (Some(started.clone()), standing(started, false))
        }
        Kind::DriverBlocked => {
            let riding = State::InProgress { driver };
            (Some(riding.clone()), standing(riding, false))
        }
        Kind::GivenBack | Kind::TakenBack => (Some(started), standing(State::Requested, false)),
        Kind::Arrived => (Some(started), standing(State::Arrived { driver }, false)),
        Kind::Started => (Some(started), standing(State::InProgress { driver }, false)),
        Kind::Completed => (Some(started), standing(over, false)),
        Kind::Cancelled => {
            let driver = Some(driver);
            let cancelled = State::Cancelled { driver, by };
            (Some(started), standing(cancelled, false))
        }
        Kind::NoShow => (Some(started), standing(State::NoShow { driver }, false)),
        Kind::Expired => (Some(State::Requested), standing(State::Expired, false)),
        Kind::Withdrawn => {
            let cancelled = State::Cancelled { driver: None, by };
            (Some(State::Requested), standing(cancelled, true))
        }
        Kind::FareSet => (Some(over.clone()), standing(over, false)),
        Kind::Removed => (Some(over.clone()), standing(over, true)),
    };
    let before = before.map(|state| Before::from(&standing(state, false)));
    TripChange {
        kind,
        trip: after,
        before,
    }
}

#[test]
fn every_kind_of_change_is_heard_by_those_who_saw_the_trip_or_see_it() {
    for kind in Kind::ALL {
        assert_eq!(change(kind).streams(), hearers(kind), "{kind:?}");
    }
}

#[test]
fn what_its_rider_has_deleted_is_told_to_the_others_alone() {
    let removed = change(Kind::Removed).trip;
    let kind = Kind::Completed;
    let before = Some(Before::from(&removed));
    let change = TripChange {
        kind,
        trip: removed,
        before,
    };
    assert_eq!(change.streams(), [Stream::User(DRIVER), Stream::Staff]);
}
