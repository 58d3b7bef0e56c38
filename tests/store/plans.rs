//! Queries that run often must not read tables from end to end that only grow.

use std::sync::{Arc, Mutex};

use cabrank::store::db::Db;
use cabrank::store::{QueryResult, offers, shifts};
use diesel::connection::InstrumentationEvent;
use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::support::{On, Test};
use crate::tests;
use crate::town::Town;

pub fn tests() -> Vec<Test> {
    tests![what_operators_are_shown_of_drivers_is_read_by_indexes].to_vec()
}

/// The limit in the queries.
const LIMIT: i64 = 1_001;

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    detail: String,
}

/// The database's plan for the first statement that `read` runs.
fn plan<T>(town: &Town, read: impl FnOnce(&mut Db) -> QueryResult<T>) -> String {
    let statements = Arc::new(Mutex::new(Vec::new()));
    let (heard, mut db) = (statements.clone(), town.database.connect());
    let listener = move |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            heard.lock().expect("nobody panics").push(query.to_string());
        }
    };
    match &mut db {
        Db::Pg(conn) => conn.set_instrumentation(listener),
        Db::Sqlite(conn) => conn.set_instrumentation(listener),
    }
    read(&mut db).expect("it can be read");
    let statement = statements.lock().expect("nobody panics")[0].clone();
    let statement = statement.split(" -- binds").next().unwrap_or_default();
    lines(&mut db, statement)
}

fn lines(db: &mut Db, statement: &str) -> String {
    let limit = LIMIT.to_string();
    let lines: QueryResult<Vec<String>> = match db {
        Db::Sqlite(conn) => {
            let explain = format!("EXPLAIN QUERY PLAN {}", statement.replace('?', &limit));
            let lines = diesel::sql_query(explain).load::<Line>(conn);
            lines.map(|lines| lines.into_iter().map(|line| line.detail).collect())
        }
        Db::Pg(conn) => {
            let explain = format!("EXPLAIN {}", statement.replace("$1", &limit));
            // PostgreSQL reads an empty table from end to end, whatever indexes it has.
            let set = diesel::sql_query("SET enable_seqscan = off").execute(conn);
            set.expect("it is a setting");
            diesel::dsl::sql::<Text>(&explain).load::<String>(conn)
        }
    };
    lines.expect("it can be explained").join("\n")
}

fn what_operators_are_shown_of_drivers_is_read_by_indexes(on: On) {
    let town = Town::on(on);
    let shifts = plan(&town, |db| shifts::newest_open(db, LIMIT));
    assert!(shifts.contains("one_open_shift_per_driver"), "{shifts}");
    let offers = plan(&town, |db| offers::newest_open_with_trips(db, LIMIT));
    let indexes = ["one_open_offer_per_driver", "open_offers_by_time"];
    assert!(indexes.iter().any(|name| offers.contains(name)), "{offers}");
}
