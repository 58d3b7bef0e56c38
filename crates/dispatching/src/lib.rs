//! Decides who is offered a trip, and where idle drivers should wait.
//!
//! The crate is pure, except that `eta` may ask another service. It only proposes: the core decides what becomes of a
//! proposal.

#![warn(unreachable_pub)]

pub mod policy;
pub mod reposition;
pub mod rides;
