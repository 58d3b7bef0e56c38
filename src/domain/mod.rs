//! The rules of trips, as plain values and functions.
//!
//! Pure: no actix, diesel, clock, randomness or input and output. Time and ids come in as arguments.

pub mod action;
pub mod amendment;
pub mod event;
pub mod event_object;
pub mod id;
pub mod message;
pub mod notification;
pub mod place;
pub mod text;
pub mod trip;
pub mod trip_object;
pub mod user;

pub use action::{Action, Change, Ending, Refusal};
pub use amendment::{Amendment, PlaceChange};
pub use event::{Before, Event, Fact, Kind, Position, Stream, TripChange};
pub use event_object::EventObject;
pub use id::{DriverId, OperatorId, RiderId, SessionId, TripId, UserId};
pub use message::{Message, NoRoom};
pub use notification::{Audience, Notification};
pub use place::{Coordinates, Place};
pub use text::{Address, MessageText, NoticeText, Reason};
pub use trip::{Request, State, Status, Trip};
pub use trip_object::TripObject;
pub use user::{Actor, Party, Person, Role, Standing, Username};
