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
mod projections;
mod repositioning;
mod requests;
mod shadow;
mod shifts;
mod sweeps;
mod tracks;
mod trips;

pub use dispatching::{policy, reposition, rides};

pub use self::error::DispatchError;
pub use self::order::{OrderRequest, QuoteRequest, Quoted};
pub use self::projections::Projections;
pub use self::shifts::{Activity, ReportOutcome, ShiftStatus};

use std::sync::Arc;

use jiff::SignedDuration;
use tokio::sync::Mutex;

use self::eta_accuracy::EtaAccuracy;
use crate::auth::throttle::Throttle;
use crate::domain::core::RiderLimits;
use crate::domain::{Trip, Viewer};
use crate::eta::Provider;
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
    eta: Arc<dyn Provider>,
    projections: Projections,
    planning: Arc<Mutex<()>>,
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
            projections: Projections::new(town.clone()),
            town,
            throttle,
            eta,
            planning: Arc::default(),
        }
    }

    /// What is remembered of the committed events, for the one task that applies them.
    pub const fn projections(&self) -> &Projections {
        &self.projections
    }

    /// Where the free drivers are.
    pub const fn supply(&self) -> &Supply {
        &self.projections.supply
    }

    /// How long riders were told that their drivers would take, and how long the drivers took.
    pub const fn eta_accuracy(&self) -> &EtaAccuracy {
        &self.projections.eta_accuracy
    }

    /// What the operator has decided.
    pub fn town(&self) -> &Town {
        &self.town
    }
}
