//! The accounts of a story, and their actions.

use serde_json::{Value, json};

use crate::bookings::later;
use crate::harness::{
    Client, Database, Driver, Operator, Options, Rider, STAND, Service, location, nk, north_of,
    town,
};
use crate::native_shifts::after;

/// The part of an account in a story.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// The trip's rider.
    Rider,
    /// Another rider.
    OtherRider,
    /// The driver who has the trip first and gives it back, or who declines its offer.
    First,
    /// The driver who has the trip after that.
    Second,
    /// A driver on shift who never has the trip.
    OnShift,
    /// A driver off shift who never has the trip.
    OffShift,
    /// An operator.
    Staff,
}

impl Who {
    pub const ALL: [Self; 7] = [
        Self::Rider,
        Self::OtherRider,
        Self::First,
        Self::Second,
        Self::OnShift,
        Self::OffShift,
        Self::Staff,
    ];
}

/// A running service with the accounts of a story.
pub struct Stage {
    pub service: Service,
    pub rider: Rider,
    other: Rider,
    pub first: Driver,
    pub second: Driver,
    on_shift: Driver,
    off_shift: Driver,
    pub staff: Operator,
    shifts: Vec<(i64, Value, i64)>,
    trip: Value,
    /// The time a quarter of an hour after the start.
    pub later: Value,
}

/// The last frames of a story, which every account hears.
pub struct End {
    /// The key of a last trip of each rider.
    pub trips: [String; 2],
    /// The text of a notification to everybody.
    pub notification: &'static str,
}

/// The text of the last notification.
const LAST_WORDS: &str = "that is all";

impl Stage {
    /// Starts a service with an account for each part; the drivers in `on_shift` are on shift.
    #[track_caller]
    pub fn set(on: Database, policy: &str, on_shift: &[Who]) -> Self {
        let more = json!({
            "scheduling": {"lead_seconds": 600, "ahead_days_max": 2},
            "currency": "EUR", "waiting": {"free_seconds": 240}, "cancellation": {"fee": 300},
        });
        let options = Options::new(on).town(&town(policy, &more)).with_clock();
        let service = options.start();
        let mut stage = Self {
            rider: service.rider("rider"),
            other: service.rider("other"),
            first: service.driver("first"),
            second: service.driver("second"),
            on_shift: service.driver("onshift"),
            off_shift: service.driver("offshift"),
            staff: service.operator("staff"),
            service,
            shifts: Vec::new(),
            trip: Value::Null,
            later: Value::Null,
        };
        stage.later = later(&stage.other, 900);
        for who in on_shift {
            stage.begins(*who);
        }
        stage
    }

    pub fn client(&self, who: Who) -> &Client {
        match who {
            Who::Rider => &self.rider,
            Who::OtherRider => &self.other,
            Who::First => &self.first,
            Who::Second => &self.second,
            Who::OnShift => &self.on_shift,
            Who::OffShift => &self.off_shift,
            Who::Staff => &self.staff,
        }
    }

    /// The trip as it was in the last answer.
    pub fn trip(&self) -> &Value {
        &self.trip
    }

    /// The rider requests the trip.
    #[track_caller]
    pub fn requests(&mut self, more: &Value) {
        self.trip = self.rider.orders(more);
    }

    /// An account gives a command on the trip over HTTP.
    #[track_caller]
    pub fn does(&mut self, who: Who, verb: &str, fields: &Value) {
        let done = self.client(who).command_with(&self.trip, verb, fields);
        let done = done.ok(200);
        if done["nk"] == self.trip["nk"] {
            self.trip = done;
        }
    }

    /// An account calls an action on the trip over a native socket.
    #[track_caller]
    pub fn calls(&self, who: Who, action: &str, data: &Value) {
        let fields = json!({"pk": self.trip["id"], "data": data});
        let answer = self.client(who).native().call(action, &fields);
        let status = answer.0["response_status"].as_i64().expect("a status");
        assert!((200..300).contains(&status), "{answer:?}");
    }

    /// An account sends a message to the trip's room.
    #[track_caller]
    pub fn says(&self, who: Who) {
        let fields = json!({"pk": self.trip["id"], "data": {"message": "hello"}});
        let mut native = self.client(who).native();
        native.call_in("chat", "send", &fields).ok(201);
    }

    /// A driver begins a shift.
    #[track_caller]
    pub fn begins(&mut self, who: Who) {
        let client = self.client(who);
        let shift = client.post_nothing("/api/shift/").ok(200);
        let id = client.id;
        self.shifts.push((id, shift, 0));
    }

    /// A driver on shift reports a position, so many metres north of the stand.
    #[track_caller]
    pub fn reports(&mut self, who: Who, metres: f64) {
        let id = self.client(who).id;
        let mut shifts = self.shifts.iter_mut();
        let (_, shift, count) = shifts
            .find(|shift| shift.0 == id)
            .expect("the driver is on shift");
        *count += 1;
        let mut fix = location(north_of(STAND, metres));
        fix["at"] = after(shift, 1_000 * *count).into();
        let counts = self.client(who).post("/api/positions/", &fix).ok(200);
        assert_eq!(counts["accepted"], 1, "{counts}");
    }

    /// Blocks an account.
    #[track_caller]
    pub fn blocks(&self, name: &str) {
        let home = self.service.home();
        home.must_run(&["user", "block", "--username", name], "");
    }

    /// The operator sends a notification, addressed by this field and value.
    #[track_caller]
    pub fn notifies(&self, field: &str, value: &Value) {
        let message = if *value == json!(true) {
            "told"
        } else {
            "told some"
        };
        let fields = json!({"message": message, field: value});
        self.staff.post("/api/notifications/", &fields).ok(201);
    }

    /// Makes the last frames, which every account hears in every dialect.
    #[track_caller]
    pub fn ends(&self) -> End {
        let last = |rider: &Rider| nk(&rider.request("the end", "B")).to_owned();
        // A request without coordinates is in no area, and is broadcast to all drivers.
        let trips = [last(&self.rider), last(&self.other)];
        let fields = json!({"message": LAST_WORDS, "everybody": true});
        self.staff.post("/api/notifications/", &fields).ok(201);
        let notification = LAST_WORDS;
        End {
            trips,
            notification,
        }
    }
}
