//! Logging in: the answer, its tokens, and the refusals.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::harness::{Database, PASSWORD, Service, Test, keys, sign_up_form, tests};

pub fn tests() -> Vec<Test> {
    tests![
        logging_in_answers_account_and_tokens,
        the_access_token_names_its_bearer_and_its_key,
        a_page_reads_any_name_from_the_token,
        a_failed_log_in_can_be_shown_by_the_courses_page,
        log_in_does_not_tell_whether_a_name_exists,
        logging_in_needs_both_fields,
        guessing_passwords_is_slowed_down,
        a_driver_waits_for_approval_where_that_is_asked_for,
    ]
}

const SIGN_UP: &str = "/api/sign_up/";

const LOG_IN: &str = "/api/log_in/";

fn logging_in_answers_account_and_tokens(on: Database) {
    let service = Service::start(on);
    let mut form = sign_up_form("ann", "rider");
    form["first_name"] = json!("Ann");
    let id = service.http().post(SIGN_UP, &form).ok(201)["id"].clone();
    let answer = service
        .http()
        .post(LOG_IN, &json!({"username": "ann", "password": PASSWORD}));
    let body = answer.ok(200);
    let order = [
        "id",
        "username",
        "first_name",
        "last_name",
        "group",
        "groups",
        "access",
        "refresh",
        "auth_token",
    ];
    assert_eq!(keys(&answer.text), order);
    assert_eq!((&body["id"], &body["username"]), (&id, &json!("ann")));
    assert_eq!(
        (&body["first_name"], &body["last_name"]),
        (&json!("Ann"), &json!(""))
    );
    assert_eq!(
        (&body["group"], &body["groups"]),
        (&json!("rider"), &json!(["rider"]))
    );
    assert_eq!(body["auth_token"], body["access"]);
    assert_ne!(body["refresh"], body["access"]);
}

/// The course's clients read the token like this, without checking it.
fn the_access_token_names_its_bearer_and_its_key(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let parts: Vec<&str> = rider.access.split('.').collect();
    let part = |n: usize| -> Value {
        let json = URL_SAFE_NO_PAD
            .decode(parts[n])
            .expect("a part of a JWT is base64");
        serde_json::from_slice(&json).expect("a part of a JWT is JSON")
    };
    let (head, claims) = (part(0), part(1));
    assert_eq!((parts.len(), &head["alg"]), (3, &json!("HS256")));
    assert!(
        head["kid"].as_str().is_some_and(|kid| !kid.is_empty()),
        "{head}"
    );
    assert_eq!(
        (&claims["token_type"], &claims["group"]),
        (&json!("access"), &json!("rider"))
    );
    assert_eq!(
        (&claims["id"], &claims["username"]),
        (&json!(rider.id), &json!("ann"))
    );
    assert_eq!(
        (&claims["first_name"], &claims["last_name"]),
        (&json!(""), &json!(""))
    );
    assert!(
        claims["sid"].is_string() && claims["jti"].is_string(),
        "{claims}"
    );
    let time = |key: &str| claims[key].as_i64().expect("times are numbers");
    assert_eq!(time("exp") - time("iat"), 60 * 60);
}

/// Pages decode the claims with plain `atob`: standard base64, one character for each byte.
fn a_page_reads_any_name_from_the_token(on: Database) {
    let service = Service::start(on);
    let (first, last) = ("Zoë>?~ÿ", "李🚕");
    for length in 0..6 {
        let name = "z".repeat(length + 1);
        let mut form = sign_up_form(&name, "driver");
        form["first_name"] = json!(format!("{}{first}", &name));
        form["last_name"] = json!(last);
        service.http().post(SIGN_UP, &form).ok(201);
        let access = service.log_in(&name).access;
        let payload = access.split('.').nth(1).expect("a token has three parts");
        let bytes = STANDARD_NO_PAD
            .decode(payload)
            .expect("the claims are standard base64");
        let text: String = bytes.into_iter().map(char::from).collect();
        let claims: Value = serde_json::from_str(&text).expect("claims are JSON");
        assert_eq!(claims["first_name"], form["first_name"]);
        assert_eq!(claims["last_name"], last);
        assert_eq!(claims["group"], "driver");
    }
}

/// The page reads each member, in order, as a list of sentences, and stops at the first that is something else.
fn a_failed_log_in_can_be_shown_by_the_courses_page(on: Database) {
    let service = Service::start(on);
    let answer = service
        .http()
        .post(LOG_IN, &json!({"username": "ann", "password": "wrong one"}));
    let body = answer.problem(401, "wrong-credentials");
    assert_eq!(keys(&answer.text)[0], "__all__");
    assert_eq!(body["__all__"], json!([body["detail"]]));
}

fn log_in_does_not_tell_whether_a_name_exists(on: Database) {
    let service = Service::start(on);
    service.rider("ann");
    let http = service.http();
    let wrong = http.post(
        LOG_IN,
        &json!({"username": "ann", "password": "wrong horse 7"}),
    );
    let unknown = http.post(
        LOG_IN,
        &json!({"username": "nobody", "password": "wrong horse 7"}),
    );
    wrong.problem(401, "wrong-credentials");
    assert_eq!((wrong.status, &wrong.text), (unknown.status, &unknown.text));
    for password in ["", "\u{0}", &"x".repeat(5000)] {
        let odd = http.post(LOG_IN, &json!({"username": "ann", "password": password}));
        let unknown = http.post(LOG_IN, &json!({"username": "nobody", "password": password}));
        assert_eq!((odd.status, &odd.text), (unknown.status, &unknown.text));
        assert!(odd.status == 400 || odd.status == 401, "{}", odd.text);
    }
}

fn logging_in_needs_both_fields(on: Database) {
    let service = Service::start(on);
    service
        .http()
        .post(LOG_IN, &json!({"username": "ann"}))
        .names_field("password");
    service
        .http()
        .post(LOG_IN, &json!({"password": PASSWORD}))
        .names_field("username");
}

/// protocol.md does not say how many guesses are allowed, so the test guesses until it is told to slow down.
fn guessing_passwords_is_slowed_down(on: Database) {
    let service = Service::with(on, &["--limits", "on"]);
    service.rider("ann");
    let http = service.http();
    for name in ["ann", "nobody"] {
        let guesses =
            (0..500).map(|n| json!({"username": name, "password": format!("guess number {n}")}));
        let mut answers = guesses.map(|guess| http.post(LOG_IN, &guess));
        let slowed = answers
            .find(|answer| answer.status != 401)
            .expect("500 guesses are too many");
        slowed.problem(429, "too-many-requests");
        let seconds = slowed.header("retry-after").map(str::parse::<u32>);
        assert!(matches!(seconds, Some(Ok(1..))), "{seconds:?}");
    }
}

fn a_driver_waits_for_approval_where_that_is_asked_for(on: Database) {
    let service = Service::with(on, &["--driver-sign-up", "approved"]);
    let http = service.http();
    http.post(SIGN_UP, &sign_up_form("bob", "driver")).ok(201);
    let credentials = json!({"username": "bob", "password": PASSWORD});
    let answer = http.post(LOG_IN, &credentials);
    answer.problem(401, "not-approved");
    assert!(answer.set_cookie("sessionid").is_none());
    let wrong = json!({"username": "bob", "password": "wrong horse 7"});
    http.post(LOG_IN, &wrong).problem(401, "wrong-credentials");
    service.rider("ann");
    service
        .home()
        .must_run(&["user", "approve", "--username", "bob"], "");
    let body = http.post(LOG_IN, &credentials).ok(200);
    assert_eq!(body["group"], "driver");
    service.log_in("bob").connect().heard_nothing();
}
