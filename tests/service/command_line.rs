//! The commands that an operator runs in a shell while the service runs.

use serde_json::json;

use crate::harness::{Database, Home, Options, PASSWORD, Service, Test, nk, sign_up_form, tests};

pub fn tests() -> Vec<Test> {
    tests![
        an_operator_is_made_on_the_command_line,
        riders_and_drivers_can_be_made_there_too,
        a_taken_name_or_a_short_password_is_refused,
        blocking_ends_sessions_and_sockets,
        a_new_password_ends_sessions_and_sockets,
        an_unknown_name_is_refused,
        nonsense_is_refused_with_usage,
        a_malformed_secret_is_not_repeated,
        the_log_alone_tells_every_trip,
        a_command_on_the_log_makes_no_database,
        a_wrong_town_file_stops_the_start,
        a_good_town_file_does_not,
    ]
}

const NEW_PASSWORD: &str = "another horse 8";

fn an_operator_is_made_on_the_command_line(on: Database) {
    let service = Service::start(on);
    let trip = service.rider("ann").request("A", "B");
    let operator = service.operator("olga");
    assert_eq!(operator.group, "operator");
    assert_eq!(operator.trip(nk(&trip)), trip);
    assert_eq!(operator.trips(), [trip]);
}

fn riders_and_drivers_can_be_made_there_too(on: Database) {
    let service = Service::with(on, &["--driver-sign-up", "approved"]);
    for role in ["rider", "driver"] {
        let arguments = [
            "user",
            "add",
            "--role",
            role,
            "--username",
            role,
            "--password-stdin",
        ];
        service
            .home()
            .must_run(&arguments, &format!("{PASSWORD}\n"));
        assert_eq!(service.log_in(role).group, role);
    }
}

fn a_taken_name_or_a_short_password_is_refused(on: Database) {
    let service = Service::start(on);
    service.rider("ann");
    for (name, password) in [
        ("ann", PASSWORD),
        ("olga", "short"),
        ("two words", PASSWORD),
    ] {
        let arguments = [
            "user",
            "add",
            "--role",
            "operator",
            "--username",
            name,
            "--password-stdin",
        ];
        let output = service.home().run(&arguments, password);
        assert!(!output.status.success(), "{name}");
        assert!(!output.stderr.is_empty(), "the reason is printed");
    }
    assert_eq!(service.log_in("ann").group, "rider");
}

fn blocking_ends_sessions_and_sockets(on: Database) {
    let service = Service::start(on);
    let (rider, other) = (service.rider("ann"), service.rider("amy"));
    let second = service.log_in("ann");
    let (mut phone, mut tablet, mut other_phone) =
        (rider.connect(), second.connect(), other.connect());
    service
        .home()
        .must_run(&["user", "block", "--username", "ann"], "");
    assert!(!rider.is_logged_in() && !second.is_logged_in());
    assert_eq!((phone.closed(), tablet.closed()), (4501, 4501));
    let credentials = json!({"username": "ann", "password": PASSWORD});
    assert_eq!(
        service.http().post("/api/log_in/", &credentials).status,
        401
    );
    assert_eq!(
        service
            .http()
            .post("/api/sign_up/", &sign_up_form("ann", "rider"))
            .status,
        400
    );
    assert!(other.is_logged_in());
    other_phone.heard_nothing();
}

fn a_new_password_ends_sessions_and_sockets(on: Database) {
    let service = Service::start(on);
    let rider = service.rider("ann");
    let mut phone = rider.connect();
    service.home().must_run(
        &["user", "password", "--username", "ann", "--password-stdin"],
        NEW_PASSWORD,
    );
    assert!(!rider.is_logged_in());
    assert_eq!(phone.closed(), 4501);
    let log_in = |password: &str| {
        service.http().post(
            "/api/log_in/",
            &json!({"username": "ann", "password": password}),
        )
    };
    log_in(PASSWORD).problem(401, "wrong-credentials");
    log_in(NEW_PASSWORD).ok(200);
}

fn an_unknown_name_is_refused(on: Database) {
    let service = Service::start(on);
    for arguments in [
        &["user", "block", "--username", "nobody"][..],
        &["user", "approve", "--username", "nobody"],
        &[
            "user",
            "password",
            "--username",
            "nobody",
            "--password-stdin",
        ],
    ] {
        let output = service.home().run(arguments, NEW_PASSWORD);
        assert!(!output.status.success(), "{arguments:?}");
        assert!(!output.stderr.is_empty(), "the reason is printed");
    }
}

fn nonsense_is_refused_with_usage(on: Database) {
    let service = Service::start(on);
    for arguments in [
        &["fly"][..],
        &["user", "add", "--role", "king", "--username", "x"],
        &["serve", "--fly"],
    ] {
        let output = service.home().run(arguments, "");
        assert!(!output.status.success(), "{arguments:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
}

/// Neither the parser of the command line nor the database's own library repeats it.
fn a_malformed_secret_is_not_repeated(on: Database) {
    let home = Home::new(on);
    for (flag, value) in [
        ("--database-url", "mysql://ann:hunter2@db/x"),
        ("--database-url", "postgres://ann:hunter2%@db/x"),
        ("--signing-keys", "k:hunter2"),
    ] {
        let output = home.run(&["serve", "--listen", "127.0.0.1:0", flag, value], "");
        assert!(!output.status.success(), "{flag}");
        for printed in [&output.stdout, &output.stderr] {
            let printed = String::from_utf8_lossy(printed);
            assert!(!printed.contains("hunter2"), "{printed}");
        }
    }
}

fn the_log_alone_tells_every_trip(on: Database) {
    let mut service = Service::start(on);
    let (rider, driver) = (service.rider("ann"), service.driver("bob"));
    let trip = rider.request("A", "B");
    rider.request("C", "D");
    driver.accept(&trip).ok(200);
    service.stop();
    let printed = service.home().must_run(&["replay", "--check"], "");
    assert_eq!(printed, "2 trips rebuilt from 3 events, 0 of them differ\n");
    let nothing_to_do = service.home().run(&["replay"], "");
    assert!(!nothing_to_do.status.success());
}

fn a_command_on_the_log_makes_no_database(on: Database) {
    let home = Home::new(on);
    let missing = home.dir().join("missing");
    let directory = missing
        .to_str()
        .expect("a temporary directory has a plain name");
    for command in [
        &["replay", "--check"][..],
        &["new-epoch"],
        &["migrate", "--down"],
    ] {
        let mut program = home.command(command);
        program
            .args(["--data-dir", directory])
            .env_remove("DATABASE_URL");
        let output = program.output().expect("the program starts");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{errors}");
        assert!(errors.contains("there is no database at"), "{errors}");
        assert!(!missing.exists(), "{command:?}");
    }
}

/// The message names the file, the field and the rule. By then no database was created.
fn a_wrong_town_file_stops_the_start(on: Database) {
    let home = Home::new(on);
    let file = home.dir().join("town.json");
    let path = file.to_str().expect("a temporary file has a plain name");
    let refused = |words: &[&str]| {
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--town", path];
        let output = home.run(&arguments, "");
        assert!(!output.status.success());
        let errors = String::from_utf8_lossy(&output.stderr);
        for word in words {
            assert!(errors.contains(word), "{word:?} in {errors}");
        }
        assert!(!home.dir().join("cabrank.db").exists());
    };
    refused(&[path, "No such file"]);
    std::fs::write(&file, "{\"offering\": {\"wave\": 4}}").expect("there is room");
    refused(&[path, "offering.wave", "must be from 1 to 3"]);
}

fn a_good_town_file_does_not(on: Database) {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/town.example.json");
    let by_flag = Service::with(on, &["--town", example]);
    assert!(by_flag.rider("ann").is_logged_in());
    let by_variable = Options::new(on).variable("CABRANK_TOWN", example).start();
    assert!(by_variable.rider("ann").is_logged_in());
}
