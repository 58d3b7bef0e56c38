-- Trips that are offered to drivers one by one, for later, with a price; shifts, offers, tracks and quotes.
-- SQLite cannot change a constraint: the table is made anew, while foreign keys are not enforced (store/migrations).
CREATE TABLE new_trips (
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
    hidden           BOOLEAN NOT NULL DEFAULT FALSE,
    policy           TEXT NOT NULL DEFAULT 'broadcast' CONSTRAINT policy_is_known CHECK (policy IN ('broadcast', 'nearest')),
    attempt          BIGINT NOT NULL DEFAULT 1 CHECK (attempt >= 1),
    opens_at         BIGINT,
    -- What else is known of a trip, as JSON; nothing where nothing out of the ordinary was ordered.
    details          TEXT,
    CONSTRAINT status_is_known CHECK (status IN
        ('SCHEDULED', 'REQUESTED', 'STARTED', 'ARRIVED', 'IN_PROGRESS', 'COMPLETED', 'CANCELLED', 'NO_SHOW', 'EXPIRED')),
    CONSTRAINT a_driver_where_one_is_due CHECK (CASE
        WHEN status IN ('SCHEDULED', 'REQUESTED', 'EXPIRED') THEN driver_id IS NULL
        WHEN status = 'CANCELLED' THEN TRUE
        ELSE driver_id IS NOT NULL END),
    CONSTRAINT who_ended_it CHECK ((status IN ('COMPLETED', 'CANCELLED')) = (ended_by_role IS NOT NULL)),
    CONSTRAINT a_person_ended_it CHECK ((ended_by_role IS NULL OR ended_by_role = 'service') = (ended_by_id IS NULL)),
    CONSTRAINT whole_coordinates CHECK ((pick_up_lat IS NULL) = (pick_up_lon IS NULL)
        AND (drop_off_lat IS NULL) = (drop_off_lon IS NULL))
);
INSERT INTO new_trips (id, nk, rider_id, driver_id, pick_up_address, pick_up_lat, pick_up_lon, drop_off_address, drop_off_lat, drop_off_lon,
    status, ended_by_role, ended_by_id, reason, revision, search_ends_at, created_at, updated_at, hidden)
    SELECT id, nk, rider_id, driver_id, pick_up_address, pick_up_lat, pick_up_lon, drop_off_address, drop_off_lat, drop_off_lon,
    status, ended_by_role, ended_by_id, reason, revision, search_ends_at, created_at, updated_at, hidden FROM trips;
DROP TABLE trips;
ALTER TABLE new_trips RENAME TO trips;
CREATE UNIQUE INDEX one_active_trip_per_driver ON trips (driver_id)
    WHERE status IN ('STARTED', 'ARRIVED', 'IN_PROGRESS');
CREATE INDEX trips_by_rider ON trips (rider_id, id);
CREATE INDEX trips_by_driver ON trips (driver_id, id);
CREATE INDEX searches_by_end ON trips (search_ends_at) WHERE status = 'REQUESTED';
CREATE INDEX open_trips_by_rider ON trips (rider_id)
    WHERE status IN ('SCHEDULED', 'REQUESTED', 'STARTED', 'ARRIVED', 'IN_PROGRESS');
CREATE INDEX scheduled_trips_by_time ON trips (opens_at) WHERE status = 'SCHEDULED';
CREATE INDEX requested_trips ON trips (id) WHERE status = 'REQUESTED' AND policy = 'broadcast';

-- Where a search for a driver stands, for trips that are offered one by one: how often drivers were looked for, and
-- when they are again (not before the offers that are open have ended, where there is no time).
CREATE TABLE searches (
    trip_id BIGINT PRIMARY KEY REFERENCES trips (id),
    round   BIGINT NOT NULL CHECK (round >= 0),
    look_at BIGINT
) WITHOUT ROWID;
CREATE INDEX searches_by_time ON searches (look_at) WHERE look_at IS NOT NULL;

-- A trip, proposed to a driver. What must never be is an index: two open offers of one driver, two drivers who have
-- accepted one attempt.
CREATE TABLE offers (
    id         BLOB PRIMARY KEY,
    trip_id    BIGINT NOT NULL REFERENCES trips (id),
    attempt    BIGINT NOT NULL CHECK (attempt >= 1),
    driver_id  BIGINT NOT NULL REFERENCES users (id),
    state      TEXT NOT NULL,
    metres     BIGINT NOT NULL CHECK (metres >= 0),
    eta_s      BIGINT NOT NULL CHECK (eta_s >= 0),
    offered_at BIGINT NOT NULL,
    due_at     BIGINT NOT NULL,
    decide_s   BIGINT NOT NULL CHECK (decide_s >= 1),
    ended_at   BIGINT,
    CONSTRAINT offer_state_is_known CHECK (state IN
        ('created', 'delivered', 'accepted', 'declined', 'expired', 'withdrawn', 'undelivered')),
    CONSTRAINT an_end_where_one_is_due CHECK ((state IN ('created', 'delivered')) = (ended_at IS NULL))
) WITHOUT ROWID;
CREATE UNIQUE INDEX one_open_offer_per_driver ON offers (driver_id) WHERE state IN ('created', 'delivered');
CREATE UNIQUE INDEX one_accepted_offer_per_attempt ON offers (trip_id, attempt) WHERE state = 'accepted';
CREATE INDEX offers_by_trip ON offers (trip_id);
CREATE INDEX offers_by_driver ON offers (driver_id);
CREATE INDEX open_offers_by_time ON offers (due_at) WHERE state IN ('created', 'delivered');

-- From going online to going offline.
CREATE TABLE shifts (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    driver_id BIGINT NOT NULL REFERENCES users (id),
    class     TEXT NOT NULL CHECK (length(class) BETWEEN 1 AND 32),
    seats     BIGINT NOT NULL CHECK (seats BETWEEN 1 AND 16),
    began_at  BIGINT NOT NULL,
    ended_at  BIGINT
);
CREATE UNIQUE INDEX one_open_shift_per_driver ON shifts (driver_id) WHERE ended_at IS NULL;
CREATE INDEX shifts_by_driver ON shifts (driver_id);

-- The way that a ride took, thinned so that it stays short: an encoded polyline, and the metres of all of it.
CREATE TABLE tracks (
    trip_id BIGINT PRIMARY KEY REFERENCES trips (id),
    metres  DOUBLE NOT NULL CHECK (metres >= 0),
    points  BIGINT NOT NULL CHECK (points >= 1),
    path    TEXT NOT NULL,
    last_at BIGINT NOT NULL
) WITHOUT ROWID;

-- What riders were told that a trip would cost, until it is too late to insist on it.
CREATE TABLE quotes (
    id         BLOB PRIMARY KEY,
    rider_id   BIGINT NOT NULL REFERENCES users (id),
    payload    TEXT NOT NULL,
    expires_at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX quotes_by_rider ON quotes (rider_id);
CREATE INDEX quotes_by_expiry ON quotes (expires_at);
