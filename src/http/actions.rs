//! `/api/trip/<nk>/<action>/`: what people do to trips. Which fields an action takes, and who may do it, says
//! [`fields::actions`](crate::fields::actions).

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
use crate::fields::actions::{self, Read};
use crate::problem::Problem;
use crate::problem::described::{Commanding, Guessable, UnknownTrip};

/// What cancelling takes.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "describes what the action reads field by field")]
pub(super) struct CancelForm {
    /// 1 to 255 characters; an operator must give one.
    reason: Option<Words>,
}

/// What taking a trip back takes.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "describes what the action reads field by field")]
pub(super) struct TakeBackForm {
    /// 1 to 255 characters.
    reason: Words,
}

/// What ending a ride takes.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "describes what the action reads field by field")]
pub(super) struct EndForm {
    #[schema(pattern = "^(COMPLETED|CANCELLED)$")]
    status: String,
    /// 1 to 255 characters.
    reason: Words,
}

/// What setting another fare takes.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "describes what the action reads field by field")]
pub(super) struct FareForm {
    /// In the smallest unit of the trip's currency.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    amount: i64,
    /// 1 to 255 characters, which rider and driver are told.
    reason: Words,
}

/// What giving back takes.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "describes what the action reads field by field")]
pub(super) struct GiveBackForm {
    /// 1 to 255 characters.
    reason: Option<Words>,
}

/// What beginning a ride takes.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "describes what the action reads field by field")]
pub(super) struct StartForm {
    /// What the rider says, where the trip has `ride_code`.
    #[schema(pattern = "^[0-9]{4}$")]
    code: Option<String>,
}

/// Makes a handler of each action, all their routes, and their description.
macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident $path:literal [$($described:tt)*]),+ $(,)?) => {
        $(
            $(#[$doc])*
            #[utoipa::path(post, path = $path, tag = "trips", security(("bearer" = []), ("cookie" = [])),
                params(("nk" = String, Path, description = "The trip's key, or its id"), Repeatable),
                $($described)*)]
            async fn $name(
                app: web::Data<App>,
                who: Anyone,
                nk: web::Path<String>,
                body: Result<RequestFields, Problem>,
            ) -> Result<HttpResponse, Problem> {
                act(&app, &who, stringify!($name), &nk, body).await
            }
        )+

        /// Their routes.
        pub(super) fn routes(config: &mut ServiceConfig) {
            config$(.service(post($path, web::post().to($name))))+;
        }

        /// Their description.
        #[derive(OpenApi)]
        #[openapi(paths($($name),+), components(schemas(CancelForm, StartForm, GiveBackForm)))]
        pub(super) struct Described;
    };
}

// A body that may be left out is named by `ref`: one that is named by its type is described as required.
actions! {
    /// Take a trip, as a driver; the first one wins
    accept "/api/trip/{nk}/accept/"
        [responses((status = 200, body = TripObject), Commanding, UnknownTrip)],
    /// Say that you are at the pick-up, as its driver
    arrive "/api/trip/{nk}/arrive/"
        [responses((status = 200, body = TripObject), Commanding, UnknownTrip)],
    /// Begin the ride, as the driver of the trip
    start "/api/trip/{nk}/start/"
        [request_body(content = ref("#/components/schemas/StartForm")),
        responses((status = 200, body = TripObject), Commanding, UnknownTrip, Guessable)],
    /// End the ride, as its driver
    complete "/api/trip/{nk}/complete/"
        [responses((status = 200, body = TripObject), Commanding, UnknownTrip)],
    /// Give a trip back before its start, as its driver: another one is looked for
    give_back "/api/trip/{nk}/give_back/"
        [request_body(content = ref("#/components/schemas/GiveBackForm")),
        responses((status = 200, body = TripObject), Commanding, UnknownTrip)],
    /// Say that you have waited in vain, as the driver of a trip
    no_show "/api/trip/{nk}/no_show/"
        [responses((status = 200, body = TripObject), Commanding, UnknownTrip)],
    /// Call a trip off, as its rider or as an operator
    cancel "/api/trip/{nk}/cancel/"
        [request_body(content = ref("#/components/schemas/CancelForm")),
        responses((status = 200, body = TripObject), Commanding, UnknownTrip)],
    /// Take a trip from its driver before the start, as an operator: another one is looked for
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
    who: &Anyone,
    name: &str,
    nk: &str,
    body: Result<RequestFields, Problem>,
) -> Result<HttpResponse, Problem> {
    let person = &who.0.person;
    let action = actions::named(name).filter(|action| action.roles.contains(&person.role));
    let action = action.ok_or_else(Problem::not_allowed)?;
    let body = body?;
    let mut fields = body.fields();
    let action = match action.read {
        Read::Nothing(read) => read(person),
        Read::Fields(read) => read(person, &mut fields),
    };
    let action = fields.finish(action)?;
    let done = app
        .dispatch
        .act(named(nk)?, action, Stated::default(), body.key);
    Ok(answer(&done.await?))
}
