//! Reads whole messages from a socket: decodes frames, joins fragments and enforces the limits.

use actix_http::ws::{CloseReason, OpCode, Parser, ProtocolError};
use actix_web::web::{Bytes, BytesMut, Payload};
use bytestring::ByteString;
use futures_util::stream::{Stream, StreamExt, unfold};

use super::MESSAGE_MAX;
use crate::registry::Closing;

/// The longest header of a frame, in bytes (RFC 6455 section 5.2).
const HEADER_MAX: usize = 14;

/// The limits of one message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// The longest message, and the longest frame.
    pub(super) bytes: usize,
    pub(super) fragments: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: MESSAGE_MAX,
            fragments: 1_024,
        }
    }
}

/// A message or control frame from the client, or a violation of the standard.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Incoming {
    Text(ByteString),
    /// No dialect has binary messages.
    Binary(Bytes),
    /// The payload goes back in the pong.
    Ping(Bytes),
    Pong,
    /// The client closes the socket; the code goes back to it.
    Close(Closing),
    /// The client violates RFC 6455 or exceeds a limit. Nothing more is read.
    Violation(Closing),
}

struct MessageReader {
    payload: Payload,
    limits: Limits,
    buffer: BytesMut,
    fragments: Option<Fragments>,
    over: bool,
}

/// Only a text message must be UTF-8.
#[derive(Clone, Copy)]
enum MessageKind {
    Text,
    Binary,
}

/// The fragments of an incomplete message.
struct Fragments {
    kind: MessageKind,
    data: BytesMut,
    count: usize,
}

/// The messages of one socket, until the client closes it, violates the standard or is gone.
pub(super) fn incoming(payload: Payload, limits: Limits) -> impl Stream<Item = Incoming> {
    let reader = MessageReader {
        payload,
        limits,
        buffer: BytesMut::new(),
        fragments: None,
        over: false,
    };
    unfold(reader, |mut reader| async move {
        let message = reader.next().await?;
        reader.over = matches!(message, Incoming::Violation(_) | Incoming::Close(_));
        Some((message, reader))
    })
}

impl MessageReader {
    async fn next(&mut self) -> Option<Incoming> {
        if self.over {
            return None;
        }
        loop {
            match Parser::parse(&mut self.buffer, true, self.limits.bytes) {
                Ok(Some((last, opcode, data))) => {
                    let data = data.unwrap_or_default().freeze();
                    match self.take(last, opcode, data) {
                        Ok(Some(message)) => return Some(message),
                        Ok(None) => {}
                        Err(why) => return Some(Incoming::Violation(why)),
                    }
                }
                // The parser checks a frame's length only once the whole frame is there.
                Ok(None) if self.buffer.len() > self.limits.bytes + HEADER_MAX => {
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

    /// Takes one frame; returns the message that it completes, if any.
    fn take(
        &mut self,
        last: bool,
        opcode: OpCode,
        data: Bytes,
    ) -> Result<Option<Incoming>, Closing> {
        match opcode {
            OpCode::Text => self.begin(MessageKind::Text, last, data),
            OpCode::Binary => self.begin(MessageKind::Binary, last, data),
            OpCode::Continue => self.go_on(last, &data),
            // Control frames cannot be fragmented.
            OpCode::Ping | OpCode::Pong | OpCode::Close if !last => Err(Closing::PROTOCOL),
            OpCode::Ping => Ok(Some(Incoming::Ping(data))),
            OpCode::Pong => Ok(Some(Incoming::Pong)),
            OpCode::Close => close(&data).map(Some),
            OpCode::Bad => Err(Closing::PROTOCOL),
        }
    }

    fn begin(
        &mut self,
        kind: MessageKind,
        last: bool,
        data: Bytes,
    ) -> Result<Option<Incoming>, Closing> {
        if self.fragments.is_some() {
            return Err(Closing::PROTOCOL);
        }
        if last {
            return message(kind, data).map(Some);
        }
        self.fragments = Some(Fragments {
            kind,
            data: data.into(),
            count: 1,
        });
        Ok(None)
    }

    fn go_on(&mut self, last: bool, data: &[u8]) -> Result<Option<Incoming>, Closing> {
        let mut fragments = self.fragments.take().ok_or(Closing::PROTOCOL)?;
        fragments.count += 1;
        let bytes = fragments.data.len() + data.len();
        if bytes > self.limits.bytes || fragments.count > self.limits.fragments {
            return Err(Closing::TOO_BIG);
        }
        fragments.data.extend_from_slice(data);
        if last {
            return message(fragments.kind, fragments.data.freeze()).map(Some);
        }
        self.fragments = Some(fragments);
        Ok(None)
    }
}

fn message(kind: MessageKind, data: Bytes) -> Result<Incoming, Closing> {
    match kind {
        MessageKind::Text => ByteString::try_from(data)
            .map(Incoming::Text)
            .map_err(|_| Closing::NOT_UTF8),
        MessageKind::Binary => Ok(Incoming::Binary(data)),
    }
}

/// The close frame to answer with: the client's code, without a reason. The reason must be UTF-8, but is not used.
fn close(payload: &[u8]) -> Result<Incoming, Closing> {
    let (code, reason) = payload.split_at(payload.len().min(2));
    let code = Parser::try_parse_close_payload(code).map_err(|_| Closing::PROTOCOL)?;
    if std::str::from_utf8(reason).is_err() {
        return Err(Closing::NOT_UTF8);
    }
    let answer = code.map_or(Closing::NORMAL, |CloseReason { code, .. }| {
        Closing::echo(code.into())
    });
    Ok(Incoming::Close(answer))
}

/// The close code of the standard for an error of the parser.
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
