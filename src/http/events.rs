//! `GET /api/events/`: the caller's events as Server-Sent Events, for scripts and pages.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::Stream as Chunks;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::caller::Anyone;
use crate::app::App;
use crate::domain::{Sequence, Stream};
use crate::fields::{FieldErrors, Fields};
use crate::problem::Problem;
use crate::problem::described::{Authenticated, Following};
use crate::registry::actor::{Connect, FollowStreams, Joined};
use crate::registry::outbound::Next;
use crate::registry::roster::JoiningSocket;
use crate::registry::subscriber::{NotDelivered, SharedEvent};
use crate::registry::{Closing, Outbound, SocketSlot, Subscriber};
use crate::resume::follow::{Hold, event_data};
use crate::resume::{ResumeRequest, Resumption, StreamCursor};

/// How often a comment is sent to show that the connection is alive.
const COMMENT_EVERY: Duration = Duration::from_secs(20);
/// The longest `Last-Event-ID`, in bytes.
const ID_MAX: usize = 1_024;

/// The query parameters.
#[derive(Deserialize)]
pub(super) struct Query {
    last_event_id: Option<String>,
    #[serde(default)]
    once: bool,
}

/// Follow your events as Server-Sent Events
#[utoipa::path(get, path = "/api/events/", tag = "events", security(("bearer" = []), ("cookie" = [])),
    params(("Last-Event-ID" = Option<String>, Header, description = "The id of the last event seen"),
        ("last_event_id" = Option<String>, Query, description = "The same, for clients that cannot set headers"),
        ("once" = Option<bool>, Query, description = "End when nothing more is to be read")),
    responses((status = 200, content_type = "text/event-stream", body = String), Authenticated, Following))]
pub(super) async fn follow(
    app: web::Data<App>,
    caller: Anyone,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Fields::query::<Query>(request.query_string())?;
    let header = request.headers().get("last-event-id");
    let header = header.map(|id| id.to_str().unwrap_or_default().to_owned());
    // A new `EventSource` cannot set the header.
    let id = header.or(query.last_event_id.clone());
    let cursors = cursors(&id.unwrap_or_default())?;
    let request = ResumeRequest::new(caller.viewer(), cursors)
        .map_err(|foreign| FieldErrors::one("Last-Event-ID", foreign))?;
    let (subscriber, outbound) = (
        Arc::new(EventStreamSubscriber::default()),
        Outbound::default(),
    );
    let slot = connect(&app, &caller, subscriber.clone(), outbound.clone()).await?;
    subscriber.lock().hold.expect();
    let resumption = app.resume.open(request).await?;
    let heads = begin(&subscriber, &outbound, &resumption, query.once);
    let following = slot.registry.send(FollowStreams(slot.socket, heads));
    following.await.map_err(|_| Problem::stopping())?;
    let mut comments = tokio::time::interval(COMMENT_EVERY);
    comments.reset();
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header(("cache-control", "no-cache"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(EventStreamBody {
            outbound,
            comments,
            _slot: slot,
        }))
}

/// Joins the registry, which treats this connection like any other socket.
async fn connect(
    app: &App,
    caller: &Anyone,
    subscriber: Arc<EventStreamSubscriber>,
    outbound: Outbound,
) -> Result<SocketSlot, Problem> {
    let slot = SocketSlot::new(&app.registry);
    let socket = JoiningSocket {
        user: caller.0.person.id,
        session: caller.0.session,
        role: caller.0.person.role,
        subscriber,
        outbound,
    };
    let connected = app.registry.send(Connect(slot.socket, socket)).await;
    connected.map_err(|_| Problem::stopping())??;
    let joined = Joined {
        socket: slot.socket,
        snapshot: Vec::new(),
    };
    let joined = app.registry.send(joined).await;
    joined.map_err(|_| Problem::stopping())?;
    Ok(slot)
}

/// Queues the first event and follows the streams; returns the last known sequence of each.
fn begin(
    subscriber: &EventStreamSubscriber,
    outbound: &Outbound,
    resumption: &Resumption,
    once: bool,
) -> Vec<(Stream, i64)> {
    let mut state = subscriber.lock();
    outbound.begin_with(vec![first_event(resumption)]);
    let heads = state.hold.begin(resumption);
    state.ends_at = once.then(|| heads.clone());
    if state.is_over() {
        outbound.close(Closing::NORMAL);
    }
    heads
}

/// The cursors that an event id stands for; none for the empty id.
fn cursors(id: &str) -> Result<Vec<StreamCursor>, FieldErrors> {
    let wrong = || FieldErrors::one("Last-Event-ID", "This is not the id of an event of ours.");
    if id.is_empty() {
        return Ok(Vec::new());
    }
    let bytes = (id.len() <= ID_MAX).then(|| URL_SAFE_NO_PAD.decode(id).ok());
    let text = bytes.flatten().ok_or_else(wrong)?;
    let rows: Vec<(String, Option<Uuid>, Sequence)> =
        serde_json::from_slice(&text).map_err(|_| wrong())?;
    let cursor = |(stream, epoch, sequence): (String, Option<Uuid>, Sequence)| {
        Some(StreamCursor {
            stream: Stream::parse(&stream)?,
            epoch,
            sequence: sequence.get(),
        })
    };
    let cursors: Option<Vec<StreamCursor>> = rows.into_iter().map(cursor).collect();
    cursors.ok_or_else(wrong)
}

/// The event id that stands for the cursors of all streams.
fn id(cursors: &[StreamCursor]) -> String {
    let rows: Vec<(String, Option<Uuid>, i64)> = cursors
        .iter()
        .map(|cursor| (cursor.stream.to_string(), cursor.epoch, cursor.sequence))
        .collect();
    let text = serde_json::to_vec(&rows).expect("texts and numbers are JSON");
    URL_SAFE_NO_PAD.encode(text)
}

fn chunk(cursors: &[StreamCursor], name: &str, data: &str) -> Bytes {
    let id = id(cursors);
    format!("id: {id}\nevent: {name}\ndata: {data}\n\n").into()
}

fn first_event(resumption: &Resumption) -> Bytes {
    let name = match resumption.snapshot {
        None => "resumed",
        Some(_) => "snapshot",
    };
    let data = serde_json::to_string(resumption).expect("texts and numbers are JSON");
    chunk(&resumption.cursors, name, &data)
}

/// Writes each event under the id that stands for the cursors after it.
#[derive(Default)]
struct EventStreamSubscriber(Mutex<FollowState>);

#[derive(Default)]
struct FollowState {
    hold: Hold,
    /// The sequences at which the response ends; absent if it never ends.
    ends_at: Option<Vec<(Stream, i64)>>,
}

impl EventStreamSubscriber {
    fn lock(&self) -> MutexGuard<'_, FollowState> {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl FollowState {
    fn is_over(&self) -> bool {
        let is_reached = |(stream, last): &(Stream, i64)| {
            self.hold.next(*stream).is_none_or(|next| next > *last)
        };
        self.ends_at
            .as_ref()
            .is_some_and(|ends| ends.iter().all(is_reached))
    }
}

impl Subscriber for EventStreamSubscriber {
    fn deliver(
        &self,
        shared: &mut SharedEvent<'_>,
        outbound: &Outbound,
    ) -> Result<(), NotDelivered> {
        let mut state = self.lock();
        let positions = state.hold.positions(shared.event())?;
        let Hold::Following(follow) = &state.hold else {
            return Ok(());
        };
        if positions.is_empty() || state.is_over() {
            return Ok(());
        }
        let mut after = follow.clone();
        after.advance(&positions);
        let data = event_data(shared, &positions);
        let chunk = chunk(after.cursors(), shared.event().kind(), &data);
        outbound.push(chunk).map_err(|_| NotDelivered)?;
        state.hold = Hold::Following(after);
        if state.is_over() {
            outbound.close(Closing::NORMAL);
        }
        Ok(())
    }

    fn next_sequence(&self, stream: Stream) -> Option<i64> {
        self.lock().hold.next(stream)
    }
}

/// The body of the response, while the client reads it.
struct EventStreamBody {
    outbound: Outbound,
    comments: tokio::time::Interval,
    /// Held so that the connection counts as one of the account's sockets.
    _slot: SocketSlot,
}

impl Chunks for EventStreamBody {
    type Item = Result<Bytes, actix_web::Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        while self.comments.poll_tick(cx).is_ready() {
            // A full queue needs no comment: its frames show that the connection is alive.
            let _ = self.outbound.push(Bytes::from_static(b":\n\n"));
        }
        self.outbound.poll_next(cx).map(|next| match next {
            Next::Frames(frames) => Some(Ok(frames.concat().into())),
            Next::Close(why) => Some(Ok(bye_event(why))),
            Next::End => None,
        })
    }
}

impl Drop for EventStreamBody {
    fn drop(&mut self) {
        self.outbound.end();
    }
}

fn bye_event(why: Closing) -> Bytes {
    let data = json!({"code": why.code, "reason": why.reason});
    format!("event: bye\ndata: {data}\n\n").into()
}
