//! Accounts: their roles, their standing, and how others see them.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::id::{DriverId, OperatorId, PhotoId, RiderId, UserId};
use super::text::{self, TextError};

/// The role of an account, which decides what it may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Rider,
    Driver,
    Operator,
}

impl Role {
    /// The word in rows, tokens and the `group` field.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rider => "rider",
            Self::Driver => "driver",
            Self::Operator => "operator",
        }
    }

    /// Reads a role's word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Rider, Self::Driver, Self::Operator]
            .into_iter()
            .find(|role| role.as_str() == word)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether an account may log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Active,
    /// A new driver whom no operator has approved yet.
    Pending,
    /// Blocked by an operator.
    Blocked,
}

impl Standing {
    /// The standing's word in rows.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Pending => "pending",
            Self::Blocked => "blocked",
        }
    }

    /// Reads a standing's word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Active, Self::Pending, Self::Blocked]
            .into_iter()
            .find(|standing| standing.as_str() == word)
    }
}

/// A rider or a driver as the other party of a trip sees them. `Id` says which of the two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party<Id> {
    pub id: Id,
    /// The name for logging in.
    pub username: String,
    /// May be empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo: Option<PhotoId>,
}

/// Who caused a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "role", content = "id", rename_all = "lowercase")]
pub enum Actor {
    Rider(RiderId),
    Driver(DriverId),
    Operator(OperatorId),
    /// The service itself, for example when a deadline has passed.
    Service,
}

impl Actor {
    /// The word for the actor's role in rows.
    pub const fn role(self) -> &'static str {
        match self {
            Self::Rider(_) => Role::Rider.as_str(),
            Self::Driver(_) => Role::Driver.as_str(),
            Self::Operator(_) => Role::Operator.as_str(),
            Self::Service => "service",
        }
    }

    /// The actor's account; `None` for the service.
    pub const fn user(self) -> Option<UserId> {
        match self {
            Self::Rider(id) => Some(id.user()),
            Self::Driver(id) => Some(id.user()),
            Self::Operator(id) => Some(id.user()),
            Self::Service => None,
        }
    }

    /// Reads an actor from the columns of a row.
    pub fn parse(role: &str, user: Option<UserId>) -> Option<Self> {
        match (role, user) {
            ("service", None) => Some(Self::Service),
            ("rider", Some(id)) => Some(Self::Rider(RiderId::of(id))),
            ("driver", Some(id)) => Some(Self::Driver(DriverId::of(id))),
            ("operator", Some(id)) => Some(Self::Operator(OperatorId::of(id))),
            _ => None,
        }
    }
}

/// The name that an account logs in with: 1 to 150 letters, digits and `@ . + - _`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Username(String);

/// The rule that a name breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UsernameError {
    /// A rule that holds for all texts.
    #[error(transparent)]
    Text(#[from] TextError),
    /// The name has a character that is not allowed.
    #[error(
        "Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters."
    )]
    Characters,
}

impl Username {
    /// Checks a name and keeps it as it is.
    pub fn parse(text: &str) -> Result<Self, UsernameError> {
        text::check(text, 150)?;
        if text
            .chars()
            .all(|c| c.is_alphanumeric() || "@.+-_".contains(c))
        {
            Ok(Self(text.to_owned()))
        } else {
            Err(UsernameError::Characters)
        }
    }

    /// The name as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An account as others may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub id: UserId,
    pub role: Role,
    /// The name for logging in.
    pub username: String,
    /// May be empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
    pub photo: Option<PhotoId>,
}

impl Person {
    /// The account as a rider, if it is one.
    pub fn rider(&self) -> Option<Party<RiderId>> {
        (self.role == Role::Rider).then(|| self.party(RiderId::of(self.id)))
    }

    /// The account as a driver, if it is one.
    pub fn driver(&self) -> Option<Party<DriverId>> {
        (self.role == Role::Driver).then(|| self.party(DriverId::of(self.id)))
    }

    /// The account as an operator, if it is one.
    pub fn operator(&self) -> Option<OperatorId> {
        (self.role == Role::Operator).then(|| OperatorId::of(self.id))
    }

    /// The account as the other party of a trip sees it.
    pub(crate) fn as_party(&self) -> Party<UserId> {
        self.party(self.id)
    }

    /// The account as the actor of a command.
    pub(crate) const fn actor(&self) -> Actor {
        match self.role {
            Role::Rider => Actor::Rider(RiderId::of(self.id)),
            Role::Driver => Actor::Driver(DriverId::of(self.id)),
            Role::Operator => Actor::Operator(OperatorId::of(self.id)),
        }
    }

    fn party<Id>(&self, id: Id) -> Party<Id> {
        Party {
            id,
            username: self.username.clone(),
            first_name: self.first_name.clone(),
            last_name: self.last_name.clone(),
            photo: self.photo,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_username_has_letters_digits_and_five_signs() {
        assert!(Username::parse("zoë.42+x@example-town_1").is_ok());
        assert_eq!(Username::parse("a b"), Err(UsernameError::Characters));
        assert_eq!(
            Username::parse(""),
            Err(UsernameError::Text(TextError::Blank))
        );
        assert_eq!(
            Username::parse(&"a".repeat(151)),
            Err(UsernameError::Text(TextError::TooLong(150)))
        );
    }
}
