//! Errors as clients see them: RFC 9457 documents over HTTP, error frames over sockets.
//!
//! No other module picks a status code. The loss of the database is not logged here: the store logs it once.

mod code;
pub mod described;

use std::fmt;
use std::time::Duration;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use serde_json::{Map, Value, json};

use crate::accounts::AccountError;
use crate::dispatch::DispatchError;
use crate::domain::core::Refusal;
use crate::domain::{NoRoom, Status, TripRefusal};
use crate::fields::FieldErrors;
use crate::notices::NoticeError;
use crate::registry::actor::ConnectError;
use crate::store::pool::Unavailable;
use crate::store::writer::CommandError;

pub use code::Code;

/// An error for a client.
#[derive(Debug, Clone)]
pub struct Problem {
    code: Code,
    detail: String,
    errors: FieldErrors,
    trip_status: Option<Status>,
    retry_after: Option<Duration>,
    allow: Option<&'static str>,
}

impl Problem {
    /// A problem with a sentence about this occurrence.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            errors: FieldErrors::default(),
            trip_status: None,
            retry_after: None,
            allow: None,
        }
    }

    /// Fields that break rules.
    pub fn invalid(errors: FieldErrors) -> Self {
        let detail = errors.to_string();
        Self {
            errors,
            ..Self::new(Code::Invalid, detail)
        }
    }

    /// Fields that are larger than they may be.
    pub fn too_large(errors: FieldErrors) -> Self {
        Self {
            code: Code::TooLarge,
            ..Self::invalid(errors)
        }
    }

    /// There is no such trip for this caller.
    pub fn no_such_trip() -> Self {
        Self::new(Code::NotFound, "No Trip matches the given query.")
    }

    /// The data exists but cannot be read.
    fn corrupt() -> Self {
        Self::new(Code::Corrupt, Refusal::Corrupt.to_string())
    }

    /// The caller's role may not do this.
    pub fn not_allowed() -> Self {
        Self::new(
            Code::NotAllowed,
            "You do not have permission to perform this action.",
        )
    }

    /// A binary message, which no dialect has.
    pub fn not_text() -> Self {
        Self::new(Code::Unreadable, "A frame is text, not binary.")
    }

    /// The request has no valid credentials.
    pub fn not_authenticated() -> Self {
        Self::from(AccountError::NotAuthenticated)
    }

    /// A frame names no action.
    pub fn no_action() -> Self {
        Self::new(
            Code::MethodNotAllowed,
            "Unable to find action in message body.",
        )
    }

    /// A frame names an action that does not exist.
    pub fn unknown_action(word: &str) -> Self {
        Self::new(
            Code::MethodNotAllowed,
            format!("Method \"{word}\" not allowed."),
        )
    }

    /// The path takes other methods.
    pub fn method_not_allowed(detail: impl Into<String>, allow: &'static str) -> Self {
        Self {
            allow: Some(allow),
            ..Self::new(Code::MethodNotAllowed, detail)
        }
    }

    /// The caller did this more often than allowed.
    pub fn too_many(detail: impl Into<String>, retry_after: Duration) -> Self {
        Self {
            retry_after: Some(retry_after),
            ..Self::new(Code::TooManyRequests, detail)
        }
    }

    /// A socket has as many subscriptions as it may have.
    pub fn too_many_subscriptions(max: usize) -> Self {
        let detail = format!("A socket may have at most {max} subscriptions.");
        Self::new(Code::TooManyRequests, detail)
    }

    /// The service is stopping and takes no more sockets.
    pub fn stopping() -> Self {
        Self::from(ConnectError::Stopping)
    }

    /// The error frame of the bare dialects, as a text.
    pub fn error_frame(&self) -> String {
        Value::from(self.error_object()).to_string()
    }

    /// The members of an error frame.
    pub fn error_object(&self) -> Map<String, Value> {
        let members: [(&str, Value); 3] = [
            ("detail", self.detail.clone().into()),
            ("code", self.code.row().0.into()),
            ("errors", json!(self.errors)),
        ];
        members
            .map(|(name, value)| (name.to_owned(), value))
            .into_iter()
            .collect()
    }

    /// The HTTP status as a number.
    pub fn status(&self) -> u16 {
        self.code.row().1.as_u16()
    }

    /// The `errors` of an envelope: texts, or one object of fields and their broken rules.
    pub fn envelope_errors(&self) -> Value {
        if self.code == Code::Invalid {
            json!([self.errors])
        } else if self.code == Code::NotFound {
            json!(["Not found"])
        } else {
            json!([self.detail])
        }
    }

    /// The `data` of an envelope: null for problems that the older systems know, and the code for all others.
    pub fn envelope_data(&self) -> Value {
        match (self.code, self.trip_status) {
            (
                Code::Unreadable
                | Code::Invalid
                | Code::NotAllowed
                | Code::NotFound
                | Code::MethodNotAllowed,
                _,
            ) => Value::Null,
            (code, None) => json!({"code": code.row().0}),
            (code, Some(status)) => {
                json!({"code": code.row().0, "trip_status": status.as_str()})
            }
        }
    }

    fn document(&self) -> Value {
        let (word, status, title) = self.code.row();
        let mut document = Map::new();
        // The course's pages read members in order, as lists of broken rules, up to the first that is something else.
        for (field, rules) in self.errors.iter().filter(|(field, _)| !is_standard(field)) {
            document.insert(field.to_owned(), json!(rules));
        }
        if matches!(self.code, Code::WrongCredentials | Code::NotApproved) {
            document.insert("__all__".into(), json!([self.detail]));
        }
        document.insert("type".into(), format!("/problems/{word}").into());
        document.insert("title".into(), title.into());
        document.insert("status".into(), status.as_u16().into());
        document.insert("detail".into(), self.detail.clone().into());
        document.insert("code".into(), word.into());
        if let Some(status) = self.trip_status {
            document.insert("trip_status".into(), status.as_str().into());
        }
        if !self.errors.is_empty() {
            document.insert("errors".into(), json!(self.errors));
        }
        document.into()
    }
}

/// Whether a document has a member of that name anyway.
fn is_standard(field: &str) -> bool {
    matches!(
        field,
        "type" | "title" | "status" | "detail" | "code" | "trip_status" | "errors"
    )
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.code.row().1
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        response.content_type("application/problem+json");
        if self.status_code() == StatusCode::UNAUTHORIZED {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        if self.code == Code::UpgradeRequired {
            response.insert_header((header::UPGRADE, "websocket"));
        }
        if let Some(methods) = self.allow {
            response.insert_header((header::ALLOW, methods));
        }
        if let Some(after) = self.retry_after {
            response.insert_header((header::RETRY_AFTER, after.as_secs().max(1)));
        }
        response.body(self.document().to_string())
    }
}

impl From<FieldErrors> for Problem {
    fn from(errors: FieldErrors) -> Self {
        Self::invalid(errors)
    }
}

impl From<Unavailable> for Problem {
    fn from(error: Unavailable) -> Self {
        tracing::debug!(%error, "A request could not be served");
        let detail = match error {
            Unavailable::Lost(_) => "The database cannot be reached or written.",
            Unavailable::Busy => "Too much is waiting for the database.",
            Unavailable::Query(_) => return Self::new(Code::Internal, "Internal Server Error"),
            Unavailable::Corrupt(_) => return Self::corrupt(),
        };
        Self {
            retry_after: Some(Duration::from_secs(1)),
            ..Self::new(Code::Unavailable, detail)
        }
    }
}

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Self {
        let detail = error.to_string();
        match error {
            AccountError::UsernameTaken => Self::invalid(FieldErrors::one("username", detail)),
            AccountError::WrongCredentials => Self::new(Code::WrongCredentials, detail),
            AccountError::NotApproved => Self::new(Code::NotApproved, detail),
            AccountError::NotAuthenticated => Self::new(Code::NotAuthenticated, detail),
            AccountError::NoSuchUser => Self::new(Code::NotFound, detail),
            AccountError::TooMany(too_many) => {
                Self::too_many("Too many tries.", too_many.retry_after)
            }
            AccountError::Photo(rule) => Self::invalid(FieldErrors::one("photo", rule)),
            AccountError::TooBusy(_) | AccountError::TooManyPhotos => Self {
                retry_after: Some(Duration::from_secs(1)),
                ..Self::new(Code::Unavailable, detail)
            },
            AccountError::Unavailable(error) => error.into(),
        }
    }
}

impl From<NoticeError> for Problem {
    fn from(error: NoticeError) -> Self {
        match error {
            NoticeError::NoSuchUser => Self::invalid(FieldErrors::one("user", error)),
            NoticeError::Command(error) => error.into(),
        }
    }
}

impl From<DispatchError> for Problem {
    fn from(error: DispatchError) -> Self {
        let field = match error {
            DispatchError::Command(error) => return error.into(),
            DispatchError::TooManyCodes(too_many) | DispatchError::TooManyMessages(too_many) => {
                return Self::too_many(error.to_string(), too_many.retry_after);
            }
            DispatchError::Unserved(_) | DispatchError::OtherArea => "pick_up_location",
            DispatchError::UnknownClass(_) => "class",
            DispatchError::NotInFuture | DispatchError::TooFarAhead(_) => "pick_up_at",
            DispatchError::UnknownQuote | DispatchError::OtherQuote => "quote",
        };
        Self::invalid(FieldErrors::one(field, error))
    }
}

impl From<CommandError> for Problem {
    fn from(error: CommandError) -> Self {
        match error {
            CommandError::Refused(refused) => refused.into(),
            CommandError::Unavailable(error) => error.into(),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refused: Refusal) -> Self {
        let code = match &refused {
            Refusal::UnknownTrip => return Self::no_such_trip(),
            Refusal::Corrupt => return Self::corrupt(),
            Refusal::Differs(field) => {
                return Self::invalid(FieldErrors::one(*field, &refused));
            }
            Refusal::NotActive => return Self::not_authenticated(),
            Refusal::NoRoom(NoRoom::Stranger) => return Self::no_such_trip(),
            Refusal::NoRoom(NoRoom::Closed) => Code::NotPossible,
            Refusal::Trip(TripRefusal::UnknownReason, _) => {
                return Self::invalid(FieldErrors::one("reason", &refused));
            }
            Refusal::Trip(TripRefusal::PinNeeded(field), _) => {
                return Self::invalid(FieldErrors::one(*field, &refused));
            }
            // The measuring ends at the second try. The command itself is fine.
            Refusal::Trip(TripRefusal::NotMeasured, _) => return Unavailable::Busy.into(),
            Refusal::Trip(TripRefusal::AlreadyTaken, _) => Code::AlreadyTaken,
            Refusal::Trip(TripRefusal::NotYourTrip, _) => Code::NotYourTrip,
            Refusal::Trip(TripRefusal::WrongCode, _) => Code::WrongCode,
            Refusal::Trip(TripRefusal::TooEarly { .. }, _) => Code::TooEarly,
            Refusal::Trip(TripRefusal::TooFar { .. }, _) => Code::TooFar,
            Refusal::Trip(TripRefusal::GivenBack, _) | Refusal::NotOffered => Code::NotOffered,
            Refusal::Trip(TripRefusal::NotPossible { .. } | TripRefusal::NoCurrency, _) => {
                Code::NotPossible
            }
            Refusal::OfferOver(_) => Code::OfferOver,
            Refusal::OnShift(_) => Code::OnShift,
            Refusal::NotOnShift => Code::NoShift,
            Refusal::WrongVehicle(_) => Code::WrongVehicle,
            Refusal::DriverBusy => Code::DriverBusy,
            Refusal::TooManyTrips(_) => Code::TooManyTrips,
            Refusal::KeyReused => Code::KeyReused,
        };
        Self {
            trip_status: refused.trip_status(),
            ..Self::new(code, refused.to_string())
        }
    }
}

impl From<ConnectError> for Problem {
    fn from(error: ConnectError) -> Self {
        let again = Duration::from_secs(1);
        match error {
            ConnectError::TooMany(too_many) => Self::too_many(too_many.to_string(), again),
            ConnectError::Stopping => Self {
                retry_after: Some(again),
                ..Self::new(Code::Unavailable, error.to_string())
            },
        }
    }
}
