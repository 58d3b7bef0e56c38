//! The verbs: what riders, drivers and operators do to trips, and who may see them.
//!
//! The policy is `broadcast`: every driver hears every request, and the first accept wins.

use jiff::SignedDuration;

use crate::domain::{
    Action, DriverId, Ending, OperatorId, Party, Place, Reason, Refusal, Request, RiderId, Trip,
    TripId,
};
use crate::inputs;
use crate::store::Store;
use crate::store::keys::Key;
use crate::store::pool::Unavailable;
use crate::store::trips::{self, Viewer};
use crate::store::writer::CommandError;
use crate::store::writer::command::{Answer, Command, Refused, Stated, Task};

/// How many overdue searches are given up at once.
const SWEEP_MAX: i64 = 256;

/// What an operator may set.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// How many active trips a rider may have.
    pub rider_trips: u32,
    /// How long a driver is looked for.
    pub search_time: SignedDuration,
}

/// The verbs; cheap to clone.
#[derive(Clone)]
pub struct Dispatch {
    store: Store,
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
        Self { store, rules }
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
        answer.map_err(|error| match error {
            CommandError::Refused(Refused::Trip(Refusal::NotYourTrip, _)) => {
                Refused::Unknown.into()
            }
            CommandError::Refused(_) | CommandError::Unavailable(_) => error,
        })
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
            .read(move |db| trips::list(db, viewer))
            .await
    }

    /// The viewer's own trips that are not over.
    pub async fn active(&self, viewer: Viewer) -> Result<Vec<Trip>, Unavailable> {
        self.store
            .reader
            .read(move |db| trips::active_of(db, viewer))
            .await
    }

    /// The trip, if the viewer may see it.
    pub async fn find(&self, viewer: Viewer, id: TripId) -> Result<Option<Trip>, Unavailable> {
        let found = self
            .store
            .reader
            .read(move |db| trips::find(db, id))
            .await?;
        Ok(found.filter(|trip| viewer.sees(trip)))
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
