//! The conversations: one file for each kind of socket.

pub(super) mod bare;
pub(super) mod chat;
pub(super) mod dcrf;
mod hearing;
pub(super) mod notifications;
mod ride;
mod subscriptions;
mod verbs;
