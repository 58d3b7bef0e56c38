//! The verbs: what riders, drivers and operators do to trips, and who may see them; and who gets a trip.
//!
//! Under `broadcast` every driver hears every request, and the first accept wins. Under `nearest` and `batch` [`policy`](crate::dispatch::policy) proposes
//! drivers for the searches that are due, and offers go out.

mod driving;
mod duties;
mod eta_accuracy;
pub mod explain;
mod metering;
mod naming;
pub mod objects;
pub mod order;
pub mod presence;
mod repositioning;
mod requests;
mod shadow;
mod shifts;
mod sweeps;
mod tracks;
mod watch;

pub use dispatching::{policy, reposition, rides};

pub use self::driving::DriverVerb;
pub use self::order::{OrderError, OrderRequest, QuoteRequest, Quoted};
pub use self::shifts::{Activity, ReportOutcome, ShiftStatus};
pub use self::watch::Watch;

use std::sync::Arc;

use jiff::SignedDuration;
use tokio::sync::watch::Sender;
use tokio::sync::{Mutex, Notify};

use self::eta_accuracy::EtaAccuracy;
use self::explain::Explanation;
use self::presence::Presence;
use self::repositioning::Repositioning;
use self::rides::Rides;
use self::shadow::Shadow;
use self::tracks::Tracks;
use crate::domain::core::{
    Command, IdempotencyKey, Refusal, RiderLimits, Stated, Submission, TripOutcome,
};
use crate::domain::{
    Action, Amendment, Amount, Event, Filter, MessageText, NoRoom, OperatorId, Person, Reason,
    RideEnding, RiderId, Trip, TripId, TripRef, TripRefusal, Viewer,
};
use crate::eta::Provider;
use crate::inputs;
use crate::store::Store;
use crate::store::gather::Gather;
use crate::store::pool::Unavailable;
use crate::store::views;
use crate::store::writer::CommandError;
use crate::store::{events, trips};
use crate::supply::Supply;
use crate::town::Town;

/// How many messages a room shows at once.
pub const MESSAGES_MAX: i64 = 100;

/// What an operator may set for the whole service.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// How many trips a rider may have.
    pub rider_limits: RiderLimits,
    /// How long a driver is looked for where the town says nothing else, in seconds.
    pub search_s: u32,
    /// How long after its end a trip's room stays open.
    pub chat_after: SignedDuration,
}

/// The verbs; cheap to clone.
#[derive(Clone)]
pub struct Dispatch {
    store: Store,
    /// Reads active trips for many who connect at once.
    active: Gather<Viewer, Vec<Trip>>,
    settings: Settings,
    town: Arc<Town>,
    supply: Supply,
    eta: Arc<dyn Provider>,
    tracks: Tracks,
    rides: Rides,
    promises: EtaAccuracy,
    presence: Presence,
    repositioning: Repositioning,
    shadow: Shadow,
    wake: Arc<Notify>,
    planning: Arc<Mutex<()>>,
    /// The last event that [`Watch`] has taken note of; nothing before it knows who is on shift.
    noted: Arc<Sender<Option<i64>>>,
}

impl Dispatch {
    /// Verbs over this store, for this town; `eta` knows how long drivers take to a pick-up.
    pub fn new(store: Store, settings: Settings, town: Town, eta: Arc<dyn Provider>) -> Self {
        let active = Gather::new(&store.reader, views::active_of);
        let town = Arc::new(town);
        Self {
            store,
            active,
            settings,
            shadow: Shadow::new(town.clone()),
            town,
            supply: Supply::default(),
            eta,
            tracks: Tracks::default(),
            rides: Rides::default(),
            promises: EtaAccuracy::default(),
            presence: Presence::begin(inputs::now()),
            repositioning: Repositioning::default(),
            wake: Arc::default(),
            planning: Arc::default(),
            noted: Arc::default(),
        }
    }

    /// What follows the committed events for it.
    pub fn watch(&self) -> Watch {
        Watch {
            supply: self.supply.clone(),
            tracks: self.tracks.clone(),
            rides: self.rides.clone(),
            promises: self.promises.clone(),
            presence: self.presence.clone(),
            repositioning: self.repositioning.clone(),
            shadow: self.shadow.clone(),
            wake: self.wake.clone(),
            driving: Arc::default(),
            noted: self.noted.clone(),
        }
    }

    /// Where the free drivers are.
    pub const fn supply(&self) -> &Supply {
        &self.supply
    }

    /// What riders were promised, and what came of it.
    pub const fn promises(&self) -> &EtaAccuracy {
        &self.promises
    }

    /// What the operator has decided.
    pub fn town(&self) -> &Town {
        &self.town
    }

    /// A rider calls a trip off. Another rider's trip is unknown to them.
    pub async fn cancel(
        &self,
        rider: RiderId,
        trip: TripId,
        reason: Option<Reason>,
        key: Option<IdempotencyKey>,
    ) -> Result<TripOutcome, CommandError> {
        let answer = self
            .act(trip, Action::Cancel(rider, reason), Stated::default(), key)
            .await;
        answer.map_err(unknown_to_strangers)
    }

    /// A rider changes where their trip begins or ends; `stated` must be the trip's.
    pub async fn amend(
        &self,
        rider: RiderId,
        trip: &Trip,
        amendment: Amendment,
        stated: Stated,
        key: Option<IdempotencyKey>,
    ) -> Result<TripOutcome, OrderError> {
        if let Some(change) = &amendment.pick_up {
            self.check_move(trip, &change.of(&trip.pick_up))?;
        }
        let action = Action::Amend(rider, amendment);
        let done = self.act(trip.id, action, stated, key).await;
        Ok(done.map_err(unknown_to_strangers)?)
    }

    /// A rider withdraws a trip that nobody has taken, or puts away one that is over.
    pub async fn delete(
        &self,
        rider: RiderId,
        trip: TripId,
        key: Option<IdempotencyKey>,
    ) -> Result<TripOutcome, CommandError> {
        let action = Action::Delete(rider);
        self.act(trip, action, Stated::default(), key)
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
        let command = Command::SendMessage {
            trip,
            sender,
            text,
            open_for: self.settings.chat_after,
        };
        let submission = Submission::new(command, inputs::now());
        self.store.writer.record(submission).await
    }

    /// The last messages of a trip's room after the one of number `after`, oldest first, for one of its parties.
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

    /// An operator calls a trip off.
    pub async fn cancel_by_operator(
        &self,
        operator: OperatorId,
        trip: TripId,
        reason: Reason,
        key: Option<IdempotencyKey>,
    ) -> Result<TripOutcome, CommandError> {
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
        ending: RideEnding,
        reason: Reason,
        key: Option<IdempotencyKey>,
    ) -> Result<TripOutcome, CommandError> {
        let end = |way| Action::End(operator, ending, reason.clone(), way);
        self.end_ride(None, trip, end, Stated::default(), key).await
    }

    /// An operator decides what a trip costs, after its end.
    pub async fn set_fare(
        &self,
        operator: OperatorId,
        trip: TripId,
        amount: Amount,
        reason: Reason,
        key: Option<IdempotencyKey>,
    ) -> Result<TripOutcome, CommandError> {
        let action = Action::SetFare(operator, amount, reason);
        self.act(trip, action, Stated::default(), key).await
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
    pub async fn find(&self, viewer: Viewer, trip: TripRef) -> Result<Option<Trip>, Unavailable> {
        Ok(self.meant(trip).await?.filter(|trip| viewer.sees(trip)))
    }

    /// How a trip's driver was looked for.
    pub async fn explanation(&self, id: TripId) -> Result<Option<Explanation>, Unavailable> {
        let read = move |db: &mut _| Explanation::read(db, id);
        self.store.reader.read(read).await
    }

    /// The trip, whoever may see it.
    pub async fn meant(&self, trip: TripRef) -> Result<Option<Trip>, Unavailable> {
        let read = self.store.reader.read(move |db| match trip {
            TripRef::Key(id) => trips::find(db, id),
            TripRef::Number(number) => trips::numbered(db, number),
        });
        read.await
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
        key: Option<IdempotencyKey>,
    ) -> Result<TripOutcome, CommandError> {
        let command = Command::Act {
            trip,
            action,
            stated,
        };
        let at = inputs::now();
        let submission = Submission { command, key, at };
        self.store.writer.act(submission).await
    }
}

/// Another rider's trip is unknown to a rider.
fn unknown_to_strangers(error: CommandError) -> CommandError {
    match error {
        CommandError::Refused(Refusal::Trip(TripRefusal::NotYourTrip, _)) => {
            Refusal::UnknownTrip.into()
        }
        CommandError::Refused(_) | CommandError::Unavailable(_) => error,
    }
}
