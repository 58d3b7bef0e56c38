//! The rules of trips, as plain values and functions.
//!
//! Pure: no actix, diesel, clock, randomness or input and output. Time and ids come in as arguments.

pub mod action;
pub mod amendment;
pub mod asked;
pub mod duties;
pub mod estimate;
pub mod event;
pub mod event_object;
pub mod fare;
pub mod fix;
pub mod fix_object;
pub mod id;
pub mod kind;
pub mod message;
pub mod metered;
pub mod notification;
pub mod offer;
pub mod order;
pub mod outline;
pub mod place;
pub mod policy;
#[cfg(any(test, feature = "sample"))]
pub mod sample;
pub mod sequence;
pub mod shift;
pub mod silence;
pub mod terms;
pub mod text;
pub mod track;
pub mod trip;
pub mod trip_object;
pub mod user;
pub mod vehicle;

pub use action::{Action, Change, Ending, Refusal};
pub use amendment::{Amendment, PlaceChange};
pub use asked::{Asked, Ended};
pub use duties::{Arrival, Conduct, Duties, Outset, Whereabouts};
pub use event::{Before, Event, Fact, OfferChange, Position, Stream, TripChange};
pub use event_object::EventObject;
pub use fare::{Amount, Currency, Fare, Ridden, Tariff};
pub use fix::{Fix, Report, Sighting};
pub use id::{DriverId, OperatorId, PhotoId, RiderId, SessionId, TripId, TripRef, UserId};
pub use kind::Kind;
pub use message::{Message, NoRoom};
pub use metered::Metered;
pub use notification::{Audience, Notification};
pub use offer::{Offer, OfferAction, OfferId, OfferOver, OfferState};
pub use order::{Order, RideCode};
pub use outline::{OUTLINE_MAX, outline};
pub use place::{Coordinates, Place};
pub use policy::Policy;
pub use sequence::{NotASequence, Sequence};
pub use shift::Shift;
pub use silence::{Silence, Silences};
pub use terms::{CancelReason, Terms};
pub use text::{Address, MessageText, NoticeText, Reason};
pub use track::{Gap, Measured, Ride, Spot, Track};
pub use trip::{Request, State, Status, Times, Trip};
pub use trip_object::TripObject;
pub use user::{Actor, Party, Person, Role, Standing, Username};
pub use vehicle::{Allowance, Vehicle, VehicleClass};
