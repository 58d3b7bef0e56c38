//! Reads trips and their rooms for those who may see them.

use super::Dispatch;
use super::explain::Explanation;
use crate::domain::core::Refusal;
use crate::domain::{DriverId, Event, Filter, NoRoom, Person, Role, Trip, TripId, TripRef, Viewer};
use crate::inputs;
use crate::store::db::Db;
use crate::store::pool::Unavailable;
use crate::store::writer::CommandError;
use crate::store::{events, offers, trips, views};

/// The most messages that a room shows at once.
pub const MESSAGES_MAX: i64 = 100;

impl Dispatch {
    /// The trips that the viewer may see, newest first.
    pub async fn list(&self, viewer: Viewer) -> Result<Vec<Trip>, Unavailable> {
        self.store
            .reader
            .read(move |db| views::list(db, viewer))
            .await
    }

    /// The viewer's own trips that are not over.
    pub async fn active(&self, viewer: Viewer) -> Result<Vec<Trip>, Unavailable> {
        self.active.get(viewer).await
    }

    /// A page of the trips that the viewer may see and the filter selects, newest first, and their number in all.
    pub async fn page(
        &self,
        viewer: Viewer,
        filter: Filter,
        limit: i64,
        offset: i64,
    ) -> Result<(Vec<Trip>, i64), Unavailable> {
        self.store
            .reader
            .read(move |db| {
                let page = views::page(db, viewer, filter, limit, offset)?;
                Ok((page, views::count(db, viewer, filter)?))
            })
            .await
    }

    /// The trip, if the viewer may see it.
    pub async fn find(&self, viewer: Viewer, trip: TripRef) -> Result<Option<Trip>, Unavailable> {
        let found = self.find_any(trip).await?;
        Ok(found.filter(|trip| viewer.sees(trip)))
    }

    /// The trip, if the viewer may refer to it. A key is enough. A number, which can be guessed, counts only for those
    /// who know the trip.
    pub async fn find_known(
        &self,
        viewer: Viewer,
        trip: TripRef,
    ) -> Result<Option<Trip>, Unavailable> {
        let find = move |db: &mut Db| {
            let Some(found) = trips::find(db, trip)? else {
                return Ok(None);
            };
            let is_known = match (trip, viewer.role) {
                (TripRef::Key(_), _) => true,
                (TripRef::Number(_), Role::Driver) => {
                    let offer = offers::last(db, &found, DriverId::of(viewer.user))?;
                    viewer.knows(&found, offer.is_some())
                }
                (TripRef::Number(_), Role::Rider | Role::Operator) => viewer.knows(&found, false),
            };
            Ok(is_known.then_some(found))
        };
        self.store.reader.read(find).await
    }

    /// The trip, without a check of who may see it.
    pub(super) async fn find_any(&self, trip: TripRef) -> Result<Option<Trip>, Unavailable> {
        self.store
            .reader
            .read(move |db| trips::find(db, trip))
            .await
    }

    /// Explains the search for a trip's driver.
    pub async fn explanation(&self, id: TripId) -> Result<Option<Explanation>, Unavailable> {
        let read = move |db: &mut _| Explanation::read(db, id);
        self.store.reader.read(read).await
    }

    /// The last messages of a trip's room after the event `after`, oldest first, for one of its parties.
    pub async fn room(
        &self,
        person: &Person,
        trip: TripId,
        after: i64,
    ) -> Result<Vec<Event>, CommandError> {
        let (user, open_for, at) = (person.id, self.settings.chat_after, inputs::now());
        let read = self.store.reader.read(move |db| {
            let Some(trip) = trips::find(db, trip)? else {
                return Ok(Err(NoRoom::Stranger));
            };
            Ok(match trip.room(user, at, open_for) {
                Ok(_) => {
                    let (number, limit) = (trip.number, MESSAGES_MAX);
                    Ok(events::messages(db, number, user, after, limit)?)
                }
                Err(closed) => Err(closed),
            })
        });
        Ok(read.await?.map_err(Refusal::from)?)
    }
}
