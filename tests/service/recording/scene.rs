//! A scene while it is played: the service, who is there, and what they hold open.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use super::answer::told;
use super::ear::Ear;
use super::record::{Record, directory, is_renewed};
use super::script::{Call, Step, is_answer, is_of_call, read};
use crate::harness::{Answer, Auth, Client, DEADLINE, Database, Http, Options, Service, Socket};

/// Where the clock stands at the beginning of each scene.
const START: &str = "2026-11-23T08:00:00Z";
/// How long nothing must have come before it is taken that nothing will, while answers are written anew.
const QUIET: Duration = Duration::from_millis(100);
const A_MOMENT: Duration = Duration::from_millis(5);

struct Scene {
    on: Database,
    record: Record,
    service: Option<Service>,
    has_stopped: bool,
    people: BTreeMap<String, Client>,
    ears: Vec<Ear>,
}

/// Plays a scene and compares what is answered, or writes it anew.
#[track_caller]
pub fn play(on: Database, name: &str) {
    if is_renewed() && on != Database::Sqlite {
        return; // it must be the same, which the next run shows
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
        ears: Vec::new(),
    };
    let mut rest = &lines[..];
    while let [line, after @ ..] = rest {
        let count = after.iter().take_while(|line| is_of_call(line)).count();
        let (more, next) = after.split_at(count);
        scene.carries_out(line, more);
        rest = next;
    }
    assert!(scene.has_stopped, "a scene ends after the service");
    scene.record.close();
}

impl Scene {
    #[track_caller]
    fn carries_out(&mut self, line: &str, more: &[String]) {
        let undone = |line: &str| self.record.masks.undo(line);
        let (line, more) = (
            undone(line),
            more.iter().map(|line| undone(line)).collect::<Vec<_>>(),
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
            Step::Say { label, text } => self.ear(&label).says(&text),
            Step::Close(label) => {
                let ended = self.ear(&label).close();
                self.record.write("  ", &ended);
            }
            Step::Vanish(label) => self.ear(&label).vanish(),
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
    fn ear(&mut self, label: &str) -> &mut Ear {
        let ear = self.ears.iter_mut().find(|ear| ear.label == label);
        ear.unwrap_or_else(|| panic!("there is no {label}"))
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
            _ => panic!("nobody is a {role}"),
        };
        self.people.insert(name, client);
    }

    /// Calls as somebody.
    #[track_caller]
    fn http(&mut self, who: &str) -> Http {
        let (name, way) = who.split_once(' ').unwrap_or((who, ""));
        let nobody = self.service().http();
        if name == "nobody" {
            return nobody;
        }
        let client = self.people.get(name);
        let client = client.unwrap_or_else(|| panic!("there is no {name}"));
        nobody.with(match way {
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
        let parts = told(answer);
        parts.iter().for_each(|part| self.record.write("  ", part));
    }

    #[track_caller]
    fn open(&mut self, label: &str, path: &str) {
        let (who, _) = label.rsplit_once(' ').expect("a socket has a number");
        let http = self.http(who);
        match Socket::open(http.address, path, &http.auth, &[]) {
            Ok(socket) => self.ears.push(Ear::of_socket(label, socket)),
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
            Ok(lines) => self.ears.push(Ear::of_lines(label, lines)),
            Err(answer) => self.write(&answer),
        }
    }

    /// Runs a command on the data of the service. Its log has the system's time, and a simulation says how long it took.
    #[track_caller]
    fn run(&mut self, arguments: &[String]) {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let output = self.service().home().run(&arguments, "");
        let told = String::from_utf8_lossy(&output.stdout);
        let is_timed = |line: &&str| line.contains("of which the policy thought");
        for line in told.lines().filter(|line| !is_timed(line)) {
            self.record.write("  ", line);
        }
        if !output.status.success() {
            self.record.write("  ", "it failed");
        }
    }

    /// Waits until what follows from the last step is done, and hears what is told of it.
    #[track_caller]
    fn settle(&mut self) {
        self.service().advance(0.0);
        let open = self.ears.iter().filter(|ear| ear.is_open());
        let prefixes: Vec<String> = open.map(Ear::prefix).collect();
        let mut heard = vec![Vec::new(); self.ears.len()];
        if is_renewed() {
            while self.hear_more(&mut heard) {}
        } else {
            for (ear, lines) in self.ears.iter_mut().zip(&mut heard) {
                let count = self.record.next_with(&ear.prefix(), &prefixes);
                *lines = ear.hear(count);
            }
        }
        self.write_heard(&mut heard);
    }

    /// Whether anything has come to anybody.
    #[track_caller]
    fn hear_more(&mut self, heard: &mut [Vec<String>]) -> bool {
        let (mut any, mut wait) = (false, QUIET);
        for (ear, lines) in self.ears.iter_mut().zip(heard) {
            if !ear.is_open() {
                continue;
            }
            while let Some(line) = ear.next(wait) {
                lines.push(line);
                any = true;
            }
            wait = A_MOMENT; // the others have waited meanwhile
        }
        any
    }

    /// What a call is answered and the news of what it did come in no certain order; the answer is written first.
    #[track_caller]
    fn write_heard(&mut self, heard: &mut [Vec<String>]) {
        for (ear, lines) in self.ears.iter().zip(heard) {
            lines.sort_by_key(|line| !ear.is_answered_by(line));
            lines
                .iter()
                .for_each(|line| self.record.write(&ear.prefix(), line));
        }
    }

    /// Asks each socket something, so that nothing else was to come, and lets all hear how the service stops.
    #[track_caller]
    fn stop(&mut self) {
        let mut heard: Vec<Vec<String>> = self.ears.iter_mut().map(Ear::is_asked).collect();
        self.service().process().signal("TERM");
        for (ear, lines) in self.ears.iter_mut().zip(&mut heard) {
            lines.extend(std::iter::from_fn(|| ear.next(DEADLINE)));
        }
        assert!(self.service().process().ended().success());
        self.has_stopped = true;
        self.write_heard(&mut heard);
    }
}
