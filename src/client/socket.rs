//! A socket in the native dialect: calls go out; answers, events and positions come in.

use std::pin::Pin;
use std::time::Duration;

use awc::error::WsProtocolError;
use awc::ws::{Frame, Message};
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use serde_json::Value;
use tokio::time::{Instant, timeout, timeout_at};

use super::frames::{self, IncomingFrame};
use super::{ANSWER_WITHIN, ClientError};

/// The stream that awc's handshake returns, whose type is not exported.
trait WireStream:
    Stream<Item = Result<Frame, WsProtocolError>> + Sink<Message, Error = WsProtocolError>
{
}
impl<T: Stream<Item = Result<Frame, WsProtocolError>> + Sink<Message, Error = WsProtocolError>>
    WireStream for T
{
}

/// An open socket. Dropping it closes the connection.
pub struct ClientSocket {
    stream: Pin<Box<dyn WireStream>>,
}

impl ClientSocket {
    pub(super) fn new(
        stream: impl Stream<Item = Result<Frame, WsProtocolError>>
        + Sink<Message, Error = WsProtocolError>
        + 'static,
    ) -> Self {
        Self {
            stream: Box::pin(stream),
        }
    }

    /// Calls an action. Its answer comes among the received frames.
    pub async fn call(&mut self, action: &str, fields: Value) -> Result<(), ClientError> {
        self.send(&frames::call(None, action, fields)).await
    }

    /// Calls an action in a stream of the multiplexed socket.
    pub async fn call_in(
        &mut self,
        stream: &str,
        action: &str,
        fields: Value,
    ) -> Result<(), ClientError> {
        self.send(&frames::call(Some(stream), action, fields)).await
    }

    async fn send(&mut self, frame: &Value) -> Result<(), ClientError> {
        self.put(Message::Text(frame.to_string().into())).await
    }

    /// The next frame, or `None` if none comes within `within`. Pings are answered meanwhile.
    pub async fn receive(
        &mut self,
        within: Duration,
    ) -> Result<Option<IncomingFrame>, ClientError> {
        let until = Instant::now() + within;
        loop {
            let Ok(frame) = timeout_at(until, self.stream.next()).await else {
                return Ok(None);
            };
            match frame {
                Some(Ok(Frame::Text(text))) => {
                    if let Some(frame) = read(&text)? {
                        return Ok(Some(frame));
                    }
                }
                Some(Ok(Frame::Ping(payload))) => self.put(Message::Pong(payload)).await?,
                Some(Ok(Frame::Pong(_))) => {}
                Some(Ok(Frame::Close(reason))) => {
                    return Err(ClientError::Lost {
                        code: reason.map(|reason| reason.code.into()),
                    });
                }
                Some(Ok(Frame::Binary(_) | Frame::Continuation(_))) => {
                    return Err(ClientError::Unintelligible {
                        operation: "a socket",
                        reason: "not a text frame".to_owned(),
                    });
                }
                Some(Err(_)) | None => return Err(ClientError::Lost { code: None }),
            }
        }
    }

    async fn put(&mut self, message: Message) -> Result<(), ClientError> {
        timeout(ANSWER_WITHIN, self.stream.send(message))
            .await
            .map_err(|_| ClientError::TimedOut {
                operation: "sending a frame",
            })?
            .map_err(|_| ClientError::Lost { code: None })
    }
}

fn read(text: &[u8]) -> Result<Option<IncomingFrame>, ClientError> {
    frames::read(text).map_err(|error| ClientError::Unintelligible {
        operation: "a socket",
        reason: error.to_string(),
    })
}
