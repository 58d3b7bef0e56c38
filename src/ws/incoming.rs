//! What a client sends, as whole messages: frames decoded, fragments put together, limits kept.

use actix_http::ws::{Codec, Frame, Item, ProtocolError};
use actix_web::web::{Bytes, BytesMut, Payload};
use bytestring::ByteString;
use futures_util::stream::{Stream, StreamExt, unfold};
use tokio_util::codec::Decoder;

use super::MESSAGE_MAX;
use crate::registry::Closing;

/// The longest header of a frame, in bytes (RFC 6455 section 5.2).
const HEADER_MAX: usize = 14;
/// How many fragments one message may have.
const FRAGMENTS_MAX: usize = 1_024;

/// One thing that a client sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Incoming {
    /// A text message.
    Text(ByteString),
    /// A binary message, which no dialect knows.
    Binary,
    /// A ping, to be answered.
    Ping(Bytes),
    /// A sign of life.
    Pong,
    /// The client closes.
    Close,
    /// The standard is broken; nothing more is read.
    Violation(Closing),
}

struct Reader {
    payload: Payload,
    codec: Codec,
    buffer: BytesMut,
    fragments: Option<Fragments>,
    over: bool,
}

/// A message that is not complete yet.
struct Fragments {
    is_text: bool,
    data: BytesMut,
    count: usize,
}

/// The messages of one socket, until it closes, breaks the standard or is gone.
pub(super) fn incoming(payload: Payload) -> impl Stream<Item = Incoming> {
    let codec = Codec::new().max_size(MESSAGE_MAX);
    let reader = Reader {
        payload,
        codec,
        buffer: BytesMut::new(),
        fragments: None,
        over: false,
    };
    unfold(reader, |mut reader| async move {
        let message = reader.next().await?;
        reader.over = matches!(message, Incoming::Violation(_) | Incoming::Close);
        Some((message, reader))
    })
}

impl Reader {
    async fn next(&mut self) -> Option<Incoming> {
        if self.over {
            return None;
        }
        loop {
            match self.codec.decode(&mut self.buffer) {
                Ok(Some(frame)) => match self.take(frame) {
                    Ok(Some(message)) => return Some(message),
                    Ok(None) => {}
                    Err(why) => return Some(Incoming::Violation(why)),
                },
                // The codec judges a frame's length only once the whole frame is there.
                Ok(None) if self.buffer.len() > MESSAGE_MAX + HEADER_MAX => {
                    return Some(Incoming::Violation(Closing::TOO_BIG));
                }
                Ok(None) => match self.payload.next().await? {
                    Ok(chunk) => self.buffer.extend_from_slice(&chunk),
                    Err(_) => return None,
                },
                Err(error) => return Some(Incoming::Violation(violation(&error))),
            }
        }
    }

    /// The message that a frame completes, if it does.
    fn take(&mut self, frame: Frame) -> Result<Option<Incoming>, Closing> {
        match frame {
            Frame::Text(data) => text(data).map(Some),
            Frame::Binary(_) => Ok(Some(Incoming::Binary)),
            Frame::Ping(data) => Ok(Some(Incoming::Ping(data))),
            Frame::Pong(_) => Ok(Some(Incoming::Pong)),
            Frame::Close(_) => Ok(Some(Incoming::Close)),
            Frame::Continuation(item) => self.fragment(item),
        }
    }

    fn fragment(&mut self, item: Item) -> Result<Option<Incoming>, Closing> {
        let (data, last) = match item {
            Item::FirstText(data) => return self.first(true, &data),
            Item::FirstBinary(data) => return self.first(false, &data),
            Item::Continue(data) => (data, false),
            Item::Last(data) => (data, true),
        };
        let fragments = self.fragments.as_mut().ok_or(Closing::PROTOCOL)?;
        fragments.count += 1;
        if fragments.data.len() + data.len() > MESSAGE_MAX || fragments.count > FRAGMENTS_MAX {
            return Err(Closing::TOO_BIG);
        }
        fragments.data.extend_from_slice(&data);
        if !last {
            return Ok(None);
        }
        match self.fragments.take() {
            Some(Fragments {
                is_text: true,
                data,
                ..
            }) => text(data.freeze()).map(Some),
            Some(Fragments { is_text: false, .. }) => Ok(Some(Incoming::Binary)),
            None => Err(Closing::PROTOCOL),
        }
    }

    fn first(&mut self, is_text: bool, data: &[u8]) -> Result<Option<Incoming>, Closing> {
        self.fragments = Some(Fragments {
            is_text,
            data: BytesMut::from(data),
            count: 1,
        });
        Ok(None)
    }
}

fn text(data: Bytes) -> Result<Incoming, Closing> {
    ByteString::try_from(data)
        .map(Incoming::Text)
        .map_err(|_| Closing::NOT_UTF8)
}

/// The standard's code for what the codec refuses.
fn violation(error: &ProtocolError) -> Closing {
    match error {
        ProtocolError::Overflow => Closing::TOO_BIG,
        ProtocolError::UnmaskedFrame
        | ProtocolError::MaskedFrame
        | ProtocolError::InvalidOpcode(_)
        | ProtocolError::InvalidLength(_)
        | ProtocolError::BadOpCode
        | ProtocolError::ContinuationNotStarted
        | ProtocolError::ContinuationStarted
        | ProtocolError::ContinuationFragment(_)
        | ProtocolError::Io(_) => Closing::PROTOCOL,
    }
}
