//! The native dialect, which is that of Django Channels REST Framework: calls and answers in envelopes.

mod call;
mod change;
mod envelope;
mod frame;
mod key;
mod reader;
mod ride;

pub use call::{ActCall, Call, ListPage, Listing, OneAnswerCall, Pk, ShiftCall, SubscriptionCall};
pub use envelope::{Done, Return, StreamName};
pub use frame::read;

#[cfg(test)]
mod tests;
