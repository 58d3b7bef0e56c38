//! A socket's slot in the registry, freed whatever ends its use.

use std::sync::atomic::{AtomicU64, Ordering};

use actix::Addr;

use super::actor::{Disconnect, TripRegistry};
use super::groups::SocketId;

/// One socket's slot, freed on drop. It exists before the registry is asked, so nothing can leak.
pub struct SocketSlot {
    pub registry: Addr<TripRegistry>,
    pub socket: SocketId,
}

impl SocketSlot {
    /// A slot with a fresh id.
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
        // The mailbox may be full: a task waits for room, so the thread does not.
        if let Some(arbiter) = actix::Arbiter::try_current() {
            arbiter.spawn(async move {
                let _ = leaving.await;
            });
        }
    }
}
