//! The accounts and their log-ins, as rows.

use std::collections::HashMap;

use diesel::prelude::*;
use jiff::Timestamp;

use super::corrupt::{Corrupt, readable};
use super::db::{Db, on};
use super::rows;
use super::schema::{sessions, users};
use super::settling;
use super::sql_types::{At, Id};
use crate::domain::{PhotoId, Role, SessionId, Standing, UserId};

/// A new account.
#[derive(Debug, Clone)]
pub struct NewAccount {
    pub username: String,
    pub password_hash: String,
    pub first_name: String,
    pub last_name: String,
    pub role: Role,
    pub standing: Standing,
    pub created_at: Timestamp,
    pub photo: Option<PhotoId>,
}

/// An account as it is stored.
#[derive(Debug, Clone)]
pub struct StoredAccount {
    pub id: UserId,
    pub username: String,
    /// In PHC form.
    pub password_hash: String,
    /// May be empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
    pub role: Role,
    pub standing: Standing,
    pub photo: Option<PhotoId>,
}

/// An open log-in with its account.
#[derive(Debug, Clone)]
pub struct OpenSession {
    pub account: StoredAccount,
    /// The generation of the refresh token that is valid.
    pub refresh_generation: i64,
    /// When it expires.
    pub expires_at: Timestamp,
}

#[derive(Insertable)]
#[diesel(table_name = users)]
struct NewUser<'a> {
    username: &'a str,
    password_hash: &'a str,
    first_name: &'a str,
    last_name: &'a str,
    role: &'static str,
    standing: &'static str,
    created_at: At,
    photo: Option<Id>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = users)]
struct UserRow {
    id: i64,
    username: String,
    password_hash: String,
    first_name: String,
    last_name: String,
    role: String,
    standing: String,
    photo: Option<Id>,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = sessions, treat_none_as_default_value = false)]
struct SessionRow {
    id: Id,
    user_id: i64,
    refresh_generation: i64,
    created_at: At,
    expires_at: At,
    ended_at: Option<At>,
}

impl UserRow {
    fn into_account(self) -> Result<StoredAccount, Corrupt> {
        let corrupt = |why| Corrupt {
            table: "users",
            id: self.id,
            why,
        };
        Ok(StoredAccount {
            id: UserId::new(self.id),
            role: Role::parse(&self.role).ok_or(corrupt("its role is unknown"))?,
            standing: Standing::parse(&self.standing).ok_or(corrupt("its standing is unknown"))?,
            username: self.username,
            password_hash: self.password_hash,
            first_name: self.first_name,
            last_name: self.last_name,
            photo: rows::photo_of(UserId::new(self.id), self.photo),
        })
    }
}

/// Adds an account. Returns none if the name is taken.
pub fn insert(db: &mut Db, new: &NewAccount) -> QueryResult<Option<UserId>> {
    let row = NewUser {
        username: &new.username,
        password_hash: &new.password_hash,
        first_name: &new.first_name,
        last_name: &new.last_name,
        role: new.role.as_str(),
        standing: new.standing.as_str(),
        created_at: At::of(new.created_at),
        photo: new.photo.map(|photo| Id::of(photo.uuid())),
    };
    let id: Option<i64> = on!(db, |conn| {
        diesel::insert_into(users::table)
            .values(&row)
            .on_conflict(users::username)
            .do_nothing()
            .returning(users::id)
            .get_result(conn)
            .optional()
    })?;
    Ok(id.map(UserId::new))
}

/// The account of that name.
pub fn named(db: &mut Db, username: &str) -> QueryResult<Option<StoredAccount>> {
    let row = on!(db, |conn| {
        users::table
            .filter(users::username.eq(username))
            .select(UserRow::as_select())
            .first(conn)
            .optional()
    })?;
    Ok(row.map(UserRow::into_account).transpose()?)
}

/// The usernames of these accounts.
pub fn names(db: &mut Db, ids: &[i64]) -> QueryResult<Vec<(UserId, String)>> {
    let names: Vec<(i64, String)> = on!(db, |conn| users::table
        .filter(users::id.eq_any(ids))
        .select((users::id, users::username))
        .load(conn))?;
    let names = names.into_iter();
    Ok(names.map(|(id, name)| (UserId::new(id), name)).collect())
}

/// Locks accounts in the order of their ids. Returns their standings.
pub fn lock(db: &mut Db, ids: &[UserId]) -> QueryResult<Vec<(UserId, Standing)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let by_id = users::table
        .filter(users::id.eq_any(ids.iter().map(|id| id.get())))
        .order(users::id);
    let columns = (users::id, users::standing);
    let rows: Vec<(i64, String)> = match db {
        // Not `FOR UPDATE`: a new session's foreign key takes a key share lock on its user, in no order.
        Db::Pg(conn) => by_id.select(columns).for_no_key_update().load(conn),
        Db::Sqlite(conn) => by_id.select(columns).load(conn),
    }?;
    let standings = rows.into_iter().map(|(id, standing)| {
        let standing = Standing::parse(&standing).ok_or(Corrupt {
            table: "users",
            id,
            why: "its standing is unknown",
        })?;
        Ok((UserId::new(id), standing))
    });
    Ok(standings.filter_map(readable).collect())
}

/// Sets the standing of an account.
pub fn set_standing(db: &mut Db, user: UserId, standing: Standing) -> QueryResult<()> {
    let user = users::table.find(user.get());
    on!(db, |conn| diesel::update(user)
        .set(users::standing.eq(standing.as_str()))
        .execute(conn))
    .map(drop)
}

/// Replaces the password of an account.
pub fn set_password(db: &mut Db, user: UserId, password_hash: &str) -> QueryResult<()> {
    let user = users::table.find(user.get());
    on!(db, |conn| diesel::update(user)
        .set(users::password_hash.eq(password_hash))
        .execute(conn))
    .map(drop)
}

/// Opens a log-in, with the first generation of refresh tokens.
pub fn open_session(
    db: &mut Db,
    id: SessionId,
    user: UserId,
    from: Timestamp,
    until: Timestamp,
) -> QueryResult<()> {
    let row = SessionRow {
        id: Id::of(id.uuid()),
        user_id: user.get(),
        refresh_generation: 1,
        created_at: At::of(from),
        expires_at: At::of(until),
        ended_at: None,
    };
    on!(db, |conn| diesel::insert_into(sessions::table)
        .values(&row)
        .execute(conn))
    .map(drop)
}

/// Those of these log-ins that are open, if their accounts are active.
pub fn open_sessions(
    db: &mut Db,
    ids: &[SessionId],
    at: Timestamp,
) -> QueryResult<HashMap<SessionId, OpenSession>> {
    let open = sessions::id
        .eq_any(ids.iter().map(|id| Id::of(id.uuid())))
        .and(sessions::ended_at.is_null())
        .and(sessions::expires_at.gt(At::of(at)));
    let rows: Vec<(SessionRow, UserRow)> = on!(db, |conn| {
        sessions::table
            .inner_join(users::table)
            .filter(open.and(users::standing.eq(Standing::Active.as_str())))
            .select((SessionRow::as_select(), UserRow::as_select()))
            .load(conn)
    })?;
    let session = |(session, user): (SessionRow, UserRow)| {
        let expires_at = session.expires_at.read().ok_or(Corrupt {
            table: "sessions",
            id: session.user_id,
            why: "a log-in of this account ends at no time",
        })?;
        let found = OpenSession {
            account: user.into_account()?,
            refresh_generation: session.refresh_generation,
            expires_at,
        };
        Ok((session.id.read(), found))
    };
    let open = rows.into_iter().map(session).filter_map(readable);
    let open = open.filter_map(|(id, session)| Some((SessionId::new(id?), session)));
    Ok(open.collect())
}

/// Moves on to the next generation of refresh tokens, if `generation` is the valid one. Returns whether it was.
pub fn next_generation(db: &mut Db, id: SessionId, generation: i64) -> QueryResult<bool> {
    let current = sessions::table.filter(
        sessions::id
            .eq(Id::of(id.uuid()))
            .and(sessions::ended_at.is_null())
            .and(sessions::refresh_generation.eq(generation)),
    );
    let moved = on!(db, |conn| {
        diesel::update(current)
            .set(sessions::refresh_generation.eq(generation + 1))
            .execute(conn)
    })?;
    Ok(moved == 1)
}

/// Ends a log-in, if it is open. If it was a driver's last one, settling begins.
pub fn end_session(db: &mut Db, id: SessionId, at: Timestamp) -> QueryResult<()> {
    let user: Option<i64> = on!(&mut *db, |conn| sessions::table
        .find(Id::of(id.uuid()))
        .select(sessions::user_id)
        .first(conn)
        .optional())?;
    let Some(user) = user.map(UserId::new) else {
        return Ok(());
    };
    // Everywhere, accounts are locked before their log-ins.
    lock(db, &[user])?;
    let open = sessions::table.filter(
        sessions::id
            .eq(Id::of(id.uuid()))
            .and(sessions::ended_at.is_null()),
    );
    on!(&mut *db, |conn| diesel::update(open)
        .set(sessions::ended_at.eq(At::of(at)))
        .execute(conn))?;
    settling::begin_if_gone(db, user, at)
}

/// Ends all log-ins of an account, whose row must be locked. For a driver, settling begins.
pub fn end_sessions_of(db: &mut Db, user: UserId, at: Timestamp) -> QueryResult<()> {
    let open = sessions::table.filter(
        sessions::user_id
            .eq(user.get())
            .and(sessions::ended_at.is_null()),
    );
    on!(&mut *db, |conn| diesel::update(open)
        .set(sessions::ended_at.eq(At::of(at)))
        .execute(conn))?;
    settling::begin_if_gone(db, user, at)
}

/// Those of these log-ins that are over, no matter which process ended them.
pub fn ended_among(db: &mut Db, ids: &[SessionId], at: Timestamp) -> QueryResult<Vec<SessionId>> {
    let keys = ids.iter().map(|id| Id::of(id.uuid()));
    let over = sessions::ended_at
        .is_not_null()
        .or(sessions::expires_at.le(At::of(at)))
        // The end of such a log-in is out of range, so it cannot be trusted.
        .or(sessions::expires_at.ge(At::NONE));
    let ended: Vec<Id> = on!(db, |conn| {
        sessions::table
            .filter(sessions::id.eq_any(keys).and(over))
            .select(sessions::id)
            .load(conn)
    })?;
    Ok(session_ids(ended))
}

/// Deletes at most `limit` log-ins that ended before `since`. Returns how many.
pub fn purge_sessions(db: &mut Db, since: Timestamp, limit: i64) -> QueryResult<usize> {
    let over = sessions::expires_at
        .lt(At::of(since))
        .or(sessions::ended_at.assume_not_null().lt(At::of(since)));
    let old: Vec<Id> = on!(&mut *db, |conn| {
        sessions::table
            .filter(over)
            .limit(limit)
            .select(sessions::id)
            .load(conn)
    })?;
    let old = sessions::table.filter(sessions::id.eq_any(old));
    on!(db, |conn| diesel::delete(old).execute(conn))
}

/// Locks an account and returns it.
pub fn locked(db: &mut Db, user: UserId) -> QueryResult<Option<StoredAccount>> {
    let row = match db {
        Db::Pg(conn) => users::table
            .find(user.get())
            .select(UserRow::as_select())
            .for_no_key_update()
            .first(conn)
            .optional(),
        Db::Sqlite(conn) => users::table
            .find(user.get())
            .select(UserRow::as_select())
            .first(conn)
            .optional(),
    }?;
    Ok(row.map(UserRow::into_account).transpose()?)
}

/// The open log-ins of an account beyond the newest `kept`.
pub fn sessions_beyond(db: &mut Db, user: UserId, kept: i64) -> QueryResult<Vec<SessionId>> {
    let open = sessions::user_id
        .eq(user.get())
        .and(sessions::ended_at.is_null());
    let beyond: Vec<Id> = on!(db, |conn| {
        sessions::table
            .filter(open)
            .order(sessions::created_at.desc())
            .offset(kept)
            .select(sessions::id)
            .load(conn)
    })?;
    Ok(session_ids(beyond))
}

fn session_ids(rows: Vec<Id>) -> Vec<SessionId> {
    let ids = rows.into_iter().filter_map(Id::read);
    ids.map(SessionId::new).collect()
}
