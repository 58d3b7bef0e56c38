//! `/api/trip/<nk>/<action>/`: actions on trips. [`fields::actions`](crate::fields::actions) says which fields an
//! action takes and who may do it.

use actix_web::HttpResponse;
use actix_web::web::{self, ServiceConfig};
use utoipa::OpenApi;

use super::body::{Repeatable, RequestFields, Words};
use super::caller::Anyone;
use super::post;
use super::trips::{answer, named};
use crate::app::App;
use crate::domain::TripObject;
use crate::domain::core::Stated;
use crate::fields::actions;
use crate::problem::Problem;
use crate::problem::described::{Commanding, Guessable, UnknownTrip};

/// The fields of a cancellation.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "describes what the action reads field by field")]
pub(super) struct CancelForm {
    /// 1 to 255 characters; an operator must give a reason.
    reason: Option<Words>,
}

/// The fields of taking a trip back.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "describes what the action reads field by field")]
pub(super) struct TakeBackForm {
    /// 1 to 255 characters.
    reason: Words,
}

/// The fields of ending a ride.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "describes what the action reads field by field")]
pub(super) struct EndForm {
    #[schema(pattern = "^(COMPLETED|CANCELLED)$")]
    status: String,
    /// 1 to 255 characters.
    reason: Words,
}

/// The fields of setting another fare.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "describes what the action reads field by field")]
pub(super) struct FareForm {
    /// In the minor unit of the trip's currency.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    amount: i64,
    /// 1 to 255 characters; the rider and the driver see it.
    reason: Words,
}

/// The fields of giving a trip back.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "describes what the action reads field by field")]
pub(super) struct GiveBackForm {
    /// 1 to 255 characters.
    reason: Option<Words>,
}

/// The fields of starting a ride.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "describes what the action reads field by field")]
pub(super) struct StartForm {
    /// The code that the rider tells the driver, if the trip has `ride_code`.
    #[schema(pattern = "^[0-9]{4}$")]
    code: Option<String>,
}

/// Makes a handler for each action, their routes, and their description.
macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident $path:literal [$($described:tt)*]),+ $(,)?) => {
        $(
            $(#[$doc])*
            #[utoipa::path(post, path = $path, tag = "trips", security(("bearer" = []), ("cookie" = [])),
                params(("nk" = String, Path, description = "The trip's key, or its id"), Repeatable),
                $($described)*)]
            async fn $name(
                app: web::Data<App>,
                caller: Anyone,
                nk: web::Path<String>,
                body: Result<RequestFields, Problem>,
            ) -> Result<HttpResponse, Problem> {
                act(&app, &caller, stringify!($name), &nk, body).await
            }
        )+

        /// Registers the routes of the actions.
        pub(super) fn routes(config: &mut ServiceConfig) {
            config$(.service(post($path, web::post().to($name))))+;
        }

        /// The description of the actions.
        #[derive(OpenApi)]
        #[openapi(paths($($name),+), components(schemas(CancelForm, StartForm, GiveBackForm)))]
        pub(super) struct Described;
    };
}

// An optional body is named by `ref`, since utoipa describes a body that is named by its type as required.
actions! {
    /// Take a trip, as a driver; the first driver wins
    accept "/api/trip/{nk}/accept/"
        [responses((status = 200, body = TripObject), Commanding, UnknownTrip)],
    /// Report that you are at the pick-up, as the driver of the trip
    arrive "/api/trip/{nk}/arrive/"
        [responses((status = 200, body = TripObject), Commanding, UnknownTrip)],
    /// Start the ride, as the driver of the trip
    start "/api/trip/{nk}/start/"
        [request_body(content = ref("#/components/schemas/StartForm")),
        responses((status = 200, body = TripObject), Commanding, UnknownTrip, Guessable)],
    /// Complete the ride, as the driver of the trip
    complete "/api/trip/{nk}/complete/"
        [responses((status = 200, body = TripObject), Commanding, UnknownTrip)],
    /// Give a trip back before the ride starts, as its driver; the search for another driver begins
    give_back "/api/trip/{nk}/give_back/"
        [request_body(content = ref("#/components/schemas/GiveBackForm")),
        responses((status = 200, body = TripObject), Commanding, UnknownTrip)],
    /// Report that the rider did not come, as the driver of the trip
    no_show "/api/trip/{nk}/no_show/"
        [responses((status = 200, body = TripObject), Commanding, UnknownTrip)],
    /// Cancel a trip, as its rider or as an operator
    cancel "/api/trip/{nk}/cancel/"
        [request_body(content = ref("#/components/schemas/CancelForm")),
        responses((status = 200, body = TripObject), Commanding, UnknownTrip)],
    /// Take a trip from its driver before the ride starts, as an operator; the search for another driver begins
    take_back "/api/trip/{nk}/take_back/"
        [request_body = TakeBackForm,
        responses((status = 200, body = TripObject), Commanding, UnknownTrip)],
    /// End a ride that is under way, as an operator
    end "/api/trip/{nk}/end/"
        [request_body = EndForm,
        responses((status = 200, body = TripObject), Commanding, UnknownTrip)],
    /// Set another fare for a trip that is over, as an operator
    set_fare "/api/trip/{nk}/fare/"
        [request_body = FareForm,
        responses((status = 200, body = TripObject), Commanding, UnknownTrip)],
}

async fn act(
    app: &App,
    caller: &Anyone,
    name: &str,
    nk: &str,
    body: Result<RequestFields, Problem>,
) -> Result<HttpResponse, Problem> {
    let person = &caller.0.person;
    let action = actions::named(name).filter(|action| action.roles.contains(&person.role));
    let action = action.ok_or_else(Problem::not_allowed)?;
    let body = body?;
    let mut fields = body.fields();
    let action = (action.read)(person, &mut fields);
    let action = fields.finish(action)?;
    let done = app
        .dispatch
        .act(named(nk)?, action, Stated::default(), body.key);
    Ok(answer(&done.await?))
}
