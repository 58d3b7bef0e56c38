//! The core decides every command with one pure function over a state.
//!
//! [`State::decide`] carries out one command. It uses no database, no clock and no randomness: the state is loaded
//! before ([`needs`] says which part), and the [`Changes`] are saved afterwards. The writer loads the part of the
//! state that a batch needs; [`Memory`] holds the whole state.

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
