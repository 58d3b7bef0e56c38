//! How endpoints write frames: pure functions from frame to command and from event to frame.

pub mod course;
