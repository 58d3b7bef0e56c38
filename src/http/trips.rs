//! `/api/trip/`: lists trips, shows one, and takes requests for new ones.

use actix_web::http::header;
use actix_web::{HttpResponse, web};

use super::body::{Repeatable, RequestFields, Words};
use super::caller::{Anyone, RiderCaller};
use crate::app::App;
use crate::domain::core::{Effect, TripOutcome};
use crate::domain::{TripObject, TripRef};
use crate::problem::Problem;
use crate::problem::described::{Authenticated, Commanding, UnknownTrip};

/// The fields of a request for a trip.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "describes what `request` reads field by field")]
pub(super) struct RequestForm {
    /// 1 to 255 characters of any text.
    pick_up_address: Words,
    /// 1 to 255 characters of any text.
    drop_off_address: Words,
    /// Where the pick-up is.
    pick_up_location: Option<crate::domain::trip_object::LocationObject>,
    /// Where the drop-off is.
    drop_off_location: Option<crate::domain::trip_object::LocationObject>,
    /// The vehicle class; by default `standard`.
    #[schema(pattern = "^[a-z0-9_-]{1,32}$")]
    class: Option<String>,
    /// By default 1.
    #[schema(minimum = 1, maximum = 16)]
    passengers: Option<u8>,
    /// By default now.
    #[schema(format = DateTime)]
    pick_up_at: Option<String>,
    /// The id of a quote for this trip.
    #[schema(min_length = 32, max_length = 32, pattern = "^[0-9a-f]{32}$")]
    quote: Option<String>,
}

/// The trip that a path names by its key or its id.
pub(super) fn named(path: &str) -> Result<TripRef, Problem> {
    TripRef::parse(path).ok_or_else(Problem::no_such_trip)
}

pub(super) fn answer(answer: &TripOutcome) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    if answer.effect == Effect::Replayed {
        response.insert_header(("idempotency-replayed", "true"));
    }
    response.json(TripObject::from(&*answer.trip))
}

/// List the trips that you may see, newest first
#[utoipa::path(get, path = "/api/trip/", tag = "trips", security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, body = [TripObject]), Authenticated))]
pub(super) async fn list(app: web::Data<App>, caller: Anyone) -> Result<HttpResponse, Problem> {
    let trips = app.dispatch.list(caller.viewer()).await?;
    Ok(HttpResponse::Ok().json(trips.iter().map(TripObject::from).collect::<Vec<_>>()))
}

/// Show one trip
#[utoipa::path(get, path = "/api/trip/{nk}/", tag = "trips", security(("bearer" = []), ("cookie" = [])),
    params(("nk" = String, Path, description = "The trip's key, or its id")),
    responses((status = 200, body = TripObject), Authenticated, UnknownTrip))]
pub(super) async fn detail(
    app: web::Data<App>,
    caller: Anyone,
    nk: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let trip = app
        .dispatch
        .find(caller.viewer(), named(&nk)?)
        .await?
        .ok_or_else(Problem::no_such_trip)?;
    Ok(HttpResponse::Ok().json(TripObject::from(&trip)))
}

/// Request a trip, as a rider
#[utoipa::path(post, path = "/api/trip/", tag = "trips", security(("bearer" = []), ("cookie" = [])),
    params(Repeatable),
    request_body = RequestForm,
    responses((status = 201, body = TripObject), Commanding))]
pub(super) async fn request(
    app: web::Data<App>,
    rider: RiderCaller,
    body: RequestFields,
) -> Result<HttpResponse, Problem> {
    let mut fields = body.fields();
    let order = fields.order();
    fields.own("rider", rider.0.id.user(), &rider.0.username);
    let order = fields.finish(order)?;
    let requested = app.dispatch.request(rider.0, order, body.key).await?;
    let TripOutcome { trip, effect, .. } = requested;
    let mut response = HttpResponse::Created();
    response.insert_header((header::LOCATION, format!("/api/trip/{}/", trip.id)));
    if effect == Effect::Replayed {
        response.insert_header(("idempotency-replayed", "true"));
    }
    Ok(response.json(TripObject::from(&*trip)))
}
