//! The dialects: pure functions from frames to commands and from trips to frames.

#[cfg(test)]
mod anything;
pub mod bare;
pub mod course;
pub mod dcrf;
pub mod taxi;
