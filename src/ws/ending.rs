//! Lets a socket end its connection at once.
//!
//! After the last byte of a response, actix reads on for up to a second if the request's body has no end, and a
//! socket's has none. Once both sides have sent their close frames, nothing more comes. The connection then reads as if
//! the client had ended it, and so it ends.

use std::cell::Cell;
use std::rc::Rc;

/// A flag that stops reading from a connection. The connection shares it with the socket that it carries.
#[derive(Clone, Default)]
pub struct EndOfReading(Rc<Cell<bool>>);

impl EndOfReading {
    /// Stops reading from the connection.
    pub(super) fn begin(&self) {
        self.0.set(true);
    }

    /// Whether reading from the connection is to stop.
    pub fn has_begun(&self) -> bool {
        self.0.get()
    }
}
