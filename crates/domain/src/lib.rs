//! The rules of trips, as plain values and functions.
//!
//! Pure: no actix, diesel, clock, randomness or input and output. Time and ids come in as arguments.

#![warn(unreachable_pub)]

mod action;
mod amendment;
pub mod asked;
pub mod core;
mod duties;
pub mod estimate;
mod event;
pub mod event_object;
pub mod fare;
mod fix;
pub mod fix_object;
mod id;
mod kind;
mod message;
mod metered;
pub mod missed_offers;
pub mod notification;
mod offer;
mod order;
pub mod outline;
pub mod place;
mod policy;
pub mod presence;
#[cfg(any(test, feature = "sample"))]
pub mod sample;
mod search;
mod sequence;
pub mod settling;
mod shift;
mod silence;
mod terms;
pub mod text;
pub mod track;
mod trip;
pub mod trip_object;
mod user;
pub mod vehicle;
mod viewer;

pub use action::{Action, Change, RideEnding, TripRefusal};
pub use amendment::{Amendment, PlaceChange};
pub use asked::{EarlierOffers, EndedOffer};
pub use duties::{Arrival, Conduct, Duties, Outset, Whereabouts};
pub use event::{Before, Event, Fact, OfferChange, Stream, StreamPosition, TripChange};
pub use event_object::EventObject;
pub use fare::{Amount, Currency, Fare, Ridden, Tariff};
pub use fix::{Fix, PositionReport, VehiclePosition};
pub use id::{DriverId, OperatorId, PhotoId, RiderId, SessionId, TripId, TripRef, UserId};
pub use kind::TripEventKind;
pub use message::{Message, NoRoom};
pub use metered::Metered;
pub use missed_offers::{MissedOffers, Unresponsive};
pub use notification::{Audience, Notification};
pub use offer::{Offer, OfferAction, OfferId, OfferOver, OfferState};
pub use order::{Order, RideCode};
pub use outline::{OUTLINE_MAX, outline};
pub use place::{Coordinates, Place};
pub use policy::Policy;
pub use search::Search;
pub use sequence::{NotASequence, Sequence};
pub use shift::Shift;
pub use silence::SilenceCheck;
pub use terms::{CancelReason, Terms};
pub use text::{Address, MessageText, NoticeText, Reason};
pub use track::{Gap, Measured, RideFacts, Track, TrackFix};
pub use trip::{Status, Trip, TripRequest, TripState, TripTimes};
pub use trip_object::TripObject;
pub use user::{Actor, Party, Person, Role, Standing, Username};
pub use vehicle::{Allowance, Vehicle, VehicleClass};
pub use viewer::{Filter, Viewer};
