DROP TABLE decided_trips;
DROP TABLE decisions;
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
    status, ended_by_role, ended_by_id, reason, revision, search_ends_at, created_at, updated_at, hidden, policy, attempt, opens_at, details)
    SELECT id, nk, rider_id, driver_id, pick_up_address, pick_up_lat, pick_up_lon, drop_off_address, drop_off_lat, drop_off_lon,
    status, ended_by_role, ended_by_id, reason, revision, search_ends_at, created_at, updated_at, hidden, CASE WHEN policy = 'batch' THEN 'nearest' ELSE policy END, attempt, opens_at, details FROM trips;
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
-- Quotes inside of texts are escaped, so that no text of a person's is meant.
UPDATE events SET payload = replace(payload, '"policy":"batch"', '"policy":"nearest"') WHERE payload LIKE '%"policy":"batch"%';
