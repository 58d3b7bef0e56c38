//! Notifications that have not expired, and who has read which.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use jiff::Timestamp;

use super::db::{Db, on};
use super::events::{self, EventRow};
use super::schema::{events as log, notification_reads as reads, notifications};
use super::sql_types::At;
use crate::domain::{Event, Fact, Stream, UserId};

/// The most notifications that are listed.
pub const LIST_MAX: i64 = 100;

#[derive(Insertable)]
#[diesel(table_name = notifications)]
struct NotificationRow {
    event_id: i64,
    stream: String,
    expires_at: At,
}

/// The account whose notifications are read, and the time.
#[derive(Debug, Clone)]
pub struct NotificationReader {
    pub user: UserId,
    /// The streams that the account hears.
    pub streams: Vec<Stream>,
    /// Notifications that have expired by then are left out.
    pub at: Timestamp,
}

/// Stores those of these events that are notifications.
pub(super) fn insert(db: &mut Db, events: &[Event]) -> QueryResult<()> {
    let rows: Vec<NotificationRow> = events
        .iter()
        .filter_map(|event| match &event.fact {
            Fact::Notification(notification) => Some(NotificationRow {
                event_id: event.id,
                stream: notification.audience.stream().to_string(),
                expires_at: At::of(notification.expires_at),
            }),
            Fact::Trip(_) | Fact::Message(_) | Fact::Offer(_) | Fact::Shift(_) => None,
        })
        .collect();
    let table = notifications::table;
    match db {
        Db::Pg(_) if rows.is_empty() => Ok(()),
        Db::Pg(conn) => diesel::insert_into(table)
            .values(&rows)
            .execute(conn)
            .map(drop),
        Db::Sqlite(conn) => rows.iter().try_for_each(|row| {
            diesel::insert_into(table)
                .values(row)
                .execute(conn)
                .map(drop)
        }),
    }
}

/// The condition that a notification was sent to the reader, has not expired, and was not read.
macro_rules! unread {
    ($reader:expr) => {
        notifications::stream
            .eq_any($reader.streams.iter().map(ToString::to_string))
            .and(notifications::expires_at.gt(At::of($reader.at)))
            .and(diesel::dsl::not(diesel::dsl::exists(
                reads::table.filter(
                    reads::event_id
                        .eq(notifications::event_id)
                        .and(reads::user_id.eq($reader.user.get())),
                ),
            )))
    };
}

/// How many notifications each of these readers has not read.
pub fn count_unread(db: &mut Db, readers: &[NotificationReader]) -> QueryResult<Vec<i64>> {
    let Some(at) = readers.iter().map(|reader| reader.at).max() else {
        return Ok(Vec::new());
    };
    let mut streams: Vec<String> = readers
        .iter()
        .flat_map(|reader| reader.streams.iter().map(ToString::to_string))
        .collect();
    streams.sort_unstable();
    streams.dedup();
    let users = readers.iter().map(|reader| reader.user.get());
    let unexpired = notifications::expires_at.gt(At::of(at));
    let sent: Vec<(String, i64)> = on!(&mut *db, |conn| notifications::table
        .filter(unexpired.and(notifications::stream.eq_any(streams)))
        .group_by(notifications::stream)
        .select((notifications::stream, diesel::dsl::count_star()))
        .load(conn))?;
    let read: Vec<(i64, i64)> = on!(&mut *db, |conn| reads::table
        .inner_join(notifications::table.on(notifications::event_id.eq(reads::event_id)))
        .filter(unexpired.and(reads::user_id.eq_any(users)))
        .group_by(reads::user_id)
        .select((reads::user_id, diesel::dsl::count_star()))
        .load(conn))?;
    let sent: HashMap<String, i64> = sent.into_iter().collect();
    let read: HashMap<i64, i64> = read.into_iter().collect();
    // An account can only read notifications of its own streams.
    let unread = |reader: &NotificationReader| {
        let own = reader.streams.iter().map(ToString::to_string);
        let all: i64 = own.filter_map(|stream| sent.get(&stream)).sum();
        all - read.get(&reader.user.get()).unwrap_or(&0)
    };
    Ok(readers.iter().map(unread).collect())
}

/// The notifications that the reader has not read, newest first, at most [`LIST_MAX`].
pub fn unread(db: &mut Db, reader: &NotificationReader) -> QueryResult<Vec<Event>> {
    let rows: Vec<EventRow> = on!(db, |conn| {
        notifications::table
            .inner_join(log::table)
            .filter(unread!(reader))
            .order(notifications::event_id.desc())
            .limit(LIST_MAX)
            .select(EventRow::as_select())
            .load(conn)
    })?;
    Ok(events::events_of(rows))
}

/// How many notifications the reader has not read, and the number of the newest of them; 0 if there are none.
pub fn count_and_newest(db: &mut Db, reader: &NotificationReader) -> QueryResult<(i64, i64)> {
    let (count, newest): (i64, Option<i64>) = on!(db, |conn| notifications::table
        .filter(unread!(reader))
        .select((
            diesel::dsl::count_star(),
            diesel::dsl::max(notifications::event_id),
        ))
        .get_result(conn))?;
    Ok((count, newest.unwrap_or_default()))
}

/// Marks unread notifications of the reader as read: all, or those with the given numbers. Other numbers are ignored.
pub fn mark_read(
    db: &mut Db,
    reader: &NotificationReader,
    which: Option<&[i64]>,
) -> QueryResult<()> {
    let user = reader.user.get().into_sql::<BigInt>();
    let table = reads::table;
    on!(db, |conn| {
        let mut unread = notifications::table
            .filter(unread!(reader))
            .select((user, notifications::event_id))
            .into_boxed();
        if let Some(which) = which {
            unread = unread.filter(notifications::event_id.eq_any(which.to_vec()));
        }
        diesel::insert_into(table)
            .values(unread)
            .into_columns((reads::user_id, reads::event_id))
            .execute(conn)
    })
    .map(drop)
}

/// Deletes at most `limit` notifications that have expired. Returns how many.
pub fn purge(db: &mut Db, at: Timestamp, limit: i64) -> QueryResult<usize> {
    let old: Vec<i64> = on!(&mut *db, |conn| {
        notifications::table
            .filter(notifications::expires_at.le(At::of(at)))
            .order(notifications::expires_at)
            .limit(limit)
            .select(notifications::event_id)
            .load(conn)
    })?;
    let old = notifications::table.filter(notifications::event_id.eq_any(old));
    on!(db, |conn| diesel::delete(old).execute(conn))
}
