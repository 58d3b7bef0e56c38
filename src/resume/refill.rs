//! Sends sockets what they have missed, from the log: those that read too slowly, and those that were away.

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

/// How often the registry is asked for sockets that are behind.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How many sockets one query serves at most.
const SOCKETS_MAX: usize = 512;
/// How many events of each stream one refill reads at most.
const PAGE: i64 = 64;

/// Refills sockets for as long as there is a registry.
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
            // A socket that has more to read has waited long enough.
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

/// Queues what one socket has missed, as far as it was read and there is room. Returns how far each stream is queued
/// now, and the parts that have to be read first. If events are no longer in the log, the socket is closed: its client
/// has to connect again and ask.
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
        let delivered = socket
            .subscriber
            .deliver(&mut SharedEvent::of(&event), &socket.outbound);
        if delivered.is_err() {
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
        // An empty queue has room for anything, so the socket cannot be served: the cursors of its streams contradict
        // each other.
        socket.outbound.close_now(Closing::SLOW);
    }
    (through.into_iter().collect(), before)
}

/// The events before this one in streams that the socket follows and that were not read for it. This happens when the
/// socket began to follow them a moment ago, and the registry does not know yet.
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

/// The events that were read of a part; none if there is a hole among them.
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

/// The events of all pages in the log's order, each once. The result ends with the first page that is not its whole
/// part, since the log may hold more of that stream after it.
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
