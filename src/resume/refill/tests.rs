//! What a socket that missed events receives from the log.

use std::task::{Context, Poll};

use futures_util::task::noop_waker;
use jiff::Timestamp;
use uuid::Uuid;

use super::*;
use crate::domain::{
    Actor, Audience, Fact, NoticeText, Notification, OperatorId, StreamPosition, UserId,
};
use crate::registry::groups::SocketId;
use crate::registry::outbound::Next;
use crate::registry::subscriber::NotDelivered;
use crate::registry::{Outbound, Subscriber};

const OWN: Stream = Stream::User(UserId::new(1));
const DRIVERS: Stream = Stream::Drivers;

/// Writes the numbers of events up to this one, and refuses the later ones.
struct UpTo(i64);

impl Subscriber for UpTo {
    fn deliver(
        &self,
        shared: &mut SharedEvent<'_>,
        outbound: &Outbound,
    ) -> Result<(), NotDelivered> {
        let number = shared.event().id;
        if number > self.0 {
            return Err(NotDelivered);
        }
        outbound
            .push(format!("{number} ").into())
            .map_err(|_| NotDelivered)
    }
}

/// The log as it was read: each event's number and positions.
fn found(log: &[(i64, &[(Stream, i64)])]) -> FoundEvents {
    let mut found = FoundEvents::new();
    for (id, positions) in log {
        let position = |(stream, sequence): &(Stream, i64)| StreamPosition {
            stream: *stream,
            epoch: Uuid::nil(),
            sequence: *sequence,
        };
        let event = Arc::new(Event {
            id: *id,
            at: Timestamp::UNIX_EPOCH,
            actor: Actor::Operator(OperatorId::of(UserId::new(9))),
            fact: Fact::Notification(Notification {
                audience: Audience::All,
                text: NoticeText::parse("Mind the gap").expect("a text"),
                expires_at: Timestamp::UNIX_EPOCH,
            }),
            positions: positions.iter().map(position).collect(),
        });
        found.extend(positions.iter().map(|position| (*position, event.clone())));
    }
    found
}

fn lagging(missed: &[(Stream, i64, i64)], subscriber: UpTo) -> Lagging {
    let part = |(stream, first, last): &(Stream, i64, i64)| Missed {
        stream: *stream,
        first: *first,
        last: *last,
    };
    Lagging {
        socket: SocketId(1),
        missed: missed.iter().map(part).collect(),
        subscriber: Arc::new(subscriber),
        outbound: Outbound::default(),
    }
}

fn next(socket: &Lagging) -> Poll<Next> {
    let waker = noop_waker();
    socket.outbound.poll_next(&mut Context::from_waker(&waker))
}

fn written(socket: &Lagging) -> String {
    match next(socket) {
        Poll::Ready(Next::Frames(frames)) => frames
            .iter()
            .map(|frame| String::from_utf8_lossy(frame).into_owned())
            .collect(),
        Poll::Ready(Next::Close(_) | Next::End) | Poll::Pending => String::new(),
    }
}

#[test]
fn streams_are_told_in_the_order_of_the_log_and_each_event_once() {
    let found = found(&[
        (11, &[(OWN, 4), (DRIVERS, 7)]),
        (12, &[(DRIVERS, 8)]),
        (15, &[(OWN, 5)]),
    ]);
    let socket = lagging(&[(DRIVERS, 7, 8), (OWN, 4, 5)], UpTo(99));
    assert_eq!(bring(&socket, &found).0, [(OWN, 5), (DRIVERS, 8)]);
    assert_eq!(written(&socket), "11 12 15 ");
}

#[test]
fn nothing_is_told_that_stands_behind_the_end_of_a_page() {
    let numbers: Vec<i64> = (1..=PAGE).collect();
    let positions: Vec<[(Stream, i64); 1]> = numbers.iter().map(|n| [(OWN, *n)]).collect();
    let mut log: Vec<(i64, &[(Stream, i64)])> = numbers
        .iter()
        .zip(&positions)
        .map(|(number, position)| (*number, &position[..]))
        .collect();
    log.push((1_000, &[(DRIVERS, 1)]));
    let socket = lagging(&[(OWN, 1, PAGE + 1), (DRIVERS, 1, 1)], UpTo(2_000));
    assert_eq!(bring(&socket, &found(&log)).0, [(OWN, PAGE)]);
    let expected: String = numbers.iter().map(|number| format!("{number} ")).collect();
    assert_eq!(written(&socket), expected);
    let socket = lagging(&[(OWN, 1, PAGE), (DRIVERS, 1, 1)], UpTo(2_000));
    let all = [(OWN, PAGE), (DRIVERS, 1)];
    assert_eq!(
        bring(&socket, &found(&log)).0,
        all,
        "the page was the whole"
    );
}

#[test]
fn what_finds_no_room_is_left_for_the_next_time() {
    let found = found(&[(1, &[(OWN, 1)]), (2, &[(OWN, 2)]), (3, &[(DRIVERS, 1)])]);
    let socket = lagging(&[(OWN, 1, 2), (DRIVERS, 1, 1)], UpTo(1));
    assert_eq!(bring(&socket, &found).0, [(OWN, 1)]);
    assert_eq!(written(&socket), "1 ");
    assert!(!socket.outbound.is_closing());
}

#[test]
fn who_has_missed_what_is_no_longer_kept_must_come_back_and_ask() {
    let found = found(&[(1, &[(DRIVERS, 1)]), (3, &[(OWN, 3)])]);
    for missed in [(OWN, 2, 3), (OWN, 3, 4), (DRIVERS, 2, 2)] {
        let socket = lagging(&[(DRIVERS, 1, 1), missed], UpTo(99));
        assert_eq!(bring(&socket, &found).0, []);
        assert_eq!(next(&socket), Poll::Ready(Next::Close(Closing::SLOW)));
    }
}

#[test]
fn who_cannot_be_told_anything_is_closed() {
    let socket = lagging(&[(OWN, 1, 1)], UpTo(0));
    assert_eq!(bring(&socket, &found(&[(1, &[(OWN, 1)])])).0, []);
    assert_eq!(next(&socket), Poll::Ready(Next::Close(Closing::SLOW)));
}
