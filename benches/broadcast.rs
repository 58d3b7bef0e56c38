//! Measures the announcement of one request to N drivers: finding the receivers, making one frame for all, pushing it
//! onto each queue, and taking it out again. It leaves out the sockets, to measure our part alone.
//!
//! `cargo bench --bench broadcast`

use std::sync::Arc;
use std::task::Context;
use std::time::Instant;

use bytes::Bytes;
use cabrank::domain::{
    Actor, Address, Event, Fact, Order, Party, Place, RiderId, Role, SessionId, Stream,
    StreamPosition, Trip, TripChange, TripEventKind, TripId, TripRequest, UserId,
};
use cabrank::inputs;
use cabrank::registry::groups::SocketId;
use cabrank::registry::roster::{JoiningSocket, Roster};
use cabrank::registry::subscriber::{NotDelivered, SharedEvent};
use cabrank::registry::{Outbound, Subscriber};
use cabrank::ws::dialect::course;
use divan::Bencher;
use divan::counter::ItemsCount;
use futures_util::task::noop_waker;

fn main() {
    divan::main();
}

#[divan::bench(args = [100, 1_000, 10_000])]
fn one_request_to_all_drivers(bencher: Bencher<'_, '_>, drivers: i64) {
    let mut roster = Roster::default();
    let queues: Vec<Outbound> = (0..drivers)
        .map(|n| join(&mut roster, UserId::new(n + 2)))
        .collect();
    let event = Arc::new(requested());
    let counter = ItemsCount::new(usize::try_from(drivers).expect("a small number"));
    bencher.counter(counter).bench_local(|| {
        roster.announce(&event, Instant::now());
        let waker = noop_waker();
        for queue in &queues {
            assert!(queue.poll_next(&mut Context::from_waker(&waker)).is_ready());
        }
    });
}

/// A subscriber of the course dialect: the trip, encoded once for all.
struct Course;

impl Subscriber for Course {
    fn deliver(
        &self,
        shared: &mut SharedEvent<'_>,
        outbound: &Outbound,
    ) -> Result<(), NotDelivered> {
        let Some(change) = shared.event().trip() else {
            return Ok(());
        };
        let frame = shared.piece(course::STYLE.name, |_| {
            Bytes::from((course::STYLE.trip)(&change.trip))
        });
        outbound.push(frame).map_err(|_| NotDelivered)
    }
}

fn join(roster: &mut Roster, user: UserId) -> Outbound {
    let outbound = Outbound::default();
    let socket = JoiningSocket {
        user,
        session: SessionId::new(inputs::fresh_id()),
        role: Role::Driver,
        subscriber: Arc::new(Course),
        outbound: outbound.clone(),
    };
    let id = SocketId(u64::try_from(user.get()).expect("a small number"));
    roster.connect(id, socket).expect("one socket a driver");
    roster.joined(id, &[], Instant::now());
    outbound
}

fn position(stream: Stream) -> StreamPosition {
    StreamPosition {
        stream,
        epoch: inputs::fresh_id(),
        sequence: 1,
    }
}

fn requested() -> Event {
    let at = inputs::now();
    let place = |text| Place {
        address: Address::parse(text).expect("an address"),
        location: None,
    };
    let rider = Party {
        id: RiderId::of(UserId::new(1)),
        username: "ann@example.com".to_owned(),
        first_name: "Ann".to_owned(),
        last_name: "Lee".to_owned(),
        photo: None,
    };
    let request = TripRequest {
        id: TripId::new(inputs::fresh_id()),
        rider,
        pick_up: place("Market Square 5"),
        drop_off: place("Central Station"),
        order: Order::default(),
    };
    let trip = Trip::request(request, at);
    let actor = Actor::Rider(trip.rider.id);
    Event {
        id: 1,
        at,
        actor,
        fact: Fact::Trip(TripChange {
            kind: TripEventKind::Requested,
            trip,
            before: None,
        }),
        positions: [Stream::User(UserId::new(1)), Stream::Drivers]
            .map(position)
            .into(),
    }
}
