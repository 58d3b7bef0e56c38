//! Members of a command that the service does not know: it refuses them by name, except those that older clients send
//! along.

use serde_json::{Map, Value, json};

use crate::dcrf::pk_of;
use crate::harness::{
    Answer, Client, Database, Driver, Native, Operator, Rider, Service, Test, nk, tests,
};

pub fn tests() -> Vec<Test> {
    tests![
        every_command_over_http_names_what_it_does_not_know,
        every_native_action_names_what_it_does_not_know,
        data_of_native_actions_is_read_as_closely,
        a_wheelchair_is_not_promised,
        a_field_without_a_value_is_named_too,
        what_cannot_be_changed_is_named,
        a_whole_trip_is_sent_back,
        older_clients_send_more_than_is_asked_for,
        a_list_is_not_narrowed_by_what_is_unknown,
        the_dialects_of_the_course_pass_over_everything,
    ]
}

const RULE: &str = "There is no such field here.";

/// An account of each role, and a requested trip.
fn people(service: &Service) -> (Rider, Driver, Operator, Value) {
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let trip = rider.request("A", "B");
    (rider, driver, service.operator("olga"), trip)
}

#[track_caller]
fn is_named(answer: &Answer, field: &str, rule: &str) {
    let body = answer.names_field(field);
    assert_eq!(body["errors"][field], json!([rule]));
}

/// The paths come from the OpenAPI description; each is called with every role.
fn every_command_over_http_names_what_it_does_not_know(on: Database) {
    let service = Service::start(on);
    let (rider, driver, operator, trip) = people(&service);
    let document = rider.get("/openapi.json").ok(200);
    let paths = document["paths"].as_object().expect("there are paths");
    let commands: Vec<&String> = paths
        .iter()
        .filter(|(_, methods)| methods.get("post").is_some())
        .map(|(path, _)| path)
        .collect();
    assert!(commands.len() > 20, "{commands:?}");
    for path in commands {
        let path = path.replace("{nk}", nk(&trip));
        let people: [&Client; 3] = [&rider.0, &driver.0, &operator.0];
        let fields = json!({"unheard_of": 1});
        let mut answers = people.map(|client| client.post(&path, &fields)).into_iter();
        let named = answers.find(|answer| answer.status == 400);
        let named = named.unwrap_or_else(|| panic!("no role was refused at {path}"));
        is_named(&named, "unheard_of", RULE);
    }
    assert_eq!(rider.trips(), [trip]);
}

fn every_native_action_names_what_it_does_not_know(on: Database) {
    let service = Service::start(on);
    let (rider, driver, operator, trip) = people(&service);
    let mut rider = rider.native();
    let mut driver = driver.native();
    let mut operator = operator.native();
    let names = |native: &mut Native, stream: &str, actions: &[&str]| {
        for action in actions {
            let mut fields = about(&trip, action);
            fields["unheard_of"] = json!(1);
            fields["data"] = complete();
            let answer = native.wrong_in(stream, action, &fields);
            assert_eq!(answer.breaks("unheard_of"), RULE, "{action}");
        }
    };
    names(
        &mut rider,
        "trips",
        &[
            "create",
            "list",
            "retrieve",
            "patch",
            "delete",
            "cancel",
            "subscribe_instance",
            "unsubscribe_instance",
            "subscribe_trip_activity",
            "unsubscribe_trip_activity",
            "subscribe_position",
            "unsubscribe_position",
            "ride_code",
        ],
    );
    names(&mut rider, "chat", &["join", "leave"]);
    let shown = &["subscribe", "unsubscribe", "list"];
    names(&mut rider, "notifications", shown);
    let driving = &[
        "accept",
        "arrive",
        "complete",
        "no_show",
        "receive",
        "decline",
        "shift",
        "end_shift",
        "hint",
    ];
    names(&mut driver, "trips", driving);
    names(&mut operator, "trips", &["list", "retrieve"]);
    assert_eq!(rider.call("list", &json!({})).ok(200), json!([trip]));
}

/// The fields that name the trip, for actions on a trip; otherwise none.
fn about(trip: &Value, action: &str) -> Value {
    let alone = [
        "create",
        "list",
        "subscribe_trip_activity",
        "unsubscribe_trip_activity",
        "quote",
        "resume",
        "refresh",
        "shift",
        "begin_shift",
        "end_shift",
        "hint",
        "position",
        "subscribe",
        "unsubscribe",
        "read",
    ];
    if alone.contains(&action) {
        json!({})
    } else {
        pk_of(trip)
    }
}

/// The data that every action in these tests accepts.
fn complete() -> Value {
    json!({"pick_up_address": "A", "drop_off_address": "B"})
}

fn data_of_native_actions_is_read_as_closely(on: Database) {
    let service = Service::start(on);
    let (rider, driver, operator, trip) = people(&service);
    let place = json!({"lat": 48.1, "lon": 11.6});
    let route = json!({"pick_up_location": place, "drop_off_location": place});
    let reason = json!({"reason": "x"});
    let ending = json!({"reason": "x", "status": "COMPLETED"});
    let fare = json!({"reason": "x", "amount": 1});
    let begun = json!({"class": "standard"});
    let mut natives = [rider.native(), driver.native(), operator.native()];
    for (who, stream, action, data) in [
        (0, "trips", "create", complete()),
        (0, "trips", "patch", json!({})),
        (0, "trips", "update", complete()),
        (0, "trips", "quote", route),
        (0, "trips", "cancel", json!({})),
        (0, "trips", "resume", json!({"positions": []})),
        (0, "trips", "refresh", json!({"refresh": "x"})),
        (0, "chat", "send", json!({"message": "x"})),
        (0, "notifications", "read", json!({"all": true})),
        (1, "trips", "start", json!({})),
        (1, "trips", "give_back", reason.clone()),
        (1, "trips", "begin_shift", begun),
        (1, "trips", "position", place),
        (2, "trips", "cancel", reason),
        (2, "trips", "end", ending),
        (2, "trips", "set_fare", fare),
    ] {
        let mut fields = about(&trip, action);
        fields["data"] = data;
        fields["data"]["unheard_of"] = json!({"a": 1});
        let answer = natives[who].wrong_in(stream, action, &fields);
        assert_eq!(answer.breaks("unheard_of"), RULE, "{action}");
    }
    // Actions without data ignore it.
    let mut fields = pk_of(&trip);
    fields["data"] = json!({"unheard_of": 1});
    assert_eq!(natives[0].wrong("retrieve", &fields).ok(200), trip);
    let given = natives[1].wrong("accept", &fields).ok(200);
    assert_eq!(given["status"], "STARTED");
}

fn a_wheelchair_is_not_promised(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    for field in ["wheelchair", "note", "phone", "vehicle_features"] {
        let mut fields = complete();
        fields[field] = json!(true);
        is_named(&rider.ask(&fields), field, RULE);
        let form = format!("pick_up_address=A&drop_off_address=B&{field}=true");
        is_named(
            &rider.call("POST", "/api/trip/").form(&form).send(),
            field,
            RULE,
        );
        let data = json!({"data": fields});
        let answer = rider.native().wrong("create", &data);
        assert_eq!(answer.breaks(field), RULE);
    }
    let mut fields = complete();
    fields["class"] = json!("wheelchair");
    rider.ask(&fields).names_field("class");
    assert_eq!(rider.trips(), [0; 0].map(Value::from));
}

fn a_field_without_a_value_is_named_too(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let mut fields = complete();
    fields["note"] = json!("");
    is_named(&rider.ask(&fields), "note", RULE);
    let form = "pick_up_address=A&drop_off_address=B&note=";
    let answer = rider.call("POST", "/api/trip/").form(form).send();
    is_named(&answer, "note", RULE);
    let answer = rider.native().wrong("create", &json!({"data": fields}));
    assert_eq!(answer.breaks("note"), RULE);
    // A form of one name without a value may be a text that is not a form, such as a secret.
    let answer = rider.call("POST", "/api/trip/").form("hunter2").send();
    is_named(&answer, "(unreadable name)", RULE);
    assert!(!answer.text.contains("hunter2"), "{}", answer.text);
}

fn what_cannot_be_changed_is_named(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let mut native = rider.native();
    let trip = rider.request("A", "B");
    let fixed = "This is not the trip's, and cannot be changed here.";
    for (field, value, rule) in [
        ("note", json!("second bell"), RULE),
        ("phone", json!("555"), RULE),
        ("pick_up_at", json!("2030-01-01T00:00:00Z"), fixed),
        ("class", json!("van"), fixed),
        ("passengers", json!(3), fixed),
        (
            "quote",
            json!("0".repeat(32)),
            "A quote is for a new trip: a change is quoted anew.",
        ),
    ] {
        for more in [json!({}), json!({"drop_off_address": "C"})] {
            let mut fields = pk_of(&trip);
            fields["data"] = more;
            fields["data"][field] = value.clone();
            let answer = native.wrong("patch", &fields);
            assert_eq!(answer.breaks(field), rule);
        }
    }
    assert_eq!(rider.trip(nk(&trip)), trip);
    // Removing the value of such a field is a change, too.
    let booking = rider
        .ask(&json!({
            "pick_up_address": "A", "drop_off_address": "B", "class": "standard", "passengers": 2,
            "pick_up_at": crate::bookings::later(&rider, 3_600),
        }))
        .ok(201);
    for data in [json!({"pick_up_at": null}), json!({"passengers": null})] {
        let field = data
            .as_object()
            .and_then(|data| data.keys().next().cloned());
        let mut fields = pk_of(&booking);
        fields["data"] = data;
        let answer = native.wrong("patch", &fields);
        assert_eq!(answer.breaks(&field.expect("the data has a field")), fixed);
    }
}

fn a_whole_trip_is_sent_back(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let mut native = rider.native();
    let booking = rider
        .ask(&json!({
            "pick_up_address": "A", "drop_off_address": "B", "passengers": 2,
            "pick_up_at": crate::bookings::later(&rider, 3_600),
        }))
        .ok(201);
    let mut whole = booking.clone();
    whole["drop_off_address"] = json!("C");
    let fields = json!({"pk": booking["id"], "data": whole});
    let changed = native.call("update", &fields).ok(200);
    assert_eq!(changed["drop_off_address"], "C");
    assert_eq!(changed["pick_up_at"], booking["pick_up_at"]);
    // The trip's members make a new order.
    let again = rider.ask(&changed).ok(201);
    assert_eq!(again["pick_up_at"], booking["pick_up_at"]);
    assert_ne!(again["nk"], booking["nk"]);
    let trip = rider.request("A", "B");
    let mut whole = trip.clone();
    whole["status"] = json!("STARTED");
    whole["driver"] = driver.party();
    let fields = json!({"pk": trip["id"], "data": whole});
    let taken = driver.native().call("update", &fields).ok(200);
    assert_eq!(taken["status"], "STARTED");
    // The whole trip may be the body of a command without fields.
    let arrived = driver.command_with(&taken, "arrive", &taken).ok(200);
    assert_eq!(arrived["status"], "ARRIVED");
    // Its members at the top level of a frame are ignored, too.
    let mut fields = taken.clone();
    fields["pk"] = taken["id"].clone();
    assert_eq!(native.wrong("retrieve", &fields).ok(200), arrived);
}

fn older_clients_send_more_than_is_asked_for(on: Database) {
    let service = Service::start(on);
    let along = json!({
        "group": "rider", "groups": ["rider"], "photo": null, "csrfmiddlewaretoken": "x",
    });
    let with = |more: Value| {
        let mut fields = along.clone();
        for (name, value) in more.as_object().cloned().unwrap_or_else(Map::new) {
            fields[name] = value;
        }
        fields
    };
    let http = service.http();
    let form = json!({"username": "zoe", "password1": "pAssw0rd!", "password2": "pAssw0rd!"});
    http.post("/api/sign_up/", &with(form)).ok(201);
    let credentials = json!({"username": "zoe", "password": "pAssw0rd!"});
    http.post("/api/log_in/", &with(credentials)).ok(200);
    let wrong = json!({"username": "zoe", "password": "pAssw0rd!", "otp": "123456"});
    is_named(&http.post("/api/log_in/", &wrong), "otp", RULE);
    let rider = service.rider("ann");
    let trip = rider.ask(&with(complete())).ok(201);
    rider.command_with(&trip, "cancel", &along).ok(200);
    assert_eq!(rider.post("/api/log_out/", &along).status, 204);
}

fn a_list_is_not_narrowed_by_what_is_unknown(on: Database) {
    let service = Service::start(on);
    let (rider, driver, operator, trip) = people(&service);
    let rule = "Nothing here is asked for by this.";
    let path = format!("/api/trip/{}/", nk(&trip));
    let one = &path[..];
    for (client, path, query, field) in [
        (&rider.0, "/api/trip/", "status=COMPLETED", "status"),
        (&operator.0, "/api/trip/", "rider=7&format=json", "rider"),
        (&driver.0, "/api/trip/", "_=1&limit=5", "limit"),
        (&rider.0, one, "fields=id", "fields"),
        (&rider.0, "/api/notifications/", "unread=true", "unread"),
        (&driver.0, "/api/shift/", "at=now", "at"),
        (&operator.0, "/api/supply/", "area=town", "area"),
        (&rider.0, "/api/events/", "once=true&kind=accepted", "kind"),
    ] {
        is_named(&client.get(&format!("{path}?{query}")), field, rule);
    }
    let along = "format=json&_=1700000000&last_event_id=&lastEventId=";
    for path in ["/api/trip/", one, "/api/notifications/"] {
        let plain = rider.get(path).ok(200);
        assert_eq!(rider.get(&format!("{path}?{along}")).ok(200), plain);
        let by_query = format!("{path}?token={}&{along}", rider.access);
        assert_eq!(service.http().get(&by_query).ok(200), plain);
    }
    let events = rider.get(&format!("/api/events/?once=true&{along}"));
    assert_eq!(events.status, 200, "{}", events.text);
    // The same holds on a socket, where a member of the trip would be a filter.
    let mut native = rider.native();
    for (action, filter) in [
        ("list", json!({"pick_up_address": "A"})),
        ("list", json!({"limit": 1, "created": "x"})),
        ("subscribe_trip_activity", json!({"area": "town"})),
    ] {
        let answer = native.wrong(action, &filter);
        let errors = &answer.0["errors"][0];
        assert_eq!(answer.0["response_status"], 400, "{}", answer.0);
        assert!(
            errors.as_object().is_some_and(|all| all.len() == 1),
            "{errors}"
        );
    }
    let filters = json!({"rider": rider.id, "status": "REQUESTED"});
    assert_eq!(native.call("list", &filters).ok(200), json!([trip]));
}

fn the_dialects_of_the_course_pass_over_everything(on: Database) {
    let service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let (mut phone, mut car) = (rider.connect(), driver.connect());
    let mut frame = rider.request_frame("A", "B");
    frame["unheard_of"] = json!({"a": [1]});
    phone.send_wrong(&frame);
    let trip = phone.next();
    assert_eq!(trip["status"], "REQUESTED", "{trip}");
    car.hears(&trip, "REQUESTED");
    let mut frame = driver.update_frame(&trip, "STARTED");
    frame["unheard_of"] = json!(1);
    frame["pick_up_at"] = json!("tomorrow");
    car.send_wrong(&frame);
    phone.hears(&trip, "STARTED");
}
