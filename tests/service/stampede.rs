//! Many sessions come back at the same moment, and each gets exactly the events that it has missed, while the service
//! makes only a few queries.
//!
//! `CABRANK_STAMPEDE_SESSIONS` is the number of sessions (500). Each has one socket; an account has sixteen.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::Barrier;

use serde_json::{Value, json};

use self::rush::Rushing;
use crate::harness::ledger::{Entry, Ledger};
use crate::harness::{
    Auth, Client, Database, Http, Options, PASSWORD, Service, Test, at_once, eventually, log_in,
    sign_up_form, tests,
};

#[path = "stampede/rush.rs"]
mod rush;

pub fn tests() -> Vec<Test> {
    tests![all_who_come_back_at_once_hear_what_they_missed_with_few_queries]
}

/// The number of sockets that an account may have.
const EACH: usize = 16;
/// The number of threads that open the sockets.
const THREADS: usize = 4;
/// The sessions for each of which at most one query is allowed, in a large crowd.
const SESSIONS_PER_QUERY: usize = 50;
/// The number of queries that a small crowd may cost. Each kind of read begins with the first session alone, and later
/// reads serve more and more sessions. (On two cores 500 sessions cost 10 to 22 queries, 5,000 cost 34 to 45.)
const FEW: usize = 40;
/// The number of open files besides sockets.
const OTHER_FILES: usize = 200;
/// The tables that are read for a handshake, `resume` and the replay. The check of a connection (`SELECT 1`) and the
/// beginning and end of a transaction read no table and do not count.
const TABLES: [&str; 6] = [
    "sessions",
    "trips",
    "stream_heads",
    "stream_entries",
    "events",
    "notifications",
];
/// Parts of the queries that the service makes regularly, independent of the sockets: ended sessions, every 2 seconds,
/// and deadlines that have passed, twice a second.
const BY_THE_CLOCK: [&str; 5] = [
    "ended_at IS NOT NULL",
    "search_ends_at <=",
    "opens_at <=",
    "due_at <=",
    "look_at <=",
];

fn sessions() -> usize {
    let sessions = std::env::var("CABRANK_STAMPEDE_SESSIONS");
    sessions.map_or(500, |sessions| {
        sessions
            .parse()
            .expect("CABRANK_STAMPEDE_SESSIONS is a number")
    })
}

fn all_who_come_back_at_once_hear_what_they_missed_with_few_queries(on: Database) {
    let sessions = sessions();
    may_open(sessions + OTHER_FILES);
    let levels = "info,cabrank::store=trace,cabrank::telemetry=debug";
    let mut service = Options::new(on).variable("CABRANK_LOG", levels).start();
    let accounts = accounts(service.address, sessions.div_ceil(EACH));
    for rider in accounts.iter().filter(|account| account.group == "rider") {
        let fields = json!({"pick_up_address": "A", "drop_off_address": "B"});
        let trip = rider.post("/api/trip/", &fields).ok(201);
        rider.command(&trip, "cancel").ok(200);
        rider.post("/api/trip/", &fields).ok(201);
    }
    let ledger = service.ledger();
    let coming: Vec<Coming<'_>> = (0..sessions)
        .map(|n| Coming::of(&accounts[n / EACH], n % EACH, &ledger))
        .collect();
    mark(&service, 1);
    let moment = Barrier::new(THREADS);
    let groups = coming.chunks(sessions.div_ceil(THREADS));
    assert_eq!(groups.len(), THREADS, "each thread has sessions");
    let mut here: Vec<Rushing> = at_once(groups.map(|group| {
        let (moment, address) = (&moment, service.address);
        move || {
            moment.wait();
            rush::in_at_once(address, group)
        }
    }))
    .into_iter()
    .flatten()
    .collect();
    mark(&service, 2);
    here.iter_mut().for_each(Rushing::hears_nothing_more);
    let log = eventually("the second mark is in the log", || {
        let log = service.process().log();
        let after = log.split_once(&path_of(1))?.1;
        Some(after.split_once(&path_of(2))?.0.to_owned())
    });
    let queries = queries(&log);
    let count: usize = queries.values().sum();
    let most = FEW.max(sessions / SESSIONS_PER_QUERY);
    println!("{}: {sessions} sessions, {count} queries", on.name());
    assert!(count > 0, "the log has the queries");
    assert!(
        count <= most,
        "{sessions} sessions cost {count} queries, more than {most}: {queries:#?}"
    );
    let log = service.process().log();
    let name = &accounts[0].username;
    assert!(
        !log.contains(name),
        "the log has no values that are bound to queries"
    );
}

/// Logs in new accounts, half of them riders and half drivers.
fn accounts(address: SocketAddr, count: usize) -> Vec<Client> {
    let account = |n: usize| {
        let name = format!("stampeding{n}");
        let group = if n.is_multiple_of(2) {
            "rider"
        } else {
            "driver"
        };
        let anonymous = Http::new(address, Auth::Nobody);
        anonymous
            .post("/api/sign_up/", &sign_up_form(&name, group))
            .ok(201);
        log_in(address, &name, PASSWORD)
    };
    let made = at_once((0..THREADS).map(|thread| {
        move || {
            let mine = (thread..count).step_by(THREADS);
            mine.map(account).collect::<Vec<_>>()
        }
    }));
    made.into_iter().flatten().collect()
}

/// A session that comes back: the call that it makes, and the events that it has missed.
pub struct Coming<'a> {
    pub account: &'a Client,
    pub resume: Value,
    /// The events' ids, in order, with their positions.
    pub missed: BTreeMap<i64, Vec<(String, i64)>>,
}

impl<'a> Coming<'a> {
    /// A session that has missed the last `behind` events of each stream, or all if there are fewer.
    fn of(account: &'a Client, behind: usize, ledger: &Ledger) -> Self {
        let mut streams = vec![
            format!("user:{}", account.id),
            format!("role:{}", account.group),
            "all".to_owned(),
        ];
        if account.group == "driver" {
            streams.push("drivers:main".to_owned());
        }
        if account.group == "operator" {
            streams.push("staff".to_owned());
        }
        let mut missed: BTreeMap<i64, Vec<(String, i64)>> = BTreeMap::new();
        let mut positions = Vec::new();
        for stream in streams {
            let entries: &[Entry] = ledger.get(&stream).map_or(&[], Vec::as_slice);
            let (heard, rest) = entries.split_at(entries.len().saturating_sub(behind));
            let last = heard.last();
            positions.push(json!({
                "stream": stream,
                "epoch": last.map(|entry| &entry.epoch),
                "sequence": last.map_or(0, |entry| entry.sequence),
            }));
            for entry in rest {
                let positions = missed.entry(entry.event).or_default();
                positions.push((stream.clone(), entry.sequence));
            }
        }
        missed.values_mut().for_each(|positions| positions.sort());
        let data = json!({"positions": positions});
        Self {
            account,
            resume: json!({"action": "resume", "request_id": 1, "data": data}),
            missed,
        }
    }
}

/// Marks a place in the log: a request without a session, which is logged and costs no query.
fn mark(service: &Service, number: u8) {
    service
        .http()
        .get(&path_of(number))
        .problem(401, "not-authenticated");
}

fn path_of(number: u8) -> String {
    format!("/api/trip/{number:032}/")
}

/// The queries in a part of the log that sessions have caused, and how often each was made.
fn queries(log: &str) -> BTreeMap<&str, usize> {
    let mut queries = BTreeMap::new();
    for line in log.lines().filter(|line| line.contains("TRACE")) {
        let statement = line.split_once("TRACE").map_or("", |(_, rest)| rest).trim();
        let plain = statement.replace(['"', '`', '('], "");
        let is_read =
            |table: &str| ["FROM", "JOIN"].map(|word| plain.contains(&format!("{word} {table}")));
        let is_by_the_clock = BY_THE_CLOCK.iter().any(|part| plain.contains(part));
        if TABLES.iter().any(|table| is_read(table).contains(&true)) && !is_by_the_clock {
            *queries.entry(statement).or_default() += 1;
        }
    }
    queries
}

/// Raises the limit on open files of this process, and so of the service that it starts, to so many.
fn may_open(files: usize) {
    let limits = fs::read_to_string("/proc/self/limits").expect("this test needs Linux");
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    let mut numbers = line.into_iter().flat_map(|line| line.split_whitespace());
    let mut number = || numbers.find_map(|word| word.parse::<usize>().ok());
    let (soft, hard) = (
        number().unwrap_or(usize::MAX),
        number().unwrap_or(usize::MAX),
    );
    if soft >= files {
        return;
    }
    assert!(
        hard >= files,
        "this test needs {files} open files, and may have {hard} (ulimit -Hn)"
    );
    let own = std::process::id().to_string();
    let raised = Command::new("prlimit")
        .args(["--pid", &own, &format!("--nofile={files}:")])
        .status();
    assert!(raised.expect("this test needs prlimit").success());
}
