//! Upgrades: this version starts on the databases of earlier versions in `tests/upgrade`, and nothing is lost.

mod make;

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use serde_json::{Value, json};

use crate::photos;

use crate::harness::{
    Client, Database, Follower, Home, Log, Options, STAND, Service, Socket, Test, eventually,
    location, north_of, restore, tables, tests, unix_now,
};

pub fn tests() -> Vec<Test> {
    if std::env::var_os(make::BINARY).is_some() {
        return vec![("make_a_database", make::make_a_database)];
    }
    tests![
        the_log_agrees_with_the_tables_after_an_upgrade,
        a_client_goes_on_after_an_upgrade,
        what_is_known_of_trips_outlives_an_upgrade,
        a_ride_under_way_is_completed_after_an_upgrade,
        offers_and_shifts_outlive_an_upgrade,
        an_upgraded_database_can_be_taken_down_and_made_anew,
    ]
}

/// The directory with the databases of earlier versions.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/upgrade")
}

/// The directories of all earlier versions for this kind of database.
fn earlier(on: Database) -> Vec<PathBuf> {
    let versions = fs::read_dir(folder()).expect("the directory is there");
    let versions = versions.map(|entry| entry.expect("the directory can be read").path());
    let dirs: Vec<PathBuf> = versions
        .map(|version| version.join(on.name()))
        .filter(|dir| dir.is_dir())
        .collect();
    assert!(!dirs.is_empty());
    dirs
}

/// A home with a copy of an earlier version's database and files.
fn copy(dir: &Path, on: Database) -> Home {
    let home = Home::new(on);
    for file in ["signing.keys", "town.json"] {
        fs::copy(dir.join(file), home.dir().join(file)).expect("the file is there");
    }
    match home.database_url() {
        Some(url) => restore(url, &dir.join("cabrank.sql")),
        None => {
            let packed = fs::read(dir.join("cabrank.db.gz")).expect("the file is there");
            fs::write(home.dir().join("cabrank.db"), gzip(&["-d"], &packed))
                .expect("there is room");
        }
    }
    home
}

fn gzip(arguments: &[impl AsRef<OsStr>], input: &[u8]) -> Vec<u8> {
    let mut gzip = Command::new("gzip")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this needs gzip");
    let mut stdin = gzip.stdin.take().expect("it is piped");
    thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(input).expect("gzip reads"));
        let output = gzip.wait_with_output().expect("gzip ends");
        assert!(output.status.success());
        output.stdout
    })
}

/// This version, started on an earlier one's database, a few seconds after that one has stopped.
struct Upgraded {
    service: Service,
    /// The state of the clients and trips that the earlier version has left.
    record: Value,
}

impl Upgraded {
    #[track_caller]
    fn start(dir: &Path, on: Database) -> Self {
        let record: Value = serde_json::from_str(
            &fs::read_to_string(dir.join("clients.json")).expect("the record is there"),
        )
        .expect("the record is JSON");
        let home = copy(dir, on);
        let town = home.dir().join("town.json");
        let ahead = record["made"].as_f64().expect("a time") + 5.0 - unix_now();
        let town = town
            .to_str()
            .expect("a temporary directory has a plain name")
            .to_owned();
        let service = Options::at(home)
            .flags(&["--town", &town])
            .ahead(ahead)
            .start();
        Self { service, record }
    }

    fn client(&self, name: &str) -> Client {
        Client::restore(self.service.address, &self.record["clients"][name])
    }

    fn trip(&self, name: &str) -> &str {
        self.record["trips"][name].as_str().expect("a key")
    }
}

/// The events after this id, without waiting for more, and the last id.
fn once(client: &Client, id: &str) -> (Value, String) {
    let call = client
        .call("GET", "/api/events/?once=true")
        .header("Last-Event-ID", id);
    let mut lines = call.follow().unwrap_or_else(|answer| panic!("{answer:?}"));
    let events = std::iter::from_fn(|| lines.next()).filter(|event| event.name != "bye");
    let events = events
        .map(|event| json!({"name": event.name, "data": event.data}))
        .collect();
    (events, lines.last_id)
}

fn room(client: &Client, trip: &str) -> Socket {
    let path = format!("/ws/chat/{trip}/");
    let room = Socket::open(client.address, &path, &client.auth, &[]);
    room.unwrap_or_else(|status| panic!("{} is not let in: {status}", client.username))
}

fn explain(service: &Service, trip: &str) -> String {
    service.home().must_run(&["explain", trip], "")
}

/// Checks that `now` has everything that `before` has. A later version may have more members.
#[track_caller]
fn includes(now: &Value, before: &Value) {
    match before {
        Value::Object(fields) => {
            for (name, value) in fields {
                includes(&now[name], value);
            }
        }
        Value::Array(items) => {
            let now = now
                .as_array()
                .unwrap_or_else(|| panic!("{now} was {before}"));
            assert_eq!(now.len(), items.len(), "{now:?} was {before}");
            now.iter()
                .zip(items)
                .for_each(|(now, before)| includes(now, before));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            assert_eq!(now, before)
        }
    }
}

fn the_log_agrees_with_the_tables_after_an_upgrade(on: Database) {
    for dir in earlier(on) {
        let home = copy(&dir, on);
        home.must_run(&["migrate"], "");
        let printed = home.must_run(&["replay", "--check"], "");
        assert!(printed.ends_with(" 0 of them differ\n"), "{printed}");
        let mut upgraded = Upgraded::start(&dir, on);
        upgraded.service.stop();
        let printed = upgraded.service.home().must_run(&["replay", "--check"], "");
        assert!(printed.ends_with(" 0 of them differ\n"), "{printed}");
    }
}

/// Earlier tokens are still valid, and clients resume over sockets and over Server-Sent Events.
fn a_client_goes_on_after_an_upgrade(on: Database) {
    for dir in earlier(on) {
        let upgraded = Upgraded::start(&dir, on);
        let clients = upgraded.record["clients"].as_object().expect("an object");
        for (name, saved) in clients
            .iter()
            .filter(|(_, saved)| saved["positions"].is_array())
        {
            let client = upgraded.client(name);
            let (events, _) = once(&client, saved["last_event_id"].as_str().expect("a text"));
            let missed = saved["missed"].as_array().expect("a list");
            let events = events.as_array().expect("a list");
            // The upgraded service may have added events.
            let first: Value = events.iter().take(missed.len()).cloned().collect();
            includes(&first, &saved["missed"]);
            let mut log = Log::default();
            log.open(&json!({"positions": saved["positions"]}));
            let mut follower = Follower::go_on(&client, log);
            for missed in missed.iter().filter(|missed| missed["name"] != "resumed") {
                includes(&follower.next(), &missed["data"]["event"]);
            }
            let fields = json!({"refresh": saved["refresh"]});
            client.post("/api/token/refresh/", &fields).ok(200);
        }
        assert!(upgraded.client("olga").is_logged_in());
        let gus = json!({"username": "gus", "password": crate::harness::PASSWORD});
        upgraded
            .service
            .http()
            .post("/api/log_in/", &gus)
            .problem(401, "wrong-credentials");
    }
}

/// Lists, notifications, the chat, explanations and the answers to idempotency keys are the same as before.
fn what_is_known_of_trips_outlives_an_upgrade(on: Database) {
    for dir in earlier(on) {
        let upgraded = Upgraded::start(&dir, on);
        let record = &upgraded.record;
        for (name, before) in record["clients"].as_object().expect("an object") {
            let client = upgraded.client(name);
            if before["trips"].is_array() {
                includes(&json!(client.trips()), &before["trips"]);
                let unread = client.get("/api/notifications/").ok(200);
                assert_eq!(unread["unread"], before["unread"]);
            }
        }
        let (una, ben) = (upgraded.client("una"), upgraded.client("ben"));
        let mut chat = room(&una, upgraded.trip("under_way"));
        for message in record["chat"].as_array().expect("a list") {
            includes(&chat.next(), message);
        }
        let explained = explain(&upgraded.service, upgraded.trip("offered"));
        assert!(
            explained.contains("hal") && explained.contains("fay"),
            "{explained}"
        );
        let again = ben
            .call("POST", "/api/trip/")
            .header(
                "Idempotency-Key",
                record["key"]["word"].as_str().expect("a key"),
            )
            .json(&record["key"]["fields"])
            .send();
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
        includes(&again.ok(201), &record["key"]["trip"]);
        let ann = upgraded.client("ann");
        assert_eq!(
            ann.get(&format!("/api/trip/{}/", upgraded.trip("deleted")))
                .status,
            404
        );
    }
}

/// The driver goes on, and the metres before the upgrade count.
fn a_ride_under_way_is_completed_after_an_upgrade(on: Database) {
    for dir in earlier(on) {
        let upgraded = Upgraded::start(&dir, on);
        let (una, dan) = (upgraded.client("una"), upgraded.client("dan"));
        let trip = upgraded.trip("under_way");
        let track = una.get(&format!("/api/trip/{trip}/track/")).ok(200);
        assert_eq!(track["metres"], upgraded.record["track"]["metres"]);
        let place = location(north_of(STAND, 9.0 * 170.0));
        // Positions are refused until the service has read which drivers are on shift.
        let counts = eventually("the service takes positions", || {
            let answer = dan.post("/api/positions/", &place);
            (answer.status != 503).then(|| answer.ok(200))
        });
        assert_eq!(counts["accepted"], 1, "{counts}");
        let completed = dan
            .post_nothing(&format!("/api/trip/{trip}/complete/"))
            .ok(200);
        assert_eq!(completed["status"], "COMPLETED");
        let lines = completed["fare"]["lines"].as_array().expect("a list");
        let distance = lines.iter().find(|line| line["kind"] == "distance");
        let metres = distance
            .and_then(|line| line["quantity"].as_f64())
            .expect("the fare charges the distance");
        let before = track["metres"].as_f64().expect("a number");
        assert!(
            metres > before && metres < before + 200.0,
            "{metres} after {before}"
        );
        assert_eq!(una.trip(trip), completed);
    }
}

fn offers_and_shifts_outlive_an_upgrade(on: Database) {
    for dir in earlier(on) {
        let upgraded = Upgraded::start(&dir, on);
        let (hal, fay) = (upgraded.client("hal"), upgraded.client("fay"));
        includes(
            &hal.get("/api/shift/").ok(200)["shift"],
            &upgraded.record["shift"]["shift"],
        );
        let offer = &fay.get("/api/shift/").ok(200)["offer"];
        let trip = upgraded.trip("offered");
        assert_eq!(
            (&offer["state"], &offer["trip"]["nk"]),
            (&json!("delivered"), &json!(trip))
        );
        let accepted = fay
            .post_nothing(&format!("/api/trip/{trip}/accept/"))
            .ok(200);
        assert_eq!(accepted["status"], "STARTED");
        assert_eq!(upgraded.client("ann").trip(trip), accepted);
        // An accepted trip goes on, too.
        let eve = Client::restore(upgraded.service.address, &upgraded.record["clients"]["eve"]);
        let arrived = eve.post_nothing(&format!("/api/trip/{}/arrive/", upgraded.trip("accepted")));
        assert_eq!(arrived.ok(200)["status"], "ARRIVED");
    }
}

/// The tables of later versions are filled first, so that every migration down meets rows.
fn an_upgraded_database_can_be_taken_down_and_made_anew(on: Database) {
    for dir in earlier(on) {
        let mut upgraded = Upgraded::start(&dir, on);
        photos::sign_up(&upgraded.service, "zoe", "rider");
        let dan = upgraded.client("dan");
        for n in [9.0, 10.0] {
            let place = location(north_of(STAND, n * 170.0));
            dan.post("/api/positions/", &place).ok(200);
        }
        upgraded.service.stop();
        let home = upgraded.service.home();
        let silent = "INSERT INTO silences (driver_id, offers, last_at) SELECT driver_id, 1, began_at FROM shifts LIMIT 1";
        tables::write(home, silent);
        for table in [
            "photos",
            "track_pieces",
            "measured_tracks",
            "silences",
            "lock_holders",
        ] {
            assert!(tables::count(home, table) > 0, "{table} is empty");
        }
        home.must_run(&["migrate", "--down"], "");
        home.must_run(&["migrate"], "");
        let printed = home.must_run(&["replay", "--check"], "");
        assert_eq!(printed, "0 trips rebuilt from 0 events, 0 of them differ\n");
    }
}
