//! The response's body: what waits in the queue, all of it in one chunk.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::Error;
use actix_web::web::{Bytes, BytesMut};
use futures_util::stream::Stream;

use super::frames;
use crate::registry::outbound::Next;
use crate::registry::{Outbound, Place};

/// Takes frames out of the queue for as long as the socket is there.
pub(super) struct Outgoing {
    outbound: Outbound,
    /// The socket counts as one of its account's until it is really gone.
    _place: Arc<Place>,
}

impl Outgoing {
    pub(super) fn new(outbound: Outbound, place: Arc<Place>) -> Self {
        Self {
            outbound,
            _place: place,
        }
    }
}

impl Stream for Outgoing {
    type Item = Result<Bytes, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.outbound.poll_next(cx).map(|next| match next {
            Next::Frames(frames) => Some(Ok(one_chunk(frames))),
            Next::Close(why) => Some(Ok(frames::close(why))),
            Next::End => None,
        })
    }
}

impl Drop for Outgoing {
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
