//! HTTP: turns requests into commands. This file lists the paths; the handlers' arguments say who may use them.

mod accounts;
mod actions;
mod body;
mod caller;
mod description;
mod events;
mod form;
mod health;
mod media;
mod notifications;
mod offers;
mod shifts;
mod trips;

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Resource, Route};

use utoipa::openapi::OpenApi;

use crate::problem::{Code, Problem};

pub use description::document;

/// Registers every path. `document` describes all of them, including the paths of the sockets.
pub fn routes(config: &mut ServiceConfig, document: OpenApi) {
    config
        .service(post("/api/sign_up/", web::post().to(accounts::sign_up)))
        .service(get("/media/{photo}", web::get().to(media::photo)))
        .service(post("/api/log_in/", web::post().to(accounts::log_in)))
        .service(post("/api/log_out/", web::post().to(accounts::log_out)))
        .service(post(
            "/api/token/refresh/",
            web::post().to(accounts::refresh),
        ))
        .service(only(
            "GET, POST",
            web::resource("/api/trip/")
                .route(web::get().to(trips::list))
                .route(web::post().to(trips::request)),
        ))
        .service(get("/api/trip/{nk}/", web::get().to(trips::detail)))
        .service(get("/api/hint/", web::get().to(shifts::hint)))
        .service(get(
            "/api/trip/{nk}/dispatch/",
            web::get().to(offers::dispatch),
        ))
        .configure(actions::routes)
        .configure(rides)
        .service(only(
            "GET, POST",
            web::resource("/api/notifications/")
                .route(web::get().to(notifications::list))
                .route(web::post().to(notifications::send)),
        ))
        .service(post(
            "/api/notifications/read/",
            web::post().to(notifications::read),
        ))
        .service(get("/api/events/", web::get().to(events::follow)))
        .service(get("/healthz", web::get().to(health::health)))
        .service(description::pages(document))
        .route("/", web::get().to(home))
        .default_service(web::to(not_found));
}

/// The paths around a ride: offers, positions, quotes, shifts.
fn rides(config: &mut ServiceConfig) {
    config
        .service(post(
            "/api/trip/{nk}/receive/",
            web::post().to(offers::receive),
        ))
        .service(post(
            "/api/trip/{nk}/decline/",
            web::post().to(offers::decline),
        ))
        .service(get("/api/trip/{nk}/code/", web::get().to(offers::code)))
        .service(get(
            "/api/trip/{nk}/position/",
            web::get().to(offers::position),
        ))
        .service(get("/api/trip/{nk}/track/", web::get().to(offers::track)))
        .service(post("/api/quote/", web::post().to(shifts::quote)))
        .service(only(
            "GET, POST",
            web::resource("/api/shift/")
                .route(web::get().to(shifts::show))
                .route(web::post().to(shifts::begin)),
        ))
        .service(post("/api/shift/end/", web::post().to(shifts::end)))
        .service(post("/api/positions/", web::post().to(shifts::report)))
        .service(get("/api/supply/", web::get().to(shifts::supply)));
}

/// A resource that only answers GET.
fn get(path: &str, route: Route) -> Resource {
    only("GET", web::resource(path).route(route))
}

/// A resource that only answers POST.
fn post(path: &str, route: Route) -> Resource {
    only("POST", web::resource(path).route(route))
}

/// Refuses every other method, and names those that the resource supports.
fn only(methods: &'static str, resource: Resource) -> Resource {
    let refuse = move |request: HttpRequest| async move {
        let detail = format!(
            "{} is not possible at {}.",
            request.method(),
            request.path()
        );
        Err::<HttpResponse, _>(Problem::method_not_allowed(detail, methods))
    };
    resource.default_service(web::to(refuse))
}

/// Leads a browser that opens the service's address to the API description.
async fn home() -> HttpResponse {
    HttpResponse::Found()
        .insert_header(("location", "/docs/"))
        .finish()
}

async fn not_found(request: HttpRequest) -> Result<HttpResponse, Problem> {
    Err(Problem::new(
        Code::NotFound,
        format!("There is nothing at {}.", request.path()),
    ))
}
