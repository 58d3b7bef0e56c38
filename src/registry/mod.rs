//! Who is connected, and who receives an event.
//!
//! The `TripRegistry` actor is a thin shell around the `roster`, which is plain data and is tested without actors. The
//! registry knows neither frames nor the database: each session brings its own subscriber and outbound queue. The
//! registry calls no other actor, so announcements flow one way.

pub mod actor;
pub mod closing;
pub mod groups;
pub mod outbound;
pub mod roster;
mod slot;
pub mod subscriber;

pub use actor::TripRegistry;
pub use closing::Closing;
pub use outbound::Outbound;
pub use slot::SocketSlot;
pub use subscriber::Subscriber;
