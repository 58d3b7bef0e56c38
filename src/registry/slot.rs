//! A place in the registry, which is given back however its use ends.

use std::sync::atomic::{AtomicU64, Ordering};

use actix::Addr;

use super::actor::{Disconnect, TripRegistry};
use super::groups::SocketId;

/// One socket's place, given back when it is dropped. It is there before the registry is asked.
pub struct SocketSlot {
    /// Where.
    pub registry: Addr<TripRegistry>,
    /// Under which id.
    pub socket: SocketId,
}

impl SocketSlot {
    /// A place that nobody else has.
    pub fn new(registry: &Addr<TripRegistry>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self {
            registry: registry.clone(),
            socket: SocketId(NEXT.fetch_add(1, Ordering::Relaxed)),
        }
    }
}

impl Drop for SocketSlot {
    fn drop(&mut self) {
        let leaving = self.registry.send(Disconnect(self.socket));
        // The mailbox may be full: a task waits for room, and not the thread.
        if let Some(arbiter) = actix::Arbiter::try_current() {
            arbiter.spawn(async move {
                let _ = leaving.await;
            });
        }
    }
}
