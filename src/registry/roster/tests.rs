//! What each socket hears, without actors or sockets.

use std::task::{Context, Poll};

use futures_util::task::noop_waker;
use jiff::Timestamp;
use uuid::Uuid;

use super::*;
use crate::domain::{
    Action, Address, Change, DriverId, Kind, Party, Place, Position, Request, RiderId, Trip,
};
use crate::registry::outbound::Next;

static ENCODING: Encoding = Encoding {
    name: "test",
    frame: |event| Bytes::from(format!("{} {}", event.kind.as_str(), event.trip.revision)),
};

const ANN: UserId = UserId::new(1);
const BOB: UserId = UserId::new(2);
const CAT: UserId = UserId::new(3);

fn party<Id>(id: Id) -> Party<Id> {
    Party {
        id,
        username: String::new(),
        first_name: String::new(),
        last_name: String::new(),
    }
}

fn trip() -> Trip {
    let place = || Place {
        address: Address::parse("A").expect("an address"),
        location: None,
    };
    let (id, rider, at) = (
        TripId::new(Uuid::nil()),
        party(RiderId::of(ANN)),
        Timestamp::UNIX_EPOCH,
    );
    let request = Request {
        id,
        rider,
        pick_up: place(),
        drop_off: place(),
        search_ends_at: at,
    };
    Trip::request(request, at)
}

fn after(trip: &Trip, action: &Action) -> Trip {
    match trip.apply(action, Timestamp::UNIX_EPOCH) {
        Ok(Change::To(trip)) => *trip,
        other => panic!("{action:?} is possible: {other:?}"),
    }
}

/// An event that stands at the same sequence in each of its streams.
fn event(kind: Kind, trip: Trip, sequence: i64) -> Arc<Event> {
    let actor = crate::domain::Actor::Service;
    let mut event = Event {
        id: sequence,
        kind,
        actor,
        trip,
        positions: Vec::new(),
    };
    let position = |stream| Position {
        stream,
        epoch: Uuid::nil(),
        sequence,
    };
    event.positions = event.streams().map(position).collect();
    Arc::new(event)
}

fn requested(sequence: i64) -> Arc<Event> {
    event(Kind::Requested, trip(), sequence)
}

struct Listener {
    id: SocketId,
    outbound: Outbound,
}

impl Listener {
    fn join(roster: &mut Roster, user: UserId, drives: bool) -> Self {
        let listener = Self::connect(roster, user, drives);
        roster.joined(listener.id, Vec::new(), Instant::now());
        listener
    }

    fn connect(roster: &mut Roster, user: UserId, drives: bool) -> Self {
        let (outbound, session) = (Outbound::default(), SessionId::new(Uuid::from_u128(7)));
        let socket = Socket {
            user,
            session,
            drives,
            encoding: &ENCODING,
            outbound: outbound.clone(),
        };
        let id = SocketId(u64::try_from(roster.sockets()).expect("few") + 1);
        roster.connect(id, socket).expect("room");
        Self { id, outbound }
    }

    fn next(&self) -> Poll<Next> {
        self.outbound
            .poll_next(&mut Context::from_waker(&noop_waker()))
    }

    fn heard(&self) -> Vec<String> {
        match self.next() {
            Poll::Ready(Next::Frames(frames)) => frames
                .iter()
                .map(|frame| String::from_utf8_lossy(frame).into_owned())
                .collect(),
            Poll::Ready(Next::Close(_) | Next::End) | Poll::Pending => Vec::new(),
        }
    }

    /// Fills the queue with frames of somebody else's making.
    fn fill(&self) {
        while self.outbound.push(Bytes::from_static(b"x")).is_ok() {}
    }
}

#[test]
fn a_request_reaches_the_riders_devices_and_all_drivers_once() {
    let mut roster = Roster::default();
    let phone = Listener::join(&mut roster, ANN, false);
    let tablet = Listener::join(&mut roster, ANN, false);
    let driver = Listener::join(&mut roster, BOB, true);
    let other = Listener::join(&mut roster, CAT, false);
    roster.announce(&requested(1), Instant::now());
    for listener in [&phone, &tablet, &driver] {
        assert_eq!(listener.heard(), ["requested 1"]);
    }
    assert!(other.heard().is_empty());
}

#[test]
fn after_the_accept_only_the_parties_hear_more() {
    let mut roster = Roster::default();
    let rider = Listener::join(&mut roster, ANN, false);
    let driver = Listener::join(&mut roster, BOB, true);
    let other = Listener::join(&mut roster, CAT, true);
    let bob = DriverId::of(BOB);
    let accepted = after(&trip(), &Action::Accept(party(bob)));
    let arrived = after(&accepted, &Action::Arrive(bob));
    roster.announce(&event(Kind::Accepted, accepted, 2), Instant::now());
    roster.announce(&event(Kind::Arrived, arrived, 3), Instant::now());
    assert_eq!(other.heard(), ["accepted 2"]);
    assert_eq!(rider.heard(), ["accepted 2", "arrived 3"]);
    assert_eq!(driver.heard(), ["accepted 2", "arrived 3"]);
}

#[test]
fn a_trip_that_is_over_has_no_group() {
    let mut roster = Roster::default();
    let rider = Listener::join(&mut roster, ANN, false);
    roster.announce(&requested(1), Instant::now());
    assert_eq!(roster.groups(), 2);
    let cancelled = after(&trip(), &Action::Cancel(RiderId::of(ANN), None));
    roster.announce(&event(Kind::Cancelled, cancelled, 2), Instant::now());
    assert_eq!(roster.groups(), 1);
    assert_eq!(rider.heard(), ["requested 1", "cancelled 2"]);
    roster.disconnect(rider.id);
    assert_eq!((roster.sockets(), roster.groups()), (0, 0));
}

#[test]
fn what_the_snapshot_shows_is_not_told_again() {
    let mut roster = Roster::default();
    let rider = Listener::connect(&mut roster, ANN, false);
    let accepted = after(&trip(), &Action::Accept(party(DriverId::of(BOB))));
    let arrived = after(&accepted, &Action::Arrive(DriverId::of(BOB)));
    roster.announce(&requested(1), Instant::now());
    roster.announce(&event(Kind::Accepted, accepted.clone(), 2), Instant::now());
    assert!(rider.heard().is_empty());
    roster.joined(rider.id, vec![(trip().id, 1)], Instant::now());
    assert_eq!(rider.heard(), ["accepted 2"]);
    let late = Listener::connect(&mut roster, ANN, false);
    roster.joined(late.id, vec![(trip().id, 2)], Instant::now());
    roster.announce(&event(Kind::Accepted, accepted, 2), Instant::now());
    roster.announce(&event(Kind::Arrived, arrived, 3), Instant::now());
    assert_eq!(late.heard(), ["arrived 3"]);
}

/// What a driver's socket has missed of the stream of requests.
fn behind(driver: &Listener, first: i64, last: i64) -> Vec<(SocketId, Behind)> {
    let missed = vec![Missed {
        stream: Stream::Drivers,
        first,
        last,
    }];
    vec![(
        driver.id,
        Behind {
            missed,
            shown: Vec::new(),
        },
    )]
}

#[test]
fn a_socket_that_fell_behind_is_refilled_and_then_live_again() {
    let mut roster = Roster::default();
    let driver = Listener::join(&mut roster, BOB, true);
    let now = Instant::now();
    driver.fill();
    roster.announce(&requested(5), now);
    roster.announce(&requested(6), now);
    assert!(
        roster.catch_up(now).is_empty(),
        "its queue is not empty yet"
    );
    driver.heard();
    assert_eq!(roster.catch_up(now), behind(&driver, 5, 6));
    assert!(roster.catch_up(now).is_empty(), "one refill at a time");
    roster.announce(&requested(7), now);
    roster.refilled(driver.id, &[(Stream::Drivers, 6)], now);
    assert_eq!(
        roster.catch_up(now),
        behind(&driver, 7, 7),
        "what came meanwhile is missed as well"
    );
    roster.refilled(driver.id, &[(Stream::Drivers, 7)], now);
    roster.announce(&requested(8), now);
    assert_eq!(driver.heard(), ["requested 1"]);
}

#[test]
fn a_refill_leaves_out_what_the_snapshot_has_shown() {
    let mut roster = Roster::default();
    let rider = Listener::connect(&mut roster, ANN, false);
    let snapshot = vec![(trip().id, 1)];
    roster.joined(rider.id, snapshot.clone(), Instant::now());
    rider.fill();
    roster.announce(&requested(1), Instant::now());
    let accepted = after(&trip(), &Action::Accept(party(DriverId::of(BOB))));
    roster.announce(&event(Kind::Accepted, accepted, 2), Instant::now());
    rider.heard();
    let missed = vec![Missed {
        stream: Stream::User(ANN),
        first: 2,
        last: 2,
    }];
    assert_eq!(
        roster.catch_up(Instant::now()),
        [(
            rider.id,
            Behind {
                missed,
                shown: snapshot
            }
        )]
    );
}

#[test]
fn a_socket_that_stays_behind_is_closed_and_told_to_come_back() {
    let mut roster = Roster::default();
    let driver = Listener::join(&mut roster, BOB, true);
    let now = Instant::now();
    driver.fill();
    roster.announce(&requested(1), now);
    roster.catch_up(now + BEHIND_MAX);
    assert!(!driver.outbound.is_closing());
    roster.catch_up(now + BEHIND_MAX + Duration::from_millis(1));
    assert_eq!(driver.next(), Poll::Ready(Next::Close(Closing::SLOW)));
}

#[test]
fn the_sockets_of_an_ended_session_are_closed() {
    let mut roster = Roster::default();
    let rider = Listener::join(&mut roster, ANN, false);
    roster.end_sessions(&[SessionId::new(Uuid::from_u128(8))]);
    assert_eq!(rider.next(), Poll::Pending);
    roster.end_sessions(&roster.sessions());
    assert_eq!(
        rider.next(),
        Poll::Ready(Next::Close(Closing::SESSION_ENDED))
    );
}

#[test]
fn an_account_has_so_many_sockets_and_no_more() {
    let mut roster = Roster::default();
    let first = Listener::join(&mut roster, ANN, false);
    for _ in 1..SOCKETS_PER_USER_MAX {
        Listener::join(&mut roster, ANN, false);
    }
    let socket = |outbound| Socket {
        user: ANN,
        session: SessionId::new(Uuid::nil()),
        drives: false,
        encoding: &ENCODING,
        outbound,
    };
    assert_eq!(
        roster.connect(SocketId(99), socket(Outbound::default())),
        Err(TooManySockets)
    );
    roster.disconnect(first.id);
    assert!(
        roster
            .connect(SocketId(99), socket(Outbound::default()))
            .is_ok()
    );
}
