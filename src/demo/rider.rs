//! A rider's app: it asks what a trip costs, requests it, tells the driver the code, and sees the trip through.

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

/// One position in so many is worth a line.
const SEEN_EVERY: u32 = 5;
/// How long before a trip for later a driver is looked for, as `town.json` has it.
const LEAD: SignedDuration = SignedDuration::from_secs(6);

/// What all riders share.
#[derive(Clone, Copy)]
pub struct Stage<'a> {
    pub service: &'a ServiceClient,
    pub board: &'a Board,
    pub story: &'a Story,
    pub pace: DemoPace,
}

/// Plays a rider for ever; `turn` keeps the riders' first requests apart.
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
            seen: 0,
            act_at: far_away(),
            is_given_up: false,
        };
        ride.see_through(&mut socket).await?;
        pause = stage.pace.pause_between(2.0, 5.0);
    }
}

/// Listens, so that pings are answered, and expects nothing.
async fn idle(socket: &mut ClientSocket, pause: Duration) -> Result<(), ClientError> {
    let until = Instant::now() + pause;
    while socket
        .hear(until.saturating_duration_since(Instant::now()))
        .await?
        .is_some()
    {}
    Ok(())
}

/// One request and what comes of it.
struct DemoRide<'a> {
    user: &'a User,
    stage: Stage<'a>,
    scene: Scene,
    /// The trip as it was last told.
    trip: Option<WireTrip>,
    /// How often the driver was seen.
    seen: u32,
    /// When the rider does what the scene has in store.
    act_at: Instant,
    /// Nothing will come of it any more.
    is_given_up: bool,
}

impl DemoRide<'_> {
    async fn see_through(&mut self, socket: &mut ClientSocket) -> Result<(), ClientError> {
        let (from, to) = (self.scene.from.location(), self.scene.to.location());
        let mut way =
            json!({"pick_up_location": from, "drop_off_location": to, "class": self.class()});
        if self.scene.plot == Plot::Later {
            way["pick_up_at"] = json!(self.later());
        }
        socket.call("quote", json!({"data": way})).await?;
        while !self.is_over() {
            let wait = self.act_at.saturating_duration_since(Instant::now());
            match socket.hear(wait).await? {
                Some(IncomingFrame::Event(event)) => self.follow(*event, socket).await?,
                Some(IncomingFrame::Answer(answer)) => self.answered(answer, socket).await?,
                Some(IncomingFrame::Sighting(at)) => self.see(at),
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

    /// Takes note of an event; a rider of the demo has one trip at a time.
    async fn follow(
        &mut self,
        event: WireEvent,
        socket: &mut ClientSocket,
    ) -> Result<(), ClientError> {
        self.stage.board.heard(self.user, &event);
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
        // Who has made up their mind to cancel is not held up by the driver's arrival.
        if let Some(wait) = wait {
            self.act_at = Instant::now() + wait;
        }
        if status == WireStatus::Started {
            self.seen = 0;
            let watch = json!({"pk": nk});
            socket.call("subscribe_position", watch).await?;
        }
        Ok(())
    }

    /// Takes note of an answer.
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
                self.say_refused(action, &refusal);
                Ok(())
            }
            (action, Err(refusal)) => {
                self.say_refused(action, &refusal);
                Ok(())
            }
        }
    }

    /// Requests what was quoted.
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
            let way = format!("{} to {}", from.address, to.address);
            self.say(&format!("is quoted {price} for {metres} m, {way}"));
            request["quote"] = json!(quote.id);
        }
        if let Some(at) = quoted["quotes"][0].get("pick_up_at") {
            request["pick_up_at"] = at.clone();
        }
        socket.call("create", json!({"data": request})).await
    }

    /// So far ahead that the trip waits a little before a driver is looked for.
    fn later(&self) -> Timestamp {
        let ahead = self.stage.pace.pause(4.0).max(Duration::from_secs(1));
        inputs::now() + LEAD + SignedDuration::try_from(ahead).unwrap_or(SignedDuration::ZERO)
    }

    /// Where the driver is; told now and then.
    fn see(&mut self, at: Location) {
        self.seen += 1;
        if self.seen % SEEN_EVERY != 2 {
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
            self.say(&format!(
                "sees {driver} on the map, {far:.0} m from {place}"
            ));
        }
    }

    /// Does what the scene has in store: comes to the car, or cancels.
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

    /// Says what is to be paid, and for which way. The trip is over then.
    async fn settle(&self) -> Result<(), ClientError> {
        let Some(trip) = &self.trip else {
            return Ok(());
        };
        if trip.status == WireStatus::Completed
            && let Some(track) = self.stage.service.track(self.user, &trip.nk).await?
        {
            self.say(&format!("rode {} m in {} s", track.metres, track.seconds));
        }
        if let Some(fare) = &trip.fare {
            self.say(&format!("owes {}", lines::fare(fare)));
        }
        self.stage.board.settled(trip.status);
        Ok(())
    }

    fn nk(&self) -> &str {
        self.trip.as_ref().map_or("", |trip| trip.nk.as_str())
    }

    fn say_refused(&self, action: &str, refusal: &WireRefusal) {
        self.say(&format!("cannot {action}: {}", refusal.detail));
    }

    fn say(&self, what: &str) {
        self.stage.board.say(&self.user.username, what, self.nk());
    }
}
