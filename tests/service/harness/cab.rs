//! A driver with an open app: a socket that calls actions and follows the event stream.

use std::ops::Deref;

use serde_json::{Value, json};

use super::native::Envelope;
use super::{Driver, Follower, Log, Rider, Service, eventually};

/// The pick-up of most trips in these tests.
pub const STAND: (f64, f64) = (48.137, 11.575);

/// A town file with one area of this policy, and the members of `more` at its top level.
pub fn town(policy: &str, more: &Value) -> Value {
    let mut town = json!({
        "areas": {"type": "FeatureCollection", "features": [square("town", STAND, policy)]},
    });
    for (name, value) in more.as_object().expect("an object") {
        town[name] = value.clone();
    }
    town
}

/// A square area of about ten kilometres, centred on a place.
pub fn square(name: &str, (lat, lon): (f64, f64), policy: &str) -> Value {
    let (south, north, west, east) = (lat - 0.05, lat + 0.05, lon - 0.07, lon + 0.07);
    let ring = [
        [west, south],
        [east, south],
        [east, north],
        [west, north],
        [west, south],
    ];
    json!({
        "type": "Feature",
        "properties": {"name": name, "policy": policy},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    })
}

/// The place so many metres north of another one.
pub fn north_of((lat, lon): (f64, f64), metres: f64) -> (f64, f64) {
    (lat + metres / 111_195.0, lon)
}

/// A place as the wire writes it.
pub fn location((lat, lon): (f64, f64)) -> Value {
    json!({"lat": lat, "lon": lon})
}

impl Rider {
    /// Requests a trip from the stand; `more` adds fields or replaces them.
    #[track_caller]
    pub fn orders(&self, more: &Value) -> Value {
        let mut fields = json!({
            "pick_up_address": "The stand", "pick_up_location": location(STAND),
            "drop_off_address": "Elsewhere", "drop_off_location": location(north_of(STAND, 3_000.0)),
        });
        for (name, value) in more.as_object().expect("an object") {
            fields[name] = value.clone();
        }
        self.ask(&fields).ok(201)
    }
}

/// A driver with an open app.
pub struct Cab {
    driver: Driver,
    pub follower: Follower,
}

impl Deref for Cab {
    type Target = Driver;

    fn deref(&self) -> &Driver {
        &self.driver
    }
}

impl Cab {
    /// A new driver with an open app, off shift.
    #[track_caller]
    pub fn of(service: &Service, name: &str) -> Self {
        let driver = service.driver(name);
        let (follower, _) = Follower::begin(&driver);
        Self { driver, follower }
    }

    /// A new driver on shift, so many metres north of the stand.
    #[track_caller]
    pub fn on_shift(service: &Service, name: &str, metres: f64) -> Self {
        let mut cab = Self::of(service, name);
        cab.call("begin_shift", &json!({"data": {}})).ok(200);
        cab.hears("shift-began");
        cab.is_at(north_of(STAND, metres));
        cab
    }

    /// Calls an action on the app's socket. Events that come before the answer are kept for later.
    #[track_caller]
    pub fn call(&mut self, action: &str, fields: &Value) -> Envelope {
        self.follower.native().call(action, fields)
    }

    /// Calls an action on a trip.
    #[track_caller]
    pub fn does(&mut self, action: &str, trip: &Value) -> Envelope {
        self.call(action, &json!({"pk": trip["id"]}))
    }

    /// Reports its position.
    #[track_caller]
    pub fn is_at(&mut self, (lat, lon): (f64, f64)) {
        let position = json!({"data": {"lat": lat, "lon": lon}});
        // A service that has just started answers 503 until it has read who is on shift.
        let answer = eventually("the service takes positions", || {
            let answer = self.call("position", &position);
            (answer.0["response_status"] != 503).then_some(answer)
        });
        let counts = answer.ok(200);
        assert_eq!(counts["accepted"], 1, "{counts}");
    }

    /// Reports again that it stands so many metres north of the stand.
    #[track_caller]
    pub fn waits_at(&mut self, metres: f64) {
        self.is_at(north_of(STAND, metres));
    }

    /// The next event, which must be of this kind.
    #[track_caller]
    pub fn hears(&mut self, kind: &str) -> Value {
        let event = self.follower.next();
        assert_eq!(event["kind"], kind, "{event}");
        event
    }

    /// The offer in the next event, which must be a new one of this trip.
    #[track_caller]
    pub fn is_offered(&mut self, trip: &Value) -> Value {
        let event = self.hears("offered");
        let offer = event["offer"].clone();
        assert_eq!(offer["state"], "created", "{event}");
        assert_eq!(offer["trip"]["nk"], trip["nk"], "{event}");
        offer
    }

    /// Gets the offer of this trip and acknowledges it.
    #[track_caller]
    pub fn receives(&mut self, trip: &Value) -> Value {
        self.is_offered(trip);
        let offer = self.does("receive", trip).ok(200);
        assert_eq!(offer["state"], "delivered", "{offer}");
        offer
    }

    /// Hears that the offer of this trip has ended in this state.
    #[track_caller]
    pub fn loses(&mut self, trip: &Value, state: &str) {
        let event = self.hears("offer-ended");
        assert_eq!(
            (&event["offer"]["state"], &event["offer"]["trip"]["nk"]),
            (&json!(state), &trip["nk"]),
            "{event}"
        );
    }

    /// The driver's activity, as the app gets it.
    #[track_caller]
    pub fn activity(&mut self) -> String {
        let duty = self.call("shift", &json!({})).ok(200);
        duty["activity"]
            .as_str()
            .expect("an activity is a string")
            .to_owned()
    }

    /// Loses its connection without a close frame; gives the log of what it has heard.
    pub fn vanishes(self) -> (Driver, Log) {
        (self.driver, self.follower.vanish())
    }

    /// Reconnects and resumes from its log.
    #[track_caller]
    pub fn comes_back(service: &Service, mut driver: Driver, log: Log) -> Self {
        driver.follow(service);
        let follower = Follower::go_on(&driver, log);
        Self { driver, follower }
    }
}
