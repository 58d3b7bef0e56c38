//! Who is asked to take a trip, and where those who have none had better wait.
//!
//! Pure but for what it asks `eta`: it proposes, and decides nothing. What becomes of a proposal is the core's to say.

#![warn(unreachable_pub)]

pub mod policy;
pub mod reposition;
pub mod rides;
