//! The rules of the core, one by one.

mod bookkeeping;
mod deciding;
mod keys;
mod loading;
mod offers;
mod replies;
mod requests;
mod service;
mod shifts;
mod trips;
