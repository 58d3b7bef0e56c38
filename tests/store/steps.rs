//! The last migrations, up and down, on a database that is in use.

use cabrank::domain::core::Effect;
use cabrank::domain::{
    Audience, Event, Fact, Policy, Role, Trip, TripChange, TripState, TripTimes,
};
use cabrank::store::StoreBounds;
use cabrank::store::db::Db;
use cabrank::store::migrations::{Direction, migrate};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use jiff::SignedDuration;
use serde_json::Value;

use crate::support::{Database, On, Test, execute};
use crate::tests;
use crate::town::{
    Town, accept, act, begin_shift, kinds, notify, propose, request, request_later,
    request_nearest, request_under, say, under,
};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

pub fn tests() -> Vec<Test> {
    tests![
        what_was_there_before_the_news_stays_as_it_was,
        what_only_the_news_have_goes_with_them,
        what_only_offers_have_goes_with_them,
        what_gathered_is_for_the_nearest_without_the_decisions,
    ]
    .to_vec()
}

/// The oldest migrations that the tests revert.
const DECISIONS: &str = "20261126000001";
const OFFERS: &str = "20261125000004";
const NEWS: &str = "20261125000003";

/// Reverts all migrations down to this one. Returns their versions, oldest first.
fn step_down(database: &Database, oldest: &str) -> Vec<String> {
    let mut db = database.connect();
    let back = |db: &mut Db| match db {
        Db::Pg(conn) => conn
            .revert_last_migration(POSTGRES)
            .map(|version| version.to_string()),
        Db::Sqlite(conn) => {
            conn.batch_execute("PRAGMA foreign_keys = OFF")?;
            conn.revert_last_migration(SQLITE)
                .map(|version| version.to_string())
        }
    };
    let mut versions = Vec::new();
    while versions.last().is_none_or(|version| version != oldest) {
        versions.push(back(&mut db).expect("the step can be taken back"));
    }
    versions.reverse();
    versions
}

fn step_up(database: &Database) -> Vec<String> {
    migrate(&database.url, Direction::Up).expect("the step works")
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// The rows of events, stream entries, stream heads and keys, each as a line.
fn rows(database: &Database) -> Vec<String> {
    const ROWS: &str = "SELECT 'event ' || id || ' ' || trip_id || ' ' || revision || ' ' || kind || ' ' || actor_role || ' ' || payload \
         || ' ' || positions AS line FROM events WHERE revision IS NOT NULL \
         UNION ALL SELECT 'entry ' || stream || ' ' || sequence || ' ' || event_id FROM stream_entries \
         WHERE event_id IN (SELECT id FROM events WHERE revision IS NOT NULL) \
         UNION ALL SELECT 'head ' || stream || ' ' || sequence FROM stream_heads \
         UNION ALL SELECT 'key ' || user_id || ' ' || key || ' ' || event_id FROM idempotency_keys ORDER BY 1";
    lines(database, ROWS)
}

fn lines(database: &Database, query: &str) -> Vec<String> {
    let query = diesel::sql_query(query);
    let lines: Vec<Line> = match &mut database.connect() {
        Db::Pg(conn) => query.load(conn),
        Db::Sqlite(conn) => query.load(conn),
    }
    .expect("the tables can be read");
    lines.into_iter().map(|line| line.line).collect()
}

/// An event without the fields that the older schema does not have.
fn as_known_then(event: Event) -> Event {
    let fact = match event.fact {
        Fact::Trip(change) => Fact::Trip(TripChange {
            before: None,
            trip: Trip {
                times: TripTimes::default(),
                ..change.trip
            },
            ..change
        }),
        other @ (Fact::Message(_) | Fact::Notification(_) | Fact::Offer(_) | Fact::Shift(_)) => {
            other
        }
    };
    Event { fact, ..event }
}

/// Rewrites the log's trips as they were written before the migration `NEWS`.
fn write_as_then(database: &Database) {
    const LATER: [&str; 6] = [
        "hidden",
        "order",
        "attempt",
        "given_back_by",
        "times",
        "fare",
    ];
    let payloads = lines(database, "SELECT payload AS line FROM events");
    for payload in payloads {
        let mut object: Value = serde_json::from_str(&payload).expect("JSON");
        let trip = object.as_object_mut().expect("an object");
        trip.retain(|name, _| !LATER.contains(&name.as_str()));
        let quoted = |text: &str| text.replace('\'', "''");
        let (then, now) = (quoted(&object.to_string()), quoted(&payload));
        let update = format!("UPDATE events SET payload = '{then}' WHERE payload = '{now}'");
        execute(&mut database.connect(), &update).expect("events can be changed");
    }
}

fn what_was_there_before_the_news_stays_as_it_was(on: On) {
    let town = Town::on(on);
    let (ann, bob) = (town.rider("ann"), town.driver("bob"));
    let asking = under("ask", 1, request(&ann));
    let trip = town.trip(asking.clone());
    town.trip(under("take", 1, accept(&trip, &bob)));
    let log: Vec<Event> = town.log().into_iter().map(as_known_then).collect();
    let (database, _) = town.close();

    let versions = step_down(&database, NEWS);
    write_as_then(&database);
    let before = rows(&database);
    assert!(before.len() > 5);
    assert!(before.iter().all(|row| !row.contains("hidden")));
    assert_eq!(step_up(&database), versions);
    assert_eq!(rows(&database), before);

    let town = Town::open(database, StoreBounds::STANDARD);
    assert_eq!(town.log(), log);
    assert_eq!(
        town.command(asking).expect("the answer of then").effect,
        Effect::Replayed
    );
    town.trip(act(&trip, cabrank::domain::Action::Arrive(bob.id, None)));
    let now = town.log();
    assert_eq!(kinds(&now[2..]), ["arrived", "notification"]);
    assert!(now[2].id > log[1].id);
    let sequences = now[2].positions.iter().map(|position| position.sequence);
    assert_eq!(sequences.collect::<Vec<_>>(), [3, 2, 3]);
}

fn what_only_the_news_have_goes_with_them(on: On) {
    let town = Town::on(on);
    let (ann, bob, op) = (town.rider("ann"), town.driver("bob"), town.operator("op"));
    let trip = town.trip(under("ask", 1, request(&ann)));
    town.trip(accept(&trip, &bob));
    let day = SignedDuration::from_hours(24);
    town.post(notify(op, Audience::All, day))
        .expect("an operator may");
    town.post(say(&trip, &ann, Role::Rider, "Hello"))
        .expect("the room is open");
    town.trip(act(&trip, cabrank::domain::Action::Start(bob.id, None)));
    let log = town.log();
    let (database, _) = town.close();

    let before = rows(&database);
    step_down(&database, NEWS);
    assert_eq!(rows(&database), before, "what concerns trips stays");
    step_up(&database);
    let town = Town::open(database, StoreBounds::STANDARD);
    let left: Vec<Event> = log
        .into_iter()
        .filter(|event| event.trip().is_some())
        .map(as_known_then)
        .collect();
    let kept: Vec<Event> = town.log().into_iter().map(as_known_then).collect();
    assert_eq!(kept, left);
    let more = town.trip(act(
        &trip,
        cabrank::domain::Action::Complete(bob.id, Some(Box::default())),
    ));
    assert_eq!(town.stored(trip.id), more);
}

fn what_only_offers_have_goes_with_them(on: On) {
    let town = Town::on(on);
    let (ann, bob) = (town.rider("ann"), town.driver("bob"));
    let (waiting, later) = (town.trip(request(&ann)), town.trip(request_later(&ann)));
    town.post(begin_shift(&bob)).expect("a driver may");
    let offered = town.trip(request_nearest(&ann));
    town.trip(propose(&offered, &bob));
    let (database, _) = town.close();
    let counts = "SELECT status || ' ' || count(*) AS line FROM trips GROUP BY status ORDER BY 1";
    assert_eq!(lines(&database, counts), ["REQUESTED 2", "SCHEDULED 1"]);

    let versions = step_down(&database, OFFERS);
    assert_eq!(lines(&database, counts), ["EXPIRED 1", "REQUESTED 2"]);
    let kinds = "SELECT DISTINCT kind AS line FROM events ORDER BY 1";
    assert_eq!(lines(&database, kinds), ["requested", "scheduled"]);
    assert_eq!(step_up(&database), versions);
    let town = Town::open(database, StoreBounds::STANDARD);
    assert_eq!(town.stored(waiting.id), waiting);
    assert_eq!(town.stored(later.id).state, TripState::Expired);
    town.trip(accept(&waiting, &bob));
}

fn what_gathered_is_for_the_nearest_without_the_decisions(on: On) {
    let town = Town::on(on);
    let ann = town.rider("ann");
    let trip = town.trip(request_under(Policy::Batch, &ann));
    let (database, _) = town.close();
    let policies = "SELECT policy AS line FROM trips";
    let events = "SELECT payload AS line FROM events";
    assert_eq!(lines(&database, policies), ["batch"]);

    let versions = step_down(&database, DECISIONS);
    assert_eq!(lines(&database, policies), ["nearest"]);
    assert!(lines(&database, events)[0].contains(r#""policy":"nearest""#));
    assert_eq!(step_up(&database), versions);
    let town = Town::open(database, StoreBounds::STANDARD);
    assert_eq!(town.stored(trip.id).order.policy, Policy::Nearest);
    assert_eq!(town.log().len(), 1);
}
