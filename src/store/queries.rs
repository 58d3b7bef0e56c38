//! The pool's queries in the log, for counting them or finding a slow one.

use diesel::connection::{Instrumentation, InstrumentationEvent};

/// What diesel writes before the values that are bound to a query.
const BINDS: &str = " -- binds: ";

/// Logs each query at the level TRACE under the target `cabrank::store`, without the bound values.
pub struct LogQueries;

impl Instrumentation for LogQueries {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if let InstrumentationEvent::StartQuery { query, .. } = event
            && tracing::enabled!(target: "cabrank::store", tracing::Level::TRACE)
        {
            tracing::trace!(target: "cabrank::store", "{}", statement(&query.to_string()));
        }
    }
}

/// A query as diesel prints it, without the bound values.
fn statement(shown: &str) -> &str {
    shown.split(BINDS).next().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use diesel::prelude::*;
    use diesel::sqlite::Sqlite;

    use super::*;
    use crate::store::schema::users;

    #[test]
    fn what_is_bound_is_not_told() {
        let name = "ann -- binds: ann";
        let built = users::table
            .select(users::id)
            .filter(users::username.eq(name));
        let by_hand = diesel::sql_query("SELECT ?").bind::<diesel::sql_types::Text, _>(name);
        let built = diesel::debug_query::<Sqlite, _>(&built).to_string();
        let by_hand = diesel::debug_query::<Sqlite, _>(&by_hand).to_string();
        assert!(built.contains("ann") && by_hand.contains("ann"));
        assert_eq!(
            statement(&built),
            "SELECT `users`.`id` FROM `users` WHERE (`users`.`username` = ?)"
        );
        assert_eq!(statement(&by_hand), "SELECT ?");
    }
}
