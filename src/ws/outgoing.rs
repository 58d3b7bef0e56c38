//! The response's body: sends everything that waits in the queue as one chunk, and at last the close frame.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::Error;
use actix_web::web::{Bytes, BytesMut};
use futures_util::stream::Stream;
use tokio::time::Sleep;

use super::ending::EndOfReading;
use super::frames;
use crate::registry::Outbound;
use crate::registry::outbound::{Next, Parting};

/// How long a client may take to answer a close frame.
const GOODBYE_WAIT: Duration = Duration::from_secs(1);

/// Sends the frames of the queue for as long as the socket is open.
pub(super) struct Outgoing<Slot> {
    outbound: Outbound,
    /// Ends the connection; absent if the connection cannot be ended from here.
    ending: Option<EndOfReading>,
    /// Set once the close frame is sent: until then, the client's close frame is awaited.
    goodbye: Option<Pin<Box<Sleep>>>,
    /// Held so that the socket counts as one of its account's until it is really gone.
    _slot: Slot,
}

impl<Slot> Outgoing<Slot> {
    pub(super) fn new(outbound: Outbound, ending: Option<EndOfReading>, slot: Slot) -> Self {
        Self {
            outbound,
            ending,
            goodbye: None,
            _slot: slot,
        }
    }
}

impl<Slot: Unpin> Stream for Outgoing<Slot> {
    type Item = Result<Bytes, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if let Some(goodbye) = &mut this.goodbye {
            let parting = match this.outbound.poll_parted(cx) {
                Poll::Ready(parting) => parting,
                // A client that does not answer in time is not waited for any longer.
                Poll::Pending => {
                    ready!(goodbye.as_mut().poll(cx));
                    Parting::Answered
                }
            };
            if let (Parting::Answered, Some(ending)) = (parting, &this.ending) {
                ending.begin();
            }
            return Poll::Ready(None);
        }
        this.outbound.poll_next(cx).map(|next| match next {
            Next::Frames(frames) => Some(Ok(one_chunk(frames))),
            Next::Close(why) => {
                this.goodbye = Some(Box::pin(tokio::time::sleep(GOODBYE_WAIT)));
                Some(Ok(frames::close(why)))
            }
            Next::End => None,
        })
    }
}

impl<Slot> Drop for Outgoing<Slot> {
    fn drop(&mut self) {
        self.outbound.end();
    }
}

/// Many frames in one chunk are one write to the socket.
fn one_chunk(mut frames: Vec<Bytes>) -> Bytes {
    if frames.len() == 1
        && let Some(frame) = frames.pop()
    {
        return frame;
    }
    let mut chunk = BytesMut::with_capacity(frames.iter().map(Bytes::len).sum());
    for frame in &frames {
        chunk.extend_from_slice(frame);
    }
    chunk.freeze()
}
