//! The native dialect, which is that of Django Channels REST Framework: calls and answers in envelopes.

mod call;
mod change;
mod envelope;
mod frame;
mod key;
mod reader;
mod ride;

pub use call::{Ask, Call, Duty, Hear, Listing, Page, Pk, Verb};
pub use envelope::{Done, Return, StreamName};
pub use frame::read;

#[cfg(test)]
mod tests;
