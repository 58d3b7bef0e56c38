//! Drivers' replies to offers, and what riders and operators may look up about a trip.

use actix_web::{HttpResponse, web};
use serde::Serialize;

use super::body::RequestFields;
use super::caller::{Anyone, DriverCaller};
use super::trips::named;
use crate::app::App;
use crate::dispatch::explain::DispatchObject;
use crate::domain::core::{Refusal, Reply};
use crate::domain::event_object::OfferObject;
use crate::domain::fix_object::{FixObject, TrackObject};
use crate::domain::{OfferChange, RideCode, Trip};
use crate::problem::described::{Authenticated, Forbidden, Replying, Running, UnknownTrip};
use crate::problem::{Code, Problem};

/// The code that the rider tells the driver at the pick-up, if the trip has one.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = RideCode)]
pub(super) struct CodeObject<'a> {
    code: Option<&'a str>,
}

macro_rules! replies {
    ($($(#[$doc:meta])* $name:ident $path:literal $reply:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[utoipa::path(post, path = $path, tag = "offers", security(("bearer" = []), ("cookie" = [])),
            params(("nk" = String, Path, description = "The trip's key, or its id")),
            responses((status = 200, body = OfferObject), Replying, UnknownTrip))]
        pub(super) async fn $name(
            app: web::Data<App>,
            driver: DriverCaller,
            nk: web::Path<String>,
            body: RequestFields,
        ) -> Result<HttpResponse, Problem> {
            body.nothing()?;
            let replied = app.dispatch.reply(driver.0.id, named(&nk)?, Reply::$reply);
            let (trip, offer) = replied.await?;
            Ok(HttpResponse::Ok().json(OfferObject::from(&OfferChange { offer, trip })))
        }
    )+};
}

replies! {
    /// Confirm that your device has received the offer of a trip
    receive "/api/trip/{nk}/receive/" Receive,
    /// Decline a trip that is offered to you
    decline "/api/trip/{nk}/decline/" Decline,
}

async fn visible(app: &App, caller: &Anyone, nk: &str) -> Result<Trip, Problem> {
    let trip = app.dispatch.find(caller.viewer(), named(nk)?).await?;
    trip.ok_or_else(Problem::no_such_trip)
}

/// Show the code to tell your driver at the pick-up, as the rider of a trip
#[utoipa::path(get, path = "/api/trip/{nk}/code/", tag = "trips", security(("bearer" = []), ("cookie" = [])),
    params(("nk" = String, Path, description = "The trip's key, or its id")),
    responses((status = 200, body = CodeObject), Authenticated, Forbidden, UnknownTrip))]
pub(super) async fn code(
    app: web::Data<App>,
    caller: Anyone,
    nk: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    caller.0.person.rider().ok_or_else(Problem::not_allowed)?;
    let trip = visible(&app, &caller, &nk).await?;
    let code = trip.order.code.as_ref().map(RideCode::as_str);
    Ok(HttpResponse::Ok().json(CodeObject { code }))
}

/// Show where the driver of a running trip is
#[utoipa::path(get, path = "/api/trip/{nk}/position/", tag = "trips", security(("bearer" = []), ("cookie" = [])),
    params(("nk" = String, Path, description = "The trip's key, or its id")),
    responses((status = 200, body = FixObject), Authenticated, UnknownTrip, Running))]
pub(super) async fn position(
    app: web::Data<App>,
    caller: Anyone,
    nk: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let trip = visible(&app, &caller, &nk).await?;
    if trip.taken_by().is_none() {
        return Err(Refusal::not_possible(trip, "position").into());
    }
    let position = app.dispatch.vehicle_position(&trip);
    let position = position.ok_or_else(|| Problem::new(Code::NotFound, "Nothing is known yet."))?;
    Ok(HttpResponse::Ok().json(FixObject::from(&position.fix)))
}

/// Show the track of a ride
#[utoipa::path(get, path = "/api/trip/{nk}/track/", tag = "trips", security(("bearer" = []), ("cookie" = [])),
    params(("nk" = String, Path, description = "The trip's key, or its id")),
    responses((status = 200, body = TrackObject), Authenticated, UnknownTrip))]
pub(super) async fn track(
    app: web::Data<App>,
    caller: Anyone,
    nk: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let trip = visible(&app, &caller, &nk).await?;
    let track = app.dispatch.track(&trip).await?;
    let track = track.ok_or_else(|| Problem::new(Code::NotFound, "Nothing is known."))?;
    let duration = trip
        .times
        .started_at
        .map(|from| track.until_at.duration_since(from))
        .unwrap_or_default();
    Ok(HttpResponse::Ok().json(TrackObject::of(&track.measured, duration)))
}

/// Show the search for a trip's driver, as an operator: the candidates, their costs, and who was excluded
#[utoipa::path(get, path = "/api/trip/{nk}/dispatch/", tag = "offers", security(("bearer" = []), ("cookie" = [])),
    params(("nk" = String, Path, description = "The trip's key, or its id")),
    responses((status = 200, body = DispatchObject), Authenticated, Forbidden, UnknownTrip))]
pub(super) async fn dispatch(
    app: web::Data<App>,
    caller: Anyone,
    nk: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    caller
        .0
        .person
        .operator()
        .ok_or_else(Problem::not_allowed)?;
    let trip = visible(&app, &caller, &nk).await?;
    let explanation = app.dispatch.explanation(trip.id).await?;
    let explanation = explanation.ok_or_else(Problem::no_such_trip)?;
    Ok(HttpResponse::Ok().json(DispatchObject::from(&explanation)))
}
