//! Decides which trips an account may see, and filters the ones it asks for.

use super::event::{Before, TripChange};
use super::id::{DriverId, TripRef, UserId};
use super::trip::{Status, Trip};
use super::user::{Person, Role};

/// The account and the role for which trips are shown.
#[derive(Debug, Clone, Copy)]
pub struct Viewer {
    pub user: UserId,
    pub role: Role,
}

impl Viewer {
    /// A viewer for this account.
    pub const fn of(person: &Person) -> Self {
        Self {
            user: person.id,
            role: person.role,
        }
    }

    /// A viewer for this driver.
    pub const fn driver(driver: DriverId) -> Self {
        Self {
            user: driver.user(),
            role: Role::Driver,
        }
    }

    /// Whether the viewer may see `trip`. Lists show the same trips.
    pub fn sees(self, trip: &Trip) -> bool {
        self.may_see(trip, Before::from(trip))
    }

    /// Whether a number names `trip` to the viewer, who could have guessed it: they see the trip, or saw it.
    /// `was_offered` says whether the trip was ever offered to them.
    pub fn knows(self, trip: &Trip, was_offered: bool) -> bool {
        let saw = match self.role {
            Role::Rider => trip.rider.id.user() == self.user,
            Role::Driver => was_offered || trip.given_back_by.contains(&DriverId::of(self.user)),
            Role::Operator => true,
        };
        saw || self.sees(trip)
    }

    /// Whether the viewer could see the trip before the change.
    pub fn saw(self, change: &TripChange) -> bool {
        change
            .before
            .is_some_and(|before| self.may_see(&change.trip, before))
    }

    /// Whether the viewer may see the trip in this state.
    fn may_see(self, trip: &Trip, state: Before) -> bool {
        let mut streams = state.seen_in(trip);
        streams.any(|stream| stream.is_heard_by(self.user, self.role))
    }
}

/// Selects some of the trips that a viewer may see. A field that is `None` selects all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Filter {
    pub trip: Option<TripRef>,
    pub rider: Option<i64>,
    pub driver: Option<i64>,
    pub status: Option<Status>,
}

impl Filter {
    /// Whether the filter selects the trip in this state, which may be an earlier one.
    pub fn wants(self, trip: &Trip, state: Before) -> bool {
        let driver = state.driver.map(|driver| driver.user().get());
        let rider = trip.rider.id.user().get();
        let is_it =
            |wanted| wanted == TripRef::Key(trip.id) || wanted == TripRef::Number(trip.number);
        self.trip.is_none_or(is_it)
            && self.rider.is_none_or(|wanted| wanted == rider)
            && self.driver.is_none_or(|wanted| driver == Some(wanted))
            && self.status.is_none_or(|wanted| wanted == state.status)
    }
}
