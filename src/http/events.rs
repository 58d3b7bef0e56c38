//! `GET /api/events/`: the event stream as Server-Sent Events, for scripts and pages.

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
use crate::registry::actor::{Connect, FollowStreams as Go, Joined};
use crate::registry::outbound::Next;
use crate::registry::roster::JoiningSocket;
use crate::registry::subscriber::{NotDelivered, SharedEvent};
use crate::registry::{Closing, Outbound, SocketSlot as Seat, Subscriber};
use crate::resume::follow::{Hold, event_data};
use crate::resume::{ResumeRequest, Resumption, StreamCursor};

/// How often a comment shows that the line is alive.
const COMMENT_EVERY: Duration = Duration::from_secs(20);
/// The longest `Last-Event-ID`, in bytes.
const ID_MAX: usize = 1_024;

/// What may be asked of the stream.
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
    who: Anyone,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Fields::query::<Query>(request.query_string())?;
    let header = request.headers().get("last-event-id");
    let header = header.map(|id| id.to_str().unwrap_or_default().to_owned());
    // An `EventSource` that is new cannot set the header.
    let given = header.or(query.last_event_id.clone());
    let given = given.unwrap_or_default();
    let places = places(&given)?;
    let asked = ResumeRequest::new(who.viewer(), places)
        .map_err(|foreign| FieldErrors::one("Last-Event-ID", foreign))?;
    let (subscriber, outbound) = (
        Arc::new(EventStreamSubscriber::default()),
        Outbound::default(),
    );
    let place = connect(&app, &who, subscriber.clone(), outbound.clone()).await?;
    subscriber.lock().hold.expect();
    let opening = app.resume.open(asked).await?;
    let heads = begin(&subscriber, &outbound, &opening, query.once);
    let going = place.registry.send(Go(place.socket, heads));
    going.await.map_err(|_| Problem::stopping())?;
    let mut comments = tokio::time::interval(COMMENT_EVERY);
    comments.reset();
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header(("cache-control", "no-cache"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(EventStreamBody {
            outbound,
            comments,
            _place: place,
        }))
}

/// A line is a socket like any other.
async fn connect(
    app: &App,
    who: &Anyone,
    subscriber: Arc<EventStreamSubscriber>,
    outbound: Outbound,
) -> Result<Seat, Problem> {
    let place = Seat::new(&app.registry);
    let socket = JoiningSocket {
        user: who.0.person.id,
        session: who.0.session,
        role: who.0.person.role,
        subscriber,
        outbound,
    };
    let connected = app.registry.send(Connect(place.socket, socket)).await;
    connected.map_err(|_| Problem::stopping())??;
    let joined = Joined {
        socket: place.socket,
        snapshot: Vec::new(),
    };
    let joined = app.registry.send(joined).await;
    joined.map_err(|_| Problem::stopping())?;
    Ok(place)
}

/// Queues the first event and follows; gives how far the streams are known to go.
fn begin(
    subscriber: &EventStreamSubscriber,
    outbound: &Outbound,
    opening: &Resumption,
    once: bool,
) -> Vec<(Stream, i64)> {
    let mut tail = subscriber.lock();
    outbound.begin_with(vec![first_event(opening)]);
    let heads = tail.hold.begin(opening);
    tail.ends_at = once.then(|| heads.clone());
    if tail.is_over() {
        outbound.close(Closing::NORMAL);
    }
    heads
}

/// The places that an id stands for; none for no id at all.
fn places(id: &str) -> Result<Vec<StreamCursor>, FieldErrors> {
    let wrong = || FieldErrors::one("Last-Event-ID", "This is not the id of an event of ours.");
    if id.is_empty() {
        return Ok(Vec::new());
    }
    let bytes = (id.len() <= ID_MAX).then(|| URL_SAFE_NO_PAD.decode(id).ok());
    let text = bytes.flatten().ok_or_else(wrong)?;
    let rows: Vec<(String, Option<Uuid>, Sequence)> =
        serde_json::from_slice(&text).map_err(|_| wrong())?;
    let place = |(stream, epoch, sequence): (String, Option<Uuid>, Sequence)| {
        Some(StreamCursor {
            stream: Stream::parse(&stream)?,
            epoch,
            sequence: sequence.get(),
        })
    };
    let places: Option<Vec<StreamCursor>> = rows.into_iter().map(place).collect();
    places.ok_or_else(wrong)
}

/// One id that stands for the places in all streams.
fn id(places: &[StreamCursor]) -> String {
    let rows: Vec<(String, Option<Uuid>, i64)> = places
        .iter()
        .map(|place| (place.stream.to_string(), place.epoch, place.sequence))
        .collect();
    let text = serde_json::to_vec(&rows).expect("texts and numbers are JSON");
    URL_SAFE_NO_PAD.encode(text)
}

fn chunk(places: &[StreamCursor], name: &str, data: &str) -> Bytes {
    let id = id(places);
    format!("id: {id}\nevent: {name}\ndata: {data}\n\n").into()
}

fn first_event(opening: &Resumption) -> Bytes {
    let name = match opening.snapshot {
        None => "resumed",
        Some(_) => "snapshot",
    };
    let data = serde_json::to_string(opening).expect("texts and numbers are JSON");
    chunk(&opening.cursors, name, &data)
}

/// The subscriber of one line: each event under the id of all places after it.
#[derive(Default)]
struct EventStreamSubscriber(Mutex<Tail>);

#[derive(Default)]
struct Tail {
    hold: Hold,
    /// Where the answer ends, if it is to.
    ends_at: Option<Vec<(Stream, i64)>>,
}

impl EventStreamSubscriber {
    fn lock(&self) -> MutexGuard<'_, Tail> {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Tail {
    fn is_over(&self) -> bool {
        let is_there = |(stream, last): &(Stream, i64)| {
            self.hold.next(*stream).is_none_or(|next| next > *last)
        };
        self.ends_at
            .as_ref()
            .is_some_and(|ends| ends.iter().all(is_there))
    }
}

impl Subscriber for EventStreamSubscriber {
    fn deliver(
        &self,
        shared: &mut SharedEvent<'_>,
        outbound: &Outbound,
    ) -> Result<(), NotDelivered> {
        let mut tail = self.lock();
        let told = tail.hold.positions(shared.event())?;
        let Hold::Following(follow) = &tail.hold else {
            return Ok(());
        };
        if told.is_empty() || tail.is_over() {
            return Ok(());
        }
        let mut after = follow.clone();
        after.advance(&told);
        let data = event_data(shared, &told);
        let chunk = chunk(after.cursors(), shared.event().kind(), &data);
        outbound.push(chunk).map_err(|_| NotDelivered)?;
        tail.hold = Hold::Following(after);
        if tail.is_over() {
            outbound.close(Closing::NORMAL);
        }
        Ok(())
    }

    fn next_sequence(&self, stream: Stream) -> Option<i64> {
        self.lock().hold.next(stream)
    }
}

/// The answer's body, for as long as the client reads it.
struct EventStreamBody {
    outbound: Outbound,
    comments: tokio::time::Interval,
    /// The line counts as one of its account's sockets.
    _place: Seat,
}

impl Chunks for EventStreamBody {
    type Item = Result<Bytes, actix_web::Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        while self.comments.poll_tick(cx).is_ready() {
            // A full queue shows that the line is alive.
            let _ = self.outbound.push(Bytes::from_static(b":\n\n"));
        }
        self.outbound.poll_next(cx).map(|next| match next {
            Next::Frames(frames) => Some(Ok(frames.concat().into())),
            Next::Close(why) => Some(Ok(bye(why))),
            Next::End => None,
        })
    }
}

impl Drop for EventStreamBody {
    fn drop(&mut self) {
        self.outbound.end();
    }
}

fn bye(why: Closing) -> Bytes {
    let data = json!({"code": why.code, "reason": why.reason});
    format!("event: bye\ndata: {data}\n\n").into()
}
