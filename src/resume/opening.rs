//! Whether a client can go on where it stopped: found out for many of them with a handful of queries.

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

/// How many events of one stream are replayed at most.
pub const REPLAY_MAX: i64 = 1_000;

/// A place in a stream; the epoch is unknown where nothing has ever happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamCursor {
    /// Which stream.
    pub stream: Stream,
    /// Which life of it.
    pub epoch: Option<Uuid>,
    /// The last sequence seen.
    pub sequence: i64,
}

/// A client gave a place in a stream that is not its own.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not a stream of yours.")]
pub struct BadPosition(Stream);

/// A client that wants to go on.
#[derive(Debug, Clone)]
pub struct ResumeRequest {
    viewer: Viewer,
    places: Vec<StreamCursor>,
}

impl ResumeRequest {
    /// This account, from these places; those of other streams are refused.
    pub fn new(viewer: Viewer, places: Vec<StreamCursor>) -> Result<Self, BadPosition> {
        let own = Stream::of(viewer.user, viewer.role);
        match places.iter().find(|place| !own.contains(&place.stream)) {
            Some(foreign) => Err(BadPosition(foreign.stream)),
            None => Ok(Self { viewer, places }),
        }
    }

    /// Every stream of the account, and the place given in it.
    fn streams(&self) -> Vec<(Stream, Option<StreamCursor>)> {
        let given = |stream| {
            self.places
                .iter()
                .rev()
                .find(|place| place.stream == stream)
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
    /// It gave no place in one of its streams.
    NoPosition,
    /// The stream has begun anew since.
    UnknownEpoch,
    /// The place is one that has not been reached yet.
    UnknownSequence,
    /// What follows is no longer kept.
    TooOld,
    /// More follows than is replayed.
    TooFarBehind,
}

/// How a client goes on.
#[derive(Debug, Clone)]
pub struct Resumption {
    /// From where: the event that follows in each stream has the sequence after this.
    pub places: Vec<StreamCursor>,
    /// Up to where each stream went when this was found out.
    pub heads: Vec<(Stream, i64)>,
    /// What the client must know instead of what it has missed, and why.
    pub snapshot: Option<Snapshot>,
}

impl Serialize for Resumption {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let positions: Vec<PositionObject> = self
            .places
            .iter()
            .map(|place| PositionObject(place.stream, place.epoch, place.sequence))
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

/// Lets clients go on; cheap to clone.
#[derive(Clone)]
pub struct Resume(Gather<ResumeRequest, Resumption>);

impl Resume {
    /// Over this store, whose events are kept so long.
    pub fn new(store: &Store, retention: SignedDuration) -> Self {
        Self(Gather::new(&store.reader, move |db, asked| {
            let at = inputs::now();
            db.snapshot(|db| open(db, asked, at, at - retention))
        }))
    }

    /// How this client goes on.
    pub async fn open(&self, asked: ResumeRequest) -> Result<Resumption, Unavailable> {
        self.0.get(asked).await
    }
}

/// All of them, as of one moment.
fn open(
    db: &mut Db,
    asked: &[ResumeRequest],
    at: Timestamp,
    kept_since: Timestamp,
) -> QueryResult<Vec<Resumption>> {
    let places: Vec<(Stream, i64)> = asked
        .iter()
        .flat_map(ResumeRequest::streams)
        .map(|(stream, place)| (stream, place.map_or(0, |place| place.sequence)))
        .collect();
    let heads = streams::heads(db, &places)?;
    let mut openings: Vec<(Resumption, Option<Reason>)> = asked
        .iter()
        .map(|asked| judge(asked, &heads, kept_since))
        .collect();
    let refused: Vec<Viewer> = asked
        .iter()
        .zip(&openings)
        .filter(|(_, (_, reason))| reason.is_some())
        .map(|(asked, _)| asked.viewer)
        .collect();
    let mut shown = show(db, &refused, at)?.into_iter();
    for (opening, reason) in &mut openings {
        if let Some(reason) = *reason {
            opening.snapshot = shown.next().map(|shown| Snapshot { reason, ..shown });
        }
    }
    Ok(openings.into_iter().map(|(opening, _)| opening).collect())
}

/// Whether a client can go on; if not, it does from where its streams stand.
fn judge(
    asked: &ResumeRequest,
    heads: &HashMap<(Stream, i64), StreamStanding>,
    kept_since: Timestamp,
) -> (Resumption, Option<Reason>) {
    let mut reason = None;
    let (mut own, mut ends) = (Vec::new(), Vec::new());
    for (stream, given) in asked.streams() {
        let head = heads.get(&(stream, given.map_or(0, |place| place.sequence)));
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
        places: if reason.is_none() { own } else { ends },
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

/// Whether something follows of which nobody can be told.
fn is_unreadable(given: StreamCursor, head: &StreamStanding) -> bool {
    corrupt::has_place(given.stream, given.sequence, head.sequence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::UserId;

    #[test]
    fn a_place_must_be_known_reached_kept_and_near() {
        let (now, epoch) = (Timestamp::UNIX_EPOCH, Uuid::from_u128(1));
        let place = |epoch, sequence| {
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
            (place(None, 0), None, None),
            (place(here, 3), None, Some(Reason::UnknownEpoch)),
            (
                place(Some(Uuid::nil()), 1_999),
                Some(kept),
                Some(Reason::UnknownEpoch),
            ),
            (
                place(here, 2_001),
                Some(kept),
                Some(Reason::UnknownSequence),
            ),
            (place(here, 2_000), Some(head(2_000, None)), None),
            (
                place(here, 1_999),
                Some(head(2_000, None)),
                Some(Reason::TooOld),
            ),
            (
                place(here, 1_999),
                Some(head(2_000, long_ago)),
                Some(Reason::TooOld),
            ),
            (place(here, 999), Some(kept), Some(Reason::TooFarBehind)),
            (place(here, 1_000), Some(kept), None),
            (place(None, 0), Some(head(7, Some(now))), None),
        ];
        for (given, head, expected) in cases {
            assert_eq!(why_not(given, head.as_ref(), now), expected, "{given:?}");
        }
    }
}
