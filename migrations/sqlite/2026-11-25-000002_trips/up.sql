-- Trips, the log of what happened to them, and the streams over it.
CREATE TABLE trips (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    nk               BLOB NOT NULL UNIQUE,
    rider_id         BIGINT NOT NULL REFERENCES users (id),
    driver_id        BIGINT REFERENCES users (id),
    pick_up_address  TEXT NOT NULL CHECK (length(pick_up_address) BETWEEN 1 AND 255),
    pick_up_lat      DOUBLE CHECK (pick_up_lat BETWEEN -90 AND 90),
    pick_up_lon      DOUBLE CHECK (pick_up_lon BETWEEN -180 AND 180),
    drop_off_address TEXT NOT NULL CHECK (length(drop_off_address) BETWEEN 1 AND 255),
    drop_off_lat     DOUBLE CHECK (drop_off_lat BETWEEN -90 AND 90),
    drop_off_lon     DOUBLE CHECK (drop_off_lon BETWEEN -180 AND 180),
    status           TEXT NOT NULL,
    ended_by_role    TEXT CHECK (ended_by_role IN ('rider', 'driver', 'operator', 'service')),
    ended_by_id      BIGINT REFERENCES users (id),
    reason           TEXT,
    revision         BIGINT NOT NULL CHECK (revision >= 1),
    search_ends_at   BIGINT NOT NULL,
    created_at       BIGINT NOT NULL,
    updated_at       BIGINT NOT NULL,
    CONSTRAINT status_is_known CHECK (status IN
        ('REQUESTED', 'STARTED', 'ARRIVED', 'IN_PROGRESS', 'COMPLETED', 'CANCELLED', 'EXPIRED')),
    CONSTRAINT a_driver_where_one_is_due CHECK (CASE
        WHEN status IN ('REQUESTED', 'EXPIRED') THEN driver_id IS NULL
        WHEN status = 'CANCELLED' THEN TRUE
        ELSE driver_id IS NOT NULL END),
    CONSTRAINT who_ended_it CHECK ((status IN ('COMPLETED', 'CANCELLED')) = (ended_by_role IS NOT NULL)),
    CONSTRAINT a_person_ended_it CHECK ((ended_by_role IS NULL OR ended_by_role = 'service') = (ended_by_id IS NULL)),
    CONSTRAINT whole_coordinates CHECK ((pick_up_lat IS NULL) = (pick_up_lon IS NULL)
        AND (drop_off_lat IS NULL) = (drop_off_lon IS NULL))
);
CREATE UNIQUE INDEX one_active_trip_per_driver ON trips (driver_id)
    WHERE status IN ('STARTED', 'ARRIVED', 'IN_PROGRESS');
CREATE INDEX trips_by_rider ON trips (rider_id, id);
CREATE INDEX trips_by_driver ON trips (driver_id, id);
CREATE INDEX active_trips_by_rider ON trips (rider_id)
    WHERE status IN ('REQUESTED', 'STARTED', 'ARRIVED', 'IN_PROGRESS');
CREATE INDEX requested_trips ON trips (id) WHERE status = 'REQUESTED';
CREATE INDEX searches_by_end ON trips (search_ends_at) WHERE status = 'REQUESTED';

-- Append-only. The payload is the whole trip as it was at that revision, and the positions are where the event stands
-- in its streams, so that it is read without another look-up.
CREATE TABLE events (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    trip_id    BIGINT NOT NULL REFERENCES trips (id),
    revision   BIGINT NOT NULL,
    kind       TEXT NOT NULL,
    actor_role TEXT NOT NULL CHECK (actor_role IN ('rider', 'driver', 'operator', 'service')),
    actor_id   BIGINT REFERENCES users (id),
    reason     TEXT,
    at         BIGINT NOT NULL,
    payload    TEXT NOT NULL,
    positions  TEXT NOT NULL,
    UNIQUE (trip_id, revision),
    CONSTRAINT a_person_acted CHECK ((actor_role = 'service') = (actor_id IS NULL))
);

-- The last sequence taken in each stream; the epoch tells one life of a stream from the next.
CREATE TABLE stream_heads (
    stream   TEXT PRIMARY KEY,
    epoch    BLOB NOT NULL,
    sequence BIGINT NOT NULL
) WITHOUT ROWID;

-- Which event stands at which position of a stream.
CREATE TABLE stream_entries (
    stream   TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    event_id BIGINT NOT NULL REFERENCES events (id),
    PRIMARY KEY (stream, sequence)
) WITHOUT ROWID;

-- Which command a key stood for, and the event that is its answer.
CREATE TABLE idempotency_keys (
    user_id  BIGINT NOT NULL REFERENCES users (id),
    key      TEXT NOT NULL,
    digest   BLOB NOT NULL,
    event_id BIGINT NOT NULL REFERENCES events (id),
    used_at  BIGINT NOT NULL,
    PRIMARY KEY (user_id, key)
) WITHOUT ROWID;
CREATE INDEX idempotency_keys_by_use ON idempotency_keys (used_at);
