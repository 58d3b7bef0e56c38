//! Signing up with a multipart form, as the course's pages do, and the photos that accounts get by it.

use std::io::{Cursor, Read, Write};
use std::net::TcpStream;

use image::{ImageFormat, Rgb, RgbImage};
use serde_json::{Value, json};

use crate::harness::{
    Answer, DEADLINE, Database, Follower, Http, PASSWORD, Service, Socket, Test, eventually, keys,
    nk, tests,
};

pub fn tests() -> Vec<Test> {
    tests![
        a_page_signs_up_with_a_photo,
        a_page_signs_up_without_a_photo,
        a_photo_is_shown_with_its_person_everywhere,
        what_is_no_picture_is_named,
        a_file_of_more_than_5_mib_is_named,
        the_texts_of_a_form_are_bounded,
        a_broken_form_is_unreadable,
        other_paths_take_no_files,
        a_photo_goes_when_the_operator_takes_it_away,
        a_name_that_nobody_has_is_no_photo,
        an_address_that_tries_too_often_sends_no_photos,
        an_address_that_sends_slowly_keeps_nobody_else_out,
    ]
}

pub const SIGN_UP: &str = "/api/sign_up/";
const BOUNDARY: &str = "----a-line-that-nobody-writes";
const MULTIPART: &str = "multipart/form-data; boundary=----a-line-that-nobody-writes";

/// A picture of this width and format.
pub fn picture(width: u32, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    let picture = RgbImage::from_pixel(width, 60, Rgb([200, 30, 30]));
    picture.write_to(&mut file, format).expect("a picture");
    file.into_inner()
}

/// A form as a page sends it: texts, and a file with its name and content as `photo`.
pub fn form(texts: &[(&str, &str)], file: Option<(&str, &[u8])>) -> Vec<u8> {
    let mut form = Vec::new();
    for (name, text) in texts {
        let head =
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
        form.extend(head.bytes());
        form.extend(text.bytes());
        form.extend(b"\r\n");
    }
    if let Some((name, content)) = file {
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"{name}\"\r\nContent-Type: image/jpeg\r\n\r\n"
        );
        form.extend(head.bytes());
        form.extend(content);
        form.extend(b"\r\n");
    }
    form.extend(format!("--{BOUNDARY}--\r\n").bytes());
    form
}

fn texts<'a>(name: &'a str, group: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("username", name),
        ("first_name", "Zoë"),
        ("last_name", "Li"),
        ("password1", PASSWORD),
        ("password2", PASSWORD),
        ("group", group),
    ]
}

#[track_caller]
fn send(http: &Http, form: Vec<u8>) -> Answer {
    http.call("POST", SIGN_UP).body(MULTIPART, form).send()
}

/// Signs up as the page does, with a photo; gives the photo's path.
#[track_caller]
pub fn sign_up(service: &Service, name: &str, group: &str) -> String {
    let file = picture(40, ImageFormat::Png);
    let form = form(&texts(name, group), Some(("me.png", &file[..])));
    let account = send(&service.http(), form).ok(201);
    account["photo"]
        .as_str()
        .expect("the account has a photo")
        .to_owned()
}

fn a_page_signs_up_with_a_photo(on: Database) {
    let service = Service::start(on);
    let http = service.http();
    for (name, format) in [("ann", ImageFormat::Jpeg), ("amy", ImageFormat::Png)] {
        let file = picture(1_200, format);
        let answer = send(
            &http,
            form(&texts(name, "rider"), Some(("me.jpg", &file[..]))),
        );
        let account = answer.ok(201);
        assert_eq!(
            (&account["username"], &account["first_name"]),
            (&json!(name), &json!("Zoë"))
        );
        let path = account["photo"].as_str().expect("it has a photo");
        let shown = http.get(path);
        assert_eq!(shown.status, 200);
        assert_eq!(shown.header("content-type"), Some("image/jpeg"));
        assert_eq!(shown.header("x-content-type-options"), Some("nosniff"));
        let policy = shown.header("content-security-policy").unwrap_or_default();
        assert!(policy.contains("sandbox"), "{policy}");
        let stored = image::load_from_memory_with_format(&shown.bytes, ImageFormat::Jpeg);
        assert_eq!(stored.expect("the photo is a JPEG").width(), 512);
        assert_eq!(service.log_in(name).group, "rider");
    }
}

/// Pages send these values of `photo` when no file was chosen.
fn a_page_signs_up_without_a_photo(on: Database) {
    let service = Service::start(on);
    let http = service.http();
    for (name, photo) in [("ann", Some("")), ("amy", Some("undefined")), ("ada", None)] {
        let mut texts = texts(name, "driver");
        texts.extend(photo.map(|photo| ("photo", photo)));
        let account = send(&http, form(&texts, None)).ok(201);
        assert!(account.get("photo").is_none(), "{account}");
        assert_eq!(service.log_in(name).group, "driver");
    }
    let account = send(&http, form(&texts("abe", "rider"), Some(("", &b""[..])))).ok(201);
    assert!(account.get("photo").is_none(), "{account}");
}

fn a_photo_is_shown_with_its_person_everywhere(on: Database) {
    let service = Service::start(on);
    let (anns, bobs) = (
        sign_up(&service, "ann", "rider"),
        sign_up(&service, "bob", "driver"),
    );
    assert_ne!(anns, bobs);
    let credentials = json!({"username": "ann", "password": PASSWORD});
    let account = service.http().post("/api/log_in/", &credentials).ok(200);
    assert_eq!(account["photo"], anns);
    let (rider, driver) = (service.log_in("ann"), service.log_in("bob"));
    let mut phone = Socket::open(driver.address, "/taxi/", &driver.auth, &[]).expect("let in");
    let log = Follower::begin(&rider).0.vanish();
    let order = json!({"pick_up_address": "A", "drop_off_address": "B"});
    let trip = rider.post("/api/trip/", &order).ok(201);
    assert_eq!(trip["rider"]["photo"], anns);
    assert_eq!(phone.next()["data"], trip);
    let taken = driver.command(&trip, "accept").ok(200);
    assert_eq!(taken["driver"]["photo"], bobs);
    assert_eq!(phone.next()["data"], taken);
    assert_eq!(rider.trips(), std::slice::from_ref(&taken));
    // A replay gives the trip as it was at that time.
    let mut missed = Follower::go_on(&rider, log);
    for trip in [trip, taken] {
        assert_eq!(missed.next()["trip"], trip);
    }
}

fn what_is_no_picture_is_named(on: Database) {
    let service = Service::start(on);
    let http = service.http();
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>";
    for content in [
        &b""[..],
        &b"<script>alert(1)</script>"[..],
        &svg[..],
        &b"GIF89a"[..],
    ] {
        let answer = send(
            &http,
            form(&texts("ann", "rider"), Some(("me.jpg", content))),
        );
        answer.names_field("photo");
        assert_eq!(keys(&answer.text)[0], "photo");
    }
    let mut text = texts("ann", "rider");
    text.push(("photo", "me.jpg"));
    send(&http, form(&text, None)).names_field("photo");
    text.push(("group", "king"));
    let body = send(&http, form(&text, None)).names_field("photo");
    assert!(body["group"].is_array(), "{body}");
    // No account was created.
    send(&http, form(&texts("ann", "rider"), None)).ok(201);
    let file = picture(9, ImageFormat::Png);
    send(
        &http,
        form(&texts("ann", "rider"), Some(("me.png", &file[..]))),
    )
    .names_field("username");
}

fn a_file_of_more_than_5_mib_is_named(on: Database) {
    let service = Service::start(on);
    let http = service.http();
    let mut file = picture(40, ImageFormat::Jpeg);
    file.resize(5 * 1024 * 1024, 0);
    send(
        &http,
        form(&texts("ann", "rider"), Some(("me.jpg", &file[..]))),
    )
    .ok(201);
    file.push(0);
    let answer = send(
        &http,
        form(&texts("amy", "rider"), Some(("me.jpg", &file[..]))),
    );
    let body = answer.problem(413, "too-large");
    assert!(
        body["photo"].is_array() && keys(&answer.text)[0] == "photo",
        "{body}"
    );
    service
        .http()
        .post(
            "/api/log_in/",
            &json!({"username": "amy", "password": PASSWORD}),
        )
        .problem(401, "wrong-credentials");
}

fn the_texts_of_a_form_are_bounded(on: Database) {
    let service = Service::start(on);
    let http = service.http();
    let long = "x".repeat(16 * 1024);
    let mut one = texts("ann", "rider");
    one.push(("csrfmiddlewaretoken", long.as_str()));
    send(&http, form(&one, None)).problem(413, "too-large");
    let mut many = texts("ann", "rider");
    many.resize(300, ("n", ""));
    send(&http, form(&many, None)).problem(413, "too-large");
    let mut fits = texts("ann", "rider");
    fits.push(("csrfmiddlewaretoken", &long[..8 * 1024]));
    send(&http, form(&fits, None)).ok(201);
}

fn a_broken_form_is_unreadable(on: Database) {
    let service = Service::start(on);
    let http = service.http();
    let whole = form(&texts("ann", "rider"), None);
    let post = |kind: &str, body: &[u8]| http.call("POST", SIGN_UP).body(kind, body).send();
    for (kind, body) in [
        ("multipart/form-data", &whole[..]),
        ("multipart/form-data; boundary=another", &whole[..]),
        (MULTIPART, &whole[..whole.len() - 40]),
        (MULTIPART, &b"nothing of the kind"[..]),
        (MULTIPART, &b""[..]),
    ] {
        post(kind, body).problem(400, "unreadable");
    }
    let mut bytes = form(&[("username", "?")], None);
    let at = bytes
        .iter()
        .rposition(|byte| *byte == b'?')
        .expect("the form has the text");
    bytes[at] = 0xff;
    post(MULTIPART, &bytes).problem(400, "unreadable");
}

fn other_paths_take_no_files(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    for path in ["/api/log_in/", "/api/trip/"] {
        let body = form(&[("username", "ann")], None);
        let answer = rider.call("POST", path).body(MULTIPART, body).send();
        answer.problem(415, "unsupported-media");
    }
}

fn a_photo_goes_when_the_operator_takes_it_away(on: Database) {
    let service = Service::start(on);
    let path = sign_up(&service, "ann", "rider");
    let rider = service.log_in("ann");
    let order = json!({"pick_up_address": "A", "drop_off_address": "B"});
    let trip = rider.post("/api/trip/", &order).ok(201);
    let take_away = ["user", "remove-photo", "--username", "ann"];
    service.home().must_run(&take_away, "");
    service.http().get(&path).problem(404, "not-found");
    let trip = rider.trip(nk(&trip));
    assert!(trip["rider"].get("photo").is_none(), "{trip}");
    service.home().must_run(&take_away, "");
}

fn a_name_that_nobody_has_is_no_photo(on: Database) {
    let service = Service::start(on);
    let unknown = format!("/media/{}.jpg", "0".repeat(32));
    for path in [
        unknown.as_str(),
        "/media/me.jpg",
        "/media/..%2fcabrank.db",
        "/media/",
    ] {
        service.http().get(path).problem(404, "not-found");
    }
}

/// The service refuses before the body of the form is sent.
fn an_address_that_tries_too_often_sends_no_photos(on: Database) {
    let service = Service::with(on, &["--limits", "on"]);
    // More than an address may try at once, with some more for those that may try again meanwhile.
    let mut waiting: Vec<TcpStream> = (0..60).map(|_| begins(&service, "192.0.2.1")).collect();
    let last = waiting.last_mut().expect("there are sixty");
    assert_eq!(status(last), "429");
    let health: Value = service.http().get("/healthz").ok(200);
    assert!(health.is_object());
}

/// Sends the head of a request with a form, and none of its body.
fn begins(service: &Service, from: &str) -> TcpStream {
    let head = format!(
        "POST {SIGN_UP} HTTP/1.1\r\nHost: {}\r\nX-Forwarded-For: {from}\r\nContent-Type: {MULTIPART}\r\nContent-Length: 5000000\r\n\r\n",
        service.address
    );
    let mut stream = TcpStream::connect(service.address).expect("the service accepts connections");
    stream
        .set_read_timeout(Some(DEADLINE))
        .expect("it is a TCP socket");
    stream
        .write_all(head.as_bytes())
        .expect("the service reads");
    stream
}

/// The status of the answer.
#[track_caller]
fn status(stream: &mut TcpStream) -> String {
    let mut begin = [0; 12];
    stream.read_exact(&mut begin).expect("the service answers");
    String::from_utf8_lossy(&begin[9..]).into_owned()
}

fn an_address_that_sends_slowly_keeps_nobody_else_out(on: Database) {
    let proxy = ["--limits", "on", "--trusted-proxies", "127.0.0.1/32"];
    let service = Service::with(on, &proxy);
    let from = ["192.0.2.1", "192.0.2.2"];
    let slow: Vec<TcpStream> = (0..40).map(|n| begins(&service, from[n % 2])).collect();
    let is_answered = |stream: &&TcpStream| {
        stream.set_nonblocking(true).expect("it is a TCP socket");
        stream.peek(&mut [0]).is_ok()
    };
    eventually("all but three of each address are sent away", || {
        (slow.iter().filter(is_answered).count() == 34).then_some(())
    });
    let http = service.http();
    let call = http
        .call("POST", SIGN_UP)
        .header("X-Forwarded-For", "192.0.2.3");
    call.body(MULTIPART, form(&texts("ann", "rider"), None))
        .send()
        .ok(201);
}
