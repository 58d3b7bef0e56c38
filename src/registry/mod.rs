//! Who is connected, and who must hear what.
//!
//! The `TripRegistry` actor is a thin shell around the `roster`, which is plain and tested without actors.
//! It knows neither frames nor the database: a session brings its voice and its queue with it. It calls nobody,
//! so announcements flow one way.

pub mod actor;
pub mod closing;
pub mod groups;
pub mod outbound;
mod place;
pub mod roster;
pub mod voice;

pub use actor::TripRegistry;
pub use closing::Closing;
pub use outbound::Outbound;
pub use place::Place;
pub use voice::Voice;
