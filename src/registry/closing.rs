//! Why the service closes a socket: a close code that tells the client what to do.
//!
//! 4000 to 4499 mean: connect again. 4500 to 4999 mean: connect only after something has changed.

/// A close code and its reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closing {
    /// From RFC 6455, section 7.4, or one of our own.
    pub code: u16,
    /// For people to read.
    pub reason: &'static str,
}

impl Closing {
    /// A regular end.
    pub const NORMAL: Self = Self {
        code: 1000,
        reason: "",
    };
    /// The client sent something that is not a WebSocket frame.
    pub const PROTOCOL: Self = Self {
        code: 1002,
        reason: "protocol error",
    };
    /// The client sent a text that is not UTF-8.
    pub const NOT_UTF8: Self = Self {
        code: 1007,
        reason: "not UTF-8",
    };
    /// The client sent a message over the limit.
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
    /// The client sent nothing, not even a pong, for too long.
    pub const SILENT: Self = Self {
        code: 4012,
        reason: "no pong, connect again",
    };
    /// The log-in is over; log in again.
    pub const SESSION_ENDED: Self = Self {
        code: 4501,
        reason: "the session has ended, log in again",
    };

    /// Answers a client that closed first, with the client's own code.
    pub const fn echo(code: u16) -> Self {
        Self { code, reason: "" }
    }
}
