//! The running service as its requests and sockets see it.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix::Addr;
use actix_web::HttpRequest;

use crate::accounts::{Accounts, Caller};
use crate::credentials::{self, RequestPurpose, Surroundings};
use crate::dispatch::{Dispatch, ReportOutcome};
use crate::domain::{DriverId, PositionReport};
use crate::notices::Notices;
use crate::problem::Problem;
use crate::registry::TripRegistry;
use crate::registry::actor::AnnouncePosition;
use crate::resume::Resume;
use crate::store::Store;

/// The parts of the running service, wired in `server`; cheap to clone.
#[derive(Clone)]
pub struct App {
    /// Signs people up, logs them in and checks their tokens.
    pub accounts: Accounts,
    /// Carries out commands and answers questions about trips.
    pub dispatch: Dispatch,
    /// Sends, lists and marks notifications.
    pub notices: Notices,
    /// Opens event streams, from a cursor or with a snapshot.
    pub resume: Resume,
    /// Knows the open sockets and hands events to them.
    pub registry: Addr<TripRegistry>,
    /// Reads and writes the database.
    pub store: Store,
    /// The public URL and the trusted proxies.
    pub surroundings: Arc<Surroundings>,
    /// Whether the frames of a socket are limited in rate.
    pub limits: bool,
    /// Set once the service has begun to stop; `/healthz` then reports it as unavailable.
    pub stopping: Arc<AtomicBool>,
}

impl App {
    /// The caller of a request, or why the request is refused.
    pub async fn caller(
        &self,
        request: &HttpRequest,
        purpose: RequestPurpose,
    ) -> Result<Caller, Problem> {
        credentials::caller(request, &self.accounts, &self.surroundings, purpose).await
    }

    /// The address of the client, behind trusted proxies too.
    pub fn client_address(&self, request: &HttpRequest) -> IpAddr {
        self.surroundings.client_address(request)
    }

    /// Records the positions that a driver's device reports, and announces the latest one to those who watch the trip.
    pub fn report(
        &self,
        driver: DriverId,
        report: &PositionReport,
    ) -> Result<ReportOutcome, Problem> {
        let (outcome, vehicle_position) = self.dispatch.report(driver, report)?;
        if let Some(vehicle_position) = vehicle_position {
            // If the mailbox is full, this position is lost; the next one comes soon.
            let _ = self.registry.try_send(AnnouncePosition(vehicle_position));
        }
        Ok(outcome)
    }

    /// Whether the service has begun to stop.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}
