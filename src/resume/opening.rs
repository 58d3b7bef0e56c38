//! Whether a client can go on where it stopped: found out for many of them with a handful of queries.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde::ser::SerializeMap;
use uuid::Uuid;

use super::follow::PositionObject;
use crate::domain::event_object::{OfferObject, ShiftObject};
use crate::domain::{DriverId, OfferChange, Role, Shift, Stream, Trip, TripObject, UserId};
use crate::inputs;
use crate::store::db::Db;
use crate::store::gather::Gather;
use crate::store::notifications::{self, Reader};
use crate::store::pool::Unavailable;
use crate::store::streams::{self, Head};
use crate::store::views::{self, Viewer};
use crate::store::{QueryResult, Store, corrupt, offers, shifts};

/// How many events of one stream are replayed at most.
pub const REPLAY_MAX: i64 = 1_000;
/// How many trips, shifts and offers of everybody a snapshot for the staff has at most.
pub const STAFF_MAX: usize = 1_000;

/// A place in a stream; the epoch is unknown where nothing has ever happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
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
pub struct Asked {
    viewer: Viewer,
    places: Vec<Place>,
}

impl Asked {
    /// This account, from these places; those of other streams are refused.
    pub fn new(viewer: Viewer, places: Vec<Place>) -> Result<Self, BadPosition> {
        let own = Stream::of(viewer.user, viewer.role);
        match places.iter().find(|place| !own.contains(&place.stream)) {
            Some(foreign) => Err(BadPosition(foreign.stream)),
            None => Ok(Self { viewer, places }),
        }
    }

    /// Every stream of the account, and the place given in it.
    fn streams(&self) -> Vec<(Stream, Option<Place>)> {
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
pub struct Opening {
    /// From where: the event that follows in each stream has the sequence after this.
    pub places: Vec<Place>,
    /// Up to where each stream went when this was found out.
    pub heads: Vec<(Stream, i64)>,
    /// What the client must know instead of what it has missed, and why.
    pub snapshot: Option<Snapshot>,
}

/// What an account must know now, as of the places of its [`Opening`].
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Why the client gets it.
    pub reason: Reason,
    /// The trips that are not over, newest first.
    pub trips: Vec<Trip>,
    /// How many notifications are unread.
    pub unread: i64,
    /// The driver's open shift.
    pub shift: Option<Shift>,
    /// The driver's open offer.
    pub offer: Option<OfferChange>,
    /// What operators watch over besides.
    pub staff: Option<Staff>,
}

/// What operators must know of the drivers; the trips of everybody are among those of the [`Snapshot`].
#[derive(Debug, Clone, Default)]
pub struct Staff {
    /// Who is on duty, newest first.
    pub shifts: Vec<Shift>,
    /// What is offered to whom, newest first.
    pub offers: Vec<OfferChange>,
    /// Of what there is more than is shown.
    pub more: More,
}

/// Whether there is more than [`STAFF_MAX`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct More {
    /// Of the trips.
    pub trips: bool,
    /// Of the shifts.
    pub shifts: bool,
    /// Of the offers.
    pub offers: bool,
}

impl Serialize for Opening {
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

#[derive(Serialize)]
struct SnapshotObject<'a> {
    trips: Vec<TripObject<'a>>,
    unread: i64,
    shift: Option<ShiftObject<'a>>,
    offer: Option<OfferObject<'a>>,
    #[serde(flatten)]
    staff: Option<StaffObject<'a>>,
}

#[derive(Serialize)]
struct StaffObject<'a> {
    shifts: Vec<ShiftObject<'a>>,
    offers: Vec<OfferObject<'a>>,
    more: More,
}

impl<'a> From<&'a Staff> for StaffObject<'a> {
    fn from(staff: &'a Staff) -> Self {
        Self {
            shifts: staff.shifts.iter().map(ShiftObject::from).collect(),
            offers: staff.offers.iter().map(OfferObject::from).collect(),
            more: staff.more,
        }
    }
}

impl<'a> From<&'a Snapshot> for SnapshotObject<'a> {
    fn from(snapshot: &'a Snapshot) -> Self {
        Self {
            trips: snapshot.trips.iter().map(TripObject::from).collect(),
            unread: snapshot.unread,
            shift: snapshot.shift.as_ref().map(ShiftObject::from),
            offer: snapshot.offer.as_ref().map(OfferObject::from),
            staff: snapshot.staff.as_ref().map(StaffObject::from),
        }
    }
}

/// Lets clients go on; cheap to clone.
#[derive(Clone)]
pub struct Resume(Gather<Asked, Opening>);

impl Resume {
    /// Over this store, whose events are kept so long.
    pub fn new(store: &Store, retention: SignedDuration) -> Self {
        Self(Gather::new(&store.reader, move |db, asked| {
            let at = inputs::now();
            db.snapshot(|db| open(db, asked, at, at - retention))
        }))
    }

    /// How this client goes on.
    pub async fn open(&self, asked: Asked) -> Result<Opening, Unavailable> {
        self.0.get(asked).await
    }
}

/// All of them, as of one moment.
fn open(
    db: &mut Db,
    asked: &[Asked],
    at: Timestamp,
    kept_since: Timestamp,
) -> QueryResult<Vec<Opening>> {
    let places: Vec<(Stream, i64)> = asked
        .iter()
        .flat_map(Asked::streams)
        .map(|(stream, place)| (stream, place.map_or(0, |place| place.sequence)))
        .collect();
    let heads = streams::heads(db, &places)?;
    let mut openings: Vec<(Opening, Option<Reason>)> = asked
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
    asked: &Asked,
    heads: &HashMap<(Stream, i64), Head>,
    kept_since: Timestamp,
) -> (Opening, Option<Reason>) {
    let mut reason = None;
    let (mut own, mut ends) = (Vec::new(), Vec::new());
    for (stream, given) in asked.streams() {
        let head = heads.get(&(stream, given.map_or(0, |place| place.sequence)));
        reason = reason
            .or_else(|| why_not(given, head, kept_since))
            .or_else(|| is_unreadable(given?, head?).then_some(Reason::TooOld));
        own.extend(given);
        ends.push(Place {
            stream,
            epoch: head.map(|head| head.epoch),
            sequence: head.map_or(0, |head| head.sequence),
        });
    }
    let opening = Opening {
        heads: ends.iter().map(|end| (end.stream, end.sequence)).collect(),
        places: if reason.is_none() { own } else { ends },
        snapshot: None,
    };
    (opening, reason)
}

fn why_not(given: Option<Place>, head: Option<&Head>, kept_since: Timestamp) -> Option<Reason> {
    let Some(given) = given else {
        return Some(Reason::NoPosition);
    };
    let (epoch, end) = head.map_or((None, 0), |head| (Some(head.epoch), head.sequence));
    let is_beginning = given.epoch.is_none() && given.sequence == 0;
    let is_kept = |head: &Head| head.next_at.is_some_and(|at| at >= kept_since);
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
fn is_unreadable(given: Place, head: &Head) -> bool {
    corrupt::has_place(given.stream, given.sequence, head.sequence)
}

/// What each of these accounts must know; why is for the caller to say.
fn show(db: &mut Db, viewers: &[Viewer], at: Timestamp) -> QueryResult<Vec<Snapshot>> {
    if viewers.is_empty() {
        return Ok(Vec::new());
    }
    let own = views::active_of(db, viewers)?;
    let requested = if viewers.iter().any(|viewer| viewer.role == Role::Driver) {
        views::requested(db)?
    } else {
        Vec::new()
    };
    let watched = if viewers.iter().any(|viewer| viewer.role == Role::Operator) {
        watched(db)?
    } else {
        (Vec::new(), Staff::default())
    };
    let readers: Vec<Reader> = viewers
        .iter()
        .map(|viewer| Reader {
            user: viewer.user,
            streams: Stream::of(viewer.user, viewer.role),
            at,
        })
        .collect();
    let unread = notifications::count_unread(db, &readers)?;
    let shown = viewers.iter().zip(own).zip(unread);
    let trips = |viewer: &Viewer, mut own: Vec<Trip>| {
        match viewer.role {
            Role::Rider => {}
            Role::Driver => own.extend(requested.iter().cloned()),
            Role::Operator => own.extend(watched.0.iter().cloned()),
        }
        own.sort_unstable_by_key(|trip| std::cmp::Reverse(trip.number));
        own
    };
    let mut duty = on_duty(db, viewers)?;
    Ok(shown
        .map(|((viewer, own), unread)| {
            let (shift, offer) = duty.remove(&viewer.user).unwrap_or_default();
            Snapshot {
                reason: Reason::NoPosition,
                trips: trips(viewer, own),
                unread,
                shift,
                offer,
                staff: (viewer.role == Role::Operator).then(|| watched.1.clone()),
            }
        })
        .collect())
}

/// What operators watch over: the trips of everybody that are not over, and the rest.
fn watched(db: &mut Db) -> QueryResult<(Vec<Trip>, Staff)> {
    let one_more = i64::try_from(STAFF_MAX).unwrap_or(i64::MAX - 1) + 1;
    let mut trips = views::under_way(db, one_more)?;
    let mut shifts = shifts::newest_open(db, one_more)?;
    let mut offers = offers::newest_open_with_trips(db, one_more)?;
    let more = More {
        trips: cut(&mut trips),
        shifts: cut(&mut shifts),
        offers: cut(&mut offers),
    };
    let staff = Staff {
        shifts,
        offers,
        more,
    };
    Ok((trips, staff))
}

/// Cuts to what is shown; whether there was more.
fn cut<T>(all: &mut Vec<T>) -> bool {
    let is_more = all.len() > STAFF_MAX;
    all.truncate(STAFF_MAX);
    is_more
}

/// A driver's open shift and open offer.
type OnDuty = (Option<Shift>, Option<OfferChange>);

/// Those of the drivers among the viewers.
fn on_duty(db: &mut Db, viewers: &[Viewer]) -> QueryResult<HashMap<UserId, OnDuty>> {
    let drivers = viewers
        .iter()
        .filter(|viewer| viewer.role == Role::Driver)
        .map(|viewer| DriverId::of(viewer.user));
    let drivers: Vec<DriverId> = drivers.collect();
    let mut duty = HashMap::<_, OnDuty>::new();
    if !drivers.is_empty() {
        for shift in shifts::open_of(db, &drivers)? {
            let driver = shift.driver.user();
            duty.entry(driver).or_default().0 = Some(shift);
        }
        for offered in offers::open_with_trips(db, &drivers)? {
            let driver = offered.offer.driver.user();
            duty.entry(driver).or_default().1 = Some(offered);
        }
    }
    Ok(duty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_must_be_known_reached_kept_and_near() {
        let (now, epoch) = (Timestamp::UNIX_EPOCH, Uuid::from_u128(1));
        let place = |epoch, sequence| {
            let stream = Stream::User(UserId::new(1));
            Some(Place {
                stream,
                epoch,
                sequence,
            })
        };
        let head = |sequence, next_at| Head {
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
