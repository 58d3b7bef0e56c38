//! Accounts: log-in, log-out, refreshing tokens, and whose token or cookie a request brings.

mod error;
mod photo;
mod sign_up;
mod vehicles;

pub use error::AccountError;
pub use photo::{PhotoError, PhotoUpload};
pub use sign_up::{Admission, SignUp};

use std::net::IpAddr;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use self::photo::Photos;
use crate::auth::passwords::{Password, Passwords};
use crate::auth::throttle::Throttle;
use crate::auth::tokens::{TokenIssuer, TokenPurpose};
use crate::domain::{Person, SessionId, Standing, UserId, Username};
use crate::inputs;
use crate::store::Store;
use crate::store::gather::Gather;
use crate::store::pool::Unavailable;
use crate::store::users::{self, StoredAccount};
use crate::store::writer::Tx;

/// How long a log-in lasts, no matter how often its tokens are refreshed.
pub const SESSION_LIFE: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The most open log-ins of one account. When there are more, the oldest end.
const SESSIONS_MAX: i64 = 50;

/// Whether new drivers may drive at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum DriverSignUp {
    /// They may drive at once; good for trying out.
    Open,
    /// The operator approves each of them.
    Approved,
}

/// Accounts and their log-ins; cheap to clone.
#[derive(Clone)]
pub struct Accounts {
    store: Store,
    /// Gathers the look-ups of clients that connect at the same time.
    sessions: Gather<SessionId, Option<users::OpenSession>>,
    passwords: Passwords,
    tokens: TokenIssuer,
    throttle: Arc<Throttle>,
    driver_sign_up: DriverSignUp,
    photos: Photos,
}

/// The log-in and the account that a token or a cookie belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pub session: SessionId,
    pub person: Person,
}

/// How a log-in is looked up in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LookUp {
    /// With a query of its own.
    Alone,
    /// In one query with those of other clients that connect at the same time.
    Together,
}

/// What a successful log-in returns.
pub struct LoggedIn {
    pub person: Person,
    pub access: String,
    pub refresh: String,
    /// The value of the session cookie.
    pub cookie: String,
}

/// The new tokens that a refresh token gave.
pub struct Refreshed {
    pub access: String,
    /// Valid once, and only until the log-in ends.
    pub refresh: String,
}

impl Accounts {
    /// Also starts the threads that hash passwords.
    pub fn new(
        store: Store,
        tokens: TokenIssuer,
        throttle: Arc<Throttle>,
        driver_sign_up: DriverSignUp,
    ) -> Self {
        let sessions = Gather::new(&store.reader, |db, ids| {
            let open = users::open_sessions(db, ids, inputs::now())?;
            // One log-in may connect more than once.
            Ok(ids.iter().map(|id| open.get(id).cloned()).collect())
        });
        Self {
            store,
            sessions,
            passwords: Passwords::default(),
            tokens,
            throttle,
            driver_sign_up,
            photos: Photos::default(),
        }
    }

    /// Opens a session, if the password is that of the account.
    pub async fn log_in(
        &self,
        username: &str,
        password: Password,
        from: IpAddr,
    ) -> Result<LoggedIn, AccountError> {
        self.throttle.address(from)?;
        let account = match Username::parse(username) {
            Ok(name) => {
                self.throttle.name(&name, from)?;
                self.named(name.as_str()).await?
            }
            // No account can have such a name. A password is hashed all the same, so that the answer takes as long.
            Err(_) => None,
        };
        let hash = account
            .as_ref()
            .map(|account| account.password_hash.clone());
        let is_right = self.passwords.verify(password, hash).await?;
        let account = account
            .filter(|_| is_right)
            .ok_or(AccountError::WrongCredentials)?;
        match account.standing {
            Standing::Active => self.open(account).await,
            Standing::Pending => Err(AccountError::NotApproved),
            Standing::Blocked => Err(AccountError::WrongCredentials),
        }
    }

    /// Opens a session, unless the account has changed while the password was checked.
    async fn open(&self, account: StoredAccount) -> Result<LoggedIn, AccountError> {
        let at = inputs::now();
        let (session, until) = (SessionId::new(inputs::fresh_id()), at + SESSION_LIFE);
        let (user, hash) = (account.id, account.password_hash.clone());
        let opened = self.store.writer.change(move |tx| {
            let same =
                |now: &StoredAccount| now.standing == Standing::Active && now.password_hash == hash;
            if !users::locked(tx.db, user)?.as_ref().is_some_and(same) {
                return Ok(false);
            }
            users::open_session(tx.db, session, user, at, until)?;
            for old in users::sessions_beyond(tx.db, user, SESSIONS_MAX)? {
                end(tx, old, at)?;
            }
            Ok(true)
        });
        if !opened.await? {
            return Err(AccountError::WrongCredentials);
        }
        let person = person(account);
        Ok(LoggedIn {
            access: self.tokens.access(session, &person, at),
            refresh: self.tokens.refresh(session, &person, 1, at, until),
            cookie: self.tokens.cookie(session, &person, at, until),
            person,
        })
    }

    /// The caller whose access token this is.
    pub async fn by_access(&self, token: &str, how: LookUp) -> Result<Caller, AccountError> {
        self.caller(token, TokenPurpose::Access, how).await
    }

    /// The caller whose cookie this is.
    pub async fn by_cookie(&self, token: &str, how: LookUp) -> Result<Caller, AccountError> {
        self.caller(token, TokenPurpose::Cookie, how).await
    }

    async fn caller(
        &self,
        token: &str,
        purpose: TokenPurpose,
        how: LookUp,
    ) -> Result<Caller, AccountError> {
        let session = self.tokens.verify(token, purpose, inputs::now())?.session;
        let open = match how {
            LookUp::Alone => self.session(session).await?,
            LookUp::Together => {
                let found = self.sessions.get(session).await?;
                found.ok_or(AccountError::NotAuthenticated)?
            }
        };
        Ok(Caller {
            session,
            person: person(open.account),
        })
    }

    async fn session(&self, id: SessionId) -> Result<users::OpenSession, AccountError> {
        let at = inputs::now();
        let found = self
            .store
            .reader
            .read(move |db| Ok(users::open_sessions(db, &[id], at)?.remove(&id)))
            .await?;
        found.ok_or(AccountError::NotAuthenticated)
    }

    /// Gives new tokens for a refresh token. If a session is given, the token must be of that session. A token that was
    /// used before ends its session.
    pub async fn refresh(
        &self,
        token: &str,
        of: Option<SessionId>,
    ) -> Result<Refreshed, AccountError> {
        let at = inputs::now();
        let token = self.tokens.verify(token, TokenPurpose::Refresh, at)?;
        if of.is_some_and(|session| session != token.session) {
            return Err(AccountError::NotAuthenticated);
        }
        let session = self.session(token.session).await?;
        let moved = self.store.writer.change(move |tx| {
            let moved = users::next_generation(tx.db, token.session, token.generation)?;
            if !moved {
                end(tx, token.session, at)?;
            }
            Ok(moved)
        });
        if !moved.await? {
            tracing::warn!(session = %token.session, "An old refresh token was used; the session is ended");
            return Err(AccountError::NotAuthenticated);
        }
        let person = person(session.account);
        Ok(Refreshed {
            access: self.tokens.access(token.session, &person, at),
            refresh: self.tokens.refresh(
                token.session,
                &person,
                token.generation + 1,
                at,
                session.expires_at,
            ),
        })
    }

    /// Ends a session: its tokens, its cookie and its sockets.
    pub async fn log_out(&self, session: SessionId) -> Result<(), AccountError> {
        let at = inputs::now();
        Ok(self
            .store
            .writer
            .change(move |tx| end(tx, session, at))
            .await?)
    }

    /// Sets the standing of an account, and ends its sessions.
    pub async fn set_standing(
        &self,
        username: &str,
        standing: Standing,
    ) -> Result<(), AccountError> {
        let user = self.id_of(username).await?;
        let at = inputs::now();
        let change = self.store.writer.change(move |tx| {
            users::set_standing(tx.db, user, standing)?;
            users::end_sessions_of(tx.db, user, at)
        });
        Ok(change.await?)
    }

    /// Replaces a password, and ends the account's sessions.
    pub async fn set_password(
        &self,
        username: &str,
        password: Password,
    ) -> Result<(), AccountError> {
        let user = self.id_of(username).await?;
        let hash = self.passwords.hash(password).await?;
        let at = inputs::now();
        let change = self.store.writer.change(move |tx| {
            users::set_password(tx.db, user, &hash)?;
            users::end_sessions_of(tx.db, user, at)
        });
        Ok(change.await?)
    }

    async fn id_of(&self, username: &str) -> Result<UserId, AccountError> {
        let account = self.named(username).await?;
        account
            .map(|account| account.id)
            .ok_or(AccountError::NoSuchUser)
    }

    async fn named(&self, username: &str) -> Result<Option<StoredAccount>, Unavailable> {
        let username = username.to_owned();
        self.store
            .reader
            .read(move |db| users::named(db, &username))
            .await
    }
}

fn end(tx: &mut Tx<'_>, session: SessionId, at: Timestamp) -> crate::store::QueryResult<()> {
    users::end_session(tx.db, session, at)?;
    tx.session_ended(session);
    Ok(())
}

fn person(account: StoredAccount) -> Person {
    let StoredAccount {
        id,
        username,
        first_name,
        last_name,
        role,
        photo,
        ..
    } = account;
    Person {
        id,
        role,
        username,
        first_name,
        last_name,
        photo,
    }
}
