//! A device that follows its account's streams, and loses its connection again and again.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use fastrand::Rng;
use serde_json::{Value, json};

use super::city::{City, GivesUp};
use super::diary::Diary;
use crate::harness::{Auth, Client, DEADLINE, Gone, NotOpened, Socket, eventually};

/// How a device may lose its connection, or do as if.
#[derive(Debug, Clone, Copy)]
pub enum Loss {
    /// It says goodbye.
    Leave,
    /// It is gone without a word.
    Vanish,
    /// It does not read for a while.
    Stall,
    /// It resumes although nothing was lost.
    ResumeAgain,
}

/// All of them.
pub const LOSSES: [Loss; 4] = [Loss::Leave, Loss::Vanish, Loss::Stall, Loss::ResumeAgain];

/// How many events are heard before the next loss, at most.
const HEARD_MAX: usize = 100;
/// How many bytes a stalled device takes from the network.
const LITTLE: usize = 4 * 1024;
/// How many one that reads takes.
const MUCH: usize = 128 * 1024;
/// How often a device that hears nothing looks whether it has everything.
const LOOK: Duration = Duration::from_millis(50);

/// One device.
pub struct Device<'a> {
    city: &'a City,
    auth: Auth,
    diary: Diary,
    losses: &'a [AtomicUsize; LOSSES.len()],
    rng: Rng,
    /// Which loss comes next, and after how many events.
    next: usize,
    left: usize,
    resumes: u64,
}

/// What became of a connection.
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

    /// Hears everything, however often it has to come back, and gives its log.
    pub fn follow(mut self) -> Diary {
        let _gives_up = GivesUp(self.city);
        while !self.city.has_given_up() {
            let mut socket = eventually("the service lets a device in", || self.open());
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

    /// Resumes; what was on its way before the answer is not applied, since it comes again.
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
            if let Some(frame) = socket.next_within(LOOK)? {
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
            assert!(Instant::now() < end, "not all was told: {:?}", self.diary);
        }
        Ok(Outcome::Finished)
    }

    fn apply(&mut self, socket: &mut Socket, frame: &Value) -> Result<(), Gone> {
        if frame["action"] != "event" {
            return Ok(()); // the answer to what was said
        }
        assert_eq!(frame["request_id"], self.resumes, "{frame}");
        self.diary.log.take(&frame["data"]);
        self.left = self.left.saturating_sub(1);
        let event = &frame["data"]["event"];
        // Nothing is said any more when the log is read.
        if event["kind"] == "accepted" && self.rng.bool() && !self.city.has_enough() {
            let pk = &event["trip"]["nk"];
            let say = json!({"action": "send", "pk": pk, "data": {"message": "I am here"}});
            socket.try_send(&json!({"stream": "chat", "payload": say}))?;
        }
        Ok(())
    }

    /// Whatever comes before the answer to a last question would be a double.
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
        let while_happens = self.rng.usize(20..200);
        self.city.wait_for(self.city.happened() + while_happens);
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

    /// One more loss has happened.
    fn count(&mut self) {
        self.losses[self.next % LOSSES.len()].fetch_add(1, Ordering::Relaxed);
        self.next = self.next.wrapping_add(1);
        self.left = self.rng.usize(1..HEARD_MAX);
    }
}
