//! An upgrade loses nothing: this version is started on what an earlier one has left behind in `tests/upgrade`.

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
    Client, Database, Follower, Home, Log, Options, STAND, Service, Socket, Test, location,
    north_of, restore, tables, tests, unix_now,
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

/// The databases of earlier versions, each in a directory of its own.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/upgrade")
}

/// What earlier versions have left behind on this database.
fn kept(on: Database) -> Vec<PathBuf> {
    let versions = fs::read_dir(folder()).expect("it is there");
    let versions = versions.map(|entry| entry.expect("it can be read").path());
    let kept: Vec<PathBuf> = versions
        .map(|version| version.join(on.name()))
        .filter(|kept| kept.is_dir())
        .collect();
    assert!(!kept.is_empty());
    kept
}

/// A copy of what an earlier version has left behind.
fn copy(of: &Path, on: Database) -> Home {
    let home = Home::new(on);
    for file in ["signing.keys", "town.json"] {
        fs::copy(of.join(file), home.dir().join(file)).expect("it is there");
    }
    match home.database_url() {
        Some(url) => restore(url, &of.join("cabrank.sql")),
        None => {
            let packed = fs::read(of.join("cabrank.db.gz")).expect("it is there");
            fs::write(home.dir().join("cabrank.db"), gzip(&["-d"], &packed))
                .expect("there is room");
        }
    }
    home
}

fn gzip(how: &[impl AsRef<OsStr>], input: &[u8]) -> Vec<u8> {
    let mut gzip = Command::new("gzip")
        .args(how)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this needs gzip");
    let mut stdin = gzip.stdin.take().expect("it is piped");
    thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(input).expect("it reads"));
        let output = gzip.wait_with_output().expect("it ends");
        assert!(output.status.success());
        output.stdout
    })
}

/// This version on what an earlier one has left behind, a few seconds later.
struct Upgraded {
    service: Service,
    kept: Value,
}

impl Upgraded {
    #[track_caller]
    fn start(of: &Path, on: Database) -> Self {
        let kept: Value = serde_json::from_str(
            &fs::read_to_string(of.join("clients.json")).expect("it is there"),
        )
        .expect("it is JSON");
        let home = copy(of, on);
        let town = home.dir().join("town.json");
        let ahead = kept["made"].as_f64().expect("a time") + 5.0 - unix_now();
        let town = town
            .to_str()
            .expect("a temporary directory has a plain name")
            .to_owned();
        let service = Options::at(home)
            .flags(&["--town", &town])
            .ahead(ahead)
            .start();
        Self { service, kept }
    }

    fn client(&self, name: &str) -> Client {
        Client::restore(self.service.address, &self.kept["clients"][name])
    }

    fn trip(&self, name: &str) -> &str {
        self.kept["trips"][name].as_str().expect("a key")
    }
}

/// What there is to read from an id on, and the last id.
fn once(client: &Client, id: &str) -> (Value, String) {
    let call = client
        .call("GET", "/api/events/?once=true")
        .header("Last-Event-ID", id);
    let mut lines = call.follow().unwrap_or_else(|answer| panic!("{answer:?}"));
    let told = std::iter::from_fn(|| lines.next()).filter(|told| told.name != "bye");
    let told = told
        .map(|told| json!({"name": told.name, "data": told.data}))
        .collect();
    (told, lines.last_id)
}

fn room(who: &Client, trip: &str) -> Socket {
    let room = Socket::open(who.address, &format!("/ws/chat/{trip}/"), &who.auth, &[]);
    room.unwrap_or_else(|status| panic!("{} is not let in: {status}", who.username))
}

fn explain(service: &Service, trip: &str) -> String {
    service.home().must_run(&["explain", trip], "")
}

/// Whether all that was known is known and as it was; a later version may know more.
#[track_caller]
fn says_at_least(now: &Value, before: &Value) {
    match before {
        Value::Object(fields) => {
            for (name, value) in fields {
                says_at_least(&now[name], value);
            }
        }
        Value::Array(items) => {
            let now = now
                .as_array()
                .unwrap_or_else(|| panic!("{now} was {before}"));
            assert_eq!(now.len(), items.len(), "{now:?} was {before}");
            now.iter()
                .zip(items)
                .for_each(|(now, before)| says_at_least(now, before));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            assert_eq!(now, before)
        }
    }
}

fn the_log_agrees_with_the_tables_after_an_upgrade(on: Database) {
    for of in kept(on) {
        let home = copy(&of, on);
        home.must_run(&["migrate"], "");
        let said = home.must_run(&["replay", "--check"], "");
        assert!(said.ends_with(" 0 of them differ\n"), "{said}");
        let mut upgraded = Upgraded::start(&of, on);
        upgraded.service.stop();
        let said = upgraded.service.home().must_run(&["replay", "--check"], "");
        assert!(said.ends_with(" 0 of them differ\n"), "{said}");
    }
}

/// The tokens of then are good, and both ways of following go on where they stopped.
fn a_client_goes_on_after_an_upgrade(on: Database) {
    for of in kept(on) {
        let upgraded = Upgraded::start(&of, on);
        let clients = upgraded.kept["clients"].as_object().expect("an object");
        for (name, kept) in clients
            .iter()
            .filter(|(_, kept)| kept["positions"].is_array())
        {
            let client = upgraded.client(name);
            let (told, _) = once(&client, kept["last_event_id"].as_str().expect("a text"));
            let missed = kept["missed"].as_array().expect("a list");
            let told = told.as_array().expect("a list");
            // More may have happened since.
            let first: Value = told.iter().take(missed.len()).cloned().collect();
            says_at_least(&first, &kept["missed"]);
            let mut log = Log::default();
            log.open(&json!({"positions": kept["positions"]}));
            let mut follower = Follower::go_on(&client, log);
            for missed in missed.iter().filter(|missed| missed["name"] != "resumed") {
                says_at_least(&follower.next(), &missed["data"]["event"]);
            }
            let fields = json!({"refresh": kept["refresh"]});
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

/// Lists, notifications, the chat, the way driven, the reasons of an offer and the answer to a key.
fn what_is_known_of_trips_outlives_an_upgrade(on: Database) {
    for of in kept(on) {
        let upgraded = Upgraded::start(&of, on);
        let kept = &upgraded.kept;
        for (name, then) in kept["clients"].as_object().expect("an object") {
            let client = upgraded.client(name);
            if then["trips"].is_array() {
                says_at_least(&json!(client.trips()), &then["trips"]);
                let unread = client.get("/api/notifications/").ok(200);
                assert_eq!(unread["unread"], then["unread"]);
            }
        }
        let (una, ben) = (upgraded.client("una"), upgraded.client("ben"));
        let mut chat = room(&una, upgraded.trip("under_way"));
        for said in kept["chat"].as_array().expect("a list") {
            says_at_least(&chat.next(), said);
        }
        let told = explain(&upgraded.service, upgraded.trip("offered"));
        assert!(told.contains("hal") && told.contains("fay"), "{told}");
        let again = ben
            .call("POST", "/api/trip/")
            .header(
                "Idempotency-Key",
                kept["key"]["word"].as_str().expect("a word"),
            )
            .json(&kept["key"]["fields"])
            .send();
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
        says_at_least(&again.ok(201), &kept["key"]["trip"]);
        let ann = upgraded.client("ann");
        assert_eq!(
            ann.get(&format!("/api/trip/{}/", upgraded.trip("deleted")))
                .status,
            404
        );
    }
}

/// Its driver drives on; what was driven before counts.
fn a_ride_under_way_is_completed_after_an_upgrade(on: Database) {
    for of in kept(on) {
        let upgraded = Upgraded::start(&of, on);
        let (una, dan) = (upgraded.client("una"), upgraded.client("dan"));
        let trip = upgraded.trip("under_way");
        let track = una.get(&format!("/api/trip/{trip}/track/")).ok(200);
        assert_eq!(track["metres"], upgraded.kept["track"]["metres"]);
        let place = location(north_of(STAND, 9.0 * 170.0));
        let counts = dan.post("/api/positions/", &place).ok(200);
        assert_eq!(counts["accepted"], 1, "{counts}");
        let completed = dan
            .post_nothing(&format!("/api/trip/{trip}/complete/"))
            .ok(200);
        assert_eq!(completed["status"], "COMPLETED");
        let lines = completed["fare"]["lines"].as_array().expect("a list");
        let distance = lines.iter().find(|line| line["kind"] == "distance");
        let metres = distance
            .and_then(|line| line["quantity"].as_f64())
            .expect("it is charged");
        let before = track["metres"].as_f64().expect("a number");
        assert!(
            metres > before && metres < before + 200.0,
            "{metres} after {before}"
        );
        assert_eq!(una.trip(trip), completed);
    }
}

fn offers_and_shifts_outlive_an_upgrade(on: Database) {
    for of in kept(on) {
        let upgraded = Upgraded::start(&of, on);
        let (hal, fay) = (upgraded.client("hal"), upgraded.client("fay"));
        says_at_least(
            &hal.get("/api/shift/").ok(200)["shift"],
            &upgraded.kept["shift"]["shift"],
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
        // A trip that was taken before goes on too.
        let eve = Client::restore(upgraded.service.address, &upgraded.kept["clients"]["eve"]);
        let arrived = eve.post_nothing(&format!("/api/trip/{}/arrive/", upgraded.trip("accepted")));
        assert_eq!(arrived.ok(200)["status"], "ARRIVED");
    }
}

/// Every step back meets rows: what later versions keep besides is made first.
fn an_upgraded_database_can_be_taken_down_and_made_anew(on: Database) {
    for of in kept(on) {
        let mut upgraded = Upgraded::start(&of, on);
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
        let said = home.must_run(&["replay", "--check"], "");
        assert_eq!(said, "0 trips rebuilt from 0 events, 0 of them differ\n");
    }
}
