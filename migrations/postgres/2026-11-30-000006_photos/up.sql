-- Photos of people, under names that nobody can guess. They go with their account.
ALTER TABLE users ADD COLUMN photo UUID;

CREATE TABLE photos (
    id         UUID PRIMARY KEY,
    user_id    BIGINT NOT NULL UNIQUE REFERENCES users (id) ON DELETE CASCADE,
    jpeg       BYTEA NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
