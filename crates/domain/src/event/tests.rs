//! The names of streams, and which streams carry which change.

use super::*;
use crate::{TripState, sample};

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

/// The streams that carry a change of that kind. Any driver may accept the trip; once it is accepted, the driver is
/// `DRIVER`.
fn hearers(kind: TripEventKind) -> Vec<Stream> {
    let (rider, driver) = (Stream::User(RIDER), Stream::User(DRIVER));
    match kind {
        TripEventKind::Scheduled | TripEventKind::Removed => vec![rider, Stream::Staff],
        TripEventKind::Requested
        | TripEventKind::Amended
        | TripEventKind::Expired
        | TripEventKind::Withdrawn => {
            vec![rider, Stream::Drivers, Stream::Staff]
        }
        TripEventKind::Accepted | TripEventKind::GivenBack | TripEventKind::TakenBack => {
            vec![rider, driver, Stream::Drivers, Stream::Staff]
        }
        TripEventKind::DriverBlocked => vec![Stream::Staff],
        TripEventKind::DriverNearer
        | TripEventKind::DriverLate
        | TripEventKind::DriverSilent
        | TripEventKind::Arrived
        | TripEventKind::Started
        | TripEventKind::Completed
        | TripEventKind::Cancelled
        | TripEventKind::NoShow
        | TripEventKind::FareSet => vec![rider, driver, Stream::Staff],
    }
}

/// A change of that kind, with a trip before and after it.
fn change(kind: TripEventKind) -> TripChange {
    let at = Timestamp::UNIX_EPOCH;
    let driver = sample::party(DriverId::of(DRIVER));
    let by = Actor::Driver(driver.id);
    let standing = |state, hidden| Trip {
        state,
        hidden,
        ..Trip::request(sample::request(RIDER), at)
    };
    let started = TripState::Accepted {
        driver: driver.clone(),
    };
    let over = TripState::Completed {
        driver: driver.clone(),
        by,
    };
    let (before, after) = match kind {
        TripEventKind::Scheduled => (None, standing(TripState::Scheduled, false)),
        TripEventKind::Requested => (None, standing(TripState::Requested, false)),
        TripEventKind::Amended => (
            Some(TripState::Requested),
            standing(TripState::Requested, false),
        ),
        TripEventKind::Accepted => (Some(TripState::Requested), standing(started, false)),
        TripEventKind::DriverNearer | TripEventKind::DriverLate | TripEventKind::DriverSilent => {
            (Some(started.clone()), standing(started, false))
        }
        TripEventKind::DriverBlocked => {
            let riding = TripState::InProgress { driver };
            (Some(riding.clone()), standing(riding, false))
        }
        TripEventKind::GivenBack | TripEventKind::TakenBack => {
            (Some(started), standing(TripState::Requested, false))
        }
        TripEventKind::Arrived => (
            Some(started),
            standing(TripState::Arrived { driver }, false),
        ),
        TripEventKind::Started => (
            Some(started),
            standing(TripState::InProgress { driver }, false),
        ),
        TripEventKind::Completed => (Some(started), standing(over, false)),
        TripEventKind::Cancelled => {
            let driver = Some(driver);
            let cancelled = TripState::Cancelled { driver, by };
            (Some(started), standing(cancelled, false))
        }
        TripEventKind::NoShow => (Some(started), standing(TripState::NoShow { driver }, false)),
        TripEventKind::Expired => (
            Some(TripState::Requested),
            standing(TripState::Expired, false),
        ),
        TripEventKind::Withdrawn => {
            let cancelled = TripState::Cancelled { driver: None, by };
            (Some(TripState::Requested), standing(cancelled, true))
        }
        TripEventKind::FareSet => (Some(over.clone()), standing(over, false)),
        TripEventKind::Removed => (Some(over.clone()), standing(over, true)),
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
    for kind in TripEventKind::ALL {
        assert_eq!(change(kind).streams(), hearers(kind), "{kind:?}");
    }
}

#[test]
fn what_its_rider_has_deleted_is_told_to_the_others_alone() {
    let removed = change(TripEventKind::Removed).trip;
    let kind = TripEventKind::Completed;
    let before = Some(Before::from(&removed));
    let change = TripChange {
        kind,
        trip: removed,
        before,
    };
    assert_eq!(change.streams(), [Stream::User(DRIVER), Stream::Staff]);
}
