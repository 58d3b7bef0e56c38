//! Finds out whether clients can go on where they stopped, for many of them with a handful of queries.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde::ser::SerializeMap;
use uuid::Uuid;

use super::follow::PositionObject;
use super::snapshot::{Snapshot, SnapshotObject, show};
use crate::domain::{Stream, Viewer};
use crate::inputs;
use crate::store::db::Db;
use crate::store::gather::Gather;
use crate::store::pool::Unavailable;
use crate::store::streams::{self, StreamStanding};
use crate::store::{QueryResult, Store, corrupt};

/// The most events of one stream that are replayed.
pub const REPLAY_MAX: i64 = 1_000;

/// The last position in a stream that a client has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamCursor {
    pub stream: Stream,
    /// None where nothing has ever happened in the stream.
    pub epoch: Option<Uuid>,
    /// The last sequence that the client has; 0 for none.
    pub sequence: i64,
}

/// A client gave a cursor in a stream that it may not hear.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not a stream of yours.")]
pub struct BadPosition(Stream);

/// A client that wants to go on, with its cursors.
#[derive(Debug, Clone)]
pub struct ResumeRequest {
    viewer: Viewer,
    cursors: Vec<StreamCursor>,
}

impl ResumeRequest {
    /// Refuses cursors in streams that the account does not hear.
    pub fn new(viewer: Viewer, cursors: Vec<StreamCursor>) -> Result<Self, BadPosition> {
        let own = Stream::of(viewer.user, viewer.role);
        match cursors.iter().find(|cursor| !own.contains(&cursor.stream)) {
            Some(foreign) => Err(BadPosition(foreign.stream)),
            None => Ok(Self { viewer, cursors }),
        }
    }

    /// Every stream of the account, with the client's cursor in it.
    fn streams(&self) -> Vec<(Stream, Option<StreamCursor>)> {
        let given = |stream| {
            self.cursors
                .iter()
                .rev()
                .find(|cursor| cursor.stream == stream)
        };
        Stream::of(self.viewer.user, self.viewer.role)
            .into_iter()
            .map(|stream| (stream, given(stream).copied()))
            .collect()
    }
}

/// Why a client cannot go on from where it stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The client gave no cursor in one of its streams.
    NoPosition,
    /// A new epoch has begun in the stream since.
    UnknownEpoch,
    /// The stream has not reached the cursor's sequence.
    UnknownSequence,
    /// The events after the cursor are no longer kept, or cannot be read.
    TooOld,
    /// More events follow the cursor than are replayed.
    TooFarBehind,
}

/// From where a client goes on.
#[derive(Debug, Clone)]
pub struct Resumption {
    /// The next event in each stream has the sequence after its cursor.
    pub cursors: Vec<StreamCursor>,
    /// How far each stream went when this was found out.
    pub heads: Vec<(Stream, i64)>,
    /// What the client must know instead of the events that it missed, and why.
    pub snapshot: Option<Snapshot>,
}

impl Serialize for Resumption {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let positions: Vec<PositionObject> = self
            .cursors
            .iter()
            .map(|cursor| PositionObject(cursor.stream, cursor.epoch, cursor.sequence))
            .collect();
        let mut object = serializer.serialize_map(None)?;
        object.serialize_entry("resumed", &self.snapshot.is_none())?;
        if let Some(snapshot) = &self.snapshot {
            object.serialize_entry("reason", &snapshot.reason)?;
        }
        object.serialize_entry("positions", &positions)?;
        if let Some(snapshot) = &self.snapshot {
            object.serialize_entry("snapshot", &SnapshotObject::from(snapshot))?;
        }
        object.end()
    }
}

/// Finds out how clients go on; cheap to clone.
#[derive(Clone)]
pub struct Resume(Gather<ResumeRequest, Resumption>);

impl Resume {
    /// Reads from this store, whose events are kept for `retention`.
    pub fn new(store: &Store, retention: SignedDuration) -> Self {
        Self(Gather::new(&store.reader, move |db, requests| {
            let at = inputs::now();
            db.snapshot(|db| open(db, requests, at, at - retention))
        }))
    }

    /// How this client goes on.
    pub async fn open(&self, request: ResumeRequest) -> Result<Resumption, Unavailable> {
        self.0.get(request).await
    }
}

/// How each of these clients goes on, all as of one moment.
fn open(
    db: &mut Db,
    requests: &[ResumeRequest],
    at: Timestamp,
    kept_since: Timestamp,
) -> QueryResult<Vec<Resumption>> {
    let cursors: Vec<(Stream, i64)> = requests
        .iter()
        .flat_map(ResumeRequest::streams)
        .map(|(stream, cursor)| (stream, cursor.map_or(0, |cursor| cursor.sequence)))
        .collect();
    let heads = streams::heads(db, &cursors)?;
    let mut openings: Vec<(Resumption, Option<Reason>)> = requests
        .iter()
        .map(|request| judge(request, &heads, kept_since))
        .collect();
    let refused: Vec<Viewer> = requests
        .iter()
        .zip(&openings)
        .filter(|(_, (_, reason))| reason.is_some())
        .map(|(request, _)| request.viewer)
        .collect();
    let mut shown = show(db, &refused, at)?.into_iter();
    for (opening, reason) in &mut openings {
        if let Some(reason) = *reason {
            opening.snapshot = shown.next().map(|shown| Snapshot { reason, ..shown });
        }
    }
    Ok(openings.into_iter().map(|(opening, _)| opening).collect())
}

/// Whether a client can go on from its cursors. If not, it goes on from where its streams stand, with a reason.
fn judge(
    request: &ResumeRequest,
    heads: &HashMap<(Stream, i64), StreamStanding>,
    kept_since: Timestamp,
) -> (Resumption, Option<Reason>) {
    let mut reason = None;
    let (mut own, mut ends) = (Vec::new(), Vec::new());
    for (stream, given) in request.streams() {
        let head = heads.get(&(stream, given.map_or(0, |cursor| cursor.sequence)));
        reason = reason
            .or_else(|| why_not(given, head, kept_since))
            .or_else(|| is_unreadable(given?, head?).then_some(Reason::TooOld));
        own.extend(given);
        ends.push(StreamCursor {
            stream,
            epoch: head.map(|head| head.epoch),
            sequence: head.map_or(0, |head| head.sequence),
        });
    }
    let opening = Resumption {
        heads: ends.iter().map(|end| (end.stream, end.sequence)).collect(),
        cursors: if reason.is_none() { own } else { ends },
        snapshot: None,
    };
    (opening, reason)
}

fn why_not(
    given: Option<StreamCursor>,
    head: Option<&StreamStanding>,
    kept_since: Timestamp,
) -> Option<Reason> {
    let Some(given) = given else {
        return Some(Reason::NoPosition);
    };
    let (epoch, end) = head.map_or((None, 0), |head| (Some(head.epoch), head.sequence));
    let is_beginning = given.epoch.is_none() && given.sequence == 0;
    let is_kept = |head: &StreamStanding| head.next_at.is_some_and(|at| at >= kept_since);
    if given.epoch != epoch && !is_beginning {
        Some(Reason::UnknownEpoch)
    } else if given.sequence > end {
        Some(Reason::UnknownSequence)
    } else if given.sequence == end {
        None
    } else if !head.is_some_and(is_kept) {
        Some(Reason::TooOld)
    } else if end - given.sequence > REPLAY_MAX {
        Some(Reason::TooFarBehind)
    } else {
        None
    }
}

/// Whether an event that follows the cursor is known to be corrupt.
fn is_unreadable(given: StreamCursor, head: &StreamStanding) -> bool {
    corrupt::has_unreadable(given.stream, given.sequence, head.sequence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::UserId;

    #[test]
    fn a_place_must_be_known_reached_kept_and_near() {
        let (now, epoch) = (Timestamp::UNIX_EPOCH, Uuid::from_u128(1));
        let cursor = |epoch, sequence| {
            let stream = Stream::User(UserId::new(1));
            Some(StreamCursor {
                stream,
                epoch,
                sequence,
            })
        };
        let head = |sequence, next_at| StreamStanding {
            epoch,
            sequence,
            next_at,
        };
        let kept = head(2_000, Some(now));
        let here = Some(epoch);
        let long_ago = Some(now - SignedDuration::from_secs(1));
        let cases = [
            (None, Some(kept), Some(Reason::NoPosition)),
            (cursor(None, 0), None, None),
            (cursor(here, 3), None, Some(Reason::UnknownEpoch)),
            (
                cursor(Some(Uuid::nil()), 1_999),
                Some(kept),
                Some(Reason::UnknownEpoch),
            ),
            (
                cursor(here, 2_001),
                Some(kept),
                Some(Reason::UnknownSequence),
            ),
            (cursor(here, 2_000), Some(head(2_000, None)), None),
            (
                cursor(here, 1_999),
                Some(head(2_000, None)),
                Some(Reason::TooOld),
            ),
            (
                cursor(here, 1_999),
                Some(head(2_000, long_ago)),
                Some(Reason::TooOld),
            ),
            (cursor(here, 999), Some(kept), Some(Reason::TooFarBehind)),
            (cursor(here, 1_000), Some(kept), None),
            (cursor(None, 0), Some(head(7, Some(now))), None),
        ];
        for (given, head, expected) in cases {
            assert_eq!(why_not(given, head.as_ref(), now), expected, "{given:?}");
        }
    }
}
