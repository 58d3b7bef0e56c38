//! The OpenAPI description, and the page that shows it.

use serde_json::{Value, json};

use crate::harness::{Answer, Database, Service, Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        the_description_names_every_path_and_method,
        every_code_of_the_contract_is_described,
        the_rules_of_fields_are_described,
        positions_are_described_in_both_forms,
        a_body_that_may_be_left_out_is_described_so,
        the_page_needs_nothing_from_elsewhere,
    ]
}

const PATHS: [(&str, &str); 34] = [
    ("/api/sign_up/", "post"),
    ("/media/{photo}", "get"),
    ("/api/log_in/", "post"),
    ("/api/log_out/", "post"),
    ("/api/token/refresh/", "post"),
    ("/api/trip/", "get"),
    ("/api/trip/", "post"),
    ("/api/trip/{nk}/", "get"),
    ("/api/trip/{nk}/accept/", "post"),
    ("/api/trip/{nk}/arrive/", "post"),
    ("/api/trip/{nk}/start/", "post"),
    ("/api/trip/{nk}/complete/", "post"),
    ("/api/trip/{nk}/cancel/", "post"),
    ("/api/trip/{nk}/end/", "post"),
    ("/api/trip/{nk}/receive/", "post"),
    ("/api/trip/{nk}/decline/", "post"),
    ("/api/trip/{nk}/give_back/", "post"),
    ("/api/trip/{nk}/no_show/", "post"),
    ("/api/trip/{nk}/code/", "get"),
    ("/api/trip/{nk}/position/", "get"),
    ("/api/trip/{nk}/track/", "get"),
    ("/api/trip/{nk}/dispatch/", "get"),
    ("/api/quote/", "post"),
    ("/api/shift/", "get"),
    ("/api/shift/", "post"),
    ("/api/shift/end/", "post"),
    ("/api/positions/", "post"),
    ("/api/hint/", "get"),
    ("/api/supply/", "get"),
    ("/api/events/", "get"),
    ("/api/notifications/", "post"),
    ("/rider/", "get"),
    ("/driver/", "get"),
    ("/healthz", "get"),
];

fn description(service: &Service) -> Value {
    service.http().get("/openapi.json").ok(200)
}

fn the_description_names_every_path_and_method(on: Database) {
    let service = Service::start(on);
    let description = description(&service);
    assert!(
        description["openapi"]
            .as_str()
            .is_some_and(|version| version.starts_with("3."))
    );
    for (path, method) in PATHS {
        let responses = &description["paths"][path][method]["responses"];
        assert!(
            responses
                .as_object()
                .is_some_and(|responses| !responses.is_empty()),
            "{method} {path}"
        );
    }
}

/// The refusals of a path that protocol.md lists must be in the description of that path, as problems.
fn every_code_of_the_contract_is_described(on: Database) {
    let service = Service::start(on);
    let description = description(&service);
    for (path, method, good, problems) in STATUSES {
        let responses = &description["paths"][path][method]["responses"];
        assert!(
            responses[good].is_object(),
            "{method} {path} may answer {good}"
        );
        for status in problems.split(' ') {
            let content = &responses[status]["content"]["application/problem+json"];
            let schema = &content["schema"]["$ref"];
            let problem = "#/components/schemas/Problem";
            assert_eq!(schema, problem, "{method} {path} may answer {status}");
        }
    }
}

const STATUSES: [(&str, &str, &str, &str); 18] = [
    ("/api/sign_up/", "post", "201", "400 413 415 429 503"),
    ("/api/log_in/", "post", "200", "400 401 429 503"),
    ("/api/trip/", "post", "201", "400 401 403 409 422 503"),
    ("/api/trip/{nk}/", "get", "200", "401 404"),
    (
        "/api/trip/{nk}/accept/",
        "post",
        "200",
        "401 403 404 409 422 503",
    ),
    (
        "/api/trip/{nk}/start/",
        "post",
        "200",
        "400 401 403 404 409 422 429 503",
    ),
    (
        "/api/trip/{nk}/give_back/",
        "post",
        "200",
        "400 401 403 404 409 422 503",
    ),
    (
        "/api/trip/{nk}/no_show/",
        "post",
        "200",
        "401 403 404 409 422 503",
    ),
    (
        "/api/trip/{nk}/receive/",
        "post",
        "200",
        "401 403 404 409 503",
    ),
    (
        "/api/trip/{nk}/decline/",
        "post",
        "200",
        "401 403 404 409 503",
    ),
    ("/api/trip/{nk}/code/", "get", "200", "401 403 404 503"),
    ("/api/trip/{nk}/position/", "get", "200", "401 404 409 503"),
    ("/api/trip/{nk}/track/", "get", "200", "401 404 503"),
    ("/api/quote/", "post", "200", "400 401 403 413 415 503"),
    ("/api/shift/", "post", "200", "400 401 403 409 413 415 503"),
    ("/api/shift/end/", "post", "200", "401 403 409 503"),
    (
        "/api/positions/",
        "post",
        "200",
        "400 401 403 409 413 415 503",
    ),
    ("/api/supply/", "get", "200", "401 403 503"),
];

fn the_rules_of_fields_are_described(on: Database) {
    let service = Service::start(on);
    let description = description(&service);
    for (form, field, least, most) in [
        ("SignUpForm", "username", Some(1), 150),
        ("SignUpForm", "password1", Some(8), 128),
        ("SignUpForm", "password2", Some(8), 128),
        ("SignUpForm", "first_name", None, 150),
        ("RequestForm", "pick_up_address", Some(1), 255),
        ("RequestForm", "drop_off_address", Some(1), 255),
        ("CancelForm", "reason", Some(1), 255),
        ("EndForm", "reason", Some(1), 255),
        ("GiveBackForm", "reason", Some(1), 255),
        ("RequestForm", "quote", Some(32), 32),
    ] {
        let schemas = &description["components"]["schemas"];
        let mut field = &schemas[form]["properties"][field];
        // The field may refer to a named schema, either directly or beside "or null".
        let named = field["oneOf"][0]["$ref"]
            .as_str()
            .or(field["$ref"].as_str());
        if let Some(name) = named.and_then(|named| named.rsplit('/').next()) {
            field = &schemas[name];
        }
        assert_eq!(field["minLength"].as_u64(), least, "{form} {field}");
        assert_eq!(field["maxLength"], most, "{form} {field}");
    }
    let parameters = &description["paths"]["/api/trip/{nk}/accept/"]["post"]["parameters"];
    let key = parameters
        .as_array()
        .into_iter()
        .flatten()
        .find(|parameter| parameter["name"] == "Idempotency-Key")
        .expect("the header is described");
    assert_eq!(key["schema"]["maxLength"], 255, "{key}");
    assert_eq!(key["required"], false, "{key}");
}

/// A generated client has types for a single position and for a list of positions.
fn positions_are_described_in_both_forms(on: Database) {
    let service = Service::start(on);
    let schemas = &description(&service)["components"]["schemas"];
    let reference = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    let forms = json!([reference("OnePosition"), reference("SeveralPositions")]);
    assert_eq!(schemas["PositionForm"]["oneOf"], forms);
    assert_eq!(schemas["OnePosition"]["required"], json!(["lat", "lon"]));
    let list = &schemas["SeveralPositions"]["properties"]["positions"];
    assert_eq!(list["items"], reference("OnePosition"));
    assert_eq!(
        (&list["minItems"], &list["maxItems"]),
        (&json!(1), &json!(100))
    );
}

/// A command whose fields are all optional needs no body.
fn a_body_that_may_be_left_out_is_described_so(on: Database) {
    let service = Service::start(on);
    let paths = &description(&service)["paths"];
    let body = |path: &str| paths[path]["post"]["requestBody"]["required"].clone();
    for path in ["cancel", "start", "give_back"] {
        assert_ne!(body(&format!("/api/trip/{{nk}}/{path}/")), true, "{path}");
    }
    assert_ne!(body("/api/shift/"), true);
    for path in ["/api/trip/{nk}/end/", "/api/quote/", "/api/positions/"] {
        assert_eq!(body(path), true, "{path}");
    }
    let rider = service.rider("ann");
    rider.cancel(&rider.request("A", "B")).ok(200);
}

fn the_page_needs_nothing_from_elsewhere(on: Database) {
    let service = Service::start(on);
    let http = service.http();
    let page = http.get("/docs/");
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(
        page.header("content-type")
            .is_some_and(|kind| kind.starts_with("text/html"))
    );
    let sources = sources(&page);
    assert!(!sources.is_empty(), "the page has scripts and styles");
    for source in sources {
        assert!(
            !source.contains("://") && !source.starts_with("//"),
            "{source} is on another host"
        );
        if source.starts_with("data:") {
            continue;
        }
        let path = match source.strip_prefix('/') {
            Some(_) => source,
            None => format!("/docs/{}", source.trim_start_matches("./")),
        };
        assert_eq!(http.get(&path).status, 200, "{path}");
    }
}

/// The addresses of everything that the page loads or links.
fn sources(page: &Answer) -> Vec<String> {
    let attributes = ["src=\"", "href=\""];
    let found = attributes
        .iter()
        .flat_map(|attribute| page.text.split(attribute).skip(1));
    found
        .filter_map(|rest| rest.split('"').next())
        .map(str::to_owned)
        .collect()
}
