//! Everybody who may have to do with a trip, and what they do.

use serde_json::{Value, json};

use crate::bookings::later;
use crate::harness::{
    Client, Database, Driver, Operator, Options, Rider, STAND, Service, location, nk, north_of,
    town,
};
use crate::native_shifts::after;

/// A role of a trip, at present or in the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Who asks for the trip.
    Rider,
    /// Another rider.
    OtherRider,
    /// The driver who has it first: who gives it back, or declines its offer.
    First,
    /// The driver who has it then.
    Second,
    /// A driver on shift who never has it.
    OnShift,
    /// A driver off shift who never has it.
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

/// A running service with everybody in it.
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
    /// A quarter of an hour after the start.
    pub later: Value,
}

/// What everybody hears last.
pub struct End {
    /// The key of a trip of each rider.
    pub trips: [String; 2],
    /// A notification to everybody.
    pub notice: &'static str,
}

/// The text of the last notification.
const LAST_WORDS: &str = "that is all";

impl Stage {
    /// Those of `on_shift` are so from the start.
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

    /// The trip as it was last known.
    pub fn trip(&self) -> &Value {
        &self.trip
    }

    /// The trip is asked for.
    #[track_caller]
    pub fn requests(&mut self, more: &Value) {
        self.trip = self.rider.orders(more);
    }

    /// Somebody does something to the trip over HTTP.
    #[track_caller]
    pub fn does(&mut self, who: Who, verb: &str, fields: &Value) {
        let done = self.client(who).command_with(&self.trip, verb, fields);
        let done = done.ok(200);
        if done["nk"] == self.trip["nk"] {
            self.trip = done;
        }
    }

    /// Somebody calls an action on the trip.
    #[track_caller]
    pub fn calls(&self, who: Who, action: &str, data: &Value) {
        let fields = json!({"pk": self.trip["id"], "data": data});
        let answer = self.client(who).native().call(action, &fields);
        let status = answer.0["response_status"].as_i64().expect("a status");
        assert!((200..300).contains(&status), "{answer:?}");
    }

    /// Somebody says something in the trip's room.
    #[track_caller]
    pub fn says(&self, who: Who) {
        let fields = json!({"pk": self.trip["id"], "data": {"message": "hello"}});
        let mut native = self.client(who).native();
        native.call_in("chat", "send", &fields).ok(201);
    }

    /// A driver goes on shift.
    #[track_caller]
    pub fn begins(&mut self, who: Who) {
        let client = self.client(who);
        let shift = client.post_nothing("/api/shift/").ok(200);
        let id = client.id;
        self.shifts.push((id, shift, 0));
    }

    /// A driver on shift reports where they are, so many metres north of the stand.
    #[track_caller]
    pub fn reports(&mut self, who: Who, metres: f64) {
        let id = self.client(who).id;
        let mut shifts = self.shifts.iter_mut();
        let (_, shift, count) = shifts.find(|shift| shift.0 == id).expect("on shift");
        *count += 1;
        let mut fix = location(north_of(STAND, metres));
        fix["at"] = after(shift, 1_000 * *count).into();
        let counts = self.client(who).post("/api/positions/", &fix).ok(200);
        assert_eq!(counts["accepted"], 1, "{counts}");
    }

    /// An account is shut out.
    #[track_caller]
    pub fn blocks(&self, name: &str) {
        let home = self.service.home();
        home.must_run(&["user", "block", "--username", name], "");
    }

    /// Sends a notification to some.
    #[track_caller]
    pub fn notifies(&self, to: &str, whom: &Value) {
        let message = if *whom == json!(true) {
            "told"
        } else {
            "told some"
        };
        let fields = json!({"message": message, to: whom});
        self.staff.post("/api/notifications/", &fields).ok(201);
    }

    /// Lets everybody hear a last thing in every dialect.
    #[track_caller]
    pub fn ends(&self) -> End {
        let last = |rider: &Rider| nk(&rider.request("the end", "B")).to_owned();
        // Outside the area every driver hears of a request.
        let trips = [last(&self.rider), last(&self.other)];
        let fields = json!({"message": LAST_WORDS, "everybody": true});
        self.staff.post("/api/notifications/", &fields).ok(201);
        let notice = LAST_WORDS;
        End { trips, notice }
    }
}
