//! The migrations and the schema that they make, checked in live databases.

mod support;

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::Barrier;

use cabrank::domain::{OfferState, Policy, Status};
use cabrank::store::db::Db;
use cabrank::store::migrations::{Direction, migrate, versions};
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use diesel::sql_types::Text;

use support::{Database, On, execute};

/// Foreign keys without an index: the rows that they point to are never deleted.
const NOT_SEARCHED_BY: [(&str, &str); 3] = [
    ("events", "actor_id"),
    ("idempotency_keys", "event_id"),
    ("trips", "ended_by_id"),
];

fn main() -> ExitCode {
    support::run(
        &tests![
            migrations_go_up_down_and_up_again,
            two_processes_may_migrate_at_once,
            every_foreign_key_is_indexed,
            every_column_named_as_an_id_has_a_foreign_key,
            the_words_of_the_domain_are_those_of_the_schema,
            a_driver_cannot_have_two_active_trips,
            a_driver_cannot_have_two_open_offers,
            an_attempt_cannot_have_two_accepted_offers,
            a_driver_cannot_have_two_open_shifts,
            a_trip_has_a_driver_and_an_end_only_where_they_are_due,
        ],
        &tests![both_databases_have_the_same_tables],
    )
}

/// A row of two texts.
#[derive(QueryableByName)]
struct Pair {
    #[diesel(sql_type = Text)]
    a: String,
    #[diesel(sql_type = Text)]
    b: String,
}

type Pairs = BTreeSet<(String, String)>;

/// The rows of a query with the text columns `a` and `b`, written in each database's SQL.
fn pairs(db: &mut Db, sqlite: &str, postgres: &str) -> Pairs {
    let rows: Vec<Pair> = match db {
        Db::Pg(conn) => diesel::sql_query(postgres).load(conn),
        Db::Sqlite(conn) => diesel::sql_query(sqlite).load(conn),
    }
    .expect("the catalogue can be read");
    rows.into_iter().map(|row| (row.a, row.b)).collect()
}

/// A migrated database, and a connection to it.
fn live(on: On) -> (Database, Db) {
    let database = Database::migrated(on);
    let db = database.connect();
    (database, db)
}

/// Tables and their columns, without those of diesel and of the databases themselves.
fn columns(db: &mut Db) -> Pairs {
    let mut columns = pairs(
        db,
        "SELECT t.name AS a, c.name AS b FROM sqlite_master t, pragma_table_info(t.name) c \
         WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'",
        "SELECT table_name::text AS a, column_name::text AS b FROM information_schema.columns \
         WHERE table_schema = 'public'",
    );
    columns.retain(|(table, _)| table != "__diesel_schema_migrations");
    columns
}

/// Tables and their indexes.
fn indexes(db: &mut Db) -> Pairs {
    pairs(
        db,
        "SELECT tbl_name AS a, name AS b FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
        "SELECT tablename::text AS a, indexname::text AS b FROM pg_indexes i WHERE schemaname = 'public' \
         AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conname = i.indexname)",
    )
}

fn foreign_keys(db: &mut Db) -> Pairs {
    pairs(
        db,
        "SELECT t.name AS a, f.\"from\" AS b FROM sqlite_master t, pragma_foreign_key_list(t.name) f",
        "SELECT c.conrelid::regclass::text AS a, k.attname::text AS b FROM pg_constraint c \
         JOIN pg_attribute k ON k.attrelid = c.conrelid AND k.attnum = c.conkey[1] WHERE c.contype = 'f'",
    )
}

/// Columns that begin a primary key or an index over all rows.
fn searchable(db: &mut Db) -> Pairs {
    pairs(
        db,
        "SELECT t.name AS a, c.name AS b FROM sqlite_master t, pragma_index_list(t.name) i, \
         pragma_index_info(i.name) c WHERE i.partial = 0 AND c.seqno = 0",
        "SELECT i.indrelid::regclass::text AS a, k.attname::text AS b FROM pg_index i \
         JOIN pg_attribute k ON k.attrelid = i.indrelid AND k.attnum = i.indkey[0] \
         WHERE i.indpred IS NULL AND i.indrelid::regclass::text NOT LIKE '%.%'",
    )
}

fn migrations_go_up_down_and_up_again(on: On) {
    let database = Database::empty(on);
    let go = |direction| migrate(&database.url, direction).expect("a step works");
    let up = go(Direction::Up);
    let read = || {
        let db = &mut database.connect();
        (columns(db), indexes(db))
    };
    let made = read();
    assert!(!up.is_empty() && !made.0.is_empty());
    assert_eq!(go(Direction::Up), [""; 0], "there is nothing left to do");

    let mut down = go(Direction::Down);
    down.reverse();
    assert_eq!(down, up, "every step is reverted");
    assert_eq!(read(), (Pairs::new(), Pairs::new()));

    assert_eq!(go(Direction::Up), up);
    assert_eq!(read(), made);

    let (sqlite, postgres) = versions().expect("the embedded migrations can be read");
    assert_eq!(sqlite, postgres, "both directories have the same versions");
    assert_eq!(sqlite.len(), up.len());
}

/// Runs several rounds in which all threads start together, because the fault would be a race.
fn two_processes_may_migrate_at_once(on: On) {
    for _ in 0..5 {
        let database = Database::empty(on);
        let line = Barrier::new(4);
        let runs: Vec<Vec<String>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        line.wait();
                        migrate(&database.url, Direction::Up)
                    })
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().expect("no panic").expect("each one succeeds"))
                .collect()
        });
        let busy = runs.iter().filter(|versions| !versions.is_empty());
        assert_eq!(
            busy.count(),
            1,
            "one did the work, the others waited: {runs:?}"
        );
    }
}

fn every_foreign_key_is_indexed(on: On) {
    let (_database, ref mut db) = live(on);
    let searchable = searchable(db);
    let excused: Pairs = NOT_SEARCHED_BY
        .map(|(table, column)| (table.to_owned(), column.to_owned()))
        .into();
    let bare: Pairs = foreign_keys(db).difference(&searchable).cloned().collect();
    assert_eq!(
        bare, excused,
        "left: without an index; right: those that need none"
    );
}

fn every_column_named_as_an_id_has_a_foreign_key(on: On) {
    let (_database, ref mut db) = live(on);
    let mut ids = columns(db);
    ids.retain(|(_, column)| column.ends_with("_id"));
    assert!(!ids.is_empty());
    assert_eq!(ids, foreign_keys(db));
}

/// The SQL of tables, indexes and constraints, each with its name.
fn definitions(db: &mut Db) -> Pairs {
    pairs(
        db,
        "SELECT name AS a, sql AS b FROM sqlite_master WHERE sql IS NOT NULL",
        "SELECT indexname::text AS a, indexdef AS b FROM pg_indexes \
         UNION SELECT conname::text, pg_get_constraintdef(oid) FROM pg_constraint",
    )
}

/// The quoted words in the definition of that name. SQLite has constraints only within the definition of their table.
fn words_of(definitions: &Pairs, name: &str, table: &str) -> BTreeSet<String> {
    let own = definitions.iter().find(|(defined, _)| defined == name);
    let text = own.map(|(_, text)| text.as_str()).or_else(|| {
        let (_, text) = definitions.iter().find(|(defined, _)| defined == table)?;
        let (_, after) = text.split_once(&format!("CONSTRAINT {name} "))?;
        after.split("CONSTRAINT").next()
    });
    let text = text.unwrap_or_else(|| panic!("{name} is not in the schema"));
    text.split('\'')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

fn the_words_of_the_domain_are_those_of_the_schema(on: On) {
    let (_database, mut db) = live(on);
    let definitions = definitions(&mut db);
    let statuses = |statuses: &[Status]| statuses.iter().map(|one| one.as_str()).collect();
    let offers = |states: &[OfferState]| states.iter().map(|one| one.as_str()).collect();
    let policies = Policy::ALL;
    let words: [(&str, &str, Vec<&str>); 7] = [
        ("status_is_known", "trips", statuses(&Status::ALL)),
        (
            "one_active_trip_per_driver",
            "trips",
            statuses(&Status::TAKEN),
        ),
        ("open_trips_by_rider", "trips", statuses(&Status::OPEN)),
        (
            "policy_is_known",
            "trips",
            policies.map(Policy::as_str).to_vec(),
        ),
        ("offer_state_is_known", "offers", offers(&OfferState::ALL)),
        (
            "one_open_offer_per_driver",
            "offers",
            offers(&OfferState::OPEN),
        ),
        ("open_offers_by_time", "offers", offers(&OfferState::OPEN)),
    ];
    for (name, table, words) in words {
        let words: BTreeSet<String> = words.into_iter().map(str::to_owned).collect();
        let mut written = words_of(&definitions, name, table);
        // A column's constraint ends where the next column begins.
        written.retain(|word| name != "policy_is_known" || words.contains(word) || word.is_empty());
        assert_eq!(written, words, "{name}");
    }
}

/// A migrated database with a rider (1) and a driver (2).
fn peopled(on: On) -> (Database, Db) {
    let (database, mut db) = live(on);
    for (id, role) in [(1, "rider"), (2, "driver")] {
        let sql = format!(
            "INSERT INTO users (id, username, password_hash, first_name, last_name, role, standing, created_at) \
             VALUES ({id}, '{role}', '', '', '', '{role}', 'active', {})",
            now(&db)
        );
        execute(&mut db, &sql).expect("a user can be written");
    }
    (database, db)
}

const fn now(db: &Db) -> &'static str {
    match db {
        Db::Pg(_) => "now()",
        Db::Sqlite(_) => "0",
    }
}

fn write_trip(db: &mut Db, status: &str, driver: &str, ended_by: &str) -> QueryResult<()> {
    let ended_by_id = match ended_by {
        "'rider'" => "1",
        "'driver'" => "2",
        _ => "NULL",
    };
    let (now, key) = match db {
        Db::Pg(_) => (now(db), "gen_random_uuid()"),
        Db::Sqlite(_) => (now(db), "randomblob(16)"),
    };
    execute(
        db,
        &format!(
            "INSERT INTO trips (nk, rider_id, driver_id, pick_up_address, drop_off_address, status, ended_by_role, \
             ended_by_id, revision, search_ends_at, created_at, updated_at) \
             VALUES ({key}, 1, {driver}, 'A', 'B', '{status}', {ended_by}, {ended_by_id}, 1, {now}, {now}, {now})"
        ),
    )
}

fn a_driver_cannot_have_two_active_trips(on: On) {
    let (_database, mut db) = peopled(on);
    for first in Status::TAKEN {
        for second in Status::TAKEN {
            write_trip(&mut db, first.as_str(), "2", "NULL").expect("a driver may have one");
            let refused = write_trip(&mut db, second.as_str(), "2", "NULL");
            assert!(is_twice(&refused), "{first} and {second}: {refused:?}");
            execute(&mut db, "DELETE FROM trips").expect("rows can be deleted");
        }
    }
    for _ in 0..2 {
        write_trip(&mut db, "COMPLETED", "2", "'driver'").expect("and many that are over");
    }
    write_trip(&mut db, "STARTED", "2", "NULL").expect("beside them an open shift");
}

/// Writes an offer of the newest trip to a driver.
fn write_offer(db: &mut Db, driver: i64, state: OfferState) -> QueryResult<()> {
    let (now, key) = match db {
        Db::Pg(_) => (now(db), "gen_random_uuid()"),
        Db::Sqlite(_) => (now(db), "randomblob(16)"),
    };
    let is_open = OfferState::OPEN.contains(&state);
    let ended_at = if is_open { "NULL" } else { now };
    execute(
        db,
        &format!(
            "INSERT INTO offers (id, trip_id, attempt, driver_id, state, metres, eta_s, offered_at, due_at, decide_s, ended_at) \
             VALUES ({key}, (SELECT max(id) FROM trips), 1, {driver}, '{}', 0, 0, {now}, {now}, 15, {ended_at})",
            state.as_str()
        ),
    )
}

fn a_driver_cannot_have_two_open_offers(on: On) {
    let (_database, mut db) = peopled(on);
    write_trip(&mut db, "REQUESTED", "NULL", "NULL").expect("a trip");
    for state in OfferState::ALL {
        write_offer(&mut db, 2, state).expect("an offer");
        for second in OfferState::OPEN {
            let both_open = OfferState::OPEN.contains(&state);
            let written = write_offer(&mut db, 2, second);
            assert_eq!(
                is_twice(&written),
                both_open,
                "{state:?} and {second:?}: {written:?}"
            );
            execute(&mut db, "DELETE FROM offers WHERE ended_at IS NULL")
                .expect("rows can be deleted");
            if both_open {
                write_offer(&mut db, 2, state).expect("an offer");
            }
        }
        execute(&mut db, "DELETE FROM offers").expect("rows can be deleted");
    }
}

fn an_attempt_cannot_have_two_accepted_offers(on: On) {
    let (_database, mut db) = peopled(on);
    write_trip(&mut db, "REQUESTED", "NULL", "NULL").expect("a trip");
    write_offer(&mut db, 2, OfferState::Accepted).expect("one may accept");
    assert!(is_twice(&write_offer(&mut db, 1, OfferState::Accepted)));
    write_offer(&mut db, 1, OfferState::Declined).expect("and another decline");
}

fn a_driver_cannot_have_two_open_shifts(on: On) {
    let (_database, mut db) = peopled(on);
    let now = now(&db);
    let mut begin = |ended_at: &str| {
        let sql = format!(
            "INSERT INTO shifts (driver_id, class, seats, began_at, ended_at) VALUES (2, 'standard', 4, {now}, {ended_at})"
        );
        execute(&mut db, &sql)
    };
    begin(now).expect("a shift that is over");
    begin("NULL").expect("an open shift");
    assert!(is_twice(&begin("NULL")));
}

const fn is_twice(written: &QueryResult<()>) -> bool {
    matches!(
        written,
        Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _))
    )
}

fn a_trip_has_a_driver_and_an_end_only_where_they_are_due(on: On) {
    let (_database, mut db) = peopled(on);
    for status in Status::ALL {
        let drivers = match status {
            Status::Scheduled | Status::Requested | Status::Expired => &["NULL"][..],
            Status::Accepted
            | Status::Arrived
            | Status::InProgress
            | Status::NoShow
            | Status::Completed => &["2"],
            Status::Cancelled => &["NULL", "2"],
        };
        let end = match status {
            Status::Completed | Status::Cancelled => "'rider'",
            Status::Scheduled
            | Status::Requested
            | Status::Accepted
            | Status::Arrived
            | Status::InProgress
            | Status::NoShow
            | Status::Expired => "NULL",
        };
        for (driver, ended_by) in [
            ("NULL", "NULL"),
            ("NULL", "'rider'"),
            ("2", "NULL"),
            ("2", "'rider'"),
        ] {
            let written = write_trip(&mut db, status.as_str(), driver, ended_by);
            let due = drivers.contains(&driver) && ended_by == end;
            assert_eq!(
                written.is_ok(),
                due,
                "{status}, driver {driver}, ended by {ended_by}"
            );
            execute(&mut db, "DELETE FROM trips").expect("rows can be deleted");
        }
    }
}

fn both_databases_have_the_same_tables(_: On) {
    let (_sqlite, ref mut sqlite) = live(On::Sqlite);
    let (_postgres, ref mut postgres) = live(On::Postgres);
    assert_eq!(columns(sqlite), columns(postgres));
    assert_eq!(indexes(sqlite), indexes(postgres));
    assert_eq!(foreign_keys(sqlite), foreign_keys(postgres));
}
