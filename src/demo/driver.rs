//! A driver who wants every trip, takes those that nobody was faster to take, and drives them to their end.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{Board, Pace, below};
use crate::client::{ClientError, Heard, Socket, Status, Trip, User};

/// How long a driver waits for the answer to a frame before sending it again; a repeated one does no harm.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// Open requests that a driver keeps in mind.
const OPEN_MAX: usize = 100;

/// Seconds in which most drivers decide that they want a trip, and those in which the others do.
const QUICK: f64 = 0.4;
const SLOW: f64 = 0.7;

/// Plays a driver for ever.
pub async fn play(
    user: &User,
    mut socket: Socket,
    board: &Board,
    pace: Pace,
) -> Result<Infallible, ClientError> {
    let mut driver = Driver {
        user,
        board,
        pace,
        open: VecDeque::new(),
        current: None,
        asked: None,
        act_at: far_away(),
    };
    loop {
        match socket
            .hear(driver.act_at.saturating_duration_since(Instant::now()))
            .await?
        {
            Some(Heard::Trip(trip)) => driver.follow(*trip),
            Some(Heard::Refused(_)) => driver.is_refused(),
            None => driver.act(&mut socket).await?,
        }
    }
}

struct Driver<'a> {
    user: &'a User,
    board: &'a Board,
    pace: Pace,
    /// Requests that nobody has taken as far as this driver knows, oldest first.
    open: VecDeque<Trip>,
    /// The trip being driven.
    current: Option<Trip>,
    /// The request that this driver has asked for; who got it is known when a change of it is heard.
    asked: Option<String>,
    /// When to send the next frame.
    act_at: Instant,
}

impl Driver<'_> {
    /// Takes note of a change.
    fn follow(&mut self, trip: Trip) {
        self.board.heard(&trip);
        if trip.status == Status::Requested {
            self.board.driver_heard(&trip);
            self.want(trip);
            return;
        }
        self.open.retain(|open| open.nk != trip.nk);
        let asked = self.asked.take_if(|asked| *asked == trip.nk).is_some();
        if trip
            .driver
            .as_ref()
            .is_some_and(|driver| driver.id == self.user.id)
        {
            self.say_in_vain(&trip);
            self.drive(trip);
            return;
        }
        if asked {
            self.say_lost(&trip);
        }
        self.look_for_work();
    }

    fn want(&mut self, trip: Trip) {
        if self.open.len() < OPEN_MAX {
            self.open.push_back(trip);
        }
        // Whoever is thinking about another one already does not begin anew.
        if self.open.len() == 1 {
            self.look_for_work();
        }
    }

    fn drive(&mut self, trip: Trip) {
        match next_step(trip.status) {
            Some((_, least, most)) => {
                self.act_at = Instant::now() + self.pace.pause_between(least, most);
                self.current = Some(trip);
            }
            None => {
                self.current = None;
                self.look_for_work();
            }
        }
    }

    /// Most drivers need equally long to decide, so that several want a trip at the same moment; some are slower.
    fn look_for_work(&mut self) {
        let awaits_answer = self
            .open
            .front()
            .is_some_and(|open| self.asked.as_ref() == Some(&open.nk));
        if self.current.is_none() && !awaits_answer {
            let seconds = if below(3) < 2 { QUICK } else { SLOW };
            self.act_at = if self.open.is_empty() {
                far_away()
            } else {
                Instant::now() + self.pace.pause(seconds)
            };
        }
    }

    /// An error frame does not say what it answers, but only asking for a trip can go wrong for a driver like this.
    fn is_refused(&mut self) {
        self.open
            .retain(|open| self.asked.as_ref() != Some(&open.nk));
        self.look_for_work();
    }

    fn say_in_vain(&self, trip: &Trip) {
        if let (Status::Cancelled, Some(rider)) = (trip.status, &trip.rider) {
            let happening = format!("is told that {} needs no car any more", rider.username);
            self.board.say(&self.user.username, &happening, &trip.nk);
        }
    }

    fn say_lost(&self, trip: &Trip) {
        if let (Status::Started, Some(winner)) = (trip.status, &trip.driver) {
            let happening = format!("wants it too, but {} was faster", winner.username);
            self.board.say(&self.user.username, &happening, &trip.nk);
        }
    }

    /// Sends what comes next: the next step of the trip being driven, or the wish to have the oldest open one.
    async fn act(&mut self, socket: &mut Socket) -> Result<(), ClientError> {
        let Some(trip) = self.current.as_ref().or(self.open.front()) else {
            self.act_at = far_away();
            return Ok(());
        };
        let Some((next, ..)) = next_step(trip.status) else {
            return Ok(());
        };
        if next == Status::Started {
            self.asked = Some(trip.nk.clone());
        }
        self.act_at = Instant::now() + ANSWER_WITHIN;
        socket.send(&json!({"nk": trip.nk, "status": next})).await
    }
}

/// What a driver does next with a trip in this state, and how many seconds it takes at least and at most to get there.
fn next_step(status: Status) -> Option<(Status, f64, f64)> {
    match status {
        Status::Requested => Some((Status::Started, QUICK, SLOW)),
        Status::Started => Some((Status::Arrived, 1.5, 3.0)),
        Status::Arrived => Some((Status::InProgress, 0.8, 1.5)),
        Status::InProgress => Some((Status::Completed, 2.0, 4.0)),
        Status::Completed | Status::Cancelled | Status::Expired | Status::Unknown => None,
    }
}

/// A moment that something else will come before.
fn far_away() -> Instant {
    Instant::now() + Duration::from_secs(3600)
}
