//! Snapshots: what an account must know instead of the events that it missed. Many are read with a handful of queries.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use super::opening::Reason;
use crate::domain::event_object::{OfferObject, ShiftObject};
use crate::domain::{DriverId, OfferChange, Role, Shift, Stream, Trip, TripObject, UserId, Viewer};
use crate::store::db::Db;
use crate::store::notifications::{self, NotificationReader};
use crate::store::views;
use crate::store::{QueryResult, offers, shifts};

/// The most trips, shifts and offers that a snapshot for operators has, of each.
pub const STAFF_MAX: usize = 1_000;

/// What an account must know now, as of the cursors of its [`Resumption`](super::Resumption).
#[derive(Debug, Clone)]
pub struct Snapshot {
    pub reason: Reason,
    /// The account's own trips that are not over, and for drivers also the trips that every driver may accept. Newest
    /// first.
    pub trips: Vec<Trip>,
    /// How many notifications are unread.
    pub unread: i64,
    pub shift: Option<Shift>,
    pub offer: Option<OfferChange>,
    /// For operators. Read once for all of them.
    pub staff: Option<Arc<Staff>>,
}

/// What operators must know of all trips and drivers.
#[derive(Debug, Clone, Default)]
pub struct Staff {
    /// The trips that are not over, newest first.
    pub trips: Vec<Trip>,
    /// The open shifts, newest first.
    pub shifts: Vec<Shift>,
    /// The open offers, newest first.
    pub offers: Vec<OfferChange>,
    pub more: More,
}

/// Whether there are more than [`STAFF_MAX`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct More {
    pub trips: bool,
    pub shifts: bool,
    pub offers: bool,
}

#[derive(Serialize)]
pub(super) struct SnapshotObject<'a> {
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

impl Snapshot {
    /// All trips that the snapshot shows.
    pub fn trips(&self) -> impl Iterator<Item = &Trip> {
        let watched = self.staff.iter().flat_map(|staff| &staff.trips);
        self.trips.iter().chain(watched)
    }
}

impl<'a> From<&'a Snapshot> for SnapshotObject<'a> {
    fn from(snapshot: &'a Snapshot) -> Self {
        Self {
            trips: snapshot.trips().map(TripObject::from).collect(),
            unread: snapshot.unread,
            shift: snapshot.shift.as_ref().map(ShiftObject::from),
            offer: snapshot.offer.as_ref().map(OfferObject::from),
            staff: snapshot.staff.as_deref().map(StaffObject::from),
        }
    }
}

/// A snapshot for each of these accounts; the caller fills in the reason.
pub(super) fn show(db: &mut Db, viewers: &[Viewer], at: Timestamp) -> QueryResult<Vec<Snapshot>> {
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
        Arc::new(watched(db)?)
    } else {
        Arc::default()
    };
    let readers: Vec<NotificationReader> = viewers
        .iter()
        .map(|viewer| NotificationReader {
            user: viewer.user,
            streams: Stream::of(viewer.user, viewer.role),
            at,
        })
        .collect();
    let unread = notifications::count_unread(db, &readers)?;
    let shown = viewers.iter().zip(own).zip(unread);
    let trips = |viewer: &Viewer, mut own: Vec<Trip>| {
        match viewer.role {
            Role::Rider | Role::Operator => {}
            Role::Driver => own.extend(requested.iter().cloned()),
        }
        own.sort_unstable_by_key(|trip| std::cmp::Reverse(trip.number));
        own
    };
    let mut online = online(db, viewers)?;
    Ok(shown
        .map(|((viewer, own), unread)| {
            let (shift, offer) = online.remove(&viewer.user).unwrap_or_default();
            Snapshot {
                reason: Reason::NoPosition,
                trips: trips(viewer, own),
                unread,
                shift,
                offer,
                staff: (viewer.role == Role::Operator).then(|| watched.clone()),
            }
        })
        .collect())
}

fn watched(db: &mut Db) -> QueryResult<Staff> {
    let one_more = i64::try_from(STAFF_MAX).unwrap_or(i64::MAX - 1) + 1;
    let mut trips = views::under_way(db, one_more)?;
    let mut shifts = shifts::newest_open(db, one_more)?;
    let mut offers = offers::newest_open_with_trips(db, one_more)?;
    let more = More {
        trips: cut(&mut trips),
        shifts: cut(&mut shifts),
        offers: cut(&mut offers),
    };
    Ok(Staff {
        trips,
        shifts,
        offers,
        more,
    })
}

/// Cuts a list to what is shown, and tells whether there was more.
fn cut<T>(all: &mut Vec<T>) -> bool {
    let is_more = all.len() > STAFF_MAX;
    all.truncate(STAFF_MAX);
    is_more
}

/// A driver's open shift and open offer.
type Online = (Option<Shift>, Option<OfferChange>);

/// The open shifts and offers of the drivers among the viewers.
fn online(db: &mut Db, viewers: &[Viewer]) -> QueryResult<HashMap<UserId, Online>> {
    let drivers = viewers
        .iter()
        .filter(|viewer| viewer.role == Role::Driver)
        .map(|viewer| DriverId::of(viewer.user));
    let drivers: Vec<DriverId> = drivers.collect();
    let mut online = HashMap::<_, Online>::new();
    if !drivers.is_empty() {
        for shift in shifts::open_of(db, &drivers)? {
            let driver = shift.driver.user();
            online.entry(driver).or_default().0 = Some(shift);
        }
        for offered in offers::open_with_trips(db, &drivers)? {
            let driver = offered.offer.driver.user();
            online.entry(driver).or_default().1 = Some(offered);
        }
    }
    Ok(online)
}
