//! The caller as a handler's argument: only riders reach a handler that takes a [`RiderCaller`].

use std::net::IpAddr;

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::future::LocalBoxFuture;
use url::form_urlencoded;

use crate::accounts::Caller;
use crate::app::App;
use crate::credentials::RequestPurpose;
use crate::domain::{DriverId, Party, RiderId, Viewer};
use crate::fields::{FieldErrors, unknown};
use crate::inputs;
use crate::problem::{Code, Problem};

type Extracted<T> = LocalBoxFuture<'static, Result<T, Problem>>;

/// A caller who is logged in, in any role.
pub(super) struct Anyone(pub(super) Caller);

impl Anyone {
    /// What the caller may see.
    pub(super) fn viewer(&self) -> Viewer {
        Viewer::of(&self.0.person)
    }
}

/// A caller who is a rider.
pub(super) struct RiderCaller(pub(super) Party<RiderId>);

/// A caller who is a driver.
pub(super) struct DriverCaller(pub(super) Party<DriverId>);

/// The client's address.
pub(super) struct Address(pub(super) IpAddr);

/// Query parameters that every path accepts: the access token, and what frameworks, caches and `EventSource`s add.
const ACCEPTED_ANYWHERE: [&str; 5] = ["token", "format", "_", "last_event_id", "lastEventId"];
/// Further query parameters of GET requests, by path.
const ACCEPTED_BY_PATH: [(&str, &[&str]); 1] = [("/api/events/", &["once"])];

async fn caller(request: HttpRequest) -> Result<Caller, Problem> {
    let caller = app(&request)?
        .caller(&request, RequestPurpose::Http)
        .await?;
    if request.method() == Method::GET {
        check_query(request.path(), request.query_string())?;
    }
    Ok(caller)
}

/// Refuses unknown query parameters: a client that filters by one would take the whole list for the filtered one.
fn check_query(path: &str, query: &str) -> Result<(), FieldErrors> {
    let accepted = ACCEPTED_BY_PATH.iter().find(|(known, _)| *known == path);
    let accepted = accepted.map_or(&[][..], |(_, accepted)| accepted);
    let is_known = |name: &str| ACCEPTED_ANYWHERE.contains(&name) || accepted.contains(&name);
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    match pairs.find(|(name, _)| !is_known(name)) {
        // A name without a value may be a token without its name, so it is not quoted.
        Some((name, value)) => Err(FieldErrors::one(
            unknown::name_of(if value.is_empty() { "" } else { &name }),
            "Nothing here is asked for by this.",
        )),
        None => Ok(()),
    }
}

fn app(request: &HttpRequest) -> Result<&App, Problem> {
    let app = request
        .app_data::<web::Data<App>>()
        .ok_or_else(|| Problem::new(Code::Internal, "Not wired."))?;
    Ok(app.get_ref())
}

impl FromRequest for Anyone {
    type Error = Problem;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = caller(request.clone());
        Box::pin(async { Ok(Self(caller.await?)) })
    }
}

impl FromRequest for RiderCaller {
    type Error = Problem;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = caller(request.clone());
        Box::pin(async {
            caller
                .await?
                .person
                .rider()
                .map(Self)
                .ok_or_else(Problem::not_allowed)
        })
    }
}

impl FromRequest for DriverCaller {
    type Error = Problem;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let caller = caller(request.clone()).await?;
            let driver = caller.person.driver().ok_or_else(Problem::not_allowed)?;
            let presence = app(&request)?.dispatch.presence();
            presence.heard(driver.id, inputs::now());
            Ok(Self(driver))
        })
    }
}

impl FromRequest for Address {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(app(request).map(|app| Self(app.client_address(request))))
    }
}
