//! A rider's app: it asks for a quote, requests the trip, gives the driver the code, and follows the trip to its end.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::story::{Plot, Scene, Story};
use super::{Board, DemoPace, far_away, lines, places};
use crate::client::{
    CallAnswer, ClientError, ClientSocket, IncomingFrame, Location, ServiceClient, User, WireEvent,
    WireQuote, WireRefusal, WireStatus, WireTrip,
};
use crate::inputs;

/// One in so many vehicle positions is printed.
const SEEN_EVERY: u32 = 5;
/// How long before its pick-up a trip for later is searched for, as in `town.json`.
const LEAD: SignedDuration = SignedDuration::from_secs(6);

/// What all riders share.
#[derive(Clone, Copy)]
pub struct Stage<'a> {
    pub service: &'a ServiceClient,
    pub board: &'a Board,
    pub story: &'a Story,
    pub pace: DemoPace,
}

/// Plays a rider for ever. `turn` staggers the riders' first requests.
pub async fn play(
    user: &User,
    mut socket: ClientSocket,
    stage: Stage<'_>,
    turn: usize,
) -> Result<Infallible, ClientError> {
    let nowhere = json!({"data": {"positions": []}});
    socket.call("resume", nowhere).await?;
    let turns = f64::from(u32::try_from(turn).unwrap_or(0));
    let mut pause = stage.pace.pause(1.5 + 2.5 * turns);
    loop {
        idle(&mut socket, pause).await?;
        let scene = stage.story.next();
        let mut ride = DemoRide {
            user,
            stage,
            scene,
            trip: None,
            positions_seen: 0,
            act_at: far_away(),
            is_given_up: false,
        };
        ride.see_through(&mut socket).await?;
        pause = stage.pace.pause_between(2.0, 5.0);
    }
}

/// Receives frames, so that pings are answered, and ignores them.
async fn idle(socket: &mut ClientSocket, pause: Duration) -> Result<(), ClientError> {
    let until = Instant::now() + pause;
    while socket
        .receive(until.saturating_duration_since(Instant::now()))
        .await?
        .is_some()
    {}
    Ok(())
}

/// One request and its trip.
struct DemoRide<'a> {
    user: &'a User,
    stage: Stage<'a>,
    scene: Scene,
    /// The trip as last received.
    trip: Option<WireTrip>,
    /// How many vehicle positions were received.
    positions_seen: u32,
    /// When the rider does what the plot says.
    act_at: Instant,
    /// Set when the request was refused.
    is_given_up: bool,
}

impl DemoRide<'_> {
    async fn see_through(&mut self, socket: &mut ClientSocket) -> Result<(), ClientError> {
        let (from, to) = (self.scene.from.location(), self.scene.to.location());
        let mut route =
            json!({"pick_up_location": from, "drop_off_location": to, "class": self.class()});
        if self.scene.plot == Plot::Later {
            route["pick_up_at"] = json!(self.later());
        }
        socket.call("quote", json!({"data": route})).await?;
        while !self.is_over() {
            let wait = self.act_at.saturating_duration_since(Instant::now());
            match socket.receive(wait).await? {
                Some(IncomingFrame::Event(event)) => self.follow(*event, socket).await?,
                Some(IncomingFrame::Answer(answer)) => self.answered(answer, socket).await?,
                Some(IncomingFrame::DriverPosition(at)) => self.see(at),
                None => self.act(socket).await?,
            }
        }
        self.settle().await
    }

    fn is_over(&self) -> bool {
        let trip = self.trip.as_ref();
        self.is_given_up || trip.is_some_and(|trip| trip.status.is_final())
    }

    fn class(&self) -> &'static str {
        match self.scene.plot {
            Plot::WantsVan => "van",
            Plot::Comes | Plot::Dawdles | Plot::StaysAway | Plot::Cancels | Plot::Later => {
                "standard"
            }
        }
    }

    /// Handles an event. A rider of the demo has one trip at a time.
    async fn follow(
        &mut self,
        event: WireEvent,
        socket: &mut ClientSocket,
    ) -> Result<(), ClientError> {
        self.stage.board.record(self.user, &event);
        let Some(trip) = event.trip else {
            return Ok(());
        };
        let nk = trip.nk.clone();
        let status = trip.status;
        self.trip = Some(trip);
        let pace = self.stage.pace;
        let wait = match (status, self.scene.plot) {
            (WireStatus::Started, Plot::Cancels) => {
                Some(pace.pause(2.5).max(Duration::from_secs(3)))
            }
            (WireStatus::Arrived, Plot::Comes | Plot::Later | Plot::WantsVan) => {
                Some(pace.pause_between(0.8, 1.6))
            }
            (WireStatus::Arrived, Plot::Dawdles) => Some(pace.pause(7.0)),
            (
                WireStatus::Scheduled
                | WireStatus::Requested
                | WireStatus::Started
                | WireStatus::Arrived
                | WireStatus::InProgress
                | WireStatus::Completed
                | WireStatus::Cancelled
                | WireStatus::NoShow
                | WireStatus::Expired
                | WireStatus::Unknown,
                _,
            ) => None,
        };
        // A rider who has decided to cancel does so even if the driver arrives.
        if let Some(wait) = wait {
            self.act_at = Instant::now() + wait;
        }
        if status == WireStatus::Started {
            self.positions_seen = 0;
            let watch = json!({"pk": nk});
            socket.call("subscribe_position", watch).await?;
        }
        Ok(())
    }

    /// Handles an answer.
    async fn answered(
        &mut self,
        answer: CallAnswer,
        socket: &mut ClientSocket,
    ) -> Result<(), ClientError> {
        match (answer.action.as_str(), answer.outcome) {
            ("quote", Ok(data)) => self.request(&data, socket).await,
            ("ride_code", Ok(data)) => {
                let code = data["code"].as_str().unwrap_or("not needed");
                let message = json!({"message": format!("I am here. My code is {code}.")});
                let call = json!({"pk": self.nk(), "data": message});
                socket.call_in("chat", "send", call).await
            }
            (_, Ok(_)) => Ok(()),
            (action @ ("quote" | "create"), Err(refusal)) => {
                self.is_given_up = true;
                self.print_refusal(action, &refusal);
                Ok(())
            }
            (action, Err(refusal)) => {
                self.print_refusal(action, &refusal);
                Ok(())
            }
        }
    }

    /// Requests the quoted ride.
    async fn request(
        &mut self,
        quoted: &Value,
        socket: &mut ClientSocket,
    ) -> Result<(), ClientError> {
        let Scene { from, to, .. } = self.scene;
        let mut request = json!({
            "pick_up_address": from.address, "pick_up_location": from.location(),
            "drop_off_address": to.address, "drop_off_location": to.location(),
            "class": self.class(),
        });
        if let Ok(quote) = WireQuote::deserialize(&quoted["quotes"][0]) {
            let price = lines::total(&quote.fare);
            let metres = quote.metres;
            let route = format!("{} to {}", from.address, to.address);
            self.print(&format!("is quoted {price} for {metres} m, {route}"));
            request["quote"] = json!(quote.id);
        }
        if let Some(at) = quoted["quotes"][0].get("pick_up_at") {
            request["pick_up_at"] = at.clone();
        }
        socket.call("create", json!({"data": request})).await
    }

    /// A pick-up time that leaves the trip waiting a little before the search.
    fn later(&self) -> Timestamp {
        let ahead = self.stage.pace.pause(4.0).max(Duration::from_secs(1));
        inputs::now() + LEAD + SignedDuration::try_from(ahead).unwrap_or(SignedDuration::ZERO)
    }

    /// Handles a vehicle position, and prints some of them.
    fn see(&mut self, at: Location) {
        self.positions_seen += 1;
        if self.positions_seen % SEEN_EVERY != 2 {
            return;
        }
        let Some(trip) = &self.trip else { return };
        let driver = trip
            .driver
            .as_ref()
            .map_or("a car", |driver| driver.username.as_str());
        let (goal, place) = match trip.status {
            WireStatus::Started => (trip.pick_up_location, &trip.pick_up_address),
            WireStatus::InProgress => (trip.drop_off_location, &trip.drop_off_address),
            WireStatus::Scheduled
            | WireStatus::Requested
            | WireStatus::Arrived
            | WireStatus::Completed
            | WireStatus::Cancelled
            | WireStatus::NoShow
            | WireStatus::Expired
            | WireStatus::Unknown => return,
        };
        if let Some(goal) = goal {
            let far = places::metres(at, goal);
            if far < 1.0 {
                return;
            }
            self.print(&format!(
                "sees {driver} on the map, {far:.0} m from {place}"
            ));
        }
    }

    /// Does what the plot says: comes to the car, or cancels.
    async fn act(&mut self, socket: &mut ClientSocket) -> Result<(), ClientError> {
        self.act_at = far_away();
        let pk = self.nk();
        if self.scene.plot == Plot::Cancels {
            let why = json!({"pk": pk, "data": {"reason": "my plans have changed"}});
            socket.call("cancel", why).await
        } else {
            socket.call("ride_code", json!({"pk": pk})).await
        }
    }

    /// Prints the fare and the length of the ride. The trip is over then.
    async fn settle(&self) -> Result<(), ClientError> {
        let Some(trip) = &self.trip else {
            return Ok(());
        };
        if trip.status == WireStatus::Completed
            && let Some(track) = self.stage.service.track(self.user, &trip.nk).await?
        {
            self.print(&format!("rode {} m in {} s", track.metres, track.seconds));
        }
        if let Some(fare) = &trip.fare {
            self.print(&format!("owes {}", lines::fare(fare)));
        }
        self.stage.board.settled(trip.status);
        Ok(())
    }

    fn nk(&self) -> &str {
        self.trip.as_ref().map_or("", |trip| trip.nk.as_str())
    }

    fn print_refusal(&self, action: &str, refusal: &WireRefusal) {
        self.print(&format!("cannot {action}: {}", refusal.detail));
    }

    fn print(&self, text: &str) {
        self.stage.board.print(&self.user.username, text, self.nk());
    }
}
