//! From an HTTP request to a session: who it is, whether they may, and what they have to know first.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use actix::Actor;
use actix::AsyncContext;
use actix_http::ws::HandshakeError;
use actix_web::{HttpRequest, HttpResponse, web};
use actix_web_actors::ws;

use super::dialect::course;
use super::incoming::{Limits, incoming};
use super::outgoing::Outgoing;
use super::session::{Place, Seat, Session};
use crate::accounts::Caller;
use crate::app::App;
use crate::credentials::Purpose;
use crate::domain::{Role, TripId};
use crate::problem::described::Handshake;
use crate::problem::{Code, Problem};
use crate::registry::Outbound;
use crate::registry::actor::{Connect, Joined};
use crate::registry::groups::SocketId;
use crate::registry::roster::Socket;
use crate::store::trips::Viewer;

/// Open a rider's socket
#[utoipa::path(get, path = "/rider/", tag = "sockets", security(("bearer" = []), ("cookie" = [])),
    params(("token" = Option<String>, Query, description = "An access token, for clients that cannot set headers")),
    responses((status = 101, description = "The socket is open"), Handshake))]
pub(super) async fn rider(
    request: HttpRequest,
    payload: web::Payload,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    accept(&request, payload, app, Role::Rider).await
}

/// Open a driver's socket
#[utoipa::path(get, path = "/driver/", tag = "sockets", security(("bearer" = []), ("cookie" = [])),
    params(("token" = Option<String>, Query, description = "An access token, for clients that cannot set headers")),
    responses((status = 101, description = "The socket is open"), Handshake))]
pub(super) async fn driver(
    request: HttpRequest,
    payload: web::Payload,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    accept(&request, payload, app, Role::Driver).await
}

/// The socket joins first and reads its snapshot then: what happens in between waits for it.
async fn accept(
    request: &HttpRequest,
    payload: web::Payload,
    app: web::Data<App>,
    role: Role,
) -> Result<HttpResponse, Problem> {
    let mut response = ws::handshake(request).map_err(|error| not_a_handshake(&error))?;
    let caller = app.caller(request, Purpose::Socket).await?;
    let seat = seat(&caller, role).ok_or_else(Problem::not_allowed)?;
    let outbound = Outbound::default();
    let place = join(&app, &caller, outbound.clone()).await?;
    let snapshot = snapshot(&app, &caller, &outbound).await?;
    let (registry, socket) = (place.registry.clone(), place.socket);
    let session = Session::new(app, place.clone(), seat, outbound.clone());
    let session = Session::create(|ctx| {
        ctx.add_stream(incoming(payload, Limits::default()));
        session
    });
    let joined = registry
        .send(Joined {
            socket,
            snapshot,
            refiller: session.recipient(),
        })
        .await;
    joined.map_err(|_| registry_is_gone())?;
    Ok(response.streaming(Outgoing::new(outbound, place)))
}

fn seat(caller: &Caller, role: Role) -> Option<Seat> {
    match role {
        Role::Rider => caller.person.rider().map(Seat::Rider),
        Role::Driver => caller.person.driver().map(Seat::Driver),
        Role::Operator => None,
    }
}

/// The place is there before the registry is asked, so that it is given back however this ends.
async fn join(app: &App, caller: &Caller, outbound: Outbound) -> Result<Arc<Place>, Problem> {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let place = Place {
        registry: app.registry.clone(),
        socket: SocketId(NEXT.fetch_add(1, Ordering::Relaxed)),
    };
    let socket = Socket {
        user: caller.person.id,
        session: caller.session,
        drives: caller.person.role == Role::Driver,
        encoding: &course::ENCODING,
        outbound,
    };
    let joined = place.registry.send(Connect(place.socket, socket)).await;
    joined.map_err(|_| registry_is_gone())??;
    Ok(Arc::new(place))
}

/// Queues the caller's own active trips, as they are.
async fn snapshot(
    app: &App,
    caller: &Caller,
    outbound: &Outbound,
) -> Result<Vec<(TripId, i64)>, Problem> {
    let viewer = Viewer {
        user: caller.person.id,
        role: caller.person.role,
    };
    let trips = app.dispatch.active(viewer).await?;
    outbound.begin_with(trips.iter().map(course::trip_frame).collect());
    Ok(trips.iter().map(|trip| (trip.id, trip.revision)).collect())
}

pub(super) fn not_a_handshake(error: &HandshakeError) -> Problem {
    Problem::new(
        Code::UpgradeRequired,
        format!("A WebSocket handshake is expected here: {error}."),
    )
}

fn registry_is_gone() -> Problem {
    Problem::new(Code::Unavailable, "The service is stopping.")
}
