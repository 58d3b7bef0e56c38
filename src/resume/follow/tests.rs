//! Which events are new to a client that follows its streams.

use jiff::Timestamp;

use super::*;
use crate::domain::{Actor, Audience, Fact, NoticeText, Notification, OperatorId, UserId};

const OWN: Stream = Stream::User(UserId::new(1));
const DRIVERS: Stream = Stream::Drivers;
const OTHER: Stream = Stream::User(UserId::new(2));
const EPOCH: Uuid = Uuid::from_u128(7);

fn event(positions: &[(Stream, i64)]) -> Event {
    let position = |(stream, sequence): &(Stream, i64)| StreamPosition {
        stream: *stream,
        epoch: EPOCH,
        sequence: *sequence,
    };
    Event {
        id: 1,
        at: Timestamp::UNIX_EPOCH,
        actor: Actor::Operator(OperatorId::of(UserId::new(9))),
        fact: Fact::Notification(Notification {
            audience: Audience::All,
            text: NoticeText::parse("Mind the gap").expect("a text"),
            expires_at: Timestamp::UNIX_EPOCH,
        }),
        positions: positions.iter().map(position).collect(),
    }
}

fn cursor(stream: Stream, sequence: i64) -> StreamCursor {
    StreamCursor {
        stream,
        epoch: None,
        sequence,
    }
}

/// A client that has read its own stream up to 3 and the drivers' stream up to 8.
fn opening() -> Resumption {
    Resumption {
        cursors: vec![cursor(OWN, 3), cursor(DRIVERS, 8)],
        heads: vec![(OWN, 3), (DRIVERS, 9)],
        snapshot: None,
    }
}

/// The streams in which the event is new to the client.
fn new_in(hold: &mut Hold, positions: &[(Stream, i64)]) -> Result<Vec<Stream>, NotDelivered> {
    let event = event(positions);
    let new = hold.positions(&event)?;
    hold.advance(&new);
    Ok(new.iter().map(|position| position.stream).collect())
}

#[test]
fn each_place_is_told_once_and_in_its_turn() {
    let mut hold = Hold::default();
    hold.begin(&opening());
    let cases = [
        (&[(OWN, 3)][..], Ok(vec![])),
        (&[(OWN, 5)], Err(NotDelivered)),
        (&[(OWN, 4), (DRIVERS, 10)], Err(NotDelivered)),
        (&[(OWN, 4), (DRIVERS, 9)], Ok(vec![OWN, DRIVERS])),
        (&[(OWN, 4), (DRIVERS, 9)], Ok(vec![])),
        (&[(OWN, 4), (DRIVERS, 10)], Ok(vec![DRIVERS])),
        (&[(OTHER, 1)], Ok(vec![])),
    ];
    for (positions, expected) in cases {
        assert_eq!(new_in(&mut hold, positions), expected, "{positions:?}");
    }
    assert_eq!(
        [OWN, DRIVERS, OTHER].map(|stream| hold.next(stream)),
        [Some(5), Some(11), None]
    );
}

#[test]
fn a_client_takes_its_epochs_from_what_it_is_told() {
    let mut follow = Following::from(opening().cursors);
    let event = event(&[(OWN, 4)]);
    let new = follow.positions(&event).expect("its turn");
    follow.advance(&new);
    let advanced = StreamCursor {
        epoch: Some(EPOCH),
        ..cursor(OWN, 4)
    };
    assert_eq!(follow.cursors(), [advanced, cursor(DRIVERS, 8)]);
}

#[test]
fn what_is_announced_while_the_log_is_read_is_counted() {
    let mut hold = Hold::default();
    assert_eq!(
        new_in(&mut hold, &[(OWN, 4)]),
        Ok(vec![]),
        "it does not follow yet"
    );
    hold.expect();
    for positions in [&[(OWN, 4), (DRIVERS, 9)][..], &[(OWN, 5)], &[(OTHER, 7)]] {
        assert_eq!(new_in(&mut hold, positions), Ok(vec![]));
    }
    assert_eq!(hold.begin(&opening()), [(OWN, 5), (DRIVERS, 9)]);
    assert_eq!(hold.next(OWN), Some(4), "it is told from the log");
}
