//! A client that began to follow a moment ago.

use jiff::Timestamp;
use uuid::Uuid;

use super::*;
use crate::domain::notification::NOTICE_LIFE;
use crate::domain::{Actor, Audience, Fact, NoticeText, Notification, StreamPosition, UserId};
use crate::registry::groups::SocketId;
use crate::registry::subscriber::NotDelivered;
use crate::registry::{Outbound, Subscriber};
use crate::resume::StreamCursor;
use crate::resume::follow::Following;

const OWN: Stream = Stream::User(UserId::new(1));

struct Follower(Following);

impl Subscriber for Follower {
    fn deliver(&self, shared: &mut SharedEvent<'_>, _: &Outbound) -> Result<(), NotDelivered> {
        self.0.positions(shared.event()).map(|_| ())
    }

    fn next_sequence(&self, stream: Stream) -> Option<i64> {
        self.0.next(stream)
    }
}

fn event(positions: &[(Stream, i64)]) -> Arc<Event> {
    let at = Timestamp::UNIX_EPOCH;
    let text = NoticeText::parse("x").expect("a text");
    let notice = Notification {
        audience: Audience::All,
        text,
        expires_at: at + NOTICE_LIFE,
    };
    let position = |&(stream, sequence): &(Stream, i64)| StreamPosition {
        stream,
        epoch: Uuid::nil(),
        sequence,
    };
    Arc::new(Event {
        id: 1,
        at,
        actor: Actor::Service,
        fact: Fact::Notification(notice),
        positions: positions.iter().map(position).collect(),
    })
}

/// A socket whose client began to follow a moment ago, so that only some of what it missed is known.
fn lagging(missed: Missed) -> Lagging {
    let cursor = |stream, sequence| StreamCursor {
        stream,
        epoch: None,
        sequence,
    };
    let cursors = vec![cursor(OWN, 9), cursor(Stream::Drivers, 50)];
    Lagging {
        socket: SocketId(1),
        missed: vec![missed],
        subscriber: Arc::new(Follower(Following::from(cursors))),
        outbound: Outbound::default(),
    }
}

#[test]
fn what_must_be_read_first_is_asked_for() {
    let part = |stream, first, last| Missed {
        stream,
        first,
        last,
    };
    let other = event(&[(Stream::Drivers, 51), (OWN, 11)]);
    let socket = lagging(part(Stream::Drivers, 51, 51));
    let found = FoundEvents::from([((Stream::Drivers, 51), other)]);
    assert_eq!(bring(&socket, &found), (vec![], vec![part(OWN, 10, 11)]));
    assert!(!socket.outbound.is_closing());
    let late = event(&[(Stream::Drivers, 60)]);
    let socket = lagging(part(Stream::Drivers, 60, 60));
    let found = FoundEvents::from([((Stream::Drivers, 60), late)]);
    let before = vec![part(Stream::Drivers, 51, 60)];
    assert_eq!(bring(&socket, &found), (vec![], before));
    assert!(!socket.outbound.is_closing());
}
