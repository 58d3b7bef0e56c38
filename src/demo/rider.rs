//! A rider who requests trips, one after the other, and now and then thinks better of it.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{Board, Pace, below, places};
use crate::client::{ClientError, Heard, Service, Socket, Status, Trip, User};

/// One trip in so many is cancelled.
const CANCELS_ONE_IN: u32 = 5;
/// How long a rider waits for a driver, whatever the pace.
const PATIENCE: Duration = Duration::from_secs(300);

/// Plays a rider for ever; `turn` keeps the riders' first requests apart.
pub async fn play(
    service: &Service,
    user: &User,
    mut socket: Socket,
    board: &Board,
    pace: Pace,
    turn: usize,
) -> Result<Infallible, ClientError> {
    let mut pause = pace.pause(0.3 + 2.5 * f64::from(u32::try_from(turn).unwrap_or(0)));
    loop {
        idle(&mut socket, pause).await?;
        let (from, to) = places::route();
        socket
            .send(&json!({"pick_up_address": from, "drop_off_address": to}))
            .await?;
        Ride {
            service,
            user,
            board,
            cancel_at: mood(pace),
            asked_to_cancel: false,
        }
        .see_through(&mut socket)
        .await?;
        pause = pace.pause_between(2.0, 6.0);
    }
}

/// When this rider will lose patience with the trip that was just requested.
fn mood(pace: Pace) -> Instant {
    let wait = if below(CANCELS_ONE_IN) == 0 {
        pace.pause_between(0.1, 4.0)
    } else {
        PATIENCE
    };
    Instant::now() + wait
}

/// Listens, so that pings are answered, and expects nothing.
async fn idle(socket: &mut Socket, pause: Duration) -> Result<(), ClientError> {
    let until = Instant::now() + pause;
    while socket
        .hear(until.saturating_duration_since(Instant::now()))
        .await?
        .is_some()
    {}
    Ok(())
}

/// One request and what comes of it.
struct Ride<'a> {
    service: &'a Service,
    user: &'a User,
    board: &'a Board,
    cancel_at: Instant,
    asked_to_cancel: bool,
}

impl Ride<'_> {
    async fn see_through(&mut self, socket: &mut Socket) -> Result<(), ClientError> {
        let mut trip: Option<Box<Trip>> = None;
        loop {
            let wait = if self.asked_to_cancel {
                PATIENCE
            } else {
                self.cancel_at.saturating_duration_since(Instant::now())
            };
            match socket.hear(wait).await? {
                Some(Heard::Trip(heard)) => {
                    self.follow(&heard);
                    if heard.status.is_final() {
                        return Ok(());
                    }
                    trip = Some(heard);
                }
                Some(Heard::Refused(refusal)) => {
                    let nk = trip.as_ref().map_or("", |trip| trip.nk.as_str());
                    self.board.say(
                        &self.user.username,
                        &format!("is refused: {}", refusal.detail),
                        nk,
                    );
                    if trip.is_none() {
                        return Ok(());
                    }
                }
                None => self.cancel(trip.as_deref()).await?,
            }
        }
    }

    fn follow(&self, trip: &Trip) {
        self.board.heard(trip);
        if trip.status == Status::Started {
            let driver = trip
                .driver
                .as_ref()
                .map_or("somebody", |driver| driver.username.as_str());
            self.board.say(
                &self.user.username,
                &format!("is told that {driver} is coming"),
                &trip.nk,
            );
        }
    }

    /// Takes the request back over HTTP, as the course dialect has no word for it. The socket tells what became of it.
    async fn cancel(&mut self, trip: Option<&Trip>) -> Result<(), ClientError> {
        let Some(trip) = trip else {
            return Err(ClientError::TimedOut { what: "a request" });
        };
        self.asked_to_cancel = true;
        match self
            .service
            .command(
                self.user,
                &trip.nk,
                "cancel",
                &json!({"reason": "changed my mind"}),
            )
            .await
        {
            // Too late, the ride has begun: it is seen through.
            Ok(_) | Err(ClientError::Refused { status: 409, .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
