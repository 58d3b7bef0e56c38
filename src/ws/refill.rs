//! Brings a socket that fell behind up to date from the log.

use std::collections::BTreeMap;

use crate::domain::{Event, Stream};
use crate::registry::Outbound;
use crate::registry::roster::{Behind, Encoding, is_shown};
use crate::store::pool::Unavailable;
use crate::store::{Store, events};

/// How many events of each stream one refill reads; a queue holds no more.
const PAGE: i64 = 128;

/// Queues what was missed and no more (later events are on their way), as far as there is room; returns up to where each stream is now queued.
pub(super) async fn refill(
    store: &Store,
    outbound: &Outbound,
    encoding: &'static Encoding,
    behind: Behind,
) -> Result<Vec<(Stream, i64)>, Unavailable> {
    let Behind { missed, shown } = behind;
    let streams: Vec<Stream> = missed.iter().map(|missed| missed.stream).collect();
    let pages = store
        .reader
        .read(move |db| {
            missed
                .iter()
                .map(|part| events::of_stream(db, part.stream, part.first, part.last, PAGE))
                .collect()
        })
        .await?;
    let mut through = BTreeMap::new();
    for event in merge(pages) {
        if !is_shown(&shown, &event) && outbound.push((encoding.frame)(&event)).is_err() {
            break;
        }
        for stream in &streams {
            if let Some(sequence) = event.sequence_in(*stream) {
                through.insert(*stream, sequence);
            }
        }
    }
    Ok(through.into_iter().collect())
}

/// One list of the pages' events, in the log's order, each once. Nothing stands behind the end of a full page, since
/// the log may hold more of that stream in between.
fn merge(pages: Vec<Vec<Event>>) -> Vec<Event> {
    let full = |page: &&Vec<Event>| i64::try_from(page.len()).is_ok_and(|len| len >= PAGE);
    let end = pages
        .iter()
        .filter(full)
        .filter_map(|page| page.last())
        .map(|event| event.id)
        .min();
    let merged: BTreeMap<i64, Event> = pages
        .into_iter()
        .flatten()
        .map(|event| (event.id, event))
        .collect();
    merged
        .into_values()
        .filter(|event| end.is_none_or(|end| event.id <= end))
        .collect()
}
