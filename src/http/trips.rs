//! `/api/trip/`: lists, details and commands.

use actix_web::http::header;
use actix_web::{HttpResponse, web};

use super::body::{Repeatable, RequestFields, Words};
use super::caller::{Anyone, DriverCaller, RiderCaller};
use crate::app::App;
use crate::dispatch::DriverVerb;
use crate::domain::core::{Effect, IdempotencyKey, Stated, TripOutcome};
use crate::domain::{Reason, RideEnding, TripId, TripObject, TripRef, Viewer};
use crate::fields::Optionality;
use crate::problem::Problem;
use crate::problem::described::{Authenticated, Commanding, UnknownTrip};

/// What requesting a trip takes.
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
    /// In which class of vehicle; by default `standard`.
    #[schema(pattern = "^[a-z0-9_-]{1,32}$")]
    class: Option<String>,
    /// For how many; by default 1.
    #[schema(minimum = 1, maximum = 16)]
    passengers: Option<u8>,
    /// When, if not now.
    #[schema(format = DateTime)]
    pick_up_at: Option<String>,
    /// The id of a quote for this.
    #[schema(min_length = 32, max_length = 32, pattern = "^[0-9a-f]{32}$")]
    quote: Option<String>,
}

/// What cancelling takes.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "describes what `cancel` reads field by field")]
pub(super) struct CancelForm {
    /// 1 to 255 characters; an operator must give one.
    reason: Option<Words>,
}

/// What taking a trip back takes.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "describes what `take_back` reads field by field")]
pub(super) struct TakeBackForm {
    /// 1 to 255 characters.
    reason: Words,
}

/// What ending a ride takes.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "describes what `end` reads field by field")]
pub(super) struct EndForm {
    #[schema(pattern = "^(COMPLETED|CANCELLED)$")]
    status: String,
    /// 1 to 255 characters.
    reason: Words,
}

/// What setting another fare takes.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "describes what `set_fare` reads field by field")]
pub(super) struct FareForm {
    /// In the smallest unit of the trip's currency.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    amount: i64,
    /// 1 to 255 characters, which rider and driver are told.
    reason: Words,
}

/// The trip that a path names by its key or its id.
pub(super) fn named(path: &str) -> Result<TripRef, Problem> {
    TripRef::parse(path).ok_or_else(Problem::no_such_trip)
}

/// The key of the trip that a path names to this caller.
pub(super) async fn key(app: &App, viewer: Viewer, path: &str) -> Result<TripId, Problem> {
    let key = app.dispatch.key_of(viewer, named(path)?).await?;
    key.ok_or_else(Problem::no_such_trip)
}

fn answer(answer: &TripOutcome) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    if answer.effect == Effect::Replayed {
        response.insert_header(("idempotency-replayed", "true"));
    }
    response.json(TripObject::from(&*answer.trip))
}

/// List the trips that you may see, newest first
#[utoipa::path(get, path = "/api/trip/", tag = "trips", security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, body = [TripObject]), Authenticated))]
pub(super) async fn list(app: web::Data<App>, who: Anyone) -> Result<HttpResponse, Problem> {
    let trips = app.dispatch.list(who.viewer()).await?;
    Ok(HttpResponse::Ok().json(trips.iter().map(TripObject::from).collect::<Vec<_>>()))
}

/// Show one trip
#[utoipa::path(get, path = "/api/trip/{nk}/", tag = "trips", security(("bearer" = []), ("cookie" = [])),
    params(("nk" = String, Path, description = "The trip's key, or its id")),
    responses((status = 200, body = TripObject), Authenticated, UnknownTrip))]
pub(super) async fn detail(
    app: web::Data<App>,
    who: Anyone,
    nk: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let trip = app
        .dispatch
        .find(who.viewer(), named(&nk)?)
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
    let wish = fields.order();
    fields.own("rider", rider.0.id.user(), &rider.0.username);
    let wish = fields.finish(wish)?;
    let requested = app.dispatch.request(rider.0, wish, body.key).await?;
    let TripOutcome { trip, effect, .. } = requested;
    let mut response = HttpResponse::Created();
    response.insert_header((header::LOCATION, format!("/api/trip/{}/", trip.id)));
    if effect == Effect::Replayed {
        response.insert_header(("idempotency-replayed", "true"));
    }
    Ok(response.json(TripObject::from(&*trip)))
}

pub(super) async fn drive(
    app: &App,
    driver: DriverCaller,
    verb: DriverVerb,
    nk: &str,
    idempotency: Option<IdempotencyKey>,
) -> Result<HttpResponse, Problem> {
    app.may_drive(&driver.0, &verb)?;
    let (dispatch, meant) = (&app.dispatch, named(nk)?);
    let trip = dispatch.key_for(driver.0.id, &verb, meant).await?;
    let trip = trip.ok_or_else(Problem::no_such_trip)?;
    let stated = Stated::default();
    let done = dispatch.drive(driver.0, verb, trip, stated, idempotency);
    let done = done.await?;
    Ok(answer(&done))
}

macro_rules! driver_verbs {
    ($($(#[$doc:meta])* $name:ident $path:literal $verb:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[utoipa::path(post, path = $path, tag = "trips", security(("bearer" = []), ("cookie" = [])),
            params(("nk" = String, Path, description = "The trip's key, or its id"), Repeatable),
            responses((status = 200, body = TripObject), Commanding, UnknownTrip))]
        pub(super) async fn $name(
            app: web::Data<App>,
            driver: DriverCaller,
            nk: web::Path<String>,
            body: RequestFields,
        ) -> Result<HttpResponse, Problem> {
            drive(&app, driver, DriverVerb::$verb, &nk, body.nothing()?).await
        }
    )+};
}

driver_verbs! {
    /// Take a trip, as a driver; the first one wins
    accept "/api/trip/{nk}/accept/" Accept,
    /// Say that you are at the pick-up, as its driver
    arrive "/api/trip/{nk}/arrive/" Arrive,
    /// End the ride, as its driver
    complete "/api/trip/{nk}/complete/" Complete,
    /// Say that you have waited in vain, as the driver of a trip
    no_show "/api/trip/{nk}/no_show/" NoShow,
}

/// Call a trip off, as its rider or as an operator
#[utoipa::path(post, path = "/api/trip/{nk}/cancel/", tag = "trips", security(("bearer" = []), ("cookie" = [])),
    params(("nk" = String, Path, description = "The trip's key, or its id"), Repeatable),
    // By `ref`, for a body that is named by its type is described as required.
    request_body(content = ref("#/components/schemas/CancelForm")),
    responses((status = 200, body = TripObject), Commanding, UnknownTrip))]
pub(super) async fn cancel(
    app: web::Data<App>,
    who: Anyone,
    nk: web::Path<String>,
    body: RequestFields,
) -> Result<HttpResponse, Problem> {
    let person = &who.0.person;
    let mut fields = body.fields();
    let done = if let Some(rider) = person.rider() {
        let reason = fields.parsed("reason", Optionality::Optional, Reason::parse);
        let reason = fields.finish(Some(reason))?;
        let trip = key(&app, who.viewer(), &nk).await?;
        let cancelled = app.dispatch.cancel(rider.id, trip, reason, body.key);
        cancelled.await?
    } else {
        let operator = person.operator().ok_or_else(Problem::not_allowed)?;
        let reason = fields.parsed("reason", Optionality::Required, Reason::parse);
        let reason = fields.finish(reason)?;
        let trip = key(&app, who.viewer(), &nk).await?;
        let cancelled = app
            .dispatch
            .cancel_by_operator(operator, trip, reason, body.key);
        cancelled.await?
    };
    Ok(answer(&done))
}

/// Take a trip from its driver before the start, as an operator: another one is looked for
#[utoipa::path(post, path = "/api/trip/{nk}/take_back/", tag = "trips", security(("bearer" = []), ("cookie" = [])),
    params(("nk" = String, Path, description = "The trip's key, or its id"), Repeatable),
    request_body = TakeBackForm,
    responses((status = 200, body = TripObject), Commanding, UnknownTrip))]
pub(super) async fn take_back(
    app: web::Data<App>,
    who: Anyone,
    nk: web::Path<String>,
    body: RequestFields,
) -> Result<HttpResponse, Problem> {
    let operator = who.0.person.operator().ok_or_else(Problem::not_allowed)?;
    let mut fields = body.fields();
    let reason = fields.parsed("reason", Optionality::Required, Reason::parse);
    let reason = fields.finish(reason)?;
    let trip = key(&app, who.viewer(), &nk).await?;
    let taken = app.dispatch.take_back(operator, trip, reason, body.key);
    Ok(answer(&taken.await?))
}

/// End a ride that is under way, as an operator
#[utoipa::path(post, path = "/api/trip/{nk}/end/", tag = "trips", security(("bearer" = []), ("cookie" = [])),
    params(("nk" = String, Path, description = "The trip's key, or its id"), Repeatable),
    request_body = EndForm,
    responses((status = 200, body = TripObject), Commanding, UnknownTrip))]
pub(super) async fn end(
    app: web::Data<App>,
    who: Anyone,
    nk: web::Path<String>,
    body: RequestFields,
) -> Result<HttpResponse, Problem> {
    let operator = who.0.person.operator().ok_or_else(Problem::not_allowed)?;
    let mut fields = body.fields();
    let ending = fields.parsed("status", Optionality::Required, RideEnding::parse);
    let reason = fields.parsed("reason", Optionality::Required, Reason::parse);
    let (ending, reason) = fields.finish(ending.zip(reason))?;
    let trip = key(&app, who.viewer(), &nk).await?;
    let ended = app.dispatch.end(operator, trip, ending, reason, body.key);
    Ok(answer(&ended.await?))
}

/// Set another fare for a trip that is over, as an operator
#[utoipa::path(post, path = "/api/trip/{nk}/fare/", tag = "trips", security(("bearer" = []), ("cookie" = [])),
    params(("nk" = String, Path, description = "The trip's key, or its id"), Repeatable),
    request_body = FareForm,
    responses((status = 200, body = TripObject), Commanding, UnknownTrip))]
pub(super) async fn set_fare(
    app: web::Data<App>,
    who: Anyone,
    nk: web::Path<String>,
    body: RequestFields,
) -> Result<HttpResponse, Problem> {
    let operator = who.0.person.operator().ok_or_else(Problem::not_allowed)?;
    let mut fields = body.fields();
    let other = fields.set_fare();
    let (amount, reason) = fields.finish(other)?;
    let trip = key(&app, who.viewer(), &nk).await?;
    let set = app
        .dispatch
        .set_fare(operator, trip, amount, reason, body.key);
    Ok(answer(&set.await?))
}
