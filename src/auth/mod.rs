//! Passwords, tokens and the keys that sign them. Nothing here knows accounts or requests.

pub mod keys;
pub mod passwords;
pub mod throttle;
pub mod tokens;
