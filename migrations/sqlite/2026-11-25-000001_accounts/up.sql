-- Accounts and their log-ins.
CREATE TABLE users (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    username      TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    first_name    TEXT NOT NULL,
    last_name     TEXT NOT NULL,
    role          TEXT NOT NULL CHECK (role IN ('rider', 'driver', 'operator')),
    standing      TEXT NOT NULL CHECK (standing IN ('active', 'pending', 'blocked')),
    created_at    BIGINT NOT NULL
);

-- One row a log-in. A refresh token names the generation it was made in; only the newest counts.
CREATE TABLE sessions (
    id                 BLOB PRIMARY KEY,
    user_id            BIGINT NOT NULL REFERENCES users (id),
    refresh_generation BIGINT NOT NULL,
    created_at         BIGINT NOT NULL,
    expires_at         BIGINT NOT NULL,
    ended_at           BIGINT
);
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);
CREATE INDEX sessions_by_end ON sessions (ended_at) WHERE ended_at IS NOT NULL;

-- The row that the health check writes, so that a full disk is noticed and so is its end.
CREATE TABLE health_checks (
    id         BIGINT PRIMARY KEY,
    checked_at BIGINT NOT NULL
);
