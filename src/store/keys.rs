//! Idempotency keys: which command a user's key stood for, and which event is its answer.

use diesel::prelude::*;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::db::{Db, on};
use super::schema::{events, idempotency_keys as keys, trips};
use super::sql_types::{At, Id};
use crate::domain::{TripId, UserId};

/// The longest word of a key, in characters.
const WORD_MAX: usize = 255;

/// A client's word for one command, and a digest of that command.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    /// 1 to 255 visible ASCII characters.
    pub word: String,
    /// SHA-256 of what tells the command from others.
    pub digest: [u8; 32],
}

impl Key {
    /// The key of that word for the command that these parts make up, or which rule the word breaks.
    pub fn new<'a>(word: &str, parts: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, String> {
        let is_long_enough = (1..=WORD_MAX).contains(&word.len());
        if !is_long_enough || !word.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(format!(
                "An idempotency key has 1 to {WORD_MAX} visible ASCII characters."
            ));
        }
        let mut digest = Sha256::new();
        for part in parts {
            digest.update(part);
            digest.update([0]);
        }
        Ok(Self {
            word: word.to_owned(),
            digest: digest.finalize().into(),
        })
    }
}

/// What a key stood for.
#[derive(Debug, Clone)]
pub struct Used {
    /// Whose key.
    pub user: UserId,
    /// The key and its command.
    pub key: Key,
    /// The trip that the command made or changed.
    pub trip: TripId,
    /// The revision that was its answer.
    pub revision: i64,
}

#[derive(Insertable)]
#[diesel(table_name = keys)]
struct KeyRow<'a> {
    user_id: i64,
    key: &'a str,
    digest: &'a [u8],
    event_id: i64,
    used_at: At,
}

/// Which of these keys were used before.
pub fn find(db: &mut Db, wanted: &[(UserId, &str)]) -> QueryResult<Vec<Used>> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let users = wanted.iter().map(|(user, _)| user.get());
    let words = wanted.iter().map(|(_, word)| *word);
    let found: Vec<(i64, String, Vec<u8>, Id, i64)> = on!(db, |conn| {
        keys::table
            .inner_join(events::table.on(events::id.eq(keys::event_id)))
            .inner_join(trips::table.on(trips::id.nullable().eq(events::trip_id)))
            .filter(keys::user_id.eq_any(users).and(keys::key.eq_any(words)))
            .select((
                keys::user_id,
                keys::key,
                keys::digest,
                trips::nk,
                events::revision.assume_not_null(),
            ))
            .load(conn)
    })?;
    let used = found
        .into_iter()
        .filter_map(|(user, word, digest, trip, revision)| {
            let digest = digest.try_into().ok()?;
            Some(Used {
                user: UserId::new(user),
                key: Key { word, digest },
                trip: TripId::new(trip.read()?),
                revision,
            })
        });
    Ok(used.collect())
}

/// Remembers a key with the number of the event that answers it.
pub fn insert(db: &mut Db, used: &Used, event: i64, at: Timestamp) -> QueryResult<()> {
    let row = KeyRow {
        user_id: used.user.get(),
        key: &used.key.word,
        digest: &used.key.digest,
        event_id: event,
        used_at: At::of(at),
    };
    on!(db, |conn| diesel::insert_into(keys::table)
        .values(&row)
        .execute(conn))
    .map(drop)
}

/// Forgets at most `limit` keys last used before `since`; returns how many.
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
    // Up to the first one that is too many, or all of them.
    let until = last.unwrap_or(At::of(since));
    on!(db, |conn| diesel::delete(
        keys::table.filter(keys::used_at.lt(until))
    )
    .execute(conn))
}
