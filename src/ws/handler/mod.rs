//! The protocol handlers, one for each kind of socket. The native socket's handler is spread over several files.

mod acting;
pub(super) mod bare;
pub(super) mod chat;
pub(super) mod dcrf;
pub(super) mod notifications;
mod ride;
mod subscribing;
mod subscriptions;
