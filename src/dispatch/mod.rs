//! Carries out what riders, drivers and operators do, adds what the core cannot know (times, ids, positions, metered
//! distances), and searches for drivers.
//!
//! Under `broadcast` every driver sees every request, and the first accept wins. Under `nearest` and `batch`,
//! [`policy`](crate::dispatch::policy) proposes drivers for the searches that are due, and they get offers.

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

/// The settings of an operator for the whole service.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// The most trips that a rider may have.
    pub rider_limits: RiderLimits,
    /// How long a search lasts if the town does not say, in seconds.
    pub search_s: u32,
    /// How long after its end a trip's room stays open.
    pub chat_after: SignedDuration,
}

/// Carries out commands and answers questions about trips; cheap to clone.
#[derive(Clone)]
pub struct Dispatch {
    store: Store,
    /// Reads active trips once for many clients that connect at the same time.
    active: Gather<Viewer, Vec<Trip>>,
    settings: Settings,
    town: Arc<Town>,
    throttle: Arc<Throttle>,
    eta: Arc<dyn Provider>,
    projections: Projections,
    /// Held while a search round is planned.
    planning: Arc<Mutex<()>>,
}

impl Dispatch {
    /// Dispatch over this store, for this town. `eta` estimates how long drivers take to a pick-up; `throttle` limits
    /// how often accounts may try ride codes and send messages.
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

    /// The projections of the committed events, for the one task that applies events to them.
    pub const fn projections(&self) -> &Projections {
        &self.projections
    }

    /// Where the free drivers are.
    pub const fn supply(&self) -> &Supply {
        &self.projections.supply
    }

    /// How accurate the promised times to pick-ups were.
    pub const fn eta_accuracy(&self) -> &EtaAccuracy {
        &self.projections.eta_accuracy
    }

    /// The operator's areas, fares, policies and rules.
    pub fn town(&self) -> &Town {
        &self.town
    }
}
