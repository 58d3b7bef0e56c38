//! The core: what is decided, as one pure function over a state.
//!
//! [`State::decide`] carries out one command. It knows no database, no clock and no chance: what it decides on is
//! loaded before ([`needs`] says what), and what it changes is saved afterwards ([`Changes`]). The writer decides on
//! the part of the state that a batch is about; [`Memory`] holds the whole of it.

mod changes;
mod command;
mod keys;
mod memory;
mod messages;
pub mod needs;
mod offers;
mod open_offers;
mod outcome;
mod proposal;
mod refusal;
mod shifts;
mod state;
mod trips;

pub use self::changes::{Changes, EndedRide, SearchStep};
pub use self::command::{Command, Reply, RiderLimits, Stated, Submission};
pub use self::keys::{IdempotencyKey, UsedKey};
pub use self::memory::Memory;
pub use self::open_offers::OpenOffers;
pub use self::outcome::{Effect, Outcome, TripOutcome};
pub use self::proposal::{Candidate, Proposal};
pub use self::refusal::Refusal;
pub use self::state::{OpenTrips, SearchState, State};
