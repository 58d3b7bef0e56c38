pub mod accounts;
pub mod auth;
pub mod domain;
pub mod inputs;
pub mod store;
