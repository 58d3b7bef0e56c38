//! The rules of trips, as plain values and functions.
//!
//! Pure: no actix, diesel, clock, randomness or input and output. Time and ids come in as arguments.

pub mod action;
pub mod event;
pub mod id;
pub mod place;
pub mod text;
pub mod trip;
pub mod trip_object;
pub mod user;

pub use action::{Action, Change, Ending, Refusal};
pub use event::{Event, Kind, Position, Stream};
pub use id::{DriverId, OperatorId, RiderId, SessionId, TripId, UserId};
pub use place::{Coordinates, Place};
pub use text::{Address, Reason};
pub use trip::{Request, State, Status, Trip};
pub use trip_object::TripObject;
pub use user::{Actor, Party, Person, Role, Standing, Username};
