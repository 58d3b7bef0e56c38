//! A driver's app: it begins a shift, reports positions, answers offers, and takes a trip from step to step.
//!
//! Three things drive it: events (`follow`), answers to calls (`answered`), and the clock (`act`). The driver's state
//! follows from what the service sends, never from what the app has asked for. So a lost answer, a trip that is
//! cancelled meanwhile and a snapshot after a break need no code of their own: repeating a call does no harm, and the
//! service sends the outcome.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};

use super::car::{DemoCar, SPEED};
use super::driver_state::{DriverState, OnTrip};
use super::story::{Moods, OfferBehaviour};
use super::{Board, DemoPace, far_away, places};
use crate::client::{
    CallAnswer, ClientError, ClientSocket, IncomingFrame, Location, User, WireEvent, WireMessage,
    WireOffer, WireOfferState, WireShift, WireStatus, WireTrip,
};

/// The interval of position reports, in seconds. The longest one is short enough that no driver goes stale.
const REPORT_EVERY: f64 = 1.0;
const REPORT_MIN: Duration = Duration::from_millis(500);
const REPORT_MAX: Duration = Duration::from_secs(10);
/// The longest time that a driver thinks, at any pace, because the service's deadline does not stretch.
const THINKS_MAX: Duration = Duration::from_millis(2_500);
/// How long a driver waits at the pick-up for the rider's code, in seconds.
const PATIENCE: f64 = 9.0;
/// How long a driver who gives the trip back drives before that, in seconds.
const GIVES_BACK_AFTER: f64 = 3.0;
/// When to repeat a call that has had no effect.
const AGAIN_AFTER: Duration = Duration::from_secs(5);

/// Plays the driver with that number for ever.
pub async fn play(
    user: &User,
    socket: ClientSocket,
    board: &Board,
    pace: DemoPace,
    turn: usize,
) -> Result<Infallible, ClientError> {
    let now = Instant::now();
    let mut driver = DemoDriver {
        user,
        socket,
        board,
        pace,
        moods: Moods::of(turn),
        car: DemoCar::parked(places::stand(turn), now),
        goal: None,
        state: DriverState::Available,
        act_at: far_away(),
        report_at: far_away(),
    };
    driver.go_online().await?;
    loop {
        let wake_at = driver.act_at.min(driver.report_at);
        let wait = wake_at.saturating_duration_since(Instant::now());
        match driver.socket.receive(wait).await? {
            Some(IncomingFrame::Event(event)) => driver.follow(*event).await?,
            Some(IncomingFrame::Answer(answer)) => driver.answered(answer).await?,
            // Only riders follow a car's position.
            Some(IncomingFrame::DriverPosition(_)) => {}
            None => driver.act().await?,
        }
    }
}

struct DemoDriver<'a> {
    user: &'a User,
    socket: ClientSocket,
    board: &'a Board,
    pace: DemoPace,
    moods: Moods,
    car: DemoCar,
    /// The car's destination.
    goal: Option<Location>,
    state: DriverState,
    /// When to act, if no event comes before.
    act_at: Instant,
    /// When to report the next position, on shift.
    report_at: Instant,
}

impl DemoDriver<'_> {
    /// Resumes the event stream before anything can happen in it, and begins a shift. An app with history would send
    /// its last positions and receive what it has missed; one without gets a snapshot.
    async fn go_online(&mut self) -> Result<(), ClientError> {
        let nowhere = json!({"data": {"positions": []}});
        self.socket.call("resume", nowhere).await?;
        let vehicle = json!({"data": {"class": "standard", "seats": 4}});
        self.socket.call("begin_shift", vehicle).await
    }

    /// Handles an event.
    async fn follow(&mut self, event: WireEvent) -> Result<(), ClientError> {
        self.board.record(self.user, &event);
        if let Some(trip) = event.trip {
            self.follow_trip(trip);
        }
        if let Some(message) = event.message {
            self.follow_message(&message);
        }
        if let Some(shift) = event.shift {
            self.follow_shift(&shift);
        }
        match event.offer {
            Some(offer) => self.follow_offer(offer).await,
            None => Ok(()),
        }
    }

    /// Handles an offer that was made or has ended.
    async fn follow_offer(&mut self, offer: WireOffer) -> Result<(), ClientError> {
        let nk = offer.trip.nk;
        match offer.state {
            WireOfferState::Created | WireOfferState::Delivered => {
                let mood = self.moods.next();
                self.act_at = match mood {
                    OfferBehaviour::Takes
                    | OfferBehaviour::GivesBack
                    | OfferBehaviour::Declines => {
                        Instant::now() + self.pace.pause_between(0.8, 1.6).min(THINKS_MAX)
                    }
                    OfferBehaviour::IsSilent | OfferBehaviour::IsOutOfReach => far_away(),
                };
                self.goal = None;
                self.state = DriverState::Offered {
                    nk: nk.clone(),
                    mood,
                };
                if mood == OfferBehaviour::IsOutOfReach {
                    return Ok(());
                }
                // The device acknowledges the offer, before the driver looks at it.
                self.socket.call("receive", json!({"pk": nk})).await
            }
            WireOfferState::Declined
            | WireOfferState::Expired
            | WireOfferState::Withdrawn
            | WireOfferState::Undelivered => {
                if matches!(&self.state, DriverState::Offered { nk: offered, .. } if *offered == nk)
                {
                    self.be_available();
                }
                Ok(())
            }
            // The event of the trip says more.
            WireOfferState::Accepted | WireOfferState::Unknown => Ok(()),
        }
    }

    /// Handles a change of the driver's trip, which may no longer be the driver's.
    fn follow_trip(&mut self, trip: WireTrip) {
        let is_own = trip
            .driver
            .as_ref()
            .is_some_and(|driver| driver.id == self.user.id);
        if !is_own {
            if matches!(&self.state, DriverState::OnTrip(ride) if ride.trip.nk == trip.nk) {
                self.be_available();
            }
            return;
        }
        let now = Instant::now();
        let gives_back = self.will_give_back();
        (self.goal, self.act_at) = match trip.status {
            WireStatus::Started if gives_back => {
                let soon = now + self.pace.pause(GIVES_BACK_AFTER);
                (trip.pick_up_location, soon)
            }
            WireStatus::Started => (trip.pick_up_location, far_away()),
            WireStatus::Arrived => (None, now + self.pace.pause(PATIENCE)),
            WireStatus::InProgress => (trip.drop_off_location, far_away()),
            WireStatus::Completed
            | WireStatus::Cancelled
            | WireStatus::NoShow
            | WireStatus::Expired => {
                return self.be_available();
            }
            WireStatus::Scheduled | WireStatus::Requested | WireStatus::Unknown => return,
        };
        if self.goal.is_none() && trip.status != WireStatus::Arrived {
            // Without coordinates, the goal is where the car is.
            self.act_at = now;
        }
        self.state = DriverState::OnTrip(Box::new(OnTrip {
            trip,
            gives_back,
            code: None,
        }));
    }

    fn will_give_back(&self) -> bool {
        match &self.state {
            DriverState::Available => false,
            DriverState::Offered { mood, .. } => *mood == OfferBehaviour::GivesBack,
            DriverState::OnTrip(ride) => ride.gives_back,
        }
    }

    /// Reads the code from the rider's chat message. Drivers write no messages in this demo.
    fn follow_message(&mut self, message: &WireMessage) {
        if let DriverState::OnTrip(ride) = &mut self.state
            && ride.trip.nk == message.trip
        {
            let digits = message.message.chars().filter(char::is_ascii_digit);
            ride.code = Some(digits.collect());
            self.act_at = Instant::now() + self.pace.pause(0.5);
        }
    }

    /// Handles the driver's shift. Off shift, the app reports no positions.
    fn follow_shift(&mut self, shift: &WireShift) {
        if shift.ended.is_some() {
            self.report_at = far_away();
        }
    }

    fn be_available(&mut self) {
        self.state = DriverState::Available;
        self.goal = None;
        self.act_at = far_away();
    }

    /// Handles an answer.
    async fn answered(&mut self, answer: CallAnswer) -> Result<(), ClientError> {
        match (answer.action.as_str(), answer.outcome) {
            ("resume", Ok(data)) => self.adopt(&data["snapshot"]).await,
            ("begin_shift", Ok(_)) => {
                self.report_at = Instant::now();
                Ok(())
            }
            ("receive", Ok(offer)) => {
                self.print_receipt(&offer);
                Ok(())
            }
            (_, Ok(_)) => Ok(()),
            ("no_show", Err(refusal)) if refusal.code == "too-early" => {
                self.act_at = Instant::now() + Duration::from_secs(1);
                Ok(())
            }
            ("receive" | "accept" | "decline", Err(refusal)) => {
                self.print(&format!("is too late: {}", refusal.detail));
                if matches!(self.state, DriverState::Offered { .. }) {
                    self.be_available();
                }
                Ok(())
            }
            (action, Err(refusal)) => {
                self.print(&format!("cannot {action}: {}", refusal.detail));
                Ok(())
            }
        }
    }

    /// Continues from a snapshot.
    async fn adopt(&mut self, snapshot: &Value) -> Result<(), ClientError> {
        let trips = snapshot["trips"].as_array().into_iter().flatten();
        for trip in trips.filter_map(|trip| WireTrip::deserialize(trip).ok()) {
            self.follow_trip(trip);
        }
        match Option::<WireOffer>::deserialize(&snapshot["offer"])
            .ok()
            .flatten()
        {
            Some(offer) => self.follow_offer(offer).await,
            None => Ok(()),
        }
    }

    /// Does the next step that is due.
    async fn act(&mut self) -> Result<(), ClientError> {
        let now = Instant::now();
        if now >= self.report_at {
            self.drive(now);
            self.report_at = now + self.pace.pause(REPORT_EVERY).clamp(REPORT_MIN, REPORT_MAX);
            self.report().await?;
        }
        if now < self.act_at {
            return Ok(());
        }
        self.act_at = now + AGAIN_AFTER;
        let (action, fields) = match &self.state {
            DriverState::Available => return Ok(()),
            DriverState::Offered { nk, mood } => {
                let action = match mood {
                    OfferBehaviour::Takes | OfferBehaviour::GivesBack => "accept",
                    OfferBehaviour::Declines => "decline",
                    OfferBehaviour::IsSilent | OfferBehaviour::IsOutOfReach => return Ok(()),
                };
                (action, json!({"pk": nk}))
            }
            DriverState::OnTrip(ride) => match ride.next_step() {
                Some(step) => step,
                None => return Ok(()),
            },
        };
        self.socket.call(action, fields).await
    }

    /// Moves the car. A free driver roams.
    fn drive(&mut self, now: Instant) {
        let speed = match (&self.state, self.goal) {
            (DriverState::Available, None) => {
                self.goal = Some(places::anywhere().location());
                return self.car.wait(now);
            }
            (DriverState::Available, Some(_)) => SPEED / 4.0,
            (DriverState::Offered { .. } | DriverState::OnTrip(_), _) => SPEED,
        };
        let Some(goal) = self.goal else {
            return self.car.wait(now);
        };
        if self.car.drive(goal, self.pace.speed(speed), now) {
            self.goal = None;
            if matches!(self.state, DriverState::OnTrip(_)) {
                self.act_at = now;
            }
        }
    }

    async fn report(&mut self) -> Result<(), ClientError> {
        let is_out_of_reach = matches!(
            self.state,
            DriverState::Offered {
                mood: OfferBehaviour::IsOutOfReach,
                ..
            }
        );
        if is_out_of_reach {
            return Ok(());
        }
        let position = json!({"data": self.car.position()});
        self.socket.call("position", position).await
    }

    fn print_receipt(&self, offer: &Value) {
        if let Ok(offer) = WireOffer::deserialize(offer) {
            let text = format!(
                "has it on the phone, and {} s to answer",
                offer.decide_seconds
            );
            self.board.print(&self.user.username, &text, &offer.trip.nk);
        }
    }

    fn print(&self, text: &str) {
        let nk = match &self.state {
            DriverState::Available => "",
            DriverState::Offered { nk, .. } => nk,
            DriverState::OnTrip(ride) => &ride.trip.nk,
        };
        self.board.print(&self.user.username, text, nk);
    }
}

impl OnTrip {
    /// The call for the next step, once the car is there or the time is over.
    fn next_step(&self) -> Option<(&'static str, Value)> {
        let nk = &self.trip.nk;
        match (self.trip.status, &self.code) {
            (WireStatus::Started, _) if self.gives_back => {
                let why = json!({"pk": nk, "data": {"reason": "a flat tyre"}});
                Some(("give_back", why))
            }
            (WireStatus::Started, _) => Some(("arrive", json!({"pk": nk}))),
            (WireStatus::Arrived, Some(code)) => {
                Some(("start", json!({"pk": nk, "data": {"code": code}})))
            }
            (WireStatus::Arrived, None) => Some(("no_show", json!({"pk": nk}))),
            (WireStatus::InProgress, _) => Some(("complete", json!({"pk": nk}))),
            (
                WireStatus::Scheduled
                | WireStatus::Requested
                | WireStatus::Completed
                | WireStatus::Cancelled
                | WireStatus::NoShow
                | WireStatus::Expired
                | WireStatus::Unknown,
                _,
            ) => None,
        }
    }
}
