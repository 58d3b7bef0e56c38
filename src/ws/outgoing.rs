//! The response's body: what waits in the queue, all of it in one chunk.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::Error;
use actix_web::web::{Bytes, BytesMut};
use futures_util::stream::Stream;

use super::frames;
use crate::registry::Outbound;
use crate::registry::outbound::Next;

/// Takes frames out of the queue for as long as the socket is there.
pub(super) struct Outgoing<Place> {
    outbound: Outbound,
    /// The socket counts as one of its account's until it is really gone.
    _place: Place,
}

impl<Place> Outgoing<Place> {
    pub(super) fn new(outbound: Outbound, place: Place) -> Self {
        Self {
            outbound,
            _place: place,
        }
    }
}

impl<Place> Stream for Outgoing<Place> {
    type Item = Result<Bytes, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.outbound.poll_next(cx).map(|next| match next {
            Next::Frames(frames) => Some(Ok(one_chunk(frames))),
            Next::Close(why) => Some(Ok(frames::close(why))),
            Next::End => None,
        })
    }
}

impl<Place> Drop for Outgoing<Place> {
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
