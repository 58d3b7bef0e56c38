//! The envelope of an answer: five keys, in this order, whatever happens.

use crate::problem::Problem;

/// The successes; the numbers are those of HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// Here it is.
    Ok = 200,
    /// It is made, or has begun.
    Created = 201,
    /// It is gone, or has ended.
    NoContent = 204,
}

/// The streams that a frame may be wrapped for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamName {
    /// Trips, and the event stream.
    Trips,
    /// Rooms of trips.
    Chat,
    /// What the account is told.
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

    /// The stream of that word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Trips, Self::Chat, Self::Notifications]
            .into_iter()
            .find(|name| name.as_str() == word)
    }
}

/// To what an answer goes back; all but the words of our own are JSON as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Return {
    /// Around what the answer is wrapped, if the call was.
    stream: Option<String>,
    action: String,
    pub(super) request_id: Option<String>,
}

impl Return {
    /// For what cannot be read.
    pub fn nobody() -> Self {
        Self::to(None, "null".to_owned(), None)
    }

    /// For a call that names itself like this.
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

    /// Whether the client gave its call an id.
    pub fn has_request_id(&self) -> bool {
        self.request_id() != "null"
    }

    /// The id as it came.
    pub fn request_id(&self) -> &str {
        self.request_id.as_deref().unwrap_or("null")
    }

    /// The answer of a call that succeeded.
    pub fn done(&self, status: Done, data: &str) -> String {
        self.wrap("[]", data, &self.action, status as u16)
    }

    /// The answer of a call that failed.
    pub fn refused(&self, problem: &Problem) -> String {
        let errors = problem.envelope_errors().to_string();
        let data = problem.envelope_data().to_string();
        self.wrap(&errors, &data, &self.action, problem.status())
    }

    /// What follows from a subscription: the same id, another action.
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
