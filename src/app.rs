//! What every request and every socket may use.

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
    /// Who may log in.
    pub accounts: Accounts,
    /// What can be done.
    pub dispatch: Dispatch,
    /// What people are told.
    pub notices: Notices,
    /// How clients go on where they stopped.
    pub resume: Resume,
    /// Who is connected.
    pub registry: Addr<TripRegistry>,
    /// What is durable.
    pub store: Store,
    /// Where the service is seen from.
    pub surroundings: Arc<Surroundings>,
    /// Whether rates are limited.
    pub limits: bool,
    /// Set once the service has begun to stop.
    pub stopping: Arc<AtomicBool>,
}

impl App {
    /// Who is calling.
    pub async fn caller(
        &self,
        request: &HttpRequest,
        purpose: RequestPurpose,
    ) -> Result<Caller, Problem> {
        credentials::caller(request, &self.accounts, &self.surroundings, purpose).await
    }

    /// From where.
    pub fn client_address(&self, request: &HttpRequest) -> IpAddr {
        self.surroundings.client_address(request)
    }

    /// A driver's device says where it was; gives what became of the positions.
    pub fn report(
        &self,
        driver: DriverId,
        report: &PositionReport,
    ) -> Result<ReportOutcome, Problem> {
        let (told, sighting) = self.dispatch.report(driver, report)?;
        if let Some(sighting) = sighting {
            // The next position comes soon: where too much waits this one is lost.
            let _ = self.registry.try_send(AnnouncePosition(sighting));
        }
        Ok(told)
    }

    /// Whether the service has begun to stop.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}
