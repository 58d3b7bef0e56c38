-- The log carries more than trips: chat messages, which concern a trip and are no revision of it, and notifications.
-- SQLite cannot change a column: the tables are made anew, those that refer to events too.
ALTER TABLE events RENAME TO old_events;
ALTER TABLE stream_entries RENAME TO old_stream_entries;
ALTER TABLE idempotency_keys RENAME TO old_idempotency_keys;
DROP INDEX idempotency_keys_by_use;
CREATE TABLE events (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    trip_id    BIGINT REFERENCES trips (id),
    revision   BIGINT,
    kind       TEXT NOT NULL,
    actor_role TEXT NOT NULL CHECK (actor_role IN ('rider', 'driver', 'operator', 'service')),
    actor_id   BIGINT REFERENCES users (id),
    reason     TEXT,
    at         BIGINT NOT NULL,
    payload    TEXT NOT NULL,
    positions  TEXT NOT NULL,
    before     TEXT,
    UNIQUE (trip_id, revision),
    CONSTRAINT a_person_acted CHECK ((actor_role = 'service') = (actor_id IS NULL)),
    CONSTRAINT a_revision_of_a_trip CHECK (revision IS NULL OR trip_id IS NOT NULL)
);
CREATE TABLE stream_entries (
    stream   TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    event_id BIGINT NOT NULL REFERENCES events (id),
    PRIMARY KEY (stream, sequence)
) WITHOUT ROWID;
CREATE TABLE idempotency_keys (
    user_id  BIGINT NOT NULL REFERENCES users (id),
    key      TEXT NOT NULL,
    digest   BLOB NOT NULL,
    event_id BIGINT NOT NULL REFERENCES events (id),
    used_at  BIGINT NOT NULL,
    PRIMARY KEY (user_id, key)
) WITHOUT ROWID;
INSERT INTO events (id, trip_id, revision, kind, actor_role, actor_id, reason, at, payload, positions)
    SELECT id, trip_id, revision, kind, actor_role, actor_id, reason, at, payload, positions FROM old_events;
INSERT INTO stream_entries SELECT * FROM old_stream_entries;
INSERT INTO idempotency_keys SELECT * FROM old_idempotency_keys;
DROP TABLE old_idempotency_keys;
DROP TABLE old_stream_entries;
DROP TABLE old_events;
CREATE INDEX idempotency_keys_by_use ON idempotency_keys (used_at);
CREATE INDEX messages_by_trip ON events (trip_id, id) WHERE kind = 'message';
-- For the purge, which goes by the age of events.
CREATE INDEX stream_entries_by_event ON stream_entries (event_id);

-- Deleted by its rider: gone for them, and for nobody else.
ALTER TABLE trips ADD COLUMN hidden BOOLEAN NOT NULL DEFAULT FALSE;

-- What is shown until it is read or expired; the text is the event's.
CREATE TABLE notifications (
    event_id   BIGINT PRIMARY KEY REFERENCES events (id),
    stream     TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX notifications_by_stream ON notifications (stream, event_id);
CREATE INDEX notifications_by_expiry ON notifications (expires_at);

CREATE TABLE notification_reads (
    user_id  BIGINT NOT NULL REFERENCES users (id),
    event_id BIGINT NOT NULL REFERENCES notifications (event_id) ON DELETE CASCADE,
    PRIMARY KEY (user_id, event_id)
) WITHOUT ROWID;
CREATE INDEX notification_reads_by_event ON notification_reads (event_id);
