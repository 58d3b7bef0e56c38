//! What is measured: an index of moving drivers, and the CPU time of whoever serves it.

use domain::Coordinates;

use crate::city::Move;
use crate::truth::Near;

/// An index as one thread sees it.
pub trait Index: Send {
    /// The nearest free drivers within reach, nearest first.
    fn nearest(&mut self, from: Coordinates) -> Vec<Near>;
    /// Moves drivers, all at once where the index has a way to; `round` says how often they have reported before.
    fn relocate(&mut self, moves: &[Move], round: usize);
    /// The same index for another thread.
    fn another(&self) -> Box<dyn Index>;
    /// Who serves this thread.
    fn server(&mut self) -> Server;
    /// Asks nothing of the server but an answer.
    fn round_trip(&mut self);
    /// Leaves nothing behind.
    fn clear(&mut self);
}

/// Whose CPU time the answers cost besides the asker's own.
#[derive(Debug, Clone, Copy)]
pub enum Server {
    /// Nobody's: the index is in this process.
    None,
    /// That of a process of this machine.
    Process { id: i32, name: &'static str },
}

impl Server {
    /// The CPU time it has used, in nanoseconds; nothing when the server runs elsewhere, or the system does not say.
    pub fn cpu_ns(self) -> Option<u64> {
        match self {
            Self::None => Some(0),
            Self::Process { id, name } => {
                // A number from another machine is somebody else's here.
                let comm = std::fs::read_to_string(format!("/proc/{id}/comm")).ok()?;
                comm.starts_with(name).then_some(())?;
                scheduled_ns(&format!("/proc/{id}/schedstat"))
            }
        }
    }
}

/// The CPU time this thread has used, in nanoseconds.
pub fn own_cpu_ns() -> Option<u64> {
    scheduled_ns("/proc/thread-self/schedstat")
}

fn scheduled_ns(file: &str) -> Option<u64> {
    let text = std::fs::read_to_string(file).ok()?;
    text.split_whitespace().next()?.parse().ok()
}
