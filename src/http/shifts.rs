//! Shifts, positions, hints and quotes: `/api/shift/`, `/api/positions/`, `/api/hint/`, `/api/supply/`, `/api/quote/`.

use actix_web::{HttpResponse, web};
use serde::Deserialize;

use super::body::RequestFields;
use super::caller::{Anyone, DriverCaller, RiderCaller};
use crate::app::App;
use crate::dispatch::objects::{
    HintObject, QuotesObject, ReportedObject, ShiftStatusObject, SupplyObject,
};
use crate::domain::event_object::ShiftObject;
use crate::domain::trip_object::LocationObject;
use crate::inputs;
use crate::problem::Problem;
use crate::problem::described::{Authenticated, Beginning, Bodied, Forbidden, OnDuty};

/// The fields of going online.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "describes what `begin` reads field by field")]
pub(super) struct ShiftForm {
    /// By default `standard`.
    #[schema(pattern = "^[a-z0-9_-]{1,32}$")]
    class: Option<String>,
    /// By default 4.
    #[schema(minimum = 1, maximum = 16)]
    seats: Option<u8>,
}

/// One position, or several.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes what `report` reads field by field")]
pub(super) enum PositionForm {
    One(OnePosition),
    Several(SeveralPositions),
}

/// A position of the device.
#[derive(Deserialize, utoipa::ToSchema)]
#[expect(dead_code, reason = "describes what `report` reads field by field")]
pub(super) struct OnePosition {
    #[schema(minimum = -90, maximum = 90)]
    lat: f64,
    #[schema(minimum = -180, maximum = 180)]
    lon: f64,
    /// By the device's clock; by default the time of receipt.
    #[schema(format = DateTime)]
    at: Option<String>,
    /// The radius of uncertainty, in metres; 0 if unknown, negative if the device does not know its position.
    #[schema(maximum = 100_000)]
    accuracy: Option<f64>,
    /// In degrees from north, clockwise; negative if unknown.
    #[schema(maximum = 360)]
    heading: Option<f64>,
    /// In metres a second; negative if unknown.
    #[schema(maximum = 1_000)]
    speed: Option<f64>,
}

/// Positions of the device, in any order.
#[derive(Deserialize, utoipa::ToSchema)]
#[expect(dead_code, reason = "describes what `report` reads field by field")]
pub(super) struct SeveralPositions {
    #[schema(min_items = 1, max_items = 100)]
    positions: Vec<OnePosition>,
}

/// The fields of a quote's request.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "describes what `quote` reads field by field")]
pub(super) struct QuoteForm {
    pick_up_location: LocationObject,
    drop_off_location: LocationObject,
    /// By default every class is quoted.
    #[schema(pattern = "^[a-z0-9_-]{1,32}$")]
    class: Option<String>,
    /// By default now.
    #[schema(format = DateTime)]
    pick_up_at: Option<String>,
}

/// Show your shift, your activity and your open offer, as a driver
#[utoipa::path(get, path = "/api/shift/", tag = "drivers", security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, body = ShiftStatusObject), Authenticated, Forbidden))]
pub(super) async fn show(
    app: web::Data<App>,
    driver: DriverCaller,
) -> Result<HttpResponse, Problem> {
    let status = app.dispatch.shift_status(driver.0.id).await?;
    Ok(HttpResponse::Ok().json(ShiftStatusObject::from(&status)))
}

/// Go online, as a driver
#[utoipa::path(post, path = "/api/shift/", tag = "drivers", security(("bearer" = []), ("cookie" = [])),
    request_body(content = ref("#/components/schemas/ShiftForm")),
    responses((status = 200, body = ShiftObject), Bodied, Beginning))]
pub(super) async fn begin(
    app: web::Data<App>,
    driver: DriverCaller,
    body: RequestFields,
) -> Result<HttpResponse, Problem> {
    let mut fields = body.fields();
    let vehicle = fields.vehicle();
    let vehicle = fields.finish(vehicle)?;
    let shift = app.dispatch.begin_shift(driver.0.id, vehicle).await?;
    Ok(HttpResponse::Ok().json(ShiftObject::from(&shift)))
}

/// Go offline, as a driver
#[utoipa::path(post, path = "/api/shift/end/", tag = "drivers", security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, body = ShiftObject), Bodied, OnDuty))]
pub(super) async fn end(
    app: web::Data<App>,
    driver: DriverCaller,
    body: RequestFields,
) -> Result<HttpResponse, Problem> {
    body.nothing()?;
    let shift = app.dispatch.end_shift(driver.0.id).await?;
    Ok(HttpResponse::Ok().json(ShiftObject::from(&shift)))
}

/// Report your position, as a driver on shift
#[utoipa::path(post, path = "/api/positions/", tag = "drivers", security(("bearer" = []), ("cookie" = [])),
    request_body = PositionForm,
    responses((status = 200, body = ReportedObject), Bodied, OnDuty))]
pub(super) async fn report(
    app: web::Data<App>,
    driver: DriverCaller,
    body: RequestFields,
) -> Result<HttpResponse, Problem> {
    let mut fields = body.fields();
    let report = fields.report(inputs::now());
    let report = fields.finish(report)?;
    let outcome = app.report(driver.0.id, &report)?;
    Ok(HttpResponse::Ok().json(ReportedObject::from(&outcome)))
}

/// Ask where to wait for a trip, as a driver on shift
#[utoipa::path(get, path = "/api/hint/", tag = "drivers", security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, body = HintObject), Authenticated, Forbidden, OnDuty))]
pub(super) async fn hint(
    app: web::Data<App>,
    driver: DriverCaller,
) -> Result<HttpResponse, Problem> {
    let hint = app.dispatch.hint(driver.0.id).await?;
    Ok(HttpResponse::Ok().json(HintObject::from(hint)))
}

/// Count the drivers on shift and what became of their positions, as an operator
#[utoipa::path(get, path = "/api/supply/", tag = "drivers", security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, body = SupplyObject), Authenticated, Forbidden))]
pub(super) async fn supply(app: web::Data<App>, caller: Anyone) -> Result<HttpResponse, Problem> {
    caller
        .0
        .person
        .operator()
        .ok_or_else(Problem::not_allowed)?;
    Ok(HttpResponse::Ok().json(SupplyObject::from(&app.dispatch)))
}

/// Ask what a trip would cost, as a rider
#[utoipa::path(post, path = "/api/quote/", tag = "trips", security(("bearer" = []), ("cookie" = [])),
    request_body = QuoteForm,
    responses((status = 200, body = QuotesObject), Bodied))]
pub(super) async fn quote(
    app: web::Data<App>,
    rider: RiderCaller,
    body: RequestFields,
) -> Result<HttpResponse, Problem> {
    let mut fields = body.fields();
    let request = fields.quote_request();
    let request = fields.finish(request)?;
    let quoted = app.dispatch.quote(rider.0.id, request).await?;
    Ok(HttpResponse::Ok().json(QuotesObject::from(&quoted[..])))
}
