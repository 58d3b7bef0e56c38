//! Quotes, each with what it promised the rider.

use std::fmt;

use diesel::prelude::*;
use jiff::Timestamp;
use uuid::Uuid;

use super::db::{Db, on};
use super::schema::quotes;
use super::sql_types::{At, Id};
use crate::domain::RiderId;

/// A quote's key: 32 lower-case hex digits on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuoteId(Uuid);

impl QuoteId {
    /// Wraps an id that was made or read elsewhere.
    pub const fn new(id: Uuid) -> Self {
        Self(id)
    }

    /// Parses a key of 32 hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        let is_one = text.len() == 32;
        let id = is_one.then(|| Uuid::try_parse(text).ok()).flatten();
        id.map(Self)
    }
}

impl fmt::Display for QuoteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.simple().fmt(f)
    }
}

/// Stores quotes for a rider.
pub fn insert(
    db: &mut Db,
    rider: RiderId,
    new: &[(QuoteId, String)],
    expires_at: Timestamp,
) -> QueryResult<()> {
    new.iter().try_for_each(|(id, payload)| {
        let row = (
            quotes::id.eq(Id::of(id.0)),
            quotes::rider_id.eq(rider.user().get()),
            quotes::payload.eq(payload),
            quotes::expires_at.eq(At::of(expires_at)),
        );
        on!(&mut *db, |conn| diesel::insert_into(quotes::table)
            .values(row)
            .execute(conn))
        .map(drop)
    })
}

/// The quote with that id, if it was made for this rider and has not expired.
pub fn find(
    db: &mut Db,
    id: QuoteId,
    rider: RiderId,
    at: Timestamp,
) -> QueryResult<Option<String>> {
    let holds = quotes::rider_id
        .eq(rider.user().get())
        .and(quotes::expires_at.gt(At::of(at)))
        .and(quotes::expires_at.lt(At::NONE));
    on!(db, |conn| quotes::table
        .find(Id::of(id.0))
        .filter(holds)
        .select(quotes::payload)
        .first(conn)
        .optional())
}

/// Deletes at most `limit` expired quotes. Returns how many.
pub fn purge(db: &mut Db, at: Timestamp, limit: i64) -> QueryResult<usize> {
    let old: Vec<Id> = on!(&mut *db, |conn| quotes::table
        .filter(quotes::expires_at.le(At::of(at)))
        .limit(limit)
        .select(quotes::id)
        .load(conn))?;
    let old = quotes::table.filter(quotes::id.eq_any(old));
    on!(db, |conn| diesel::delete(old).execute(conn))
}
