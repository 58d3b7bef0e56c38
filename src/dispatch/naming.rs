//! Which trip a caller means.
//!
//! Whoever has a trip's key was told of it. A number can be guessed: it names a trip to those who see it or saw it, and nothing to others.

use super::{Dispatch, DriverVerb};
use crate::domain::{DriverId, Role, Trip, TripId, TripRef, Viewer};
use crate::store::db::Db;
use crate::store::pool::Unavailable;
use crate::store::{QueryResult, offers, trips};

impl Dispatch {
    /// The key of the trip that the caller means; it may be that of no trip.
    pub async fn key_of(
        &self,
        viewer: Viewer,
        trip: TripRef,
    ) -> Result<Option<TripId>, Unavailable> {
        self.key(viewer, trip, |_| false).await
    }

    /// The same for a driver who does this with it. Who takes a trip that was offered to all is told that another driver was first.
    pub async fn key_for(
        &self,
        driver: DriverId,
        verb: &DriverVerb,
        trip: TripRef,
    ) -> Result<Option<TripId>, Unavailable> {
        let viewer = Viewer::driver(driver);
        match verb {
            DriverVerb::Accept => self.key(viewer, trip, was_for_all).await,
            DriverVerb::Arrive
            | DriverVerb::Start(_)
            | DriverVerb::Complete
            | DriverVerb::GiveBack(_)
            | DriverVerb::NoShow => self.key_of(viewer, trip).await,
        }
    }

    async fn key(
        &self,
        viewer: Viewer,
        trip: TripRef,
        is_known_to_all: fn(&Trip) -> bool,
    ) -> Result<Option<TripId>, Unavailable> {
        let number = match trip {
            TripRef::Key(id) => return Ok(Some(id)),
            TripRef::Number(number) => number,
        };
        let find = move |db: &mut Db| {
            let Some(trip) = trips::numbered(db, number)? else {
                return Ok(None);
            };
            let is_known = is_known_to_all(&trip) || knows(db, viewer, &trip)?;
            Ok(is_known.then_some(trip.id))
        };
        self.store.reader.read(find).await
    }
}

/// Whether the viewer sees a trip or saw it: a rider what they have put away, a driver what was offered to them or taken from them.
fn knows(db: &mut Db, viewer: Viewer, trip: &Trip) -> QueryResult<bool> {
    if viewer.sees(trip) {
        return Ok(true);
    }
    match viewer.role {
        Role::Rider => Ok(trip.rider.id.user() == viewer.user),
        Role::Driver => {
            let driver = DriverId::of(viewer.user);
            let had_it = trip.given_back_by.contains(&driver);
            Ok(had_it || offers::last(db, trip, driver)?.is_some())
        }
        Role::Operator => Ok(true),
    }
}

/// Whether a trip that a driver has was for every driver to take.
fn was_for_all(trip: &Trip) -> bool {
    !trip.is_offered() && trip.taken_by().is_some()
}
