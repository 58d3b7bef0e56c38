//! What is measured: an index of moving drivers, and the CPU time of the server behind it.

use domain::Coordinates;

use crate::city::Move;
use crate::truth::Near;

/// An index as one thread sees it.
pub trait Index: Send {
    /// The nearest free drivers within reach, nearest first.
    fn nearest(&mut self, from: Coordinates) -> Vec<Near>;
    /// Moves drivers, together where the index can. `round` is how many times they have reported before.
    fn relocate(&mut self, moves: &[Move], round: usize);
    /// The same index for another thread.
    fn another(&self) -> Box<dyn Index>;
    /// The server behind this index.
    fn server(&mut self) -> Server;
    /// Asks the server for an answer without a search.
    fn round_trip(&mut self);
    /// Deletes everything that was written to the server.
    fn clear(&mut self);
}

/// The process whose CPU time counts besides the client's own.
#[derive(Debug, Clone, Copy)]
pub enum Server {
    /// The index is in this process.
    None,
    /// A process on this machine.
    Process { id: i32, name: &'static str },
}

impl Server {
    /// The CPU time it has used, in nanoseconds; `None` when the server runs elsewhere or the system does not say.
    pub fn cpu_ns(self) -> Option<u64> {
        match self {
            Self::None => Some(0),
            Self::Process { id, name } => {
                // The process id of a server elsewhere belongs to another process here.
                let comm = std::fs::read_to_string(format!("/proc/{id}/comm")).ok()?;
                comm.starts_with(name).then_some(())?;
                scheduled_ns(&format!("/proc/{id}/schedstat"))
            }
        }
    }
}

/// The CPU time that this thread has used, in nanoseconds.
pub fn own_cpu_ns() -> Option<u64> {
    scheduled_ns("/proc/thread-self/schedstat")
}

fn scheduled_ns(file: &str) -> Option<u64> {
    let text = std::fs::read_to_string(file).ok()?;
    text.split_whitespace().next()?.parse().ok()
}
