//! An echo of every message, so that the conformance tests can test the codec alone. The service does not serve it.

use actix_web::{HttpRequest, HttpResponse, rt, web};
use actix_web_actors::ws;
use futures_util::stream::{Stream, StreamExt};

use super::ending::EndOfReading;
use super::frames;
use super::handshake::not_a_handshake;
use super::incoming::{Incoming, Limits, incoming};
use super::outgoing::Outgoing;
use crate::problem::Problem;
use crate::registry::outbound::{Parting, Room};
use crate::registry::{Closing, Outbound};

/// The longest message in the conformance tests, and the most fragments of one message.
const LIMITS: Limits = Limits {
    bytes: 16 * 1024 * 1024,
    fragments: 65_536,
};

/// Opens a socket that sends back every message.
pub async fn echo(request: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Problem> {
    let mut response = ws::handshake(&request).map_err(|error| not_a_handshake(&error))?;
    let outbound = Outbound::with_room(Room {
        bytes: 2 * LIMITS.bytes,
        ..Room::default()
    });
    rt::spawn(send_back(incoming(payload, LIMITS), outbound.clone()));
    let ending = request.conn_data::<EndOfReading>().cloned();
    Ok(response.streaming(Outgoing::new(outbound, ending, ())))
}

async fn send_back(messages: impl Stream<Item = Incoming>, outbound: Outbound) {
    let mut messages = std::pin::pin!(messages);
    while let Some(message) = messages.next().await {
        let pushed = match message {
            Incoming::Text(text) => outbound.push(frames::text(text)),
            Incoming::Binary(data) => outbound.push(frames::binary(data)),
            Incoming::Ping(payload) => outbound.push(frames::pong(payload)),
            Incoming::Pong => Ok(()),
            Incoming::Close(why) => {
                outbound.close(why);
                break;
            }
            Incoming::Violation(why) => {
                outbound.part(Parting::Unread);
                return outbound.close(why);
            }
        };
        if pushed.is_err() {
            outbound.part(Parting::Unread);
            return outbound.close_now(Closing::SLOW);
        }
    }
    outbound.part(Parting::Answered);
    outbound.close(Closing::NORMAL);
}
