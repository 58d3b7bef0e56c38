//! Idempotency keys: for which command a user's key was used, and which event was the outcome.

use std::collections::BTreeMap;
use std::sync::Arc;

use diesel::prelude::*;
use jiff::Timestamp;

use super::db::{Db, on};
use super::events::EventRow;
use super::schema::{events, idempotency_keys as keys};
use super::sql_types::At;
use crate::domain::core::{IdempotencyKey, UsedKey};
use crate::domain::{Event, Fact, Trip, UserId};

#[derive(Insertable)]
#[diesel(table_name = keys)]
struct KeyRow<'a> {
    user_id: i64,
    key: &'a str,
    digest: &'a [u8],
    event_id: i64,
    used_at: At,
}

/// Those of these keys that were used before, with the command's digest and the trip that it led to.
pub fn find(
    db: &mut Db,
    wanted: &[(UserId, &str)],
) -> QueryResult<BTreeMap<(UserId, String), UsedKey>> {
    if wanted.is_empty() {
        return Ok(BTreeMap::new());
    }
    let users = wanted.iter().map(|(user, _)| user.get());
    let words = wanted.iter().map(|(_, word)| *word);
    let found: Vec<(i64, String, Vec<u8>, EventRow)> = on!(db, |conn| {
        keys::table
            .inner_join(events::table.on(events::id.eq(keys::event_id)))
            .filter(keys::user_id.eq_any(users).and(keys::key.eq_any(words)))
            .select((
                keys::user_id,
                keys::key,
                keys::digest,
                EventRow::as_select(),
            ))
            .load(conn)
    })?;
    let mut used = BTreeMap::new();
    for (user, word, digest, event) in found {
        let Ok(digest) = digest.try_into() else {
            continue;
        };
        let trip = trip_of(event.into_event()?).map(Arc::new);
        used.insert((UserId::new(user), word), UsedKey { digest, trip });
    }
    Ok(used)
}

fn trip_of(event: Event) -> Option<Trip> {
    match event.fact {
        Fact::Trip(change) => Some(change.trip),
        Fact::Message(_) | Fact::Notification(_) | Fact::Offer(_) | Fact::Shift(_) => None,
    }
}

/// Stores a user's key, with the number of the event that was its outcome.
pub(super) fn insert(
    db: &mut Db,
    user: UserId,
    key: &IdempotencyKey,
    event: i64,
    at: Timestamp,
) -> QueryResult<()> {
    let row = KeyRow {
        user_id: user.get(),
        key: &key.word,
        digest: &key.digest,
        event_id: event,
        used_at: At::of(at),
    };
    on!(db, |conn| diesel::insert_into(keys::table)
        .values(&row)
        .execute(conn))
    .map(drop)
}

/// Deletes at most `limit` keys that were used before `since`. Returns how many.
pub fn purge(db: &mut Db, since: Timestamp, limit: i64) -> QueryResult<usize> {
    let old = keys::used_at.lt(At::of(since));
    let last: Option<At> = on!(&mut *db, |conn| {
        keys::table
            .filter(old)
            .order(keys::used_at)
            .select(keys::used_at)
            .offset(limit)
            .first(conn)
            .optional()
    })?;
    // Up to the first one beyond the limit, or all of them.
    let until = last.unwrap_or(At::of(since));
    on!(db, |conn| diesel::delete(
        keys::table.filter(keys::used_at.lt(until))
    )
    .execute(conn))
}
