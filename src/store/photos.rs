//! The photos of accounts, as rows.

use diesel::prelude::*;
use jiff::Timestamp;

use super::db::{Db, on};
use super::schema::{photos, users};
use super::sql_types::{At, Id};
use crate::domain::{PhotoId, UserId};

#[derive(Insertable)]
#[diesel(table_name = photos)]
struct NewPhoto<'a> {
    id: Id,
    user_id: i64,
    jpeg: &'a [u8],
    created_at: At,
}

/// Adds the photo of an account that has none. The account's row names it already.
pub fn insert(
    db: &mut Db,
    id: PhotoId,
    user: UserId,
    jpeg: &[u8],
    at: Timestamp,
) -> QueryResult<()> {
    let row = NewPhoto {
        id: Id::of(id.uuid()),
        user_id: user.get(),
        jpeg,
        created_at: At::of(at),
    };
    on!(db, |conn| diesel::insert_into(photos::table)
        .values(&row)
        .execute(conn))
    .map(drop)
}

/// The photo with that id, as a JPEG.
pub fn find(db: &mut Db, id: PhotoId) -> QueryResult<Option<Vec<u8>>> {
    on!(db, |conn| photos::table
        .find(Id::of(id.uuid()))
        .select(photos::jpeg)
        .first(conn)
        .optional())
}

/// Deletes the photo of an account, if it has one.
pub fn remove(db: &mut Db, user: UserId) -> QueryResult<()> {
    let none: Option<Id> = None;
    on!(&mut *db, |conn| diesel::update(
        users::table.find(user.get())
    )
    .set(users::photo.eq(none))
    .execute(conn))?;
    let own = photos::table.filter(photos::user_id.eq(user.get()));
    on!(db, |conn| diesel::delete(own).execute(conn)).map(drop)
}
