//! The service with pages as the later editions of the course have them. A page reads its account from the token, fills
//! its lists over HTTP, puts the trip of every frame into them, and sends whole trips back.

use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use serde_json::{Value, json};

use crate::harness::{Auth, Client, Database, Service, Socket, Test, tests};
use crate::photos::sign_up;

pub fn tests() -> Vec<Test> {
    tests![
        a_whole_ride_in_the_pages,
        the_list_of_a_second_driver_stays_right,
        refusals_are_survived,
        a_page_that_was_loaded_again_goes_on,
        a_trip_that_was_given_back_is_requested_again,
    ]
}

/// The page of a logged-in account.
struct Page {
    client: Client,
    /// The account, from the claims of its token.
    me: Value,
    socket: Socket,
    trips: Vec<Value>,
}

impl Page {
    /// Signs up in the page, logs in, and opens the list.
    #[track_caller]
    fn of(service: &Service, name: &str, group: &str) -> Self {
        sign_up(service, name, group);
        Self::open(service.log_in(name))
    }

    #[track_caller]
    fn open(client: Client) -> Self {
        let payload = client
            .access
            .split('.')
            .nth(1)
            .expect("a token has three parts");
        let bytes = BASE64_STANDARD_NO_PAD
            .decode(payload)
            .expect("the claims are base64, as atob reads it");
        let claims: String = bytes.into_iter().map(char::from).collect();
        let me: Value = serde_json::from_str(&claims).expect("claims are JSON");
        let token = Auth::Query(client.access.clone());
        let socket = Socket::open(client.address, "/taxi/", &token, &[]);
        let mut page = Self {
            me,
            socket: socket.expect("it is let in"),
            trips: Vec::new(),
            client,
        };
        page.load();
        page
    }

    /// Fills the list over HTTP.
    fn load(&mut self) {
        self.trips = self.client.trips();
    }

    /// Puts the trip of the next frame into the list, in place of a trip with the same `data.id`.
    #[track_caller]
    fn hear(&mut self) -> Value {
        let frame = self.socket.next();
        let trip = frame["data"].clone();
        assert!(trip.is_object(), "a page would crash on {frame}");
        self.trips.retain(|listed| listed["id"] != trip["id"]);
        self.trips.push(trip);
        frame
    }

    /// The pick-ups of the trips in one of the lists of the page.
    fn list(&self, is_in: impl Fn(&Value) -> bool) -> Vec<&str> {
        let trips = self.trips.iter().filter(|trip| is_in(trip));
        // A page shows the other party of each trip in its lists.
        trips
            .map(|trip| {
                let other = if self.me["group"] == "rider" {
                    "driver"
                } else {
                    "rider"
                };
                assert!(trip[other].is_object(), "there is no other party in {trip}");
                trip["pick_up_address"].as_str().expect("an address")
            })
            .collect()
    }

    fn current(&self) -> Vec<&str> {
        self.list(|trip| !trip["driver"].is_null() && trip["status"] != "COMPLETED")
    }

    fn requested(&self) -> Vec<&str> {
        assert_eq!(self.me["group"], "driver");
        self.list(|trip| trip["status"] == "REQUESTED")
    }

    fn recent(&self) -> Vec<&str> {
        self.list(|trip| trip["status"] == "COMPLETED")
    }

    fn request(&mut self, pick_up: &str) {
        let data = json!({"pick_up_address": pick_up, "drop_off_address": "B", "rider": self.me["id"],
            "status": "REQUESTED", "driver": null});
        self.socket
            .send(&json!({"type": "create.trip", "data": data}));
    }

    /// Opens the page of a trip in the list, by the trip's `id`.
    #[track_caller]
    fn detail(&self, pick_up: &str) -> Value {
        let trip = self
            .trips
            .iter()
            .find(|trip| trip["pick_up_address"] == pick_up);
        self.client
            .trip(&trip.expect("it is listed")["id"].to_string())
    }

    /// Presses the button of the trip's page, which sends the whole trip back.
    fn press(&mut self, shown: &mut Value) {
        let next = match shown["status"].as_str() {
            Some("REQUESTED") => "STARTED",
            Some("STARTED") => "IN_PROGRESS",
            Some("IN_PROGRESS") => "COMPLETED",
            other => panic!("there is no button for {other:?}"),
        };
        shown["status"] = json!(next);
        shown["driver"] = self.me.clone();
        let mut data = shown.clone();
        data["driver"] = self.me["id"].clone();
        data["rider"] = shown["rider"]["id"].clone();
        self.socket
            .send(&json!({"type": "update.trip", "data": data}));
    }
}

fn a_whole_ride_in_the_pages(on: Database) {
    let service = Service::start(on);
    let mut rider = Page::of(&service, "zoë", "rider");
    let mut driver = Page::of(&service, "bob", "driver");
    assert_eq!(
        (&rider.me["username"], &rider.me["group"]),
        (&json!("zoë"), &json!("rider"))
    );
    rider.request("A");
    rider.hear();
    driver.hear();
    assert_eq!((driver.requested(), driver.current()), (vec!["A"], vec![]));
    assert_eq!(rider.current(), [""; 0]);
    let mut shown = driver.detail("A");
    for status in ["STARTED", "IN_PROGRESS", "COMPLETED"] {
        driver.press(&mut shown);
        for page in [&mut rider, &mut driver] {
            let frame = page.hear();
            assert_eq!(
                (&frame["type"], &frame["data"]["status"]),
                (&json!("echo.message"), &json!(status))
            );
            assert_eq!(frame["data"]["driver"]["username"], "bob");
            let is_over = status == "COMPLETED";
            assert_eq!(page.current().len(), usize::from(!is_over));
            assert_eq!(page.recent().len(), usize::from(is_over));
        }
        assert_eq!(driver.requested(), [""; 0]);
        assert_eq!(rider.detail("A")["status"], status);
    }
}

#[track_caller]
fn all_hear(pages: [&mut Page; 3]) {
    for page in pages {
        page.hear();
    }
}

fn the_list_of_a_second_driver_stays_right(on: Database) {
    let service = Service::start(on);
    let mut rider = Page::of(&service, "ann", "rider");
    let mut one = Page::of(&service, "bob", "driver");
    let mut two = Page::of(&service, "ben", "driver");
    rider.request("A");
    all_hear([&mut rider, &mut one, &mut two]);
    assert_eq!(two.requested(), ["A"]);
    let mut shown = one.detail("A");
    one.press(&mut shown);
    two.hear();
    assert_eq!((two.requested(), two.current()), (vec![], vec![]));
    two.load();
    assert_eq!((two.requested(), two.current()), (vec![], vec![]));
    rider.request("C");
    two.hear();
    assert_eq!((two.requested(), two.current()), (vec!["C"], vec![]));
}

fn refusals_are_survived(on: Database) {
    let service = Service::start(on);
    let mut rider = Page::of(&service, "ann", "rider");
    let mut one = Page::of(&service, "bob", "driver");
    let mut two = Page::of(&service, "ben", "driver");
    // A form is sent blank.
    let blank = json!({"pick_up_address": "", "drop_off_address": "", "rider": rider.me["id"]});
    rider
        .socket
        .send_wrong(&json!({"type": "create.trip", "data": blank}));
    assert_eq!(rider.hear()["type"], "error.message");
    assert_eq!((rider.current(), rider.recent()), (vec![], vec![]));
    // Two drivers press the button of the same trip.
    rider.request("A");
    all_hear([&mut rider, &mut one, &mut two]);
    let (mut ones, mut twos) = (one.detail("A"), two.detail("A"));
    one.press(&mut ones);
    assert_eq!(one.hear()["data"]["status"], "STARTED");
    two.hear();
    two.press(&mut twos);
    assert_eq!(two.hear()["code"], "already-taken");
    assert_eq!(
        (two.requested(), two.current(), two.recent()),
        (vec![], vec![], vec![])
    );
    // A button that is pressed too late shows the trip as it is.
    rider.client.command(&ones, "cancel").ok(200);
    one.hear();
    one.press(&mut ones);
    let refused = one.hear();
    assert_eq!(
        (&refused["code"], &refused["data"]["status"]),
        (&json!("not-possible"), &json!("CANCELLED"))
    );
    rider.request("B");
    one.hear();
    assert_eq!(one.requested(), ["B"]);
    // A driver who is on a trip presses the button of another one.
    let mut shown = one.detail("B");
    one.press(&mut shown);
    one.hear();
    rider.request("C");
    one.hear();
    let mut shown = one.detail("C");
    one.press(&mut shown);
    assert_eq!(one.hear()["code"], "driver-busy");
    assert_eq!(one.requested(), ["C"]);
}

/// A page that is loaded again has a new socket and a new list.
fn a_page_that_was_loaded_again_goes_on(on: Database) {
    let service = Service::start(on);
    let mut rider = Page::of(&service, "ann", "rider");
    let driver = Page::of(&service, "bob", "driver");
    rider.request("A");
    rider.hear();
    let mut driver = Page::open(driver.client);
    let mut shown = driver.detail("A");
    driver.press(&mut shown);
    rider.hear();
    let rider = Page::open(rider.client);
    assert_eq!(rider.current(), ["A"]);
    driver.hear();
    assert_eq!((driver.requested(), driver.current()), (vec![], vec!["A"]));
}

fn a_trip_that_was_given_back_is_requested_again(on: Database) {
    let service = Service::start(on);
    let mut rider = Page::of(&service, "ann", "rider");
    let mut one = Page::of(&service, "bob", "driver");
    let mut two = Page::of(&service, "ben", "driver");
    rider.request("A");
    all_hear([&mut rider, &mut one, &mut two]);
    let mut shown = one.detail("A");
    one.press(&mut shown);
    all_hear([&mut rider, &mut one, &mut two]);
    assert_eq!((rider.current(), one.current()), (vec!["A"], vec!["A"]));
    one.client.command(&shown, "give_back").ok(200);
    for page in [&mut rider, &mut one, &mut two] {
        page.hear();
        assert_eq!(page.current(), [""; 0]);
    }
    assert_eq!((one.requested(), two.requested()), (vec!["A"], vec!["A"]));
    let mut shown = two.detail("A");
    two.press(&mut shown);
    all_hear([&mut rider, &mut one, &mut two]);
    assert_eq!((rider.current(), two.current()), (vec!["A"], vec!["A"]));
    assert_eq!((one.requested(), one.current()), (vec![], vec![]));
}
