//! The codes of problems, each with its status and title.

use actix_web::http::StatusCode;

/// What went wrong, as a word that never changes. `docs/protocol.md` lists them all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    Unreadable,
    Invalid,
    NotAuthenticated,
    WrongCredentials,
    NotApproved,
    NotAllowed,
    ForeignOrigin,
    NotYourTrip,
    NotFound,
    MethodNotAllowed,
    WrongCode,
    NotOffered,
    WrongVehicle,
    AlreadyTaken,
    NotPossible,
    OfferOver,
    TooEarly,
    TooFar,
    OnShift,
    NoShift,
    DriverBusy,
    TooManyTrips,
    TooLarge,
    UnsupportedMedia,
    UpgradeRequired,
    KeyReused,
    TooManyRequests,
    Internal,
    Corrupt,
    Unavailable,
}

impl Code {
    /// The code's word, its status and its title.
    #[expect(clippy::too_many_lines, reason = "a table")]
    pub(super) const fn row(self) -> (&'static str, StatusCode, &'static str) {
        match self {
            Self::Unreadable => ("unreadable", StatusCode::BAD_REQUEST, "Not readable"),
            Self::Invalid => ("invalid", StatusCode::BAD_REQUEST, "Invalid input"),
            Self::NotAuthenticated => (
                "not-authenticated",
                StatusCode::UNAUTHORIZED,
                "Not authenticated",
            ),
            Self::WrongCredentials => (
                "wrong-credentials",
                StatusCode::UNAUTHORIZED,
                "Wrong credentials",
            ),
            Self::NotApproved => ("not-approved", StatusCode::UNAUTHORIZED, "Not approved yet"),
            Self::NotAllowed => ("not-allowed", StatusCode::FORBIDDEN, "Not allowed"),
            Self::ForeignOrigin => ("foreign-origin", StatusCode::FORBIDDEN, "Foreign origin"),
            Self::NotYourTrip => ("not-your-trip", StatusCode::FORBIDDEN, "Not your trip"),
            Self::WrongCode => ("wrong-code", StatusCode::FORBIDDEN, "Wrong ride code"),
            Self::NotOffered => ("not-offered", StatusCode::FORBIDDEN, "Not offered to you"),
            Self::WrongVehicle => ("wrong-vehicle", StatusCode::FORBIDDEN, "Wrong vehicle"),
            Self::NotFound => ("not-found", StatusCode::NOT_FOUND, "Not found"),
            Self::MethodNotAllowed => (
                "method-not-allowed",
                StatusCode::METHOD_NOT_ALLOWED,
                "Method not allowed",
            ),
            Self::AlreadyTaken => ("already-taken", StatusCode::CONFLICT, "Already taken"),
            Self::NotPossible => ("not-possible", StatusCode::CONFLICT, "Not possible now"),
            Self::OfferOver => ("offer-over", StatusCode::CONFLICT, "Offer over"),
            Self::TooEarly => ("too-early", StatusCode::CONFLICT, "Too early"),
            Self::TooFar => ("too-far", StatusCode::CONFLICT, "Too far away"),
            Self::OnShift => ("on-shift", StatusCode::CONFLICT, "On a shift already"),
            Self::NoShift => ("no-shift", StatusCode::CONFLICT, "Not on a shift"),
            Self::DriverBusy => ("driver-busy", StatusCode::CONFLICT, "Driver busy"),
            Self::TooManyTrips => ("too-many-trips", StatusCode::CONFLICT, "Too many trips"),
            Self::TooLarge => ("too-large", StatusCode::PAYLOAD_TOO_LARGE, "Too large"),
            Self::UnsupportedMedia => (
                "unsupported-media",
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "Unsupported media type",
            ),
            Self::UpgradeRequired => (
                "upgrade-required",
                StatusCode::UPGRADE_REQUIRED,
                "WebSocket expected",
            ),
            Self::KeyReused => (
                "key-reused",
                StatusCode::UNPROCESSABLE_ENTITY,
                "Idempotency key reused",
            ),
            Self::TooManyRequests => (
                "too-many-requests",
                StatusCode::TOO_MANY_REQUESTS,
                "Too many requests",
            ),
            Self::Internal => (
                "internal",
                StatusCode::INTERNAL_SERVER_ERROR,
                "Internal server error",
            ),
            Self::Corrupt => (
                "corrupt",
                StatusCode::INTERNAL_SERVER_ERROR,
                "Data makes no sense",
            ),
            Self::Unavailable => (
                "unavailable",
                StatusCode::SERVICE_UNAVAILABLE,
                "Service unavailable",
            ),
        }
    }
}
