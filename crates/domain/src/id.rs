//! Ids as types, so that a rider's id cannot be passed where a driver's is required.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The id of any account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserId(i64);

impl UserId {
    /// The id as the database has it.
    pub const fn new(id: i64) -> Self {
        Self(id)
    }

    /// The number as rows and the wire have it.
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

macro_rules! role_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(UserId);

        impl $name {
            /// Marks an account as one of this role. The caller knows the role from a session or a row.
            pub const fn of(user: UserId) -> Self {
                Self(user)
            }

            /// The id of the account.
            pub const fn user(self) -> UserId {
                self.0
            }
        }

        impl From<$name> for UserId {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

role_id!(
    /// The account of a rider.
    RiderId
);
role_id!(
    /// The account of a driver.
    DriverId
);
role_id!(
    /// The account of an operator.
    OperatorId
);

/// A trip's public key, `nk` on the wire: 32 lower-case hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TripId(#[serde(with = "uuid::serde::simple")] Uuid);

impl TripId {
    /// Wraps an id that was made or read elsewhere.
    pub const fn new(id: Uuid) -> Self {
        Self(id)
    }

    /// Reads 32 hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() == 32)
            .then(|| Uuid::try_parse(text).ok())
            .flatten()
            .map(Self)
    }

    /// The id as the database keeps it.
    pub const fn uuid(self) -> Uuid {
        self.0
    }
}

impl fmt::Display for TripId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.simple().fmt(f)
    }
}

/// How a client names a trip: by its key (`nk` on the wire) or by its number (`id`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TripRef {
    Key(TripId),
    Number(i64),
}

impl TripRef {
    /// Reads a key or a number. A key may consist of digits alone, but of 32, and no number has that many.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(key) = TripId::parse(text) {
            return Some(Self::Key(key));
        }
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|_| is_number);
        number.map(Self::Number)
    }
}

impl From<TripId> for TripRef {
    fn from(id: TripId) -> Self {
        Self::Key(id)
    }
}

/// The name of an account's photo, which nobody can guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PhotoId(#[serde(with = "uuid::serde::simple")] Uuid);

impl PhotoId {
    /// Makes a name from random bytes.
    pub const fn of(random: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(random))
    }

    /// Wraps a name that was read from the database.
    pub const fn new(id: Uuid) -> Self {
        Self(id)
    }

    /// Reads a file name: the last part of a photo's path.
    pub fn parse(file: &str) -> Option<Self> {
        let digits = file
            .strip_suffix(".jpg")
            .filter(|digits| digits.len() == 32)?;
        Uuid::try_parse(digits).ok().map(Self)
    }

    /// The name as the database keeps it.
    pub const fn uuid(self) -> Uuid {
        self.0
    }

    /// The path under which clients find the photo.
    pub fn path(self) -> String {
        format!("/media/{}.jpg", self.0.simple())
    }
}

/// The id of one log-in of one account. Its tokens, cookie and sockets end together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(#[serde(with = "uuid::serde::simple")] Uuid);

impl SessionId {
    /// Wraps an id that was made or read elsewhere.
    pub const fn new(id: Uuid) -> Self {
        Self(id)
    }

    /// The id as the database keeps it.
    pub const fn uuid(self) -> Uuid {
        self.0
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.simple().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trip_key_is_32_hex_digits() {
        let key = "0193a1b2c3d4e5f60718293a4b5c6d7e";
        assert_eq!(
            TripId::parse(key).map(|id| id.to_string()).as_deref(),
            Some(key)
        );
        assert!(TripId::parse("0193a1b2-c3d4-e5f6-0718-293a4b5c6d7e").is_none());
        assert!(TripId::parse("").is_none());
        assert!(TripId::parse(&"g".repeat(32)).is_none());
    }

    #[test]
    fn a_photo_is_found_by_its_path_alone() {
        let photo = PhotoId::of([0xa7; 16]);
        let path = photo.path();
        let file = path.strip_prefix("/media/").expect("the path begins so");
        assert_eq!(PhotoId::parse(file), Some(photo));
        for wrong in ["", ".jpg", "a7.jpg", &file[..32], "../../secret.jpg"] {
            assert_eq!(PhotoId::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_trip_is_meant_by_its_key_or_its_number() {
        let digits = "0".repeat(31) + "7";
        let key = TripId::parse(&digits).map(TripRef::Key);
        assert!(key.is_some() && TripRef::parse(&digits) == key);
        assert_eq!(TripRef::parse("7"), Some(TripRef::Number(7)));
        for wrong in ["", "-7", "+7", "7.0", " 7", "x", "99999999999999999999"] {
            assert_eq!(TripRef::parse(wrong), None, "{wrong}");
        }
    }
}
