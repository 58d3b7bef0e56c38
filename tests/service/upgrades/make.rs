//! Makes a database on which later versions are started. `CABRANK_UPGRADE_BINARY` names the program that writes it, and
//! `CABRANK_UPGRADE_NAME` its directory in `tests/upgrade`.
//!
//! All its times are in the year 2100. A test that starts a later version sets the clock ahead to a moment after them,
//! so that no token and no deadline has passed meanwhile, whenever the test is run.

use std::fs;
use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{explain, folder, gzip, once, room};
use crate::harness::{
    Client, Database, Driver, Follower, Home, Options, Rider, STAND, Service, dump, eventually,
    location, nk, north_of, sign_up_form, square,
};

/// The environment variable that names the program of an earlier version.
pub const BINARY: &str = "CABRANK_UPGRADE_BINARY";
/// The environment variable that names the directory.
const NAME: &str = "CABRANK_UPGRADE_NAME";

/// 2100-01-01 12:00 UTC, in Unix seconds.
const NOON: f64 = 4_102_488_000.0;
/// Five hours after noon, in Unix seconds.
const LATER: i64 = 4_102_506_000;
/// The centre of the area with the policy `nearest`.
const SUBURB: (f64, f64) = (48.537, 11.575);

/// Lets the earlier version serve a few rides, and saves its database and the state of its clients.
pub fn make_a_database(on: Database) {
    let binary = std::env::var(BINARY).expect("CABRANK_UPGRADE_BINARY names the program");
    let name = std::env::var(NAME).expect("CABRANK_UPGRADE_NAME names the directory");
    let to = folder().join(name).join(on.name());
    fs::create_dir_all(&to).expect("there is room");
    let home = Home::of(Path::new(&binary), on);
    let town = town();
    fs::write(to.join("town.json"), format!("{town:#}\n")).expect("there is room");
    let mut service = Options::at(home).with_clock().town(&town).start();
    service.advance(NOON - service.now());
    let mut day = Day::begin(service);
    day.early();
    day.rides();
    day.offers();
    let record = day.end();
    fs::write(to.join("clients.json"), format!("{record:#}\n")).expect("there is room");
    save(day.service.home(), &to);
}

/// Copies the files of a stopped service.
fn save(home: &Home, to: &Path) {
    fs::copy(home.dir().join("signing.keys"), to.join("signing.keys")).expect("the keys are there");
    if let Some(url) = home.database_url() {
        return fs::write(to.join("cabrank.sql"), dump(url)).expect("there is room");
    }
    // The last process that closes the file writes the journal into it.
    home.must_run(&["migrate"], "");
    let file = home.dir().join("cabrank.db");
    assert!(!home.dir().join("cabrank.db-wal").exists());
    let bytes = gzip(
        &["-9", "-n"],
        &fs::read(file).expect("the database is there"),
    );
    fs::write(to.join("cabrank.db.gz"), bytes).expect("there is room");
}

fn town() -> Value {
    json!({
        "currency": "EUR",
        "classes": {"standard": {"tariff": {"base": 250, "per_km": 180, "per_minute": 30, "minimum": 600}}},
        "ride_code": true,
        "offering": {"deliver_seconds": 60, "decide_seconds": 600, "look_again_seconds": 5},
        "waiting": {"free_seconds": 300},
        "cancellation": {"free_seconds": 120, "fee": 300, "no_show_fee": 500},
        "areas": {"type": "FeatureCollection", "features": [
            square("town", STAND, "broadcast"), square("suburb", SUBURB, "nearest"),
        ]},
    })
}

/// The day that the earlier version serves.
struct Day {
    service: Service,
    ann: Rider,
    ben: Rider,
    una: Rider,
    dan: Driver,
    eve: Driver,
    fay: Driver,
    hal: Driver,
    /// The state of the clients and trips, for the tests of later versions.
    record: Value,
}

impl Day {
    fn begin(service: Service) -> Self {
        for driver in ["dan", "eve", "fay", "hal", "gus"] {
            let form = sign_up_form(driver, "driver");
            service.http().post("/api/sign_up/", &form).ok(201);
        }
        let driver = |name: &str| Driver(service.log_in(name));
        service
            .home()
            .must_run(&["user", "block", "--username", "gus"], "");
        Self {
            ann: service.rider("ann"),
            ben: service.rider("ben"),
            una: service.rider("una"),
            dan: driver("dan"),
            eve: driver("eve"),
            fay: driver("fay"),
            hal: driver("hal"),
            record: json!({"clients": {}, "trips": {}}),
            service,
        }
    }

    fn record_trip(&mut self, name: &str, trip: &Value) {
        self.record["trips"][name] = trip["nk"].clone();
    }

    /// The trips that take longer than a shift lasts without positions.
    fn early(&mut self) {
        let expired = self.ben.orders(&json!({}));
        self.service.advance(601.0);
        assert_eq!(self.ben.trip(nk(&expired))["status"], "EXPIRED");
        let missed = self.ann.orders(&json!({}));
        self.eve.accept(&missed).ok(200);
        self.eve.arrive(&missed).ok(200);
        self.service.advance(301.0);
        self.eve.command(&missed, "no_show").ok(200);
        let late = self.ann.orders(&json!({}));
        self.eve.accept(&late).ok(200);
        self.service.advance(121.0);
        self.ann.cancel(&late).ok(200);
        for (name, trip) in [
            ("expired", expired),
            ("no_show", missed),
            ("cancelled", late),
        ] {
            self.record_trip(name, &trip);
        }
        self.dan.post_nothing("/api/shift/").ok(200);
    }

    /// A completed ride, one under way, and trips in other states.
    fn rides(&mut self) {
        let done = self.ride(&Rider(self.service.log_in("ann")));
        self.drive(0..=4);
        self.dan.complete(&done).ok(200);
        let deleted = self.ann.orders(&json!({}));
        let mut native = self.ann.native();
        let gone = native.call("delete", &json!({"pk": deleted["id"]}));
        assert_eq!(gone.0["response_status"], 204, "{}", gone.0);
        self.record_positions();

        // Dan drives back to the next pick-up.
        self.service.advance(50.0);
        self.drive(0..=0);
        let under_way = self.ride(&Rider(self.service.log_in("una")));
        self.drive(1..=8);
        let messages = [
            say(&self.una, &under_way, "Is that your cab?"),
            say(&self.dan, &under_way, "It is."),
        ];
        self.record["chat"] = json!(messages);
        let given_back = self.ben.orders(&json!({}));
        self.eve.accept(&given_back).ok(200);
        self.eve.command(&given_back, "give_back").ok(200);
        let accepted = self.ben.orders(&json!({}));
        self.eve.accept(&accepted).ok(200);
        self.order_with_key();
        for (name, trip) in [
            ("completed", done),
            ("deleted", deleted),
            ("under_way", under_way),
            ("given_back", given_back),
            ("accepted", accepted),
        ] {
            self.record_trip(name, &trip);
        }
    }

    /// A trip of dan's from the quote to the start of the ride.
    fn ride(&mut self, rider: &Rider) -> Value {
        let route = json!({
            "pick_up_location": location(STAND),
            "drop_off_location": location(north_of(STAND, 3_000.0)),
        });
        let quotes = rider.post("/api/quote/", &route).ok(200);
        let trip = rider.orders(&json!({"quote": quotes["quotes"][0]["id"]}));
        assert!(trip["quote"].is_object(), "{trip}");
        self.dan.accept(&trip).ok(200);
        self.dan.arrive(&trip).ok(200);
        let code = rider.get(&format!("/api/trip/{}/code/", nk(&trip))).ok(200);
        self.dan.command_with(&trip, "start", &code).ok(200)
    }

    /// Dan drives north at about a kilometre a minute and reports a position every ten seconds.
    fn drive(&mut self, steps: std::ops::RangeInclusive<u32>) {
        for step in steps {
            self.service.advance(10.0);
            let place = location(north_of(STAND, f64::from(step) * 170.0));
            let counts = self.dan.post("/api/positions/", &place).ok(200);
            assert_eq!(counts["accepted"], 1, "{counts}");
        }
    }

    /// A trip for later, ordered with a key.
    fn order_with_key(&mut self) {
        let at = Timestamp::from_second(LATER).expect("a time");
        let fields = json!({
            "pick_up_address": "The stand", "pick_up_location": location(STAND),
            "drop_off_address": "Elsewhere", "pick_up_at": at.to_string(),
        });
        let answer = self
            .ben
            .call("POST", "/api/trip/")
            .header("Idempotency-Key", "ben-1")
            .json(&fields)
            .send();
        let trip = answer.ok(201);
        self.record_trip("later", &trip);
        self.record["key"] = json!({"word": "ben-1", "fields": fields, "trip": trip});
    }

    /// An offer that was declined, and one that is open.
    fn offers(&mut self) {
        for (driver, metres) in [(&self.hal, 50.0), (&self.fay, 400.0)] {
            driver.post_nothing("/api/shift/").ok(200);
            let place = location(north_of(SUBURB, metres));
            driver.post("/api/positions/", &place).ok(200);
        }
        let offered = self
            .ann
            .orders(&json!({"pick_up_location": location(SUBURB)}));
        self.record_trip("offered", &offered);
        for (driver, reply) in [(&self.hal, "decline"), (&self.fay, "receive")] {
            eventually("the trip is offered", || {
                driver.get("/api/shift/").ok(200)["offer"]
                    .is_object()
                    .then_some(())
            });
            driver.command(&offered, reply).ok(200);
        }
        let olga = self.service.operator("olga");
        for to in [
            json!({"user": "una"}),
            json!({"role": "driver"}),
            json!({"everybody": true}),
        ] {
            let mut notification =
                json!({"message": "The bridge is closed.", "expires_in": 2_592_000});
            for (name, value) in to.as_object().expect("an object") {
                notification[name] = value.clone();
            }
            olga.post("/api/notifications/", &notification).ok(201);
        }
        let first = &olga.get("/api/notifications/").ok(200)["results"][0]["id"];
        olga.post("/api/notifications/read/", &json!({"ids": [first]}))
            .ok(200);
        self.record["clients"]["olga"] = olga.saved();
    }

    /// Records the positions of clients that miss the rest of the day.
    fn record_positions(&mut self) {
        for client in self.people() {
            let (follower, _) = Follower::begin(&client);
            let mut saved = client.saved();
            saved["positions"] = follower.log.positions();
            saved["last_event_id"] = json!(once(&client, "").1);
            self.record["clients"][&client.username] = saved;
        }
    }

    fn people(&self) -> [Client; 7] {
        let clients = [
            &self.ann.0,
            &self.ben.0,
            &self.una.0,
            &self.dan.0,
            &self.eve.0,
            &self.fay.0,
            &self.hal.0,
        ];
        clients.map(|client| Client::restore(self.service.address, &client.saved()))
    }

    /// Stops the service, and gives the record.
    fn end(&mut self) -> Value {
        for client in self.people() {
            let saved = &mut self.record["clients"][&client.username];
            let id = saved["last_event_id"]
                .as_str()
                .expect("an id is a string")
                .to_owned();
            saved["missed"] = once(&client, &id).0;
            saved["trips"] = json!(client.trips());
            saved["unread"] = client.get("/api/notifications/").ok(200)["unread"].clone();
        }
        let under_way = self.record["trips"]["under_way"].as_str().expect("a key");
        self.record["track"] = self
            .una
            .get(&format!("/api/trip/{under_way}/track/"))
            .ok(200);
        self.record["shift"] = self.hal.get("/api/shift/").ok(200);
        let offered = self.record["trips"]["offered"].as_str().expect("a key");
        self.record["explained"] = json!(explain(&self.service, offered));
        self.record["made"] = json!(self.service.now());
        let status = self.service.stop();
        assert!(status.success(), "{status}");
        self.record.clone()
    }
}

fn say(sender: &Client, trip: &Value, text: &str) -> Value {
    let mut room = room(sender, nk(trip));
    room.send(&json!({"message": text}));
    room.hears_until(|frame| frame["message"] == text)
        .pop()
        .expect("the message comes back")
}
