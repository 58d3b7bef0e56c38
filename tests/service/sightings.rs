//! Position subscriptions: who sees the position of a trip's driver, and for how long.

use serde_json::{Value, json};

use super::dcrf::pk_of;
use super::native_shifts::{after, begin, counts, report};
use crate::harness::{Database, Native, Rider, Service, Test, nk, tests};

pub fn tests() -> Vec<Test> {
    tests![
        a_rider_sees_the_driver_from_acceptance_to_the_end,
        a_batch_is_seen_where_it_ends,
        only_the_rider_and_operators_may_look,
        nobody_looks_at_a_trip_that_is_over,
        looking_ends_as_it_was_begun,
        a_trip_that_was_given_back_shows_its_next_driver,
    ]
}

/// A driver's device on a shift.
struct Phone {
    native: Native,
    shift: Value,
    reports: i64,
}

impl Phone {
    #[track_caller]
    fn on_shift(mut native: Native) -> Self {
        let shift = begin(&mut native);
        Self {
            native,
            shift,
            reports: 0,
        }
    }

    /// The next position, a second and a few metres after the last one.
    #[track_caller]
    fn next(&mut self) -> Value {
        self.reports += 1;
        let lat = 48.0
            + f64::from(i32::try_from(self.reports).expect("the number of reports is small"))
                / 8192.0;
        let at = after(&self.shift, 1_000 * self.reports);
        json!({"lat": lat, "lon": 11.5, "at": at})
    }

    #[track_caller]
    fn report(&mut self, data: &Value) {
        let counts = report(&mut self.native, data);
        assert_eq!(counts["accepted"], 1, "{counts}");
    }

    /// Reports the next position; gives it as a subscription under this `pk` must hear it.
    #[track_caller]
    fn moves(&mut self, pk: &Value) -> Value {
        let mut fix = self.next();
        self.report(&fix);
        fix["pk"] = pk.clone();
        fix
    }
}

/// Subscribes to the positions of a trip's driver; gives the last one.
#[track_caller]
fn subscribe(native: &mut Native, pk: &Value, id: &str) -> Value {
    let fields = json!({"pk": pk, "request_id": id});
    native.call("subscribe_position", &fields).ok(201)
}

#[track_caller]
fn sees(native: &mut Native, id: &str, expected: &Value) {
    let event = native.event(id);
    assert_eq!(event.0["action"], "position");
    assert_eq!(event.ok(200), *expected);
}

/// Subscribes to the changes of a trip.
#[track_caller]
fn observe(native: &mut Native, trip: &Value) {
    let fields = json!({"pk": trip["id"], "request_id": "changes"});
    native.call("subscribe_instance", &fields).ok(201);
}

/// Waits until a later change has come to the rider's socket, so that no earlier frame is still to come.
#[track_caller]
fn settle(rider: &Rider, native: &mut Native) {
    let marker = rider.request("marker", "B");
    let fields = json!({"pk": marker["id"], "request_id": "marker"});
    native.call("subscribe_instance", &fields).ok(201);
    rider.cancel(&marker).ok(200);
    native.hears("marker", "update", &marker);
}

fn a_rider_sees_the_driver_from_acceptance_to_the_end(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let mut phone = Phone::on_shift(service.driver("bob").native());
    let trip = rider.request("A", "B");
    let mut app = rider.native();
    let pk = &trip["id"];
    observe(&mut app, &trip);
    assert_eq!(subscribe(&mut app, pk, "pos"), Value::Null);
    phone.moves(pk);
    settle(&rider, &mut app);
    app.heard_no_more("pos");
    for verb in ["accept", "arrive", "start"] {
        phone.native.call(verb, &pk_of(&trip)).ok(200);
        app.hears("changes", "update", &trip);
        for _ in 0..3 {
            let moved = phone.moves(pk);
            sees(&mut app, "pos", &moved);
        }
    }
    let mut whole = phone.next();
    whole["accuracy"] = json!(7.5);
    whole["heading"] = json!(270.0);
    whole["speed"] = json!(9.25);
    phone.report(&whole);
    whole["pk"] = pk.clone();
    sees(&mut app, "pos", &whole);
    phone.native.call("complete", &pk_of(&trip)).ok(200);
    app.hears("changes", "update", &trip);
    phone.moves(pk);
    settle(&rider, &mut app);
    app.heard_no_more("pos");
}

fn a_batch_is_seen_where_it_ends(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let mut phone = Phone::on_shift(service.driver("bob").native());
    let trip = rider.request("A", "B");
    let mut app = rider.native();
    observe(&mut app, &trip);
    subscribe(&mut app, &trip["nk"], "pos");
    phone.native.call("accept", &pk_of(&trip)).ok(200);
    app.hears("changes", "update", &trip);
    let batch = [phone.next(), phone.next(), phone.next()];
    let answer = report(&mut phone.native, &json!({"positions": batch}));
    assert_eq!(answer, counts(&json!({"accepted": 3})));
    let mut last = batch[2].clone();
    last["pk"] = trip["nk"].clone();
    sees(&mut app, "pos", &last);
    // A late position is not sent on.
    let answer = report(&mut phone.native, &batch[0]);
    assert_eq!(answer, counts(&json!({"late": 1})));
    settle(&rider, &mut app);
    app.heard_no_more("pos");
}

fn only_the_rider_and_operators_may_look(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let mut phone = Phone::on_shift(driver.native());
    let trip = rider.request("A", "B");
    let pk = &trip["id"];
    let mut eve = service.rider("eve").native();
    eve.call("subscribe_position", &pk_of(&trip)).not_found();
    eve.call("unsubscribe_position", &pk_of(&trip)).not_found();
    for mut native in [driver.native(), service.driver("ben").native()] {
        native
            .call("subscribe_position", &pk_of(&trip))
            .not_allowed();
    }
    let mut operator = service.operator("oz").native();
    observe(&mut operator, &trip);
    assert_eq!(subscribe(&mut operator, pk, "pos"), Value::Null);
    phone.native.call("accept", &pk_of(&trip)).ok(200);
    operator.hears("changes", "update", &trip);
    let moved = phone.moves(pk);
    sees(&mut operator, "pos", &moved);
    assert_eq!(
        subscribe(&mut operator, pk, "again"),
        moved,
        "the answer has the last position"
    );
    let mut app = rider.native();
    let by_key = subscribe(&mut app, &trip["nk"], "pos");
    assert_eq!(
        (&by_key["pk"], &by_key["lat"]),
        (&trip["nk"], &moved["lat"])
    );
    let data = json!({"pk": pk, "request_id": null});
    assert_eq!(
        app.wrong("subscribe_position", &data).breaks("request_id"),
        "This field is required."
    );
}

fn nobody_looks_at_a_trip_that_is_over(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let trip = rider.request("A", "B");
    rider.cancel(&trip).ok(200);
    for mut native in [rider.native(), service.operator("oz").native()] {
        native.call("subscribe_position", &pk_of(&trip)).conflict(
            "A trip that is CANCELLED does not allow subscribe_position.",
            "not-possible",
            "CANCELLED",
        );
        let unknown = json!({"pk": 99});
        native.call("subscribe_position", &unknown).not_found();
    }
}

fn looking_ends_as_it_was_begun(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let mut phone = Phone::on_shift(service.driver("bob").native());
    let trip = rider.request("A", "B");
    let pk = &trip["id"];
    let mut app = rider.native();
    observe(&mut app, &trip);
    for id in ["one", "two", "three"] {
        subscribe(&mut app, pk, id);
    }
    phone.native.call("accept", &pk_of(&trip)).ok(200);
    app.hears("changes", "update", &trip);
    let one = json!({"pk": nk(&trip), "request_id": "one"});
    app.call("unsubscribe_position", &one).ok(204);
    let moved = phone.moves(pk);
    for id in ["two", "three"] {
        sees(&mut app, id, &moved);
    }
    app.socket()
        .send(&json!({"action": "unsubscribe_position", "pk": pk}));
    let all = app.answer(None, "unsubscribe_position", &Value::Null);
    assert_eq!(all.ok(204), Value::Null);
    phone.moves(pk);
    settle(&rider, &mut app);
    for id in ["one", "two", "three"] {
        app.heard_no_more(id);
    }
}

fn a_trip_that_was_given_back_shows_its_next_driver(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let mut first = Phone::on_shift(service.driver("bob").native());
    let mut second = Phone::on_shift(service.driver("ben").native());
    let trip = rider.request("A", "B");
    let pk = &trip["id"];
    let mut app = rider.native();
    observe(&mut app, &trip);
    subscribe(&mut app, pk, "pos");
    first.native.call("accept", &pk_of(&trip)).ok(200);
    app.hears("changes", "update", &trip);
    let moved = first.moves(pk);
    sees(&mut app, "pos", &moved);
    let reason = json!({"pk": pk, "data": {"reason": "A flat tyre."}});
    let back = first.native.call("give_back", &reason).ok(200);
    assert_eq!(back["status"], "REQUESTED");
    app.hears("changes", "update", &trip);
    first.moves(pk);
    second.native.call("accept", &pk_of(&trip)).ok(200);
    app.hears("changes", "update", &trip);
    let moved = second.moves(pk);
    sees(&mut app, "pos", &moved);
}
