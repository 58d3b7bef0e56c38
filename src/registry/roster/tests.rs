//! What each socket receives, tested without actors and network.

mod audience;
mod behind;

use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::task::noop_waker;
use jiff::Timestamp;
use uuid::Uuid;

use super::*;
use crate::domain::{
    Action, Actor, Audience, Change, Coordinates, DriverId, Fact, Fix, Message, MessageText,
    NoticeText, Notification, Outset, RiderId, StreamPosition, TripChange, TripEventKind, sample,
};
use crate::registry::outbound::Next;
use crate::registry::subscriber::NotDelivered;

const ANN: UserId = UserId::new(1);
const BOB: UserId = UserId::new(2);
const CAT: UserId = UserId::new(3);

/// Writes every event in a word or two.
struct Plain;

impl Subscriber for Plain {
    fn deliver(
        &self,
        shared: &mut SharedEvent<'_>,
        outbound: &Outbound,
    ) -> Result<(), NotDelivered> {
        let words = shared.piece("plain", |event| {
            let revision = event.trip().map(|change| change.trip.revision);
            let revision = revision.map_or_else(String::new, |revision| format!(" {revision}"));
            format!("{}{revision}", event.kind()).into()
        });
        outbound.push(words).map_err(|_| NotDelivered)
    }

    fn deliver_position(&self, _: &VehiclePosition, outbound: &Outbound) {
        outbound.push_lossy(Bytes::from_static(b"position"));
    }
}

fn trip() -> Trip {
    Trip::request(sample::request(ANN), Timestamp::UNIX_EPOCH)
}

fn after(trip: &Trip, action: &Action) -> Trip {
    match trip.apply(action, Timestamp::UNIX_EPOCH) {
        Ok(Change::To(trip)) => *trip,
        other => panic!("{action:?} is possible: {other:?}"),
    }
}

/// An event that stands at the same sequence in each of its streams.
fn happened(fact: Fact, sequence: i64) -> Arc<Event> {
    let mut event = Event {
        id: sequence,
        at: Timestamp::UNIX_EPOCH,
        actor: Actor::Service,
        fact,
        positions: Vec::new(),
    };
    let position = |stream| StreamPosition {
        stream,
        epoch: Uuid::nil(),
        sequence,
    };
    event.positions = event.streams().into_iter().map(position).collect();
    Arc::new(event)
}

fn event(kind: TripEventKind, before: Option<&Trip>, trip: &Trip, sequence: i64) -> Arc<Event> {
    let change = TripChange {
        kind,
        trip: trip.clone(),
        before: before.map(Before::from),
    };
    happened(Fact::Trip(change), sequence)
}

fn requested(sequence: i64) -> Arc<Event> {
    event(TripEventKind::Requested, None, &trip(), sequence)
}

fn notice(audience: Audience, sequence: i64) -> Arc<Event> {
    let notification = Notification {
        audience,
        text: NoticeText::parse("Mind the gap").expect("a text"),
        expires_at: Timestamp::UNIX_EPOCH,
    };
    happened(Fact::Notification(notification), sequence)
}

struct Listener {
    id: SocketId,
    outbound: Outbound,
}

impl Listener {
    fn join(roster: &mut Roster, user: UserId, role: Role) -> Self {
        Self::join_with(roster, user, role, Arc::new(Plain))
    }

    fn join_with(
        roster: &mut Roster,
        user: UserId,
        role: Role,
        subscriber: Arc<dyn Subscriber>,
    ) -> Self {
        let listener = Self::connect_with(roster, user, role, subscriber);
        roster.joined(listener.id, &[], Instant::now());
        listener
    }

    fn connect(roster: &mut Roster, user: UserId, role: Role) -> Self {
        Self::connect_with(roster, user, role, Arc::new(Plain))
    }

    fn connect_with(
        roster: &mut Roster,
        user: UserId,
        role: Role,
        subscriber: Arc<dyn Subscriber>,
    ) -> Self {
        let (outbound, session) = (Outbound::default(), SessionId::new(Uuid::from_u128(7)));
        let socket = JoiningSocket {
            user,
            session,
            role,
            subscriber,
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

    /// Fills the queue with frames that are no events.
    fn fill(&self) {
        while self.outbound.push(Bytes::from_static(b"x")).is_ok() {}
    }
}

#[test]
fn a_request_reaches_the_riders_devices_and_all_drivers_once() {
    let mut roster = Roster::default();
    let phone = Listener::join(&mut roster, ANN, Role::Rider);
    let tablet = Listener::join(&mut roster, ANN, Role::Rider);
    let driver = Listener::join(&mut roster, BOB, Role::Driver);
    let other = Listener::join(&mut roster, CAT, Role::Rider);
    roster.announce(&requested(1), Instant::now());
    for listener in [&phone, &tablet, &driver] {
        assert_eq!(listener.heard(), ["requested 1"]);
    }
    assert!(other.heard().is_empty());
}

#[test]
fn after_the_accept_only_the_parties_hear_more() {
    let mut roster = Roster::default();
    let rider = Listener::join(&mut roster, ANN, Role::Rider);
    let driver = Listener::join(&mut roster, BOB, Role::Driver);
    let other = Listener::join(&mut roster, CAT, Role::Driver);
    let bob = DriverId::of(BOB);
    let accepted = after(
        &trip(),
        &Action::Accept(sample::party(bob), Outset::default()),
    );
    let arrived = after(&accepted, &Action::Arrive(bob, None));
    let accept = event(TripEventKind::Accepted, Some(&trip()), &accepted, 2);
    roster.announce(&accept, Instant::now());
    let arrive = event(TripEventKind::Arrived, Some(&accepted), &arrived, 3);
    roster.announce(&arrive, Instant::now());
    assert_eq!(other.heard(), ["accepted 2"]);
    assert_eq!(rider.heard(), ["accepted 2", "arrived 3"]);
    assert_eq!(driver.heard(), ["accepted 2", "arrived 3"]);
}

#[test]
fn where_a_driver_is_is_told_to_those_who_look_until_the_end() {
    let mut roster = Roster::default();
    let rider = Listener::join(&mut roster, ANN, Role::Rider);
    let other = Listener::join(&mut roster, CAT, Role::Rider);
    let behind = Listener::join(&mut roster, ANN, Role::Rider);
    let trip = trip();
    let location = Coordinates::new(48.0, 11.0).expect("on earth");
    let fix = Fix {
        location,
        at: Timestamp::UNIX_EPOCH,
        accuracy_m: None,
        heading_deg: None,
        speed_mps: None,
    };
    let position = VehiclePosition { trip: trip.id, fix };
    roster.announce_position(&position);
    roster.watch_position(rider.id, trip.id);
    roster.watch_position(behind.id, trip.id);
    behind.fill();
    roster.announce_position(&position);
    assert_eq!(rider.heard(), ["position"]);
    assert!(behind.heard().iter().all(|frame| frame == "x"));
    assert!(other.heard().is_empty());
    let cancelled = after(&trip, &Action::Cancel(RiderId::of(ANN), None));
    let over = event(TripEventKind::Cancelled, Some(&trip), &cancelled, 1);
    roster.announce(&over, Instant::now());
    assert_eq!(rider.heard(), ["cancelled 2"]);
    roster.announce_position(&position);
    assert!(rider.heard().is_empty());
}

/// Another driver accepts the trip afterwards.
#[test]
fn who_gave_a_trip_back_hears_and_sees_no_more_of_it() {
    let mut roster = Roster::default();
    let now = Instant::now();
    let (bob, cat) = (DriverId::of(BOB), DriverId::of(CAT));
    let gave = Listener::join(&mut roster, BOB, Role::Driver);
    let taken = after(
        &trip(),
        &Action::Accept(sample::party(bob), Outset::default()),
    );
    let back = after(&taken, &Action::GiveBack(bob, None));
    let again = after(
        &back,
        &Action::Accept(sample::party(cat), Outset::default()),
    );
    let arrived = after(&again, &Action::Arrive(cat, None));
    roster.announce(
        &event(TripEventKind::Accepted, Some(&trip()), &taken, 1),
        now,
    );
    roster.watch_position(gave.id, taken.id);
    assert_eq!(roster.groups(), 3, "it attends to the trip");
    roster.announce(
        &event(TripEventKind::GivenBack, Some(&taken), &back, 2),
        now,
    );
    roster.announce(&event(TripEventKind::Accepted, Some(&back), &again, 3), now);
    assert_eq!(gave.heard(), ["accepted 2", "given-back 3", "accepted 4"]);
    assert_eq!(roster.groups(), 2, "nobody attends to the trip");
    roster.announce(
        &event(TripEventKind::Arrived, Some(&again), &arrived, 4),
        now,
    );
    assert!(gave.heard().is_empty());
}

#[test]
fn a_trip_that_is_over_has_no_group() {
    let mut roster = Roster::default();
    let rider = Listener::join(&mut roster, ANN, Role::Rider);
    roster.announce(&requested(1), Instant::now());
    assert_eq!(roster.groups(), 3);
    let cancelled = after(&trip(), &Action::Cancel(RiderId::of(ANN), None));
    let cancel = event(TripEventKind::Cancelled, Some(&trip()), &cancelled, 2);
    roster.announce(&cancel, Instant::now());
    assert_eq!(roster.groups(), 2);
    assert_eq!(rider.heard(), ["requested 1", "cancelled 2"]);
    roster.disconnect(rider.id);
    assert_eq!((roster.sockets(), roster.groups()), (0, 0));
}

#[test]
fn what_happens_while_a_socket_joins_is_told_once_it_has() {
    let mut roster = Roster::default();
    let rider = Listener::connect(&mut roster, ANN, Role::Rider);
    let accepted = after(
        &trip(),
        &Action::Accept(sample::party(DriverId::of(BOB)), Outset::default()),
    );
    let arrived = after(&accepted, &Action::Arrive(DriverId::of(BOB), None));
    roster.announce(&requested(1), Instant::now());
    let accept = event(TripEventKind::Accepted, Some(&trip()), &accepted, 2);
    roster.announce(&accept, Instant::now());
    assert!(rider.heard().is_empty());
    roster.joined(rider.id, &[trip().id], Instant::now());
    let arrive = event(TripEventKind::Arrived, Some(&accepted), &arrived, 3);
    roster.announce(&arrive, Instant::now());
    assert_eq!(rider.heard(), ["requested 1", "accepted 2", "arrived 3"]);
}

#[test]
fn the_sockets_of_an_ended_session_are_closed() {
    let mut roster = Roster::default();
    let rider = Listener::join(&mut roster, ANN, Role::Rider);
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
    let first = Listener::join(&mut roster, ANN, Role::Rider);
    for _ in 1..SOCKETS_PER_USER_MAX {
        Listener::join(&mut roster, ANN, Role::Rider);
    }
    let socket = |outbound| JoiningSocket {
        user: ANN,
        session: SessionId::new(Uuid::nil()),
        role: Role::Rider,
        subscriber: Arc::new(Plain),
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

#[test]
fn operators_hear_of_every_trip() {
    let mut roster = Roster::default();
    let operator = Listener::join(&mut roster, CAT, Role::Operator);
    let bob = DriverId::of(BOB);
    let accepted = after(
        &trip(),
        &Action::Accept(sample::party(bob), Outset::default()),
    );
    let arrived = after(&accepted, &Action::Arrive(bob, None));
    roster.announce(&requested(1), Instant::now());
    let arrive = event(TripEventKind::Arrived, Some(&accepted), &arrived, 2);
    roster.announce(&arrive, Instant::now());
    assert_eq!(operator.heard(), ["requested 1", "arrived 3"]);
}

#[test]
fn what_a_rider_removes_concerns_no_driver() {
    let mut roster = Roster::default();
    let rider = Listener::join(&mut roster, ANN, Role::Rider);
    let drivers = [BOB, CAT].map(|id| Listener::join(&mut roster, id, Role::Driver));
    let bob = DriverId::of(BOB);
    let accepted = after(
        &trip(),
        &Action::Accept(sample::party(bob), Outset::default()),
    );
    let cancelled = after(&accepted, &Action::Cancel(RiderId::of(ANN), None));
    let removed = after(&cancelled, &Action::Delete(RiderId::of(ANN)));
    let remove = event(TripEventKind::Removed, Some(&cancelled), &removed, 4);
    roster.announce(&remove, Instant::now());
    assert_eq!(rider.heard(), ["removed 4"]);
    for driver in &drivers {
        assert!(driver.heard().is_empty());
    }
}
