DROP TABLE quotes;
DROP TABLE tracks;
DROP TABLE shifts;
DROP TABLE offers;
DROP TABLE searches;
DELETE FROM stream_entries WHERE event_id IN
    (SELECT id FROM events WHERE kind IN ('offered', 'offer-ended', 'shift-began', 'shift-ended'));
DELETE FROM events WHERE kind IN ('offered', 'offer-ended', 'shift-began', 'shift-ended');
-- The older schema has no word for them.
UPDATE trips SET status = 'EXPIRED' WHERE status = 'SCHEDULED';
UPDATE trips SET status = 'CANCELLED', ended_by_role = 'service' WHERE status = 'NO_SHOW';
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
CREATE INDEX active_trips_by_rider ON trips (rider_id)
    WHERE status IN ('REQUESTED', 'STARTED', 'ARRIVED', 'IN_PROGRESS');
CREATE INDEX requested_trips ON trips (id) WHERE status = 'REQUESTED';
