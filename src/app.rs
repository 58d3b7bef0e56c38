//! What every request and every socket may use.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix::Addr;
use actix_web::HttpRequest;

use crate::accounts::{Accounts, Caller};
use crate::credentials::{self, Purpose, Surroundings};
use crate::dispatch::Dispatch;
use crate::problem::Problem;
use crate::registry::TripRegistry;
use crate::store::Store;

/// The parts of the running service, wired in `server`; cheap to clone.
#[derive(Clone)]
pub struct App {
    /// Who may log in.
    pub accounts: Accounts,
    /// What can be done.
    pub dispatch: Dispatch,
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
    pub async fn caller(&self, request: &HttpRequest, purpose: Purpose) -> Result<Caller, Problem> {
        credentials::caller(request, &self.accounts, &self.surroundings, purpose).await
    }

    /// From where.
    pub fn client_address(&self, request: &HttpRequest) -> IpAddr {
        self.surroundings.client_address(request)
    }

    /// Whether the service has begun to stop.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}
