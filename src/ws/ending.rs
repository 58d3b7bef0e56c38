//! How a socket ends its connection at once.
//!
//! After the last byte of an answer actix reads on for up to a second where a request's body has no end, and a socket's
//! has none. Once both sides have said goodbye nothing more comes: the connection then reads as if the client had
//! ended it, and is ended too.

use std::cell::Cell;
use std::rc::Rc;

/// Whether nothing more is to be read from a connection; shared by it and by the socket that it carries.
#[derive(Clone, Default)]
pub struct EndOfReading(Rc<Cell<bool>>);

impl EndOfReading {
    /// Says that it is so.
    pub(super) fn begin(&self) {
        self.0.set(true);
    }

    /// Whether it is so.
    pub fn has_begun(&self) -> bool {
        self.0.get()
    }
}
