//! Why the service closes a socket, as a code that tells the client what to do.
//!
//! 4000 to 4499: connect again. 4500 to 4999: do not, before something has changed.

/// A close code and its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closing {
    /// RFC 6455 section 7.4, or ours.
    pub code: u16,
    /// For people.
    pub reason: &'static str,
}

impl Closing {
    /// All is said.
    pub const NORMAL: Self = Self {
        code: 1000,
        reason: "",
    };
    /// Not a WebSocket frame.
    pub const PROTOCOL: Self = Self {
        code: 1002,
        reason: "protocol error",
    };
    /// A text that is not UTF-8.
    pub const NOT_UTF8: Self = Self {
        code: 1007,
        reason: "not UTF-8",
    };
    /// A message over the limit.
    pub const TOO_BIG: Self = Self {
        code: 1009,
        reason: "message too big",
    };
    /// The service is stopping; connect again.
    pub const RESTART: Self = Self {
        code: 4001,
        reason: "the service is stopping, connect again",
    };
    /// The client reads too slowly; connect again.
    pub const SLOW: Self = Self {
        code: 4008,
        reason: "too slow, connect again",
    };
    /// Nothing was heard for too long.
    pub const SILENT: Self = Self {
        code: 4012,
        reason: "no pong, connect again",
    };
    /// The session is over; log in again.
    pub const SESSION_ENDED: Self = Self {
        code: 4501,
        reason: "the session has ended, log in again",
    };

    /// The client closed first, with that code; the answer.
    pub const fn echo(code: u16) -> Self {
        Self { code, reason: "" }
    }
}
