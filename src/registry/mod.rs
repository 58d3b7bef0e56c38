//! Who is connected, and who must hear what.
//!
//! The `TripRegistry` actor is a thin shell around the `roster`, which is plain and tested without actors.
//! It knows neither frames nor the database: a session brings its subscriber and its queue with it. It calls nobody,
//! so announcements flow one way.

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
