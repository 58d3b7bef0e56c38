pub mod domain;
pub mod inputs;
pub mod store;
