//! Signing up: the account in the answer, the rules of the fields, and unreadable bodies.

use serde_json::{Value, json};

use crate::harness::{
    Answer, Database, Http, PASSWORD, Service, Test, at_once, keys, sign_up_form, tests,
};

pub fn tests() -> Vec<Test> {
    tests![
        signing_up_answers_the_account_and_no_password,
        group_is_rider_unless_it_is_given,
        a_form_body_signs_up_and_logs_in_too,
        what_older_forms_have_besides_is_passed_over,
        names_of_people_are_kept_as_they_are_written,
        every_missing_field_is_named,
        a_field_of_another_type_is_named,
        a_taken_name_is_named,
        passwords_must_be_equal_and_neither_short_nor_long,
        usernames_have_only_plain_characters,
        names_must_not_be_too_long,
        nobody_signs_up_as_an_operator_or_as_something_unknown,
        a_body_of_another_type_is_unsupported,
        a_body_that_cannot_be_read_is_said_to_be_unreadable,
        a_body_over_16_kib_is_too_large,
        one_of_many_gets_a_name,
    ]
}

const SIGN_UP: &str = "/api/sign_up/";

const LOG_IN: &str = "/api/log_in/";

/// Ann's form with these values; null removes a field.
fn changed(changes: &Value) -> Value {
    let mut form = sign_up_form("ann", "rider");
    let fields = form.as_object_mut().expect("the form is an object");
    for (name, value) in changes.as_object().expect("changes are an object").clone() {
        fields.insert(name, value);
    }
    fields.retain(|_, value| !value.is_null());
    form
}

#[track_caller]
fn sign_up(http: &Http, changes: &Value) -> Answer {
    http.post(SIGN_UP, &changed(changes))
}

fn signing_up_answers_the_account_and_no_password(on: Database) {
    let service = Service::start(on);
    let answer = service
        .http()
        .post(SIGN_UP, &sign_up_form("bob@example.com", "driver"));
    let body = answer.ok(201);
    assert_eq!(
        keys(&answer.text),
        [
            "id",
            "username",
            "first_name",
            "last_name",
            "group",
            "groups"
        ]
    );
    let id = body["id"].as_i64().expect("the id is a number");
    let whole = json!({
        "id": id, "username": "bob@example.com", "first_name": "", "last_name": "", "group": "driver", "groups": ["driver"],
    });
    assert_eq!(body, whole);
}

fn group_is_rider_unless_it_is_given(on: Database) {
    let service = Service::start(on);
    let body = sign_up(&service.http(), &json!({"group": null})).ok(201);
    assert_eq!(body["group"], "rider");
    assert_eq!(service.log_in("ann").group, "rider");
}

fn a_form_body_signs_up_and_logs_in_too(on: Database) {
    let service = Service::start(on);
    let form = "username=zo%40example.com&password1=correct+horse+7&password2=correct%20horse%207&first_name=Zo%C3%AB";
    let body = service
        .http()
        .call("POST", SIGN_UP)
        .form(form)
        .send()
        .ok(201);
    assert_eq!(
        (&body["username"], &body["first_name"]),
        (&json!("zo@example.com"), &json!("Zoë"))
    );
    let form = "username=zo%40example.com&password=correct+horse+7";
    let body = service
        .http()
        .call("POST", LOG_IN)
        .form(form)
        .send()
        .ok(200);
    assert!(body["access"].is_string());
}

fn what_older_forms_have_besides_is_passed_over(on: Database) {
    let service = Service::start(on);
    let form = json!({"photo": "me.png", "id": 77, "groups": ["driver"]});
    let body = sign_up(&service.http(), &form).ok(201);
    assert_ne!(body["id"], 77);
    assert_eq!((body.get("photo"), &body["group"]), (None, &json!("rider")));
    let form = json!({"username": "amy", "is_staff": true});
    sign_up(&service.http(), &form).names_field("is_staff");
}

fn names_of_people_are_kept_as_they_are_written(on: Database) {
    let service = Service::start(on);
    let long = "\u{1f695}".repeat(150);
    let body = sign_up(
        &service.http(),
        &json!({"first_name": "Zoë \"Z\" </b>", "last_name": long}),
    )
    .ok(201);
    assert_eq!(
        (&body["first_name"], &body["last_name"]),
        (&json!("Zoë \"Z\" </b>"), &json!(long))
    );
}

fn every_missing_field_is_named(on: Database) {
    let service = Service::start(on);
    let answer = service.http().post(SIGN_UP, &json!({}));
    for field in ["username", "password1", "password2"] {
        let body = answer.names_field(field);
        assert_eq!(body[field], json!(["This field is required."]));
    }
    let answer = service
        .http()
        .call("POST", SIGN_UP)
        .form("username=ann")
        .send();
    answer.names_field("password1");
    let body = answer.names_field("password2");
    assert!(body["errors"].get("username").is_none(), "{body}");
}

fn a_field_of_another_type_is_named(on: Database) {
    let service = Service::start(on);
    let http = service.http();
    for field in ["username", "password1", "password2", "group", "first_name"] {
        sign_up(&http, &json!({field: 12_345_678})).names_field(field);
        sign_up(&http, &json!({field: ["ann"]})).names_field(field);
    }
    let mut form = sign_up_form("ann", "rider");
    form["username"] = Value::Null;
    http.post(SIGN_UP, &form).names_field("username");
}

fn a_taken_name_is_named(on: Database) {
    let service = Service::start(on);
    let http = service.http();
    sign_up(&http, &json!({})).ok(201);
    let answer = sign_up(&http, &json!({"group": "driver"}));
    let body = answer.names_field("username");
    // The course's pages read the members as lists, in order, up to the first that is not a list.
    assert_eq!(keys(&answer.text)[..2], ["username", "type"]);
    assert_eq!(
        body["username"],
        json!(["A user with that username already exists."])
    );
    assert_eq!(
        service.log_in("ann").group,
        "rider",
        "the account has not changed"
    );
}

fn passwords_must_be_equal_and_neither_short_nor_long(on: Database) {
    let service = Service::start(on);
    let http = service.http();
    sign_up(&http, &json!({"password2": "another horse 7"})).names_field("password2");
    for password in ["1234567".to_owned(), "x".repeat(129), String::new()] {
        let answer = sign_up(
            &http,
            &json!({"password1": password, "password2": password}),
        );
        answer.names_field("password1");
    }
    for (name, password) in [
        ("eight", "1234567\u{1f695}".to_owned()),
        ("most", "\u{e4}".repeat(128)),
    ] {
        sign_up(
            &http,
            &json!({"username": name, "password1": password, "password2": password}),
        )
        .ok(201);
        http.post(LOG_IN, &json!({"username": name, "password": password}))
            .ok(200);
    }
}

fn usernames_have_only_plain_characters(on: Database) {
    let service = Service::start(on);
    let http = service.http();
    for name in [
        "",
        " ",
        "ann smith",
        "ann/",
        "ann\n",
        "a\u{0}b",
        "<ann>",
        "ann'--",
    ] {
        sign_up(&http, &json!({"username": name})).names_field("username");
    }
    sign_up(&http, &json!({"username": "Ann.B+c-d_e@9"})).ok(201);
    service.log_in("Ann.B+c-d_e@9");
}

fn names_must_not_be_too_long(on: Database) {
    let service = Service::start(on);
    let http = service.http();
    sign_up(&http, &json!({"username": "x".repeat(151)})).names_field("username");
    sign_up(&http, &json!({"first_name": "x".repeat(151)})).names_field("first_name");
    sign_up(&http, &json!({"last_name": "\u{1f695}".repeat(151)})).names_field("last_name");
    sign_up(&http, &json!({"username": "x".repeat(150)})).ok(201);
}

fn nobody_signs_up_as_an_operator_or_as_something_unknown(on: Database) {
    let service = Service::start(on);
    for group in ["operator", "admin", "Rider"] {
        sign_up(&service.http(), &json!({"group": group})).names_field("group");
    }
    let answer = service
        .http()
        .post(LOG_IN, &json!({"username": "ann", "password": PASSWORD}));
    answer.problem(401, "wrong-credentials");
}

fn a_body_of_another_type_is_unsupported(on: Database) {
    let service = Service::start(on);
    let http = service.http();
    let form = sign_up_form("ann", "rider").to_string();
    for kind in [
        "text/plain",
        "application/xml",
        "multipart/mixed; boundary=x",
    ] {
        http.call("POST", SIGN_UP)
            .body(kind, form.clone())
            .send()
            .problem(415, "unsupported-media");
    }
    http.call("POST", SIGN_UP)
        .body("application/json; charset=utf-8", form)
        .send()
        .ok(201);
}

fn a_body_that_cannot_be_read_is_said_to_be_unreadable(on: Database) {
    let service = Service::start(on);
    let http = service.http();
    for body in ["{", "{\"username\":", "[]", "\"ann\"", "7", "null", "{} {}"] {
        http.call("POST", SIGN_UP)
            .body("application/json", body)
            .send()
            .problem(400, "unreadable");
        http.call("POST", LOG_IN)
            .body("application/json", body)
            .send()
            .problem(400, "unreadable");
    }
    http.call("POST", SIGN_UP)
        .body("application/json", [b'{', 0xff, b'}'])
        .send()
        .problem(400, "unreadable");
}

fn a_body_over_16_kib_is_too_large(on: Database) {
    let service = Service::start(on);
    let sized = |bytes: usize| {
        let form = changed(&json!({"csrfmiddlewaretoken": ""})).to_string();
        changed(&json!({"csrfmiddlewaretoken": "x".repeat(bytes - form.len())}))
    };
    let http = service.http();
    http.post(SIGN_UP, &sized(16 * 1024 + 1))
        .problem(413, "too-large");
    http.call("POST", LOG_IN)
        .form(&"x".repeat(16 * 1024 + 1))
        .send()
        .problem(413, "too-large");
    http.post(SIGN_UP, &sized(16 * 1024)).ok(201);
}

fn one_of_many_gets_a_name(on: Database) {
    let service = Service::start(on);
    let answers = at_once((0..16).map(|n| {
        let (http, group) = (service.http(), ["rider", "driver"][n % 2]);
        move || http.post(SIGN_UP, &sign_up_form("ann", group))
    }));
    let (made, refused): (Vec<&Answer>, Vec<&Answer>) =
        answers.iter().partition(|answer| answer.status == 201);
    assert_eq!(made.len(), 1, "{answers:?}");
    for answer in refused {
        answer.names_field("username");
    }
    assert_eq!(service.log_in("ann").group, made[0].json()["group"]);
}
