//! A scene while it is played: the service, the accounts, and their open connections.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use super::answer::lines;
use super::connection::Connection;
use super::record::{Record, directory, is_renewed};
use super::script::{Call, Step, is_answer, is_of_call, read};
use crate::harness::{Answer, Auth, Client, DEADLINE, Database, Http, Options, Service, Socket};

/// The time of the clock at the beginning of each scene.
const START: &str = "2026-11-23T08:00:00Z";
/// While answers are written anew: after so long without a line, no further line is expected.
const QUIET: Duration = Duration::from_millis(100);
const A_MOMENT: Duration = Duration::from_millis(5);

struct Scene {
    on: Database,
    record: Record,
    service: Option<Service>,
    has_stopped: bool,
    people: BTreeMap<String, Client>,
    connections: Vec<Connection>,
}

/// Plays a scene and compares the answers, or writes them anew.
#[track_caller]
pub fn play(on: Database, name: &str) {
    if is_renewed() && on != Database::Sqlite {
        return; // the next run shows that PostgreSQL gives the same answers
    }
    let record = Record::open(name);
    let mut lines = record.stored();
    lines.retain(|line| !is_answer(line));
    let mut scene = Scene {
        on,
        record,
        service: None,
        has_stopped: false,
        people: BTreeMap::new(),
        connections: Vec::new(),
    };
    let mut rest = &lines[..];
    while let [line, after @ ..] = rest {
        let count = after.iter().take_while(|line| is_of_call(line)).count();
        let (more, next) = after.split_at(count);
        scene.carries_out(line, more);
        rest = next;
    }
    assert!(scene.has_stopped, "a scene ends with a stop of the service");
    scene.record.close();
}

impl Scene {
    #[track_caller]
    fn carries_out(&mut self, line: &str, more: &[String]) {
        let unmasked = |line: &str| self.record.masks.undo(line);
        let (line, more) = (
            unmasked(line),
            more.iter().map(|line| unmasked(line)).collect::<Vec<_>>(),
        );
        self.record.write("", &line);
        more.iter().for_each(|line| self.record.write("", line));
        match read(&line, &more) {
            Step::Heading => return,
            Step::Start { town, flags } => self.start(town.as_deref(), &flags),
            Step::Join { role, name } => self.join(&role, name),
            Step::LogIn(name) => {
                let client = self.service().log_in(&name);
                self.people.insert(name, client);
            }
            Step::Wait(seconds) => self.service().advance(seconds),
            Step::Call(call) => {
                let answer = self.call(&call);
                self.write(&answer);
            }
            Step::Look(call) => {
                let answer = self.call(&call);
                self.record.write("  ", &answer.status.to_string());
                let kind = answer.header("content-type").unwrap_or_default();
                self.record.write("  content-type: ", kind);
            }
            Step::Open { label, path } => self.open(&label, &path),
            Step::Follow { label, call } => self.follow(&label, &call),
            Step::Send { label, text } => self.connection(&label).send(&text),
            Step::Close(label) => {
                let ended = self.connection(&label).close();
                self.record.write("  ", &ended);
            }
            Step::Vanish(label) => self.connection(&label).vanish(),
            Step::Run(arguments) => self.run(&arguments),
            Step::Stop => self.stop(),
        }
        if !self.has_stopped {
            self.settle();
        }
    }

    #[track_caller]
    fn service(&mut self) -> &mut Service {
        self.service.as_mut().expect("the service has started")
    }

    #[track_caller]
    fn connection(&mut self, label: &str) -> &mut Connection {
        let connection = self
            .connections
            .iter_mut()
            .find(|connection| connection.label == label);
        connection.unwrap_or_else(|| panic!("there is no {label}"))
    }

    #[track_caller]
    fn start(&mut self, town: Option<&str>, flags: &[String]) {
        let mut all = vec!["--clock-stands-at", START];
        all.extend(flags.iter().map(String::as_str));
        let mut options = Options::new(self.on).flags(&all).with_clock();
        if let Some(name) = town {
            let file = directory("towns").join(format!("{name}.json"));
            let text = fs::read_to_string(file).expect("there is such a town");
            options = options.town(&serde_json::from_str(&text).expect("a town is JSON"));
        }
        self.service = Some(options.start());
    }

    #[track_caller]
    fn join(&mut self, role: &str, name: String) {
        let service = self.service();
        let client = match role {
            "rider" => service.rider(&name).0,
            "driver" => service.driver(&name).0,
            "operator" => service.operator(&name).0,
            _ => panic!("there is no role {role}"),
        };
        self.people.insert(name, client);
    }

    /// An HTTP client with the credentials of `who`.
    #[track_caller]
    fn http(&mut self, who: &str) -> Http {
        let (name, credentials) = who.split_once(' ').unwrap_or((who, ""));
        let anonymous = self.service().http();
        if name == "nobody" {
            return anonymous;
        }
        let client = self.people.get(name);
        let client = client.unwrap_or_else(|| panic!("there is no {name}"));
        anonymous.with(match credentials {
            "by cookie" => Auth::Cookie(client.cookie.clone()),
            _ => client.auth.clone(),
        })
    }

    #[track_caller]
    fn call(&mut self, call: &Call) -> Answer {
        let http = self.http(&call.who);
        let mut request = http.call(&call.method, &call.path);
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        if let Some(body) = &call.body {
            let has_kind = call.headers.iter().any(|(name, _)| name == "Content-Type");
            request = match has_kind {
                true => request.bytes(body.as_str()),
                false => request.body("application/json", body.as_str()),
            };
        }
        request.send()
    }

    #[track_caller]
    fn write(&mut self, answer: &Answer) {
        for line in lines(answer) {
            self.record.write("  ", &line);
        }
    }

    #[track_caller]
    fn open(&mut self, label: &str, path: &str) {
        let (who, _) = label.rsplit_once(' ').expect("a socket has a number");
        let http = self.http(who);
        match Socket::open(http.address, path, &http.auth, &[]) {
            Ok(socket) => self.connections.push(Connection::of_socket(label, socket)),
            Err(status) => self.record.write("  ", &status.to_string()),
        }
    }

    #[track_caller]
    fn follow(&mut self, label: &str, call: &Call) {
        let http = self.http(&call.who);
        let mut request = http.call("GET", &call.path);
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        match request.follow() {
            Ok(lines) => self.connections.push(Connection::of_lines(label, lines)),
            Err(answer) => self.write(&answer),
        }
    }

    /// Runs a command on the data of the service. Its log and the line with the duration of a simulation are not
    /// recorded, because they differ from run to run.
    #[track_caller]
    fn run(&mut self, arguments: &[String]) {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let output = self.service().home().run(&arguments, "");
        let printed = String::from_utf8_lossy(&output.stdout);
        let is_timed = |line: &&str| line.contains("of which the policy thought");
        for line in printed.lines().filter(|line| !is_timed(line)) {
            self.record.write("  ", line);
        }
        if !output.status.success() {
            self.record.write("  ", "it failed");
        }
    }

    /// Waits until all effects of the last step are done, and reads the frames that follow from it.
    #[track_caller]
    fn settle(&mut self) {
        self.service().advance(0.0);
        let open = self
            .connections
            .iter()
            .filter(|connection| connection.is_open());
        let prefixes: Vec<String> = open.map(Connection::prefix).collect();
        let mut heard = vec![Vec::new(); self.connections.len()];
        if is_renewed() {
            while self.hear_more(&mut heard) {}
        } else {
            for (connection, lines) in self.connections.iter_mut().zip(&mut heard) {
                let count = self.record.next_with(&connection.prefix(), &prefixes);
                *lines = connection.hear(count);
            }
        }
        self.write_heard(&mut heard);
    }

    /// Reads what has come on all connections; gives whether there was anything.
    #[track_caller]
    fn hear_more(&mut self, heard: &mut [Vec<String>]) -> bool {
        let (mut any, mut wait) = (false, QUIET);
        for (connection, lines) in self.connections.iter_mut().zip(heard) {
            if !connection.is_open() {
                continue;
            }
            while let Some(line) = connection.next(wait) {
                lines.push(line);
                any = true;
            }
            wait = A_MOMENT; // for the others, the time has passed meanwhile
        }
        any
    }

    /// Writes the frames. The answer to a call and the events that it causes come in either order; the answer is
    /// written first.
    #[track_caller]
    fn write_heard(&mut self, heard: &mut [Vec<String>]) {
        for (connection, lines) in self.connections.iter().zip(heard) {
            lines.sort_by_key(|line| !connection.is_answered_by(line));
            lines
                .iter()
                .for_each(|line| self.record.write(&connection.prefix(), line));
        }
    }

    /// Flushes each socket, so that no earlier frame is missing, and records how the connections end with the service.
    #[track_caller]
    fn stop(&mut self) {
        let mut heard: Vec<Vec<String>> =
            self.connections.iter_mut().map(Connection::flush).collect();
        self.service().process().signal("TERM");
        for (connection, lines) in self.connections.iter_mut().zip(&mut heard) {
            lines.extend(std::iter::from_fn(|| connection.next(DEADLINE)));
        }
        assert!(self.service().process().ended().success());
        self.has_stopped = true;
        self.write_heard(&mut heard);
    }
}
