//! The schema's last step, up and down, on a database that is in use.

use cabrank::domain::{Audience, Event, Fact, Role, TripChange};
use cabrank::store::Bounds;
use cabrank::store::db::Db;
use cabrank::store::migrations::{Direction, migrate};
use cabrank::store::writer::command::Outcome;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use jiff::SignedDuration;

use crate::support::{Database, On, Test, execute};
use crate::tests;
use crate::town::{Town, accept, act, kinds, notify, request, say, under};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

pub fn tests() -> Vec<Test> {
    tests![
        what_was_there_before_the_news_stays_as_it_was,
        what_only_the_news_have_goes_with_them,
    ]
    .to_vec()
}

/// Takes the last step back.
fn step_down(database: &Database) -> String {
    let version = match &mut database.connect() {
        Db::Pg(conn) => conn.revert_last_migration(POSTGRES),
        Db::Sqlite(conn) => conn.revert_last_migration(SQLITE),
    };
    version.expect("the step can be taken back").to_string()
}

fn step_up(database: &Database) -> Vec<String> {
    migrate(&database.url, Direction::Up).expect("the step works")
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// The rows of events, entries and keys, each as one text.
fn rows(database: &Database) -> Vec<String> {
    const ROWS: &str = "SELECT 'event ' || id || ' ' || trip_id || ' ' || revision || ' ' || kind || ' ' || actor_role || ' ' || payload \
         || ' ' || positions AS line FROM events WHERE revision IS NOT NULL \
         UNION ALL SELECT 'entry ' || stream || ' ' || sequence || ' ' || event_id FROM stream_entries \
         WHERE event_id IN (SELECT id FROM events WHERE revision IS NOT NULL) \
         UNION ALL SELECT 'head ' || stream || ' ' || sequence FROM stream_heads \
         UNION ALL SELECT 'key ' || user_id || ' ' || key || ' ' || event_id FROM idempotency_keys ORDER BY 1";
    let query = diesel::sql_query(ROWS);
    let lines: Vec<Line> = match &mut database.connect() {
        Db::Pg(conn) => query.load(conn),
        Db::Sqlite(conn) => query.load(conn),
    }
    .expect("the tables can be read");
    lines.into_iter().map(|line| line.line).collect()
}

fn without_before(event: Event) -> Event {
    let fact = match event.fact {
        Fact::Trip(change) => Fact::Trip(TripChange {
            before: None,
            ..change
        }),
        other @ (Fact::Message(_) | Fact::Notification(_)) => other,
    };
    Event { fact, ..event }
}

fn what_was_there_before_the_news_stays_as_it_was(on: On) {
    let town = Town::on(on);
    let (ann, bob) = (town.rider("ann"), town.driver("bob"));
    let asking = under("ask", 1, request(&ann));
    let trip = town.trip(asking.clone());
    town.trip(under("take", 1, accept(&trip, &bob)));
    let log: Vec<Event> = town.log().into_iter().map(without_before).collect();
    let (database, _) = town.close();

    let version = step_down(&database);
    // As it was written then.
    let forget = "UPDATE events SET payload = replace(payload, ',\"hidden\":false', '')";
    execute(&mut database.connect(), forget).expect("events can be changed");
    let before = rows(&database);
    assert!(before.len() > 5);
    assert!(before.iter().all(|row| !row.contains("hidden")));
    assert_eq!(step_up(&database), [version]);
    assert_eq!(rows(&database), before);

    let town = Town::open(database, Bounds::STANDARD);
    assert_eq!(town.log(), log);
    assert_eq!(
        town.command(asking).expect("the answer of then").outcome,
        Outcome::Replayed
    );
    town.trip(act(&trip, cabrank::domain::Action::Arrive(bob.id)));
    let now = town.log();
    assert_eq!(kinds(&now[2..]), ["arrived", "notification"]);
    assert!(now[2].id > log[1].id);
    let sequences = now[2].positions.iter().map(|position| position.sequence);
    assert_eq!(sequences.collect::<Vec<_>>(), [3, 2]);
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
    town.trip(act(&trip, cabrank::domain::Action::Start(bob.id)));
    let log = town.log();
    let (database, _) = town.close();

    let before = rows(&database);
    step_down(&database);
    assert_eq!(rows(&database), before, "what concerns trips stays");
    step_up(&database);
    let town = Town::open(database, Bounds::STANDARD);
    let left: Vec<Event> = log
        .into_iter()
        .filter(|event| event.trip().is_some())
        .map(without_before)
        .collect();
    assert_eq!(town.log(), left);
    let more = town.trip(act(&trip, cabrank::domain::Action::Complete(bob.id)));
    assert_eq!(town.stored(trip.id), more);
}
