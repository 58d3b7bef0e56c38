//! Secrets that must not get out, and forged tokens and hostile texts that must have no effect.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::harness::{Auth, Client, Database, Options, PASSWORD, Service, Socket, Test, nk, tests};

pub fn tests() -> Vec<Test> {
    tests![
        no_secret_reaches_the_log,
        no_secret_comes_back_in_a_refusal,
        keys_are_readable_by_their_owner_only,
        forged_tokens_are_refused,
        hostile_texts_stay_texts,
    ]
}

const WRONG: &str = "mistyped-secret-9";

/// All secrets of an account, and the parts of them that must not be seen either.
fn secrets_of(client: &Client) -> BTreeSet<String> {
    let signature = |token: &str| token.rsplit('.').next().unwrap_or_default().to_owned();
    let whole = [&client.access, &client.refresh, &client.cookie];
    let parts = whole
        .into_iter()
        .flat_map(|token| [token.clone(), signature(token)]);
    parts
        .chain([PASSWORD.to_owned(), WRONG.to_owned()])
        .collect()
}

fn no_secret_reaches_the_log(on: Database) {
    let mut service = Options::new(on).variable("CABRANK_LOG", "trace").start();
    let rider = service.rider("ann");
    let http = service.http();
    let query = Auth::Query(rider.access.clone());
    for auth in [
        Auth::Token(rider.access.clone()),
        query.clone(),
        Auth::Cookie(rider.cookie.clone()),
    ] {
        http.with(auth.clone()).get("/api/trip/").ok(200);
        http.with(auth.clone())
            .get("/api/trip/no-such-trip/")
            .problem(404, "not-found");
        http.with(auth.clone())
            .get("/nowhere/")
            .problem(404, "not-found");
        Socket::open(service.address, "/rider/", &auth, &[])
            .unwrap_or_else(|status| panic!("{status}"))
            .close();
        assert!(Socket::open(service.address, "/driver/", &auth, &[]).is_err());
    }
    http.with(Auth::Query(WRONG.to_owned()))
        .get("/api/trip/")
        .problem(401, "not-authenticated");
    http.with(Auth::Bearer(WRONG.to_owned()))
        .get("/api/trip/")
        .problem(401, "not-authenticated");
    http.post(
        "/api/log_in/",
        &json!({"username": "ann", "password": WRONG}),
    )
    .problem(401, "wrong-credentials");
    http.post("/api/token/refresh/", &json!({"refresh": WRONG}));
    for body in broken_bodies(&rider) {
        http.call("POST", "/api/log_in/")
            .body("application/json", body.clone())
            .send();
        http.call("POST", "/api/sign_up/")
            .body("application/json", body.clone())
            .send();
        http.call("POST", "/api/token/refresh/")
            .body("application/json", body)
            .send();
    }
    http.post("/api/token/refresh/", &json!({"refresh": rider.refresh}))
        .ok(200);
    assert_eq!(rider.post_nothing("/api/log_out/").status, 204);
    service.stop();
    let log = service.process().log();
    assert!(
        log.contains("/api/trip/"),
        "the log has the paths of requests"
    );
    for secret in secrets_of(&rider) {
        assert!(!log.contains(&secret), "{secret} is in the log");
    }
}

/// Bodies that contain secrets and are invalid in different ways.
fn broken_bodies(client: &Client) -> Vec<String> {
    let secrets = format!(
        "\"password\":[\"{WRONG}\"],\"refresh\":[\"{}\"]",
        client.refresh
    );
    vec![
        format!("{{\"username\":\"ann\",{secrets}"),
        format!("{{\"username\":7,{secrets}}}"),
        format!("{{{secrets},\"password1\":\"{WRONG}\",\"password2\":[\"{WRONG}\"]}}"),
        format!("[\"{WRONG}\"]"),
        format!("\"{WRONG}\""),
        WRONG.to_owned(),
    ]
}

fn no_secret_comes_back_in_a_refusal(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let http = service.http();
    let mut answers = Vec::new();
    for path in ["/api/log_in/", "/api/sign_up/", "/api/token/refresh/"] {
        for body in broken_bodies(&rider) {
            answers.push(
                http.call("POST", path)
                    .body("application/json", body.clone())
                    .send(),
            );
            answers.push(http.call("POST", path).form(&body).send());
        }
    }
    let mismatched = json!({"username": "amy", "password1": WRONG, "password2": PASSWORD});
    answers.push(http.post("/api/sign_up/", &mismatched));
    for token in [WRONG, &rider.access] {
        answers.push(http.with(Auth::Query(token.to_owned())).get("/nowhere/"));
        answers.push(
            http.with(Auth::Query(token.to_owned()))
                .get("/api/trip/no-such-trip/"),
        );
    }
    for answer in answers.iter().filter(|answer| answer.status >= 400) {
        for secret in secrets_of(&rider) {
            assert!(
                !answer.text.contains(&secret),
                "{secret} came back: {}",
                answer.text
            );
        }
    }
    assert!(
        answers.iter().filter(|answer| answer.status >= 400).count() > 12,
        "the refusals were checked"
    );
}

fn keys_are_readable_by_their_owner_only(on: Database) {
    let service = Service::start(on);
    let files = fs::read_dir(service.home().dir()).expect("the data directory is there");
    let files = files.map(|file| file.expect("the directory can be listed"));
    let keys: Vec<_> = files
        .filter(|file| file.file_name().to_string_lossy().contains("key"))
        .collect();
    assert!(
        !keys.is_empty(),
        "the generated key is kept in the data directory"
    );
    for file in keys {
        let mode = file
            .metadata()
            .expect("the file is there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{:?}", file.file_name());
    }
}

fn forged_tokens_are_refused(on: Database) {
    let service = Service::start(on);
    let (rider, operator) = (service.rider("ann"), service.operator("olga"));
    let [head, claims, signature]: [&str; 3] = rider
        .access
        .split('.')
        .collect::<Vec<_>>()
        .try_into()
        .expect("a JWT has three parts");
    let decoded = |part: &str| {
        URL_SAFE_NO_PAD
            .decode(part)
            .expect("a part of a JWT is base64")
    };
    let edited = |part: &str, key: &str, value: Value| {
        let mut json: Value =
            serde_json::from_slice(&decoded(part)).expect("a part of a JWT is JSON");
        json[key] = value;
        URL_SAFE_NO_PAD.encode(json.to_string())
    };
    let other_signature = operator.access.rsplit('.').next().unwrap_or_default();
    let forged = [
        format!("{}.{claims}.", edited(head, "alg", json!("none"))),
        format!(
            "{}.{claims}.{signature}",
            edited(head, "alg", json!("none"))
        ),
        format!(
            "{}.{claims}.{signature}",
            edited(head, "alg", json!("HS512"))
        ),
        format!(
            "{}.{claims}.{signature}",
            edited(head, "kid", json!("../../etc/passwd"))
        ),
        format!(
            "{head}.{}.{signature}",
            edited(claims, "group", json!("operator"))
        ),
        format!(
            "{head}.{}.{signature}",
            edited(claims, "id", json!(operator.id))
        ),
        format!("{head}.{claims}.{other_signature}"),
        format!("{head}.{claims}.{}", URL_SAFE_NO_PAD.encode([0; 32])),
        format!("{head}.{claims}"),
        String::new(),
    ];
    for token in forged {
        for auth in [
            Auth::Bearer(token.clone()),
            Auth::Query(token.clone()),
            Auth::Cookie(token.clone()),
        ] {
            rider
                .with(auth.clone())
                .get("/api/trip/")
                .problem(401, "not-authenticated");
            assert_eq!(
                Socket::open(service.address, "/rider/", &auth, &[]).err(),
                Some(401),
                "{token}"
            );
        }
    }
    assert!(rider.is_logged_in());
}

fn hostile_texts_stay_texts(on: Database) {
    let service = Service::with(on, &["--rider-trips", "10"]);
    let rider = service.rider("ann");
    for text in [
        "'; DROP TABLE trips; --",
        "$1",
        "%s%n",
        "{{7*7}}",
        "\u{202e}x\u{feff}",
        "\\u0041",
        "a\r\nX: y",
    ] {
        let trip = rider.request(text, text);
        assert_eq!(
            (&trip["pick_up_address"], &trip["drop_off_address"]),
            (&json!(text), &json!(text))
        );
        assert_eq!(rider.trip(nk(&trip)), trip);
    }
    for key in ["%27", "..%2f..", "0%00", "'", &"f".repeat(2000)] {
        rider
            .get(&format!("/api/trip/{key}/"))
            .problem(404, "not-found");
    }
}
