//! What riders, drivers and operators do and see, as far as the core cannot know it: times, ids, positions, metered
//! ways; and who is asked to take a trip.
//!
//! Under `broadcast` every driver hears every request, and the first accept wins. Under `nearest` and `batch` [`policy`](crate::dispatch::policy) proposes
//! drivers for the searches that are due, and offers go out.

mod commands;
mod duties;
mod error;
mod eta_accuracy;
pub mod explain;
mod metering;
pub mod objects;
pub mod order;
pub mod presence;
mod repositioning;
mod requests;
mod shadow;
mod shifts;
mod sweeps;
mod tracks;
mod trips;
mod watch;

pub use dispatching::{policy, reposition, rides};

pub use self::error::DispatchError;
pub use self::order::{OrderRequest, QuoteRequest, Quoted};
pub use self::shifts::{Activity, ReportOutcome, ShiftStatus};
pub use self::watch::Watch;

use std::sync::Arc;

use jiff::SignedDuration;
use tokio::sync::watch::Sender;
use tokio::sync::{Mutex, Notify};

use self::eta_accuracy::EtaAccuracy;
use self::presence::Presence;
use self::repositioning::Repositioning;
use self::rides::Rides;
use self::shadow::Shadow;
use self::tracks::Tracks;
use crate::auth::throttle::Throttle;
use crate::domain::core::RiderLimits;
use crate::domain::{Trip, Viewer};
use crate::eta::Provider;
use crate::inputs;
use crate::store::Store;
use crate::store::gather::Gather;
use crate::store::views;
use crate::supply::Supply;
use crate::town::Town;

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

/// What can be done and seen; cheap to clone.
#[derive(Clone)]
pub struct Dispatch {
    store: Store,
    /// Reads active trips for many who connect at once.
    active: Gather<Viewer, Vec<Trip>>,
    settings: Settings,
    town: Arc<Town>,
    throttle: Arc<Throttle>,
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
    /// Dispatch over this store, for this town. `eta` knows how long drivers take to a pick-up, `throttle` how often
    /// accounts may try ride codes and send messages.
    pub fn new(
        store: Store,
        settings: Settings,
        town: Town,
        eta: Arc<dyn Provider>,
        throttle: Arc<Throttle>,
    ) -> Self {
        let active = Gather::new(&store.reader, views::active_of);
        let town = Arc::new(town);
        Self {
            store,
            active,
            settings,
            shadow: Shadow::new(town.clone()),
            town,
            throttle,
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
}
