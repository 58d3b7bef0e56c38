//! Who may see which trips, and which of them are wanted.

use super::event::{Before, TripChange};
use super::id::{DriverId, TripRef, UserId};
use super::trip::{Status, Trip};
use super::user::{Person, Role};

/// Whose view of the trips is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Viewer {
    /// Who looks.
    pub user: UserId,
    /// As what.
    pub role: Role,
}

impl Viewer {
    /// The viewer that this account is.
    pub const fn of(person: &Person) -> Self {
        Self {
            user: person.id,
            role: person.role,
        }
    }

    /// The viewer that this driver is.
    pub const fn driver(driver: DriverId) -> Self {
        Self {
            user: driver.user(),
            role: Role::Driver,
        }
    }

    /// Whether the viewer may see `trip`; lists show the same ones.
    pub fn sees(self, trip: &Trip) -> bool {
        self.may_see(trip, Before::from(trip))
    }

    /// Whether a number names `trip` to the viewer, who could have guessed it: they see the trip, or saw it. `was_offered` says
    /// whether the trip was ever offered to them.
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

    /// Whether the viewer may see the trip when it stands like this.
    fn may_see(self, trip: &Trip, stands: Before) -> bool {
        let mut streams = stands.seen_in(trip);
        streams.any(|stream| stream.is_heard_by(self.user, self.role))
    }
}

/// What is wanted of the trips that a viewer may see.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only this trip.
    pub trip: Option<TripRef>,
    /// Only this rider's.
    pub rider: Option<i64>,
    /// Only this driver's.
    pub driver: Option<i64>,
    /// Only those that stand there.
    pub status: Option<Status>,
}

impl Filter {
    /// Whether a trip is wanted as it stands, or stood, like this.
    pub fn wants(self, trip: &Trip, stands: Before) -> bool {
        let driver = stands.driver.map(|driver| driver.user().get());
        let rider = trip.rider.id.user().get();
        let is_it =
            |wanted| wanted == TripRef::Key(trip.id) || wanted == TripRef::Number(trip.number);
        self.trip.is_none_or(is_it)
            && self.rider.is_none_or(|wanted| wanted == rider)
            && self.driver.is_none_or(|wanted| driver == Some(wanted))
            && self.status.is_none_or(|wanted| wanted == stands.status)
    }
}
