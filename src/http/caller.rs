//! Who is calling, proven by the handler's argument: a handler that takes a `Rider` is reached by riders only.

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

/// Anybody who is logged in.
pub(super) struct Anyone(pub(super) Caller);

impl Anyone {
    /// What they may see.
    pub(super) fn viewer(&self) -> Viewer {
        Viewer::of(&self.0.person)
    }
}

/// A rider.
pub(super) struct RiderCaller(pub(super) Party<RiderId>);

/// A driver.
pub(super) struct DriverCaller(pub(super) Party<DriverId>);

/// The client's address.
pub(super) struct Address(pub(super) IpAddr);

/// What any address may ask beside its own: who is calling, and what frameworks, caches and `EventSource`s add.
const PASSED_OVER: [&str; 5] = ["token", "format", "_", "last_event_id", "lastEventId"];
/// What else may be asked where something is read, by the path.
const ASKED: [(&str, &[&str]); 1] = [("/api/events/", &["once"])];

async fn caller(request: HttpRequest) -> Result<Caller, Problem> {
    let caller = app(&request)?
        .caller(&request, RequestPurpose::Http)
        .await?;
    if request.method() == Method::GET {
        check_query(request.path(), request.query_string())?;
    }
    Ok(caller)
}

/// Whoever narrows a list by what it does not know would take all there is for an answer.
fn check_query(path: &str, query: &str) -> Result<(), FieldErrors> {
    let asked = ASKED.iter().find(|(known, _)| *known == path);
    let asked = asked.map_or(&[][..], |(_, asked)| asked);
    let is_known = |name: &str| PASSED_OVER.contains(&name) || asked.contains(&name);
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    match pairs.find(|(name, _)| !is_known(name)) {
        // A name alone may be a token that lacks its name.
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
