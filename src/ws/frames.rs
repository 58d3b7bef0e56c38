//! Encodes frames. A server's frames are not masked, so one encoded frame serves many sockets.

use actix_http::ws::{CloseReason, Codec, Message};
use actix_web::web::{Bytes, BytesMut};
use bytestring::ByteString;
use tokio_util::codec::Encoder;

use crate::registry::Closing;

/// A text frame.
pub(super) fn text(text: impl Into<ByteString>) -> Bytes {
    encode(Message::Text(text.into()))
}

/// A binary frame.
pub(super) fn binary(data: Bytes) -> Bytes {
    encode(Message::Binary(data))
}

/// A ping without payload.
pub(super) fn ping() -> Bytes {
    encode(Message::Ping(Bytes::new()))
}

/// A pong, which answers a ping with its payload.
pub(super) fn pong(payload: Bytes) -> Bytes {
    encode(Message::Pong(payload))
}

/// A close frame.
pub(super) fn close(why: Closing) -> Bytes {
    let description = (!why.reason.is_empty()).then(|| why.reason.to_owned());
    encode(Message::Close(Some(CloseReason {
        code: why.code.into(),
        description,
    })))
}

fn encode(message: Message) -> Bytes {
    let mut frame = BytesMut::new();
    Codec::new()
        .encode(message, &mut frame)
        .expect("only continuation frames can be refused");
    frame.freeze()
}
