//! A device that follows its account's streams and often loses its connection.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use fastrand::Rng;
use serde_json::{Value, json};

use super::city::{City, GivesUp};
use super::diary::Diary;
use crate::harness::{Auth, Client, DEADLINE, Gone, NotOpened, Socket, eventually};

/// The ways in which a device loses its connection, or resumes without a loss.
#[derive(Debug, Clone, Copy)]
pub enum Loss {
    /// It closes the socket.
    Leave,
    /// It drops the connection without a close frame.
    Vanish,
    /// It does not read for a while.
    Stall,
    /// It resumes although it has lost nothing.
    ResumeAgain,
}

/// All ways, in the order in which they happen.
pub const LOSSES: [Loss; 4] = [Loss::Leave, Loss::Vanish, Loss::Stall, Loss::ResumeAgain];

/// The largest number of events before the next loss.
const HEARD_MAX: usize = 100;
/// The receive buffer of a stalled device, in bytes.
const LITTLE: usize = 4 * 1024;
/// The receive buffer of a device that reads, in bytes.
const MUCH: usize = 128 * 1024;
/// How often a device without new frames checks whether it has everything.
const POLL: Duration = Duration::from_millis(50);

/// A device with its diary.
pub struct Device<'a> {
    city: &'a City,
    auth: Auth,
    diary: Diary,
    losses: &'a [AtomicUsize; LOSSES.len()],
    rng: Rng,
    /// The number of the next loss.
    next: usize,
    /// The events before the next loss.
    left: usize,
    resumes: u64,
}

/// How a connection came to its end.
enum Outcome {
    Lost,
    Finished,
}

impl<'a> Device<'a> {
    pub fn of(
        person: &Client,
        n: usize,
        city: &'a City,
        losses: &'a [AtomicUsize; LOSSES.len()],
        mut rng: Rng,
    ) -> Self {
        let mut streams = vec![
            format!("user:{}", person.id),
            format!("role:{}", person.group),
            "all".to_owned(),
        ];
        if person.group == "driver" {
            streams.push("drivers:main".to_owned());
        }
        if person.group == "operator" {
            streams.push("staff".to_owned());
        }
        Self {
            city,
            auth: person.auth.clone(),
            diary: Diary::of(format!("{}'s device {n}", person.username), streams),
            losses,
            next: rng.usize(..),
            left: rng.usize(1..HEARD_MAX),
            rng,
            resumes: 0,
        }
    }

    /// Follows the streams to the end, over as many connections as it takes, and gives the diary.
    pub fn follow(mut self) -> Diary {
        let _gives_up = GivesUp(self.city);
        while !self.city.has_given_up() {
            let mut socket = eventually("the service opens a socket", || self.open());
            match self.hear(&mut socket) {
                Ok(Outcome::Finished) => break,
                Ok(Outcome::Lost) => self.lose(socket),
                Err(Gone::Cut | Gone::Closed(4001 | 4008 | 4012)) => {}
                Err(Gone::Closed(code)) => panic!("the service closed with {code}"),
            }
        }
        self.diary
    }

    fn open(&self) -> Option<Socket> {
        match Socket::try_open(self.city.address(), "/ws/", &self.auth, &[]) {
            Ok(socket) => Some(socket),
            Err(NotOpened::Refused(503) | NotOpened::Unanswered) => None,
            Err(NotOpened::Refused(status)) => panic!("the handshake was answered {status}"),
        }
    }

    /// Resumes. Frames before the answer are not applied, because their events come again.
    fn resume(&mut self, socket: &mut Socket) -> Result<(), Gone> {
        self.resumes += 1;
        let request = json!(self.resumes);
        let positions = json!({"positions": self.diary.log.positions()});
        socket.try_send(&json!({"action": "resume", "request_id": request, "data": positions}))?;
        loop {
            let frame = socket.try_next()?;
            if frame["action"] == "resume" {
                assert_eq!(frame["request_id"], request, "{frame}");
                self.diary.open(&frame["data"]);
                return Ok(());
            }
        }
    }

    fn hear(&mut self, socket: &mut Socket) -> Result<Outcome, Gone> {
        self.resume(socket)?;
        let mut ends = None;
        while !self.city.has_given_up() {
            if let Some(frame) = socket.next_within(POLL)? {
                self.apply(socket, &frame)?;
            }
            let Some(ledger) = self.city.ledger() else {
                if self.left == 0 {
                    match LOSSES[self.next % LOSSES.len()] {
                        Loss::Leave | Loss::Vanish => return Ok(Outcome::Lost),
                        Loss::Stall => self.stall(socket),
                        Loss::ResumeAgain => {
                            self.count();
                            self.resume(socket)?;
                        }
                    }
                }
                continue;
            };
            if self.diary.has_all_of(ledger) {
                return self.finish(socket);
            }
            let end = *ends.get_or_insert_with(|| Instant::now() + DEADLINE);
            assert!(Instant::now() < end, "events are missing: {:?}", self.diary);
        }
        Ok(Outcome::Finished)
    }

    fn apply(&mut self, socket: &mut Socket, frame: &Value) -> Result<(), Gone> {
        if frame["action"] != "event" {
            return Ok(()); // the answer to a chat message
        }
        assert_eq!(frame["request_id"], self.resumes, "{frame}");
        self.diary.log.take(&frame["data"]);
        self.left = self.left.saturating_sub(1);
        let event = &frame["data"]["event"];
        // Once enough has happened, no more messages are sent, because the log is read then.
        if event["kind"] == "accepted" && self.rng.bool() && !self.city.has_enough() {
            let pk = &event["trip"]["nk"];
            let say = json!({"action": "send", "pk": pk, "data": {"message": "I am here"}});
            socket.try_send(&json!({"stream": "chat", "payload": say}))?;
        }
        Ok(())
    }

    /// Shows that no event comes twice: the diary refuses those that come before the answer to a last call.
    fn finish(&mut self, socket: &mut Socket) -> Result<Outcome, Gone> {
        socket.try_send(&json!({"action": "list", "request_id": "last", "data": {"limit": 1}}))?;
        loop {
            let frame = socket.try_next()?;
            if frame["request_id"] == "last" {
                return Ok(Outcome::Finished);
            }
            self.apply(socket, &frame)?;
        }
    }

    fn stall(&mut self, socket: &Socket) {
        socket.takes_at_once(LITTLE);
        let commands = self.rng.usize(20..200);
        self.city.wait_for(self.city.happened() + commands);
        socket.takes_at_once(MUCH);
        self.count();
    }

    fn lose(&mut self, socket: Socket) {
        match LOSSES[self.next % LOSSES.len()] {
            Loss::Leave => socket.leave(),
            Loss::Vanish => socket.vanish(),
            Loss::Stall | Loss::ResumeAgain => return,
        }
        self.count();
    }

    /// Counts a loss and chooses when the next one happens.
    fn count(&mut self) {
        self.losses[self.next % LOSSES.len()].fetch_add(1, Ordering::Relaxed);
        self.next = self.next.wrapping_add(1);
        self.left = self.rng.usize(1..HEARD_MAX);
    }
}
