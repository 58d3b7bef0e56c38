//! Riders, drivers and operators, acting as their apps do.

use std::net::SocketAddr;
use std::ops::{Deref, DerefMut};

use serde_json::{Value, json};

use super::{Answer, Auth, Http, Service, Socket, nk};

/// A log-in session of one account.
#[derive(Debug)]
pub struct Client {
    http: Http,
    pub id: i64,
    pub username: String,
    pub group: String,
    pub access: String,
    pub refresh: String,
    pub cookie: String,
}

/// Logs in and keeps the tokens and the cookie of the answer.
#[track_caller]
pub fn log_in(address: SocketAddr, name: &str, password: &str) -> Client {
    let credentials = json!({"username": name, "password": password});
    let answer = Http::new(address, Auth::Nobody).post("/api/log_in/", &credentials);
    let body = answer.ok(200);
    let text = |key: &str| {
        body[key]
            .as_str()
            .expect("log-in answers with strings")
            .to_owned()
    };
    let cookie = answer
        .set_cookie("sessionid")
        .expect("log-in sets the cookie");
    let cookie = cookie
        .trim_start_matches("sessionid=")
        .split(';')
        .next()
        .unwrap_or_default();
    Client {
        http: Http::new(address, Auth::Bearer(text("access"))),
        id: body["id"].as_i64().expect("an id is a number"),
        username: text("username"),
        group: text("group"),
        access: text("access"),
        refresh: text("refresh"),
        cookie: cookie.to_owned(),
    }
}

impl Client {
    /// The session of an earlier log-in, from what [`Client::saved`] gave.
    #[track_caller]
    pub fn restore(address: SocketAddr, saved: &Value) -> Self {
        let text = |key: &str| saved[key].as_str().unwrap_or_default().to_owned();
        Self {
            http: Http::new(address, Auth::Bearer(text("access"))),
            id: saved["id"].as_i64().expect("an id is a number"),
            username: text("username"),
            group: text("group"),
            access: text("access"),
            refresh: text("refresh"),
            cookie: text("cookie"),
        }
    }

    /// Everything that [`Client::restore`] needs to go on with this session.
    pub fn saved(&self) -> Value {
        json!({
            "id": self.id, "username": self.username, "group": self.group,
            "access": self.access, "refresh": self.refresh, "cookie": self.cookie,
        })
    }
}

impl Deref for Client {
    type Target = Http;

    fn deref(&self) -> &Http {
        &self.http
    }
}

impl Client {
    /// The same session, authenticated by its cookie, as in a browser.
    pub fn by_cookie(&self) -> Http {
        self.with(Auth::Cookie(self.cookie.clone()))
    }

    /// The same session on another HTTP connection.
    pub fn again(&self) -> Http {
        self.with(self.auth.clone())
    }

    /// Goes on with the same session after a restart has given the service another port.
    pub fn follow(&mut self, service: &Service) {
        self.http = Http::new(service.address, self.auth.clone());
    }

    /// This account as trip objects and frames show it.
    pub fn party(&self) -> Value {
        json!({"id": self.id, "username": self.username, "first_name": "", "last_name": ""})
    }

    /// Opens the course dialect's socket of this account's role.
    #[track_caller]
    pub fn connect(&self) -> Socket {
        let socket = Socket::open(self.address, &format!("/{}/", self.group), &self.auth, &[]);
        socket.unwrap_or_else(|status| panic!("{} was refused a socket: {status}", self.username))
    }

    /// Whether the service still accepts this session.
    #[track_caller]
    pub fn is_logged_in(&self) -> bool {
        let answer = self.get("/api/trip/");
        if answer.status == 200 {
            return true;
        }
        answer.problem(401, "not-authenticated");
        false
    }

    #[track_caller]
    pub fn trips(&self) -> Vec<Value> {
        serde_json::from_value(self.get("/api/trip/").ok(200)).expect("the answer is a list")
    }

    #[track_caller]
    pub fn trip(&self, key: &str) -> Value {
        self.get(&format!("/api/trip/{key}/")).ok(200)
    }

    /// Sends a command without fields.
    #[track_caller]
    pub fn command(&self, trip: &Value, verb: &str) -> Answer {
        self.post_nothing(&command_path(trip, verb))
    }

    /// Sends a command with fields.
    #[track_caller]
    pub fn command_with(&self, trip: &Value, verb: &str, fields: &Value) -> Answer {
        self.post(&command_path(trip, verb), fields)
    }
}

fn command_path(trip: &Value, verb: &str) -> String {
    format!("/api/trip/{}/{verb}/", nk(trip))
}

/// A rider's session.
#[derive(Debug)]
pub struct Rider(pub Client);

/// A driver's session.
#[derive(Debug)]
pub struct Driver(pub Client);

/// An operator's session.
#[derive(Debug)]
pub struct Operator(pub Client);

macro_rules! is_a_client {
    ($($name:ident),+) => {$(
        impl Deref for $name {
            type Target = Client;

            fn deref(&self) -> &Client {
                &self.0
            }
        }

        impl DerefMut for $name {
            fn deref_mut(&mut self) -> &mut Client {
                &mut self.0
            }
        }
    )+};
}
is_a_client!(Rider, Driver, Operator);

impl Rider {
    /// Requests a trip over HTTP, which must succeed.
    #[track_caller]
    pub fn request(&self, pick_up: &str, drop_off: &str) -> Value {
        self.ask(&json!({"pick_up_address": pick_up, "drop_off_address": drop_off}))
            .ok(201)
    }

    /// Requests a trip with these fields over HTTP.
    #[track_caller]
    pub fn ask(&self, fields: &Value) -> Answer {
        self.post("/api/trip/", fields)
    }

    #[track_caller]
    pub fn cancel(&self, trip: &Value) -> Answer {
        self.command(trip, "cancel")
    }

    /// The frame that requests a trip, with all fields that the course's client sends.
    pub fn request_frame(&self, pick_up: &str, drop_off: &str) -> Value {
        json!({"pick_up_address": pick_up, "drop_off_address": drop_off, "rider": self.party()})
    }
}

impl Driver {
    #[track_caller]
    pub fn accept(&self, trip: &Value) -> Answer {
        self.command(trip, "accept")
    }

    #[track_caller]
    pub fn arrive(&self, trip: &Value) -> Answer {
        self.command(trip, "arrive")
    }

    #[track_caller]
    pub fn start(&self, trip: &Value) -> Answer {
        self.command(trip, "start")
    }

    #[track_caller]
    pub fn complete(&self, trip: &Value) -> Answer {
        self.command(trip, "complete")
    }

    /// The frame that sets a trip's status, with all fields that the course's client sends.
    pub fn update_frame(&self, trip: &Value, status: &str) -> Value {
        json!({
            "nk": trip["nk"],
            "pick_up_address": trip["pick_up_address"],
            "drop_off_address": trip["drop_off_address"],
            "status": status,
            "driver": self.party(),
        })
    }
}
