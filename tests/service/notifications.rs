//! Notifications from the service and from operators: who gets them, and when they count as read.

use std::thread;

use serde_json::{Value, json};

use crate::harness::{Client, Database, Operator, Service, Socket, Test, eventually, tests};

pub fn tests() -> Vec<Test> {
    tests![
        a_rider_is_told_that_the_driver_has_arrived,
        a_rider_is_told_that_no_driver_was_found,
        the_other_party_is_told_of_a_cancellation,
        an_operators_cancellation_is_told_to_both,
        the_unread_ones_come_on_connect_oldest_first,
        each_device_hears_each_notification_once,
        operators_tell_one_a_role_or_everybody,
        only_operators_tell,
        fields_that_break_rules_are_named,
        what_is_read_is_read_for_the_reader_alone,
        other_peoples_are_not_marked,
        frames_that_are_not_understood_are_refused,
        a_native_socket_subscribes_lists_and_reads,
        a_subscription_counts_or_tells_each_notification_once,
    ]
}

#[track_caller]
fn open(client: &Client) -> Socket {
    let path = "/ws/notifications/";
    let socket = Socket::open(client.address, path, &client.auth, &[]);
    socket.unwrap_or_else(|status| panic!("{} is not let in: {status}", client.username))
}

/// Sends a notification as an operator; `to` has the recipients.
#[track_caller]
fn notify(operator: &Operator, message: &str, to: Value) -> Value {
    let mut fields = to;
    fields["message"] = json!(message);
    operator.post("/api/notifications/", &fields).ok(201)
}

#[track_caller]
fn unread(client: &Client) -> (i64, Vec<Value>) {
    let answer = client.get("/api/notifications/").ok(200);
    let count = answer["unread"].as_i64().expect("a number");
    (count, answer["results"].as_array().expect("a list").clone())
}

#[track_caller]
fn texts(client: &Client) -> Vec<String> {
    let (count, results) = unread(client);
    let text = |object: &Value| object["message"].as_str().unwrap_or_default().to_owned();
    let texts: Vec<String> = results.iter().map(text).collect();
    assert_eq!(usize::try_from(count), Ok(texts.len()));
    texts
}

const NOTHING: [&str; 0] = [];

fn a_rider_is_told_that_the_driver_has_arrived(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let mut phone = open(&rider);
    let trip = driver.accept(&rider.request("A", "B")).ok(200);
    driver.arrive(&trip).ok(200);
    driver.arrive(&trip).ok(200);
    let notification = phone.next();
    assert_eq!(notification["message"], "Your driver has arrived.");
    assert_eq!(notification["audience"], format!("user:{}", rider.id));
    assert_eq!(unread(&rider), (1, vec![notification]));
    assert_eq!(texts(&driver), NOTHING);
    phone.heard_nothing();
}

fn a_rider_is_told_that_no_driver_was_found(on: Database) {
    let service = Service::with(on, &["--search-time", "1"]);
    let rider = service.rider("ann");
    let mut phone = open(&rider);
    rider.request("A", "B");
    let notification = phone.next();
    assert_eq!(
        notification["message"],
        "No driver was found for your trip."
    );
    assert_eq!(unread(&rider).1, [notification]);
}

fn the_other_party_is_told_of_a_cancellation(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let mut phone = open(&driver);
    rider.cancel(&rider.request("A", "B")).ok(200);
    let taken = driver.accept(&rider.request("C", "D")).ok(200);
    rider.cancel(&taken).ok(200);
    assert_eq!(phone.next()["message"], "Your trip was cancelled.");
    phone.heard_nothing();
    assert_eq!(texts(&driver), ["Your trip was cancelled."]);
    assert_eq!(texts(&rider), NOTHING, "the rider who cancels is not told");
}

fn an_operators_cancellation_is_told_to_both(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let operator = service.operator("oz");
    let (open, taken, ride) = (
        rider.request("1", "B"),
        rider.request("2", "B"),
        rider.request("3", "B"),
    );
    let reason = json!({"reason": "fog"});
    operator.command_with(&open, "cancel", &reason).ok(200);
    driver.accept(&taken).ok(200);
    operator.command_with(&taken, "cancel", &reason).ok(200);
    driver.accept(&ride).ok(200);
    driver.start(&ride).ok(200);
    let ending = json!({"reason": "fog", "status": "CANCELLED"});
    operator.command_with(&ride, "end", &ending).ok(200);
    let cancelled = "Your trip was cancelled.";
    assert_eq!(texts(&rider), [cancelled; 3]);
    assert_eq!(texts(&driver), [cancelled; 2]);
    assert_eq!(texts(&operator), NOTHING);
}

fn the_unread_ones_come_on_connect_oldest_first(on: Database) {
    let service = Service::start(on);
    let (rider, operator) = (service.rider("ann"), service.operator("oz"));
    let to = || json!({"user": "ann"});
    let mut sent: Vec<Value> = (0..3)
        .map(|n| notify(&operator, &format!("{n}"), to()))
        .collect();
    let mut phone = open(&rider);
    for notification in &sent {
        assert_eq!(phone.next(), *notification);
    }
    phone.send(&json!({"read": [sent[1]["id"]]}));
    assert_eq!(phone.next(), json!({"unread": 2}));
    phone.send(&json!({"read": []}));
    assert_eq!(phone.next(), json!({"unread": 2}));
    sent.remove(1);
    let mut again = open(&rider);
    for notification in &sent {
        assert_eq!(again.next(), *notification);
    }
    again.send(&json!({"read": "all"}));
    assert_eq!(again.next(), json!({"unread": 0}));
    assert_eq!(texts(&rider), NOTHING);
    let later = notify(&operator, "later", to());
    let mut once_more = open(&rider);
    for phone in [&mut phone, &mut again, &mut once_more] {
        assert_eq!(phone.next(), later);
        phone.heard_nothing();
    }
}

fn each_device_hears_each_notification_once(on: Database) {
    let service = Service::start(on);
    let (rider, operator) = (service.rider("ann"), service.operator("oz"));
    let mut phones = [open(&rider), open(&service.log_in("ann")), open(&rider)];
    let sent: Vec<Value> = (0..20)
        .map(|n| notify(&operator, &format!("{n}"), json!({"everybody": true})))
        .collect();
    for phone in &mut phones {
        for notification in &sent {
            assert_eq!(phone.next(), *notification);
        }
        phone.heard_nothing();
    }
    let (_, mut listed) = unread(&rider);
    listed.reverse();
    assert_eq!(listed, sent, "the newest comes first");
}

fn operators_tell_one_a_role_or_everybody(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let (eve, operator) = (service.rider("eve"), service.operator("oz"));
    let mut sockets = [&rider.0, &eve.0, &driver.0, &operator.0].map(open);
    let one = notify(&operator, "to ann", json!({"user": "ann"}));
    let role = notify(&operator, "to riders", json!({"role": "rider"}));
    let all = notify(&operator, "to all", json!({"everybody": true}));
    let drivers = notify(&operator, "to drivers", json!({"role": "driver"}));
    let operators = notify(&operator, "to operators", json!({"role": "operator"}));
    assert_eq!(one["audience"], format!("user:{}", rider.id));
    assert_eq!(
        (&role["audience"], &all["audience"]),
        (&json!("role:rider"), &json!("all"))
    );
    let expected = [
        vec![&one, &role, &all],
        vec![&role, &all],
        vec![&all, &drivers],
        vec![&all, &operators],
    ];
    for (socket, expected) in sockets.iter_mut().zip(expected) {
        for notification in expected {
            assert_eq!(socket.next(), *notification);
        }
        socket.heard_nothing();
    }
    assert_eq!(texts(&rider), ["to all", "to riders", "to ann"]);
    assert_eq!(texts(&driver), ["to drivers", "to all"]);
}

fn only_operators_tell(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let fields = json!({"message": "free rides", "everybody": true});
    for client in [&rider.0, &driver.0] {
        client
            .post("/api/notifications/", &fields)
            .problem(403, "not-allowed");
    }
    let nobody = service.http();
    nobody
        .post("/api/notifications/", &fields)
        .problem(401, "not-authenticated");
    nobody
        .get("/api/notifications/")
        .problem(401, "not-authenticated");
    assert_eq!(texts(&rider), NOTHING);
}

fn fields_that_break_rules_are_named(on: Database) {
    let service = Service::start(on);
    let (rider, operator) = (service.rider("ann"), service.operator("oz"));
    let cases = [
        (json!({"everybody": true}), "message"),
        (json!({"message": "", "everybody": true}), "message"),
        (
            json!({"message": "x".repeat(501), "everybody": true}),
            "message",
        ),
        (json!({"message": "x"}), "user"),
        (json!({"message": "x", "user": "nobody"}), "user"),
        (
            json!({"message": "x", "user": "ann", "role": "rider"}),
            "user",
        ),
        (json!({"message": "x", "role": "king"}), "role"),
        (json!({"message": "x", "everybody": false}), "everybody"),
        (
            json!({"message": "x", "user": "ann", "expires_in": 59}),
            "expires_in",
        ),
        (
            json!({"message": "x", "user": "ann", "expires_in": 2_592_001}),
            "expires_in",
        ),
        (
            json!({"message": "x", "user": "ann", "expires_in": "soon"}),
            "expires_in",
        ),
    ];
    for (fields, field) in cases {
        operator
            .post("/api/notifications/", &fields)
            .names_field(field);
    }
    for expires_in in [60, 2_592_000] {
        let fields = json!({"message": "x".repeat(500), "user": "ann", "expires_in": expires_in});
        operator.post("/api/notifications/", &fields).ok(201);
    }
    for fields in [json!({}), json!({"ids": "all"}), json!({"ids": ["x"]})] {
        rider
            .post("/api/notifications/read/", &fields)
            .names_field("ids");
    }
    assert_eq!(unread(&rider).0, 2);
}

fn what_is_read_is_read_for_the_reader_alone(on: Database) {
    let service = Service::start(on);
    let (rider, eve) = (service.rider("ann"), service.rider("eve"));
    let operator = service.operator("oz");
    let role = notify(&operator, "to riders", json!({"role": "rider"}));
    notify(&operator, "to all", json!({"everybody": true}));
    let read =
        |client: &Client, fields: &Value| client.post("/api/notifications/read/", fields).ok(200);
    let one = json!({"ids": [role["id"], 999_999]});
    for _ in 0..2 {
        assert_eq!(read(&rider, &one), json!({"unread": 1}));
    }
    assert_eq!(texts(&rider), ["to all"]);
    assert_eq!(texts(&eve), ["to all", "to riders"]);
    assert_eq!(read(&eve, &json!({"all": true})), json!({"unread": 0}));
    assert_eq!(texts(&eve), NOTHING);
    assert_eq!(texts(&rider), ["to all"]);
    assert_eq!(texts(&operator), ["to all"]);
    let late = service.rider("lea");
    assert_eq!(
        texts(&late),
        ["to all", "to riders"],
        "notifications to a role stay until they expire"
    );
}

fn other_peoples_are_not_marked(on: Database) {
    let service = Service::start(on);
    let (rider, eve) = (service.rider("ann"), service.rider("eve"));
    let operator = service.operator("oz");
    let own = notify(&operator, "to ann", json!({"user": "ann"}));
    let drivers = notify(&operator, "to drivers", json!({"role": "driver"}));
    let fields = json!({"ids": [own["id"], drivers["id"]]});
    eve.post("/api/notifications/read/", &fields).ok(200);
    assert_eq!(texts(&rider), ["to ann"]);
    assert_eq!(texts(&service.driver("bob")), ["to drivers"]);
}

fn frames_that_are_not_understood_are_refused(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let mut phone = open(&rider);
    for text in ["", "[]", "read"] {
        phone.send_text(text);
        phone.refused("unreadable");
    }
    for frame in [json!({}), json!({"read": "some"}), json!({"read": ["x"]})] {
        phone.send_wrong(&frame);
        let refused = phone.refused("invalid");
        assert!(refused["errors"]["read"].is_array(), "{refused}");
    }
    phone.send(&json!({"read": "all"}));
    assert_eq!(phone.next(), json!({"unread": 0}));
}

/// In each round, a notification is sent while the subscription begins.
fn a_subscription_counts_or_tells_each_notification_once(on: Database) {
    const ROUNDS: i64 = 20;
    let service = Service::start(on);
    let (rider, operator) = (service.rider("ann"), service.operator("oz"));
    let to = json!({"user": "ann"});
    let mut native = rider.native();
    for count in (0..ROUNDS).map(|round| 2 * round + 1) {
        let id = format!("sub {count}");
        let fields = json!({"request_id": id});
        let begun = thread::scope(|scope| {
            scope.spawn(|| notify(&operator, "meanwhile", to.clone()));
            native
                .call_in("notifications", "subscribe", &fields)
                .ok(201)
        });
        let counted = begun["unread"].as_i64().expect("a number");
        for _ in counted..count {
            assert_eq!(native.event(&id).ok(200)["message"], "meanwhile");
        }
        let last = notify(&operator, "afterwards", to.clone());
        assert_eq!(
            native.event(&id).ok(200),
            last,
            "{counted} of {count} counted"
        );
        native.heard_no_more(&id);
        native
            .call_in("notifications", "unsubscribe", &json!({}))
            .ok(204);
    }
}

fn a_native_socket_subscribes_lists_and_reads(on: Database) {
    let service = Service::start(on);
    let (rider, operator) = (service.rider("ann"), service.operator("oz"));
    let first = notify(&operator, "first", json!({"user": "ann"}));
    let mut native = rider.native();
    let stream = "notifications";
    let fields = json!({"request_id": "sub"});
    let begun = native.call_in(stream, "subscribe", &fields).ok(201);
    assert_eq!(begun, json!({"unread": 1}));
    let second = notify(&operator, "second", json!({"role": "rider"}));
    let event = native.event("sub");
    assert_eq!(event.0["action"], "notification");
    assert_eq!(event.ok(200), second);
    let listed = native.call_in(stream, "list", &json!({})).ok(200);
    assert_eq!(listed, json!({"unread": 2, "results": [second, first]}));
    let fields = json!({"data": {"ids": [first["id"]]}});
    let left = native.call_in(stream, "read", &fields).ok(200);
    assert_eq!(left, json!({"unread": 1}));
    let fields = json!({"data": {"all": true}});
    let left = native.call_in(stream, "read", &fields).ok(200);
    assert_eq!(left, json!({"unread": 0}));
    let wrong = native.wrong_in(stream, "read", &json!({"data": {}}));
    wrong.breaks("ids");
    let ended = native.call_in(stream, "unsubscribe", &json!({}));
    assert_eq!(ended.ok(204), Value::Null);
    notify(&operator, "third", json!({"user": "ann"}));
    eventually("the third is unread", || {
        (unread(&rider).0 == 1).then_some(())
    });
    native.call_in(stream, "list", &json!({})).ok(200);
    native.heard_no_more("sub");
}
