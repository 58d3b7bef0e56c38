//! What drivers reply to offers, and what riders and operators look up about a ride.

use actix_web::{HttpResponse, web};
use serde::Serialize;

use super::body::RequestFields;
use super::caller::{Anyone, DriverCaller};
use super::trips::{drive, key, named};
use crate::app::App;
use crate::dispatch::DriverVerb;
use crate::dispatch::explain::DispatchObject;
use crate::domain::core::{Refusal, Reply};
use crate::domain::event_object::OfferObject;
use crate::domain::fix_object::{FixObject, TrackObject};
use crate::domain::{OfferChange, Reason, RideCode, Trip, TripObject};
use crate::fields::Optionality;
use crate::problem::described::{
    Authenticated, Commanding, Forbidden, Guessable, Replying, Running, UnknownTrip,
};
use crate::problem::{Code, Problem};

use super::body::{Repeatable, Words};

/// What giving back takes.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "describes what `give_back` reads field by field")]
pub(super) struct GiveBackForm {
    /// 1 to 255 characters.
    reason: Option<Words>,
}

/// What beginning a ride takes.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "describes what `start` reads field by field")]
pub(super) struct StartForm {
    /// What the rider says, where the trip has `ride_code`.
    #[schema(pattern = "^[0-9]{4}$")]
    code: Option<String>,
}

/// What the driver must be told at the pick-up.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = RideCode)]
pub(super) struct CodeObject<'a> {
    code: Option<&'a str>,
}

/// Begin the ride, as the driver of the trip
#[utoipa::path(post, path = "/api/trip/{nk}/start/", tag = "trips", security(("bearer" = []), ("cookie" = [])),
    params(("nk" = String, Path, description = "The trip's key, or its id"), Repeatable),
    request_body(content = ref("#/components/schemas/StartForm")),
    responses((status = 200, body = TripObject), Commanding, UnknownTrip, Guessable))]
pub(super) async fn start(
    app: web::Data<App>,
    driver: DriverCaller,
    nk: web::Path<String>,
    body: RequestFields,
) -> Result<HttpResponse, Problem> {
    let mut fields = body.fields();
    let code = fields.parsed("code", Optionality::Optional, RideCode::parse);
    let code = fields.finish(Some(code))?;
    drive(&app, driver, DriverVerb::Start(code), &nk, body.key).await
}

/// Give a trip back before its start, as its driver: another one is looked for
#[utoipa::path(post, path = "/api/trip/{nk}/give_back/", tag = "trips", security(("bearer" = []), ("cookie" = [])),
    params(("nk" = String, Path, description = "The trip's key, or its id"), Repeatable),
    request_body(content = ref("#/components/schemas/GiveBackForm")),
    responses((status = 200, body = TripObject), Commanding, UnknownTrip))]
pub(super) async fn give_back(
    app: web::Data<App>,
    driver: DriverCaller,
    nk: web::Path<String>,
    body: RequestFields,
) -> Result<HttpResponse, Problem> {
    let mut fields = body.fields();
    let reason = fields.parsed("reason", Optionality::Optional, Reason::parse);
    let reason = fields.finish(Some(reason))?;
    drive(&app, driver, DriverVerb::GiveBack(reason), &nk, body.key).await
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
            let trip = key(&app, driver.viewer(), &nk).await?;
            let replied = app.dispatch.reply(driver.0.id, trip, Reply::$reply);
            let (trip, offer) = replied.await?;
            Ok(HttpResponse::Ok().json(OfferObject::from(&OfferChange { offer, trip })))
        }
    )+};
}

replies! {
    /// Say that your device has the offer of a trip
    receive "/api/trip/{nk}/receive/" Receive,
    /// Say that you do not want a trip that is offered to you
    decline "/api/trip/{nk}/decline/" Decline,
}

async fn visible(app: &App, who: &Anyone, nk: &str) -> Result<Trip, Problem> {
    let trip = app.dispatch.find(who.viewer(), named(nk)?).await?;
    trip.ok_or_else(Problem::no_such_trip)
}

/// Show what your driver must be told at the pick-up, as the rider of a trip
#[utoipa::path(get, path = "/api/trip/{nk}/code/", tag = "trips", security(("bearer" = []), ("cookie" = [])),
    params(("nk" = String, Path, description = "The trip's key, or its id")),
    responses((status = 200, body = CodeObject), Authenticated, Forbidden, UnknownTrip))]
pub(super) async fn code(
    app: web::Data<App>,
    who: Anyone,
    nk: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    who.0.person.rider().ok_or_else(Problem::not_allowed)?;
    let trip = visible(&app, &who, &nk).await?;
    let code = trip.order.code.as_ref().map(RideCode::as_str);
    Ok(HttpResponse::Ok().json(CodeObject { code }))
}

/// Show where the driver of a running trip is
#[utoipa::path(get, path = "/api/trip/{nk}/position/", tag = "trips", security(("bearer" = []), ("cookie" = [])),
    params(("nk" = String, Path, description = "The trip's key, or its id")),
    responses((status = 200, body = FixObject), Authenticated, UnknownTrip, Running))]
pub(super) async fn position(
    app: web::Data<App>,
    who: Anyone,
    nk: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let trip = visible(&app, &who, &nk).await?;
    if trip.taken_by().is_none() {
        return Err(Refusal::not_possible(trip, "position").into());
    }
    let sighting = app.dispatch.sighting(&trip);
    let sighting = sighting.ok_or_else(|| Problem::new(Code::NotFound, "Nothing is known yet."))?;
    Ok(HttpResponse::Ok().json(FixObject::from(&sighting.fix)))
}

/// Show the way of a ride
#[utoipa::path(get, path = "/api/trip/{nk}/track/", tag = "trips", security(("bearer" = []), ("cookie" = [])),
    params(("nk" = String, Path, description = "The trip's key, or its id")),
    responses((status = 200, body = TrackObject), Authenticated, UnknownTrip))]
pub(super) async fn track(
    app: web::Data<App>,
    who: Anyone,
    nk: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let trip = visible(&app, &who, &nk).await?;
    let kept = app.dispatch.track(&trip).await?;
    let kept = kept.ok_or_else(|| Problem::new(Code::NotFound, "Nothing is known."))?;
    let lasted = trip
        .times
        .started_at
        .map(|from| kept.until_at.duration_since(from));
    Ok(HttpResponse::Ok().json(TrackObject::of(&kept.measured, lasted.unwrap_or_default())))
}

/// Show how a trip's driver was looked for, as an operator: who came into question, at what cost, and who was left out
#[utoipa::path(get, path = "/api/trip/{nk}/dispatch/", tag = "offers", security(("bearer" = []), ("cookie" = [])),
    params(("nk" = String, Path, description = "The trip's key, or its id")),
    responses((status = 200, body = DispatchObject), Authenticated, Forbidden, UnknownTrip))]
pub(super) async fn dispatch(
    app: web::Data<App>,
    who: Anyone,
    nk: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    who.0.person.operator().ok_or_else(Problem::not_allowed)?;
    let trip = key(&app, who.viewer(), &nk).await?;
    let explanation = app.dispatch.explanation(trip).await?;
    let explanation = explanation.ok_or_else(Problem::no_such_trip)?;
    Ok(HttpResponse::Ok().json(DispatchObject::from(&explanation)))
}
