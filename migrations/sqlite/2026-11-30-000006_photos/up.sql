-- Photos of people, under names that nobody can guess. They go with their account.
ALTER TABLE users ADD COLUMN photo BLOB;

CREATE TABLE photos (
    id         BLOB PRIMARY KEY NOT NULL,
    user_id    BIGINT NOT NULL UNIQUE REFERENCES users (id) ON DELETE CASCADE,
    jpeg       BLOB NOT NULL,
    created_at BIGINT NOT NULL
);
