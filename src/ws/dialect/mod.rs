//! How endpoints write frames: pure functions from frame to command and from event to frame.

#[cfg(test)]
mod anything;
pub mod bare;
pub mod course;
pub mod dcrf;
pub mod taxi;
