//! From an HTTP request to a socket session: checks the caller, joins the registry and reads what is shown first.

use std::rc::Rc;
use std::sync::{Arc, OnceLock};

use actix::Actor;
use actix::AsyncContext;
use actix_http::ws::HandshakeError;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use actix_web_actors::ws;
use serde::Deserialize;

use super::dialect::bare::{SocketOwner, Style};
use super::dialect::{course, taxi};
use super::ending::EndOfReading;
use super::handler::bare::Bare;
use super::handler::chat::{Chat, ChatSubscriber};
use super::handler::dcrf::Dcrf;
use super::handler::notifications::Notifications;
use super::incoming::{Limits, incoming};
use super::outgoing::Outgoing;
use super::session::{ProtocolHandler, SocketSession};
use crate::accounts::Caller;
use crate::app::App;
use crate::credentials::RequestPurpose;
use crate::domain::{Role, Sequence, TripRef, Viewer};
use crate::fields::{FieldErrors, Fields};
use crate::problem::described::Handshake;
use crate::problem::{Code, Problem};
use crate::registry::actor::{Connect, Joined};
use crate::registry::roster::JoiningSocket;
use crate::registry::{Outbound, SocketSlot};

/// Open a rider's socket
#[utoipa::path(get, path = "/rider/", tag = "sockets", security(("bearer" = []), ("cookie" = [])),
    params(("token" = Option<String>, Query, description = "An access token, for clients that cannot set headers")),
    responses((status = 101, description = "The socket is open"), Handshake))]
pub(super) async fn rider(opening: SocketRequest) -> Result<HttpResponse, Problem> {
    let owner = |caller: &Caller| caller.person.rider().map(SocketOwner::Rider);
    bare(opening, &course::STYLE, owner).await
}

/// Open a driver's socket
#[utoipa::path(get, path = "/driver/", tag = "sockets", security(("bearer" = []), ("cookie" = [])),
    params(("token" = Option<String>, Query, description = "An access token, for clients that cannot set headers")),
    responses((status = 101, description = "The socket is open"), Handshake))]
pub(super) async fn driver(opening: SocketRequest) -> Result<HttpResponse, Problem> {
    let owner = |caller: &Caller| caller.person.driver().map(SocketOwner::Driver);
    bare(opening, &course::STYLE, owner).await
}

/// Open a rider's or a driver's socket, for clients of the later course editions
#[utoipa::path(get, path = "/taxi/", tag = "sockets", security(("bearer" = []), ("cookie" = [])),
    params(("token" = Option<String>, Query, description = "An access token, for clients that cannot set headers")),
    responses((status = 101, description = "The socket is open"), Handshake))]
pub(super) async fn taxi(opening: SocketRequest) -> Result<HttpResponse, Problem> {
    let owner = |caller: &Caller| match caller.person.role {
        Role::Rider => caller.person.rider().map(SocketOwner::Rider),
        Role::Driver => caller.person.driver().map(SocketOwner::Driver),
        Role::Operator => None,
    };
    bare(opening, &taxi::STYLE, owner).await
}

/// Open a socket of the native dialect
#[utoipa::path(get, path = "/ws/", tag = "sockets", security(("bearer" = []), ("cookie" = [])),
    params(("token" = Option<String>, Query, description = "An access token, for clients that cannot set headers")),
    responses((status = 101, description = "The socket is open"), Handshake))]
pub(super) async fn native(opening: SocketRequest) -> Result<HttpResponse, Problem> {
    dcrf(opening).await
}

/// Open a socket of the native dialect, for clients that know this path
#[utoipa::path(get, path = "/ws/trips/", tag = "sockets", security(("bearer" = []), ("cookie" = [])),
    params(("token" = Option<String>, Query, description = "An access token, for clients that cannot set headers")),
    responses((status = 101, description = "The socket is open"), Handshake))]
pub(super) async fn dcrf(opening: SocketRequest) -> Result<HttpResponse, Problem> {
    let caller = opening.caller().await?;
    let app = opening.app.get_ref().clone();
    let handler = |slot: &Arc<SocketSlot>, outbound: Outbound| {
        Dcrf::new(app, caller.clone(), slot.clone(), outbound)
    };
    opening.accept(&caller, handler).await
}

/// The query parameters of a room's socket.
#[derive(Deserialize)]
struct ChatQuery {
    after: Option<String>,
}

/// Open the chat between a trip's rider and its driver
#[utoipa::path(get, path = "/ws/chat/{nk}/", tag = "sockets", security(("bearer" = []), ("cookie" = [])),
    params(("token" = Option<String>, Query, description = "An access token, for clients that cannot set headers"),
        ("after" = Option<i64>, Query, description = "The last message that the client has"),
        ("nk" = String, Path, description = "The trip's key, or its id")),
    responses((status = 101, description = "The socket is open"), Handshake, crate::problem::described::Room))]
pub(super) async fn chat(
    opening: SocketRequest,
    nk: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = opening.caller().await?;
    let named = TripRef::parse(&nk).ok_or_else(Problem::no_such_trip)?;
    let viewer = Viewer::of(&caller.person);
    let trip = opening.app.dispatch.find_known(viewer, named).await?;
    let trip = trip.ok_or_else(Problem::no_such_trip)?.id;
    let query = Fields::query::<ChatQuery>(opening.request.query_string())?;
    let after = query.after.as_deref().map(str::parse::<Sequence>);
    let after = after
        .transpose()
        .map_err(|rule| FieldErrors::one("after", rule))?;
    let after = after.map_or(0, Sequence::get);
    let (app, person) = (opening.app.get_ref().clone(), caller.person.clone());
    let shown = OnceLock::new();
    let handler = |_: &Arc<SocketSlot>, outbound| Chat {
        app,
        person,
        trip,
        after,
        outbound,
        subscriber: Arc::new(ChatSubscriber { trip, shown }),
    };
    opening.accept(&caller, handler).await
}

/// Open the socket of your notifications
#[utoipa::path(get, path = "/ws/notifications/", tag = "sockets", security(("bearer" = []), ("cookie" = [])),
    params(("token" = Option<String>, Query, description = "An access token, for clients that cannot set headers")),
    responses((status = 101, description = "The socket is open"), Handshake))]
pub(super) async fn notifications(opening: SocketRequest) -> Result<HttpResponse, Problem> {
    let caller = opening.caller().await?;
    let app = opening.app.get_ref().clone();
    let handler = |_: &Arc<SocketSlot>, outbound| Notifications {
        app,
        viewer: Viewer::of(&caller.person),
        outbound,
        subscriber: Arc::default(),
    };
    opening.accept(&caller, handler).await
}

async fn bare(
    opening: SocketRequest,
    style: &'static Style,
    owner_of: impl Fn(&Caller) -> Option<SocketOwner>,
) -> Result<HttpResponse, Problem> {
    let caller = opening.caller().await?;
    let owner = owner_of(&caller).ok_or_else(Problem::not_allowed)?;
    let app = opening.app.get_ref().clone();
    let handler = |_: &Arc<SocketSlot>, outbound| {
        Bare::new(app, owner, Viewer::of(&caller.person), outbound, style)
    };
    opening.accept(&caller, handler).await
}

/// A request to open a socket.
pub(super) struct SocketRequest {
    request: HttpRequest,
    payload: web::Payload,
    app: web::Data<App>,
}

impl FromRequest for SocketRequest {
    type Error = actix_web::Error;
    type Future = std::future::Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let app = web::Data::<App>::extract(request).into_inner();
        let payload = web::Payload::from_request(request, payload).into_inner();
        let opening = app.and_then(|app| {
            Ok(Self {
                request: request.clone(),
                payload: payload?,
                app,
            })
        });
        std::future::ready(opening)
    }
}

impl SocketRequest {
    /// The caller. A request that is no WebSocket handshake is refused before the caller is checked.
    async fn caller(&self) -> Result<Caller, Problem> {
        ws::handshake(&self.request).map_err(|error| not_a_handshake(&error))?;
        self.app.caller(&self.request, RequestPurpose::Socket).await
    }

    /// Joins the registry before it reads what the client is shown first. Events in between wait, so none is missed.
    async fn accept<T: ProtocolHandler + 'static>(
        self,
        caller: &Caller,
        handler: impl FnOnce(&Arc<SocketSlot>, Outbound) -> T,
    ) -> Result<HttpResponse, Problem> {
        let mut response = ws::handshake(&self.request).map_err(|error| not_a_handshake(&error))?;
        let slot = Arc::new(SocketSlot::new(&self.app.registry));
        let outbound = Outbound::default();
        let handler: Rc<dyn ProtocolHandler> = Rc::new(handler(&slot, outbound.clone()));
        let socket = JoiningSocket {
            user: caller.person.id,
            session: caller.session,
            role: caller.person.role,
            subscriber: handler.subscriber(),
            outbound: outbound.clone(),
        };
        let (registry, id) = (&slot.registry, slot.socket);
        let connected = registry.send(Connect(id, socket)).await;
        connected.map_err(|_| Problem::stopping())??;
        let greeting = handler.clone().greet().await?;
        outbound.begin_with(greeting.frames);
        let open = self.app.dispatch.presence().open_socket(caller.person.id);
        let limits = self.app.limits;
        let session = SocketSession::new(handler, slot.clone(), outbound.clone(), open, limits);
        let payload = self.payload;
        SocketSession::create(|ctx| {
            ctx.add_stream(incoming(payload, Limits::default()));
            session
        });
        let joined = Joined {
            socket: id,
            snapshot: greeting.trips,
        };
        registry
            .send(joined)
            .await
            .map_err(|_| Problem::stopping())?;
        let ending = self.request.conn_data::<EndOfReading>().cloned();
        Ok(response.streaming(Outgoing::new(outbound, ending, slot)))
    }
}

pub(super) fn not_a_handshake(error: &HandshakeError) -> Problem {
    Problem::new(
        Code::UpgradeRequired,
        format!("A WebSocket handshake is expected here: {error}."),
    )
}
