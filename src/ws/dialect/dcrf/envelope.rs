//! The envelope of an answer. It always has the same five keys, in the same order.

use crate::problem::Problem;

/// The status of a success, as an HTTP status code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// The data are what was asked for.
    Ok = 200,
    /// Something was made, or has begun.
    Created = 201,
    /// Something was deleted, or has ended.
    NoContent = 204,
}

/// The dcrf streams that a frame may be wrapped for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamName {
    /// Trips, and the event stream.
    Trips,
    /// The chats of trips.
    Chat,
    /// The account's own notifications.
    Notifications,
}

impl StreamName {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trips => "trips",
            Self::Chat => "chat",
            Self::Notifications => "notifications",
        }
    }

    /// The stream that a word on the wire names.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Trips, Self::Chat, Self::Notifications]
            .into_iter()
            .find(|name| name.as_str() == word)
    }
}

/// Where the answer to a call goes. All fields are JSON as the client sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyTo {
    /// The stream that the answer is wrapped for, if the call was wrapped.
    stream: Option<String>,
    action: String,
    pub(super) request_id: Option<String>,
}

impl ReplyTo {
    /// For a frame that cannot be read.
    pub fn unknown_call() -> Self {
        Self::to(None, "null".to_owned(), None)
    }

    /// For a call with this stream, action and `request_id`.
    pub(super) const fn to(
        stream: Option<String>,
        action: String,
        request_id: Option<String>,
    ) -> Self {
        Self {
            stream,
            action,
            request_id,
        }
    }

    /// Whether the call has a `request_id`.
    pub fn has_request_id(&self) -> bool {
        self.request_id() != "null"
    }

    /// The `request_id` as it came, or `null`.
    pub fn request_id(&self) -> &str {
        self.request_id.as_deref().unwrap_or("null")
    }

    /// The answer that reports a success.
    pub fn done(&self, status: Done, data: &str) -> String {
        self.wrap("[]", data, &self.action, status as u16)
    }

    /// The answer that reports a problem.
    pub fn refused(&self, problem: &Problem) -> String {
        let errors = problem.envelope_errors().to_string();
        let data = problem.envelope_data().to_string();
        self.wrap(&errors, &data, &self.action, problem.status())
    }

    /// A frame of a subscription, with the `request_id` of the call that began it and an action of its own.
    pub fn event(&self, action: &str, status: Done, data: &str) -> String {
        self.wrap("[]", data, &format!("\"{action}\""), status as u16)
    }

    fn wrap(&self, errors: &str, data: &str, action: &str, status: u16) -> String {
        let id = self.request_id();
        let envelope = format!(
            "{{\"errors\":{errors},\"data\":{data},\"action\":{action},\
             \"response_status\":{status},\"request_id\":{id}}}"
        );
        match &self.stream {
            Some(stream) => format!("{{\"stream\":{stream},\"payload\":{envelope}}}"),
            None => envelope,
        }
    }
}
