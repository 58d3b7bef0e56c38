//! Tells sockets what they have missed, from the log: those that read too slowly, and those that have been away.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use actix::Addr;

use crate::domain::{Event, Stream};
use crate::registry::actor::{Refilled, TakeLagging};
use crate::registry::roster::{Lagging, Missed};
use crate::registry::voice::Shared;
use crate::registry::{Closing, TripRegistry};
use crate::store::pool::{Reader, Unavailable};
use crate::store::streams::{self, Found, Part};

/// How often sockets that fell behind are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How many sockets one query serves.
const SOCKETS_MAX: usize = 512;
/// How many events of each stream one refill reads.
const PAGE: i64 = 64;

/// Serves lagging sockets for as long as there is a registry.
pub async fn run(registry: Addr<TripRegistry>, reader: Reader) {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let take = TakeLagging { limit: SOCKETS_MAX };
        let Ok(lagging) = registry.send(take).await else {
            return;
        };
        if lagging.is_empty() {
            continue;
        }
        let found = read(&reader, &lagging).await;
        if let Err(error) = &found {
            tracing::debug!(%error, "Sockets could not be refilled yet");
        }
        if found.is_ok() && lagging.iter().any(is_longer_than_a_page) {
            // Whoever has more to read has waited long enough.
            ticks.reset_immediately();
        }
        for socket in lagging {
            let (through, before) = match &found {
                Ok(found) => bring(&socket, found),
                Err(_) => (Vec::new(), Vec::new()),
            };
            let socket = socket.socket;
            let refilled = Refilled {
                socket,
                through,
                before,
            };
            if registry.send(refilled).await.is_err() {
                return;
            }
        }
    }
}

fn is_longer_than_a_page(socket: &Lagging) -> bool {
    socket
        .missed
        .iter()
        .any(|missed| missed.last - missed.first >= PAGE)
}

async fn read(reader: &Reader, lagging: &[Lagging]) -> Result<Found, Unavailable> {
    let part = |missed: &Missed| Part {
        stream: missed.stream,
        first: missed.first,
        last: missed.last,
    };
    let parts: Vec<Part> = lagging
        .iter()
        .flat_map(|socket| socket.missed.iter().map(part))
        .collect();
    reader.read(move |db| streams::read(db, &parts, PAGE)).await
}

/// Queues what one socket has missed, as far as it was read and there is room; returns up to where each stream is now
/// queued, and what has to be read first. What is no longer in the log cannot be told: the client has to come back and ask.
fn bring(socket: &Lagging, found: &Found) -> (Vec<(Stream, i64)>, Vec<Missed>) {
    let mut pages = Vec::new();
    for missed in &socket.missed {
        match page(missed, found) {
            Some(page) => pages.push(page),
            None => {
                tracing::warn!(stream = %missed.stream, first = missed.first, "What a socket has missed is no longer kept");
                socket.outbound.close_now(Closing::SLOW);
                return (Vec::new(), Vec::new());
            }
        }
    }
    let mut through = BTreeMap::new();
    let mut before = Vec::new();
    for event in merge(pages) {
        let told = socket.voice.tell(&mut Shared::of(&event), &socket.outbound);
        if told.is_err() {
            before = needed_before(socket, &event);
            break;
        }
        for missed in &socket.missed {
            if let Some(sequence) = event.sequence_in(missed.stream) {
                through.insert(missed.stream, sequence);
            }
        }
    }
    if through.is_empty() && before.is_empty() {
        // An empty queue has room for anything: the client's streams do not fit together.
        socket.outbound.close_now(Closing::SLOW);
    }
    (through.into_iter().collect(), before)
}

/// What comes before an event in the streams that the socket follows and nobody has read for it: it has begun to follow
/// them a moment ago, and the registry has not heard of that yet.
fn needed_before(socket: &Lagging, event: &Event) -> Vec<Missed> {
    let is_read = |stream, first| {
        let mut parts = socket.missed.iter();
        parts.any(|missed| missed.stream == stream && missed.first <= first)
    };
    let missed = event.positions.iter().filter_map(|position| {
        let (stream, last) = (position.stream, position.sequence);
        let first = socket.voice.next(stream)?;
        (first < last && !is_read(stream, first)).then_some(Missed {
            stream,
            first,
            last,
        })
    });
    missed.collect()
}

/// A part of a stream, as far as it was read.
struct Page {
    events: Vec<Arc<Event>>,
    is_whole: bool,
}

/// What was read of a part, which must have no hole.
fn page(missed: &Missed, found: &Found) -> Option<Page> {
    let end = missed.last.min(missed.first + PAGE - 1);
    let events: Vec<Arc<Event>> = found
        .range((missed.stream, missed.first)..=(missed.stream, end))
        .map(|(_, event)| event.clone())
        .collect();
    let wanted = usize::try_from(end - missed.first + 1).ok()?;
    (events.len() == wanted).then_some(Page {
        events,
        is_whole: end == missed.last,
    })
}

/// The pages' events in the log's order, each once. Nothing stands behind the end of a page that is not the whole
/// part, since the log may hold more of that stream in between.
fn merge(pages: Vec<Page>) -> Vec<Arc<Event>> {
    let end = pages
        .iter()
        .filter(|page| !page.is_whole)
        .filter_map(|page| page.events.last())
        .map(|event| event.id)
        .min();
    let merged: BTreeMap<i64, Arc<Event>> = pages
        .into_iter()
        .flat_map(|page| page.events)
        .map(|event| (event.id, event))
        .collect();
    merged
        .into_values()
        .filter(|event| end.is_none_or(|end| event.id <= end))
        .collect()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;
    use crate::domain::notification::NOTICE_LIFE;
    use crate::domain::{Actor, Audience, Fact, NoticeText, Notification, Position, UserId};
    use crate::registry::groups::SocketId;
    use crate::registry::voice::NotTold;
    use crate::registry::{Outbound, Voice};
    use crate::resume::Place;
    use crate::resume::follow::Follow;

    const OWN: Stream = Stream::User(UserId::new(1));

    struct Follower(Follow);

    impl Voice for Follower {
        fn tell(&self, shared: &mut Shared<'_>, _: &Outbound) -> Result<(), NotTold> {
            self.0.positions(shared.event()).map(|_| ())
        }

        fn next(&self, stream: Stream) -> Option<i64> {
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
        let position = |&(stream, sequence): &(Stream, i64)| Position {
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

    /// A socket whose client has begun to follow a moment ago, so that only some of what it has missed is known.
    fn lagging(missed: Missed) -> Lagging {
        let place = |stream, sequence| Place {
            stream,
            epoch: None,
            sequence,
        };
        let places = vec![place(OWN, 9), place(Stream::Drivers, 50)];
        Lagging {
            socket: SocketId(1),
            missed: vec![missed],
            voice: Arc::new(Follower(Follow::from(places))),
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
        let found = Found::from([((Stream::Drivers, 51), other)]);
        assert_eq!(bring(&socket, &found), (vec![], vec![part(OWN, 10, 11)]));
        assert!(!socket.outbound.is_closing());
        let late = event(&[(Stream::Drivers, 60)]);
        let socket = lagging(part(Stream::Drivers, 60, 60));
        let found = Found::from([((Stream::Drivers, 60), late)]);
        let before = vec![part(Stream::Drivers, 51, 60)];
        assert_eq!(bring(&socket, &found), (vec![], before));
        assert!(!socket.outbound.is_closing());
    }
}
