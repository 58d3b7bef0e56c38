//! A socket in the course dialect: trips and refusals come in, requests and changes go out.

use std::pin::Pin;
use std::time::Duration;

use awc::error::WsProtocolError;
use awc::ws::{Frame, Message};
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use serde::Serialize;
use tokio::time::{Instant, timeout, timeout_at};

use super::{ANSWER_WITHIN, ClientError, Heard};

/// What awc's handshake returns, whose name is not exported.
trait Line:
    Stream<Item = Result<Frame, WsProtocolError>> + Sink<Message, Error = WsProtocolError>
{
}
impl<T: Stream<Item = Result<Frame, WsProtocolError>> + Sink<Message, Error = WsProtocolError>> Line
    for T
{
}

/// An open socket; dropping it hangs up.
pub struct Socket {
    line: Pin<Box<dyn Line>>,
}

impl Socket {
    pub(super) fn new(
        line: impl Stream<Item = Result<Frame, WsProtocolError>>
        + Sink<Message, Error = WsProtocolError>
        + 'static,
    ) -> Self {
        Self {
            line: Box::pin(line),
        }
    }

    /// Sends one frame.
    pub async fn send(&mut self, frame: &impl Serialize) -> Result<(), ClientError> {
        let text = serde_json::to_string(frame).map_err(|error| ClientError::Unintelligible {
            what: "a frame to be sent",
            reason: error.to_string(),
        })?;
        self.put(Message::Text(text.into())).await
    }

    /// The next frame, or nothing when none has come within `within`; the service's pings are answered meanwhile.
    pub async fn hear(&mut self, within: Duration) -> Result<Option<Heard>, ClientError> {
        let until = Instant::now() + within;
        loop {
            let Ok(frame) = timeout_at(until, self.line.next()).await else {
                return Ok(None);
            };
            match frame {
                Some(Ok(Frame::Text(text))) => return read(&text).map(Some),
                Some(Ok(Frame::Ping(payload))) => self.put(Message::Pong(payload)).await?,
                Some(Ok(Frame::Pong(_))) => {}
                Some(Ok(Frame::Close(reason))) => {
                    return Err(ClientError::Lost {
                        code: reason.map(|reason| reason.code.into()),
                    });
                }
                Some(Ok(Frame::Binary(_) | Frame::Continuation(_))) => {
                    return Err(ClientError::Unintelligible {
                        what: "a socket",
                        reason: "not a text frame".to_owned(),
                    });
                }
                Some(Err(_)) | None => return Err(ClientError::Lost { code: None }),
            }
        }
    }

    async fn put(&mut self, message: Message) -> Result<(), ClientError> {
        timeout(ANSWER_WITHIN, self.line.send(message))
            .await
            .map_err(|_| ClientError::TimedOut {
                what: "sending a frame",
            })?
            .map_err(|_| ClientError::Lost { code: None })
    }
}

fn read(text: &[u8]) -> Result<Heard, ClientError> {
    serde_json::from_slice(text).map_err(|error| ClientError::Unintelligible {
        what: "a socket",
        reason: error.to_string(),
    })
}
