//! A TCP proxy that can drop its connections or stall, as networks do.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// What the proxy does with connections and their bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Forward,
    /// Open connections are ended, and new ones are ended at once.
    Cut,
    /// Connections stay open and new ones are accepted, but nothing is forwarded.
    Stall,
}

/// A proxy in front of a server. Its thread lives as long as the test program.
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    mode: Mode,
    open: Vec<TcpStream>,
}

impl Proxy {
    pub fn to(upstream: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let state = Mutex::new(State {
            mode: Mode::Forward,
            open: Vec::new(),
        });
        let shared = Arc::new(Shared {
            state,
            changed: Condvar::new(),
        });
        let proxy = Self {
            port,
            shared: Arc::clone(&shared),
        };
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                shared.connect(&client, &upstream);
            }
        });
        proxy
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends all connections, and new ones at once.
    pub fn cut(&self) {
        self.shared.enter(Mode::Cut);
    }

    /// Keeps all connections open, but forwards nothing.
    pub fn stall(&self) {
        self.shared.enter(Mode::Stall);
    }

    /// Forwards again, beginning with what a stall has held back.
    pub fn restore(&self) {
        self.shared.enter(Mode::Forward);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, mode: Mode) {
        let mut state = self.lock();
        state.mode = mode;
        if mode == Mode::Cut {
            for stream in state.open.drain(..) {
                drop(stream.shutdown(Shutdown::Both)); // it may have ended already
            }
        }
        self.changed.notify_all();
    }

    fn connect(self: &Arc<Self>, client: &TcpStream, upstream: &str) {
        let server = TcpStream::connect(upstream).expect("PostgreSQL accepts connections");
        let twin = |stream: &TcpStream| stream.try_clone().expect("a descriptor is free");
        {
            let mut state = self.lock();
            if state.mode == Mode::Cut {
                return;
            }
            state.open.extend([twin(client), twin(&server)]);
        }
        for (from, to) in [(client, &server), (&server, client)] {
            drop(from.set_nodelay(true)); // it may have ended already
            let (shared, from, to) = (Arc::clone(self), twin(from), twin(to));
            thread::spawn(move || shared.forward(from, to));
        }
    }

    fn forward(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut bytes = [0; 16 * 1024];
        while let Ok(read @ 1..) = from.read(&mut bytes) {
            let stalled = |state: &mut State| state.mode == Mode::Stall;
            drop(
                self.changed
                    .wait_while(self.lock(), stalled)
                    .unwrap_or_else(PoisonError::into_inner),
            );
            if to.write_all(&bytes[..read]).is_err() {
                break;
            }
        }
        drop(from.shutdown(Shutdown::Both));
        drop(to.shutdown(Shutdown::Both));
    }
}
