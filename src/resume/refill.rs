//! Tells sockets what they have missed, from the log: those that read too slowly, and those that have been away.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use actix::Addr;

use crate::domain::{Event, Stream};
use crate::registry::actor::{Refilled, TakeLagging};
use crate::registry::roster::{Lagging, Missed};
use crate::registry::subscriber::SharedEvent;
use crate::registry::{Closing, TripRegistry};
use crate::store::pool::{ReadPool, Unavailable};
use crate::store::streams::{self, FoundEvents, StreamPart};

/// How often sockets that fell behind are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How many sockets one query serves.
const SOCKETS_MAX: usize = 512;
/// How many events of each stream one refill reads.
const PAGE: i64 = 64;

/// Serves lagging sockets for as long as there is a registry.
pub async fn run(registry: Addr<TripRegistry>, reader: ReadPool) {
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

async fn read(reader: &ReadPool, lagging: &[Lagging]) -> Result<FoundEvents, Unavailable> {
    let part = |missed: &Missed| StreamPart {
        stream: missed.stream,
        first: missed.first,
        last: missed.last,
    };
    let parts: Vec<StreamPart> = lagging
        .iter()
        .flat_map(|socket| socket.missed.iter().map(part))
        .collect();
    reader.read(move |db| streams::read(db, &parts, PAGE)).await
}

/// Queues what one socket has missed, as far as it was read and there is room; returns up to where each stream is now
/// queued, and what has to be read first. What is no longer in the log cannot be told: the client has to come back and ask.
fn bring(socket: &Lagging, found: &FoundEvents) -> (Vec<(Stream, i64)>, Vec<Missed>) {
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
        let told = socket
            .subscriber
            .deliver(&mut SharedEvent::of(&event), &socket.outbound);
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
        let first = socket.subscriber.next_sequence(stream)?;
        (first < last && !is_read(stream, first)).then_some(Missed {
            stream,
            first,
            last,
        })
    });
    missed.collect()
}

/// A part of a stream, as far as it was read.
struct StreamPage {
    events: Vec<Arc<Event>>,
    is_whole: bool,
}

/// What was read of a part, which must have no hole.
fn page(missed: &Missed, found: &FoundEvents) -> Option<StreamPage> {
    let end = missed.last.min(missed.first + PAGE - 1);
    let events: Vec<Arc<Event>> = found
        .range((missed.stream, missed.first)..=(missed.stream, end))
        .map(|(_, event)| event.clone())
        .collect();
    let wanted = usize::try_from(end - missed.first + 1).ok()?;
    (events.len() == wanted).then_some(StreamPage {
        events,
        is_whole: end == missed.last,
    })
}

/// The pages' events in the log's order, each once. Nothing stands behind the end of a page that is not the whole
/// part, since the log may hold more of that stream in between.
fn merge(pages: Vec<StreamPage>) -> Vec<Arc<Event>> {
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
mod early;
#[cfg(test)]
mod tests;
