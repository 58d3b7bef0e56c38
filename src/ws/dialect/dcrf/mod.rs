//! The native dialect, that of Django Channels REST Framework: calls and answers in envelopes.

mod call;
mod change;
mod envelope;
mod frame;
mod key;
mod reader;
mod ride;

pub use call::{ActCall, Call, ListPage, Listing, Pk, ShiftCall, SubscriptionCall, UnaryCall};
pub use envelope::{Done, ReplyTo, StreamName};
pub use frame::read;

#[cfg(test)]
mod tests;
