//! The verbs: what riders, drivers and operators do to trips, and who may see them.
//!
//! The policy is `broadcast`: every driver hears every request, and the first accept wins.

use std::sync::Arc;

use jiff::SignedDuration;

use crate::domain::{
    Action, Amendment, DriverId, Ending, Event, MessageText, NoRoom, OperatorId, Party, Person,
    Place, Reason, Refusal, Request, RiderId, Trip, TripId,
};
use crate::inputs;
use crate::store::Store;
use crate::store::gather::Gather;
use crate::store::keys::Key;
use crate::store::pool::Unavailable;
use crate::store::views::{self, Filter, Viewer};
use crate::store::writer::CommandError;
use crate::store::writer::command::{Answer, Command, Note, Post, Refused, Stated, Task};
use crate::store::{events, trips};

/// How many overdue searches are given up at once.
const SWEEP_MAX: i64 = 256;

/// How many messages a room shows at once.
pub const MESSAGES_MAX: i64 = 100;

/// What an operator may set.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// How many active trips a rider may have.
    pub rider_trips: u32,
    /// How long a driver is looked for.
    pub search_time: SignedDuration,
    /// How long after its end a trip's room stays open.
    pub chat_after: SignedDuration,
}

/// The verbs; cheap to clone.
#[derive(Clone)]
pub struct Dispatch {
    store: Store,
    /// Reads active trips for many who connect at once.
    active: Gather<Viewer, Vec<Trip>>,
    rules: Rules,
}

/// What a driver does to a trip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DriverVerb {
    /// Takes it.
    Accept,
    /// Is at the pick-up.
    Arrive,
    /// Starts the ride.
    Start,
    /// Ends the ride.
    Complete,
}

impl Dispatch {
    /// Verbs over this store.
    pub fn new(store: Store, rules: Rules) -> Self {
        let active = Gather::new(&store.reader, views::active_of);
        Self {
            store,
            active,
            rules,
        }
    }

    /// A rider asks for a trip.
    pub async fn request(
        &self,
        rider: Party<RiderId>,
        pick_up: Place,
        drop_off: Place,
        key: Option<Key>,
    ) -> Result<Answer, CommandError> {
        let at = inputs::now();
        let id = TripId::new(inputs::fresh_id());
        let request = Request {
            id,
            rider,
            pick_up,
            drop_off,
            search_ends_at: at + self.rules.search_time,
        };
        let task = Task::Request {
            request,
            active_max: self.rules.rider_trips,
        };
        self.store.writer.command(Command { task, key, at }).await
    }

    /// A driver moves a trip on.
    pub async fn drive(
        &self,
        driver: Party<DriverId>,
        verb: DriverVerb,
        trip: TripId,
        stated: Stated,
        key: Option<Key>,
    ) -> Result<Answer, CommandError> {
        let action = match verb {
            DriverVerb::Accept => Action::Accept(driver),
            DriverVerb::Arrive => Action::Arrive(driver.id),
            DriverVerb::Start => Action::Start(driver.id),
            DriverVerb::Complete => Action::Complete(driver.id),
        };
        self.act(trip, action, stated, key).await
    }

    /// A rider calls a trip off. Another rider's trip is unknown to them.
    pub async fn cancel(
        &self,
        rider: RiderId,
        trip: TripId,
        reason: Option<Reason>,
        key: Option<Key>,
    ) -> Result<Answer, CommandError> {
        let answer = self
            .act(trip, Action::Cancel(rider, reason), Stated::default(), key)
            .await;
        answer.map_err(unknown_to_strangers)
    }

    /// A rider changes where their trip begins or ends; `stated` must be the trip's.
    pub async fn amend(
        &self,
        rider: RiderId,
        trip: TripId,
        amendment: Amendment,
        stated: Stated,
    ) -> Result<Answer, CommandError> {
        let action = Action::Amend(rider, amendment);
        self.act(trip, action, stated, None)
            .await
            .map_err(unknown_to_strangers)
    }

    /// A rider withdraws a trip that nobody has taken, or puts away one that is over.
    pub async fn delete(&self, rider: RiderId, trip: TripId) -> Result<Answer, CommandError> {
        let action = Action::Delete(rider);
        self.act(trip, action, Stated::default(), None)
            .await
            .map_err(unknown_to_strangers)
    }

    /// A party of a trip says something to the other.
    pub async fn say(
        &self,
        sender: Person,
        trip: TripId,
        text: MessageText,
    ) -> Result<Arc<Event>, CommandError> {
        let after = self.rules.chat_after;
        let what = Note::Message {
            trip,
            sender,
            text,
            after,
        };
        let at = inputs::now();
        self.store.writer.post(Post { what, at }).await
    }

    /// The last messages of a trip's room after the one of number `after`, oldest first, for one of its parties.
    pub async fn room(
        &self,
        person: &Person,
        trip: TripId,
        after: i64,
    ) -> Result<Vec<Event>, CommandError> {
        let (user, open_for) = (person.id, self.rules.chat_after);
        let at = inputs::now();
        let read = self.store.reader.read(move |db| {
            let Some(trip) = trips::find(db, trip)? else {
                return Ok(Err(NoRoom::Stranger));
            };
            Ok(match trip.room(user, at, open_for) {
                Ok(_) => Ok(events::messages(db, trip.number, after, MESSAGES_MAX)?),
                Err(closed) => Err(closed),
            })
        });
        Ok(read.await?.map_err(Refused::from)?)
    }

    /// An operator calls a trip off.
    pub async fn cancel_by_operator(
        &self,
        operator: OperatorId,
        trip: TripId,
        reason: Reason,
        key: Option<Key>,
    ) -> Result<Answer, CommandError> {
        self.act(
            trip,
            Action::CancelByOperator(operator, reason),
            Stated::default(),
            key,
        )
        .await
    }

    /// An operator ends a ride that is under way.
    pub async fn end(
        &self,
        operator: OperatorId,
        trip: TripId,
        ending: Ending,
        reason: Reason,
        key: Option<Key>,
    ) -> Result<Answer, CommandError> {
        self.act(
            trip,
            Action::End(operator, ending, reason),
            Stated::default(),
            key,
        )
        .await
    }

    /// Gives up the searches whose time is over; returns how many there were.
    pub async fn expire_overdue(&self) -> Result<usize, Unavailable> {
        let at = inputs::now();
        let overdue = self
            .store
            .reader
            .read(move |db| trips::overdue(db, at, SWEEP_MAX))
            .await?;
        let expiring = overdue
            .iter()
            .map(|trip| self.act(*trip, Action::Expire, Stated::default(), None));
        for expired in futures_util::future::join_all(expiring).await {
            match expired {
                // A driver or the rider was quicker: all the better.
                Ok(_) | Err(CommandError::Refused(_)) => {}
                Err(CommandError::Unavailable(error)) => return Err(error),
            }
        }
        Ok(overdue.len())
    }

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

    /// The trip, if the viewer may see it.
    pub async fn find(&self, viewer: Viewer, id: TripId) -> Result<Option<Trip>, Unavailable> {
        Ok(self.keyed(id).await?.filter(|trip| viewer.sees(trip)))
    }

    /// The trip of that number, whoever may see it.
    pub async fn numbered(&self, number: i64) -> Result<Option<Trip>, Unavailable> {
        self.store
            .reader
            .read(move |db| trips::numbered(db, number))
            .await
    }

    /// The trip of that key, whoever may see it.
    pub async fn keyed(&self, id: TripId) -> Result<Option<Trip>, Unavailable> {
        self.store.reader.read(move |db| trips::find(db, id)).await
    }

    /// A page of the trips that the viewer may see and wants, newest first, and how many there are in all.
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

    async fn act(
        &self,
        trip: TripId,
        action: Action,
        stated: Stated,
        key: Option<Key>,
    ) -> Result<Answer, CommandError> {
        let task = Task::Act {
            trip,
            action,
            stated,
        };
        self.store
            .writer
            .command(Command {
                task,
                key,
                at: inputs::now(),
            })
            .await
    }
}

/// Another rider's trip is unknown to a rider.
fn unknown_to_strangers(error: CommandError) -> CommandError {
    match error {
        CommandError::Refused(Refused::Trip(Refusal::NotYourTrip, _)) => Refused::Unknown.into(),
        CommandError::Refused(_) | CommandError::Unavailable(_) => error,
    }
}
