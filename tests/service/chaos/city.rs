//! The state that all threads share: the service's address, the number of commands so far, and the end.

use std::net::SocketAddr;
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use serde_json::Value;

use crate::harness::ledger::Ledger;
use crate::harness::{Answer, Auth, Client, Http, eventually};

struct State {
    address: SocketAddr,
    happened: usize,
    stops: usize,
    given_up: bool,
}

/// The shared state of the threads around one service.
pub struct City {
    state: Mutex<State>,
    changed: Condvar,
    target: usize,
    ledger: OnceLock<Ledger>,
}

impl City {
    /// A city in which so many commands are to take effect.
    pub fn at(address: SocketAddr, target: usize) -> Self {
        let state = State {
            address,
            happened: 0,
            stops: 0,
            given_up: false,
        };
        Self {
            state: Mutex::new(state),
            changed: Condvar::new(),
            target,
            ledger: OnceLock::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn address(&self) -> SocketAddr {
        self.lock().address
    }

    pub fn moves_to(&self, address: SocketAddr) {
        self.lock().address = address;
    }

    pub fn happened(&self) -> usize {
        self.lock().happened
    }

    /// Whether enough commands have taken effect, or a thread has failed.
    pub fn has_enough(&self) -> bool {
        let state = self.lock();
        state.given_up || state.happened >= self.target
    }

    /// Whether a thread has failed, so that the others must not wait for it.
    pub fn has_given_up(&self) -> bool {
        self.lock().given_up
    }

    /// Announces a stop of the service. The service only ends once all devices have read what waits for them.
    pub fn stops(&self) {
        self.lock().stops += 1;
        self.changed.notify_all();
    }

    /// Waits until so many commands have taken effect, or enough of them, or the service is about to stop.
    pub fn wait_for(&self, happened: usize) {
        let mut state = self.lock();
        let (happened, stops) = (happened.min(self.target), state.stops);
        while state.happened < happened && state.stops == stops && !state.given_up {
            let woken = self.changed.wait(state);
            state = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits until `part` of `of` equal parts of all commands have taken effect.
    pub fn wait_for_part(&self, part: usize, of: usize) {
        self.wait_for(self.target * part / of);
    }

    /// Ends the run: no more commands come, and this is the log that they have left.
    pub fn ends_with(&self, ledger: Ledger) {
        assert!(self.ledger.set(ledger).is_ok(), "the run ends once");
    }

    /// The complete log, once the run has ended.
    pub fn ledger(&self) -> Option<&Ledger> {
        self.ledger.get()
    }

    /// A caller with the session of this person.
    pub fn caller(&self, person: &Client) -> Caller<'_> {
        Caller {
            city: self,
            name: person.username.clone(),
            http: Http::new(self.address(), person.auth.clone()),
            given: 0,
        }
    }
}

/// Tells the other threads when a thread has failed.
pub struct GivesUp<'a>(pub &'a City);

impl Drop for GivesUp<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.lock().given_up = true;
            self.0.changed.notify_all();
        }
    }
}

/// Gives commands, and repeats each until it is answered.
pub struct Caller<'a> {
    pub city: &'a City,
    name: String,
    http: Http,
    given: usize,
}

impl<'a> Caller<'a> {
    /// Another caller of the same person.
    pub fn fork(&mut self) -> Caller<'a> {
        self.given += 1;
        Caller {
            city: self.city,
            name: format!("{}-{}", self.name, self.given),
            http: self.http.with(self.http.auth.clone()),
            given: 0,
        }
    }

    /// Gives a command under an idempotency key of its own. The answer may come after a restart of the service.
    pub fn command(&mut self, path: &str, fields: Option<&Value>) -> Answer {
        self.given += 1;
        let key = format!("{}-{}", self.name, self.given);
        let answer = eventually("a command is answered", || {
            let address = self.city.address();
            if self.http.address != address {
                self.http = Http::new(address, Auth::clone(&self.http.auth));
            }
            let call = self.http.call("POST", path);
            let call = call.header("Idempotency-Key", &key);
            let call = match fields {
                Some(fields) => call.json(fields),
                None => call,
            };
            call.try_send().ok().filter(|answer| answer.status != 503)
        });
        if matches!(answer.status, 200 | 201) {
            self.city.lock().happened += 1;
            self.city.changed.notify_all();
        }
        answer
    }
}
