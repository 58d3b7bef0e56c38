//! The refusals of the native dialect, with their texts.

use serde_json::{Value, json};

use super::dcrf::{CREATE, pk_of};
use crate::harness::{Database, Service, Test, nk, tests};

pub fn tests() -> Vec<Test> {
    tests![
        each_role_lacks_the_actions_of_the_others,
        another_riders_trip_is_unknown,
        drivers_are_told_apart_as_over_http,
        the_loser_of_an_acceptance_is_told_so,
        a_pk_of_another_form_is_unknown,
        fields_that_break_rules_are_named,
        commands_that_are_not_possible_say_the_state,
    ]
}

fn each_role_lacks_the_actions_of_the_others(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let operator = service.operator("oz");
    let trip = rider.request("A", "B");
    let pk = &trip["id"];
    let of_drivers = ["accept", "arrive", "start", "complete"];
    let mut native = rider.native();
    for action in of_drivers {
        native.call(action, &pk_of(&trip)).not_allowed();
    }
    let end = json!({"pk": pk, "data": {"status": "COMPLETED", "reason": "x"}});
    native.call("end", &end).not_allowed();
    let mut native = driver.native();
    native.call("create", &CREATE("A")).not_allowed();
    for action in ["delete", "cancel"] {
        native.call(action, &pk_of(&trip)).not_allowed();
    }
    native.call("end", &end).not_allowed();
    let mut native = operator.native();
    native.call("create", &CREATE("A")).not_allowed();
    for action in of_drivers.into_iter().chain(["delete"]) {
        native.call(action, &pk_of(&trip)).not_allowed();
    }
    let patch = json!({"pk": pk, "data": {"drop_off_address": "C"}});
    native.call("patch", &patch).not_allowed();
    let say = json!({"pk": pk, "data": {"message": "hi"}});
    native.call_in("chat", "send", &say).not_allowed();
    assert_eq!(rider.trip(nk(&trip)), trip);
}

fn another_riders_trip_is_unknown(on: Database) {
    let service = Service::start(on);
    let trip = service.rider("ann").request("A", "B");
    let mut native = service.rider("eve").native();
    for pk in [&trip["id"], &trip["nk"]] {
        for action in [
            "retrieve",
            "delete",
            "cancel",
            "subscribe_instance",
            "unsubscribe_instance",
        ] {
            native.call(action, &json!({"pk": pk})).not_found();
        }
        let data = json!({"pick_up_address": "C", "drop_off_address": "D"});
        for action in ["update", "patch"] {
            native
                .call(action, &json!({"pk": pk, "data": data}))
                .not_found();
        }
    }
    assert_eq!(native.call("list", &json!({})).ok(200), json!([]));
}

fn drivers_are_told_apart_as_over_http(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let trip = rider.request("A", "B");
    driver.accept(&trip).ok(200);
    let mut native = service.driver("eve").native();
    for action in ["retrieve", "subscribe_instance", "arrive"] {
        native.call(action, &pk_of(&trip)).not_found();
    }
    let by_key = json!({"pk": nk(&trip)});
    for action in ["arrive", "start", "complete"] {
        let data = native
            .call(action, &by_key)
            .refused(403, "This trip is not yours.");
        assert_eq!(
            data,
            json!({"code": "not-your-trip", "trip_status": "STARTED"})
        );
    }
    let patch = json!({"pk": nk(&trip), "data": {"status": "ARRIVED"}});
    let answer = native.call("patch", &patch);
    assert_eq!(
        answer.refused(403, "This trip is not yours.")["code"],
        "not-your-trip"
    );
}

fn the_loser_of_an_acceptance_is_told_so(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let trip = rider.request("A", "B");
    let mut winner = driver.native();
    let mut loser = service.driver("ben").native();
    winner.call("accept", &pk_of(&trip)).ok(200);
    let text = "Another driver has taken this trip.";
    let answer = loser.call("accept", &pk_of(&trip));
    answer.conflict(text, "already-taken", "STARTED");
    let patch = json!({"pk": nk(&trip), "data": {"status": "STARTED"}});
    let answer = loser.call_in("trips", "patch", &patch);
    answer.conflict(text, "already-taken", "STARTED");
    let other = rider.request("C", "D");
    let busy = winner
        .call("accept", &pk_of(&other))
        .refused(409, "You already have an active trip.");
    assert_eq!(busy, json!({"code": "driver-busy"}));
    assert_eq!(
        loser.call("accept", &pk_of(&other)).ok(200)["status"],
        "STARTED"
    );
}

fn a_pk_of_another_form_is_unknown(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    rider.request("A", "B");
    let (mut native, mut driver) = (rider.native(), service.driver("bob").native());
    let forms = [
        json!("abc"),
        json!(""),
        json!(true),
        json!(null),
        json!([1]),
        json!({"id": 1}),
        json!(1.5),
        json!(0),
        json!(-1),
        json!(1e300),
        json!("0".repeat(32)),
        json!("x".repeat(4000)),
    ];
    for pk in &forms {
        let data = json!({"status": "STARTED", "reason": "x", "pick_up_address": "C", "drop_off_address": "D"});
        for action in [
            "retrieve",
            "update",
            "patch",
            "delete",
            "cancel",
            "subscribe_instance",
            "unsubscribe_instance",
        ] {
            let fields = json!({"pk": pk, "data": {"pick_up_address": "C", "drop_off_address": "D", "reason": "x"}});
            native.wrong(action, &fields).not_found();
        }
        for action in ["join", "leave", "send"] {
            let fields = json!({"pk": pk, "data": {"message": "x"}});
            native.wrong_in("chat", action, &fields).not_found();
        }
        for action in ["patch", "accept", "arrive", "start", "complete"] {
            driver
                .wrong(action, &json!({"pk": pk, "data": data}))
                .not_found();
        }
    }
    native.wrong("retrieve", &json!({})).not_found();
    assert_eq!(native.call("list", &json!({})).ok(200)[0]["id"], 1);
}

fn fields_that_break_rules_are_named(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let mut native = rider.native();
    let cases = [
        (json!({"drop_off_address": "B"}), "pick_up_address"),
        (
            json!({"pick_up_address": "", "drop_off_address": "B"}),
            "pick_up_address",
        ),
        (
            json!({"pick_up_address": "A", "drop_off_address": "x".repeat(256)}),
            "drop_off_address",
        ),
        (
            json!({"pick_up_address": "A", "drop_off_address": "B", "rider": rider.id + 1}),
            "rider",
        ),
        (
            json!({"pick_up_address": "A", "drop_off_address": "B", "status": "STARTED"}),
            "status",
        ),
        (
            json!({"pick_up_address": "A", "drop_off_address": "B", "pick_up_location": {"lat": 91, "lon": 0}}),
            "pick_up_location",
        ),
    ];
    for (data, field) in &cases {
        native.wrong("create", &json!({"data": data})).breaks(field);
    }
    native.wrong("create", &json!({"data": [1]})).breaks("data");
    for field in ["id", "rider", "driver", "status"] {
        native.wrong("list", &json!({field: "king"})).breaks(field);
        let fields = json!({field: "king"});
        native
            .wrong("subscribe_trip_activity", &fields)
            .breaks(field);
    }
    let trip = native.call("create", &CREATE("A")).ok(201);
    let mut operator = service.operator("oz").native();
    let rule = operator.call("cancel", &pk_of(&trip)).breaks("reason");
    assert_eq!(rule, "This field is required.");
    let fields = json!({"pk": trip["id"], "data": {"status": "EXPIRED", "reason": "x"}});
    operator.wrong("end", &fields).breaks("status");
    let fields = json!({"pk": trip["id"], "request_id": null});
    let rule = native
        .wrong("subscribe_instance", &fields)
        .breaks("request_id");
    assert_eq!(rule, "This field is required.");
}

fn commands_that_are_not_possible_say_the_state(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let mut operator = service.operator("oz").native();
    let (mut native, mut of_driver) = (rider.native(), driver.native());
    let trip = rider.request("A", "B");
    let text = |status: &str, verb: &str| format!("A trip that is {status} does not allow {verb}.");
    let answer = of_driver.call("arrive", &pk_of(&trip));
    answer.conflict(&text("REQUESTED", "arrive"), "not-possible", "REQUESTED");
    let fields = json!({"pk": trip["id"], "data": {"status": "COMPLETED", "reason": "x"}});
    let answer = operator.call("end", &fields);
    answer.conflict(&text("REQUESTED", "end"), "not-possible", "REQUESTED");
    for verb in ["accept", "start", "complete"] {
        of_driver.call(verb, &pk_of(&trip)).ok(200);
    }
    let answer = native.call("cancel", &pk_of(&trip));
    answer.conflict(&text("COMPLETED", "cancel"), "not-possible", "COMPLETED");
    let active: Vec<Value> = (0..3)
        .map(|_| native.call("create", &CREATE("A")).ok(201))
        .collect();
    let text = "You already have 3 active trips, which is as many as you may have.";
    let data = native.call("create", &CREATE("A")).refused(409, text);
    assert_eq!(data, json!({"code": "too-many-trips"}));
    assert_eq!(active.len(), 3);
}
