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
DROP INDEX scheduled_trips_by_time;
DROP INDEX open_trips_by_rider;
DROP INDEX requested_trips;
CREATE INDEX requested_trips ON trips (id) WHERE status = 'REQUESTED';
CREATE INDEX active_trips_by_rider ON trips (rider_id)
    WHERE status IN ('REQUESTED', 'STARTED', 'ARRIVED', 'IN_PROGRESS');
ALTER TABLE trips DROP COLUMN details;
ALTER TABLE trips DROP COLUMN opens_at;
ALTER TABLE trips DROP COLUMN attempt;
ALTER TABLE trips DROP COLUMN policy;
ALTER TABLE trips DROP CONSTRAINT status_is_known;
ALTER TABLE trips DROP CONSTRAINT a_driver_where_one_is_due;
ALTER TABLE trips ADD CONSTRAINT status_is_known CHECK (status IN
    ('REQUESTED', 'STARTED', 'ARRIVED', 'IN_PROGRESS', 'COMPLETED', 'CANCELLED', 'EXPIRED'));
ALTER TABLE trips ADD CONSTRAINT a_driver_where_one_is_due CHECK (CASE
    WHEN status IN ('REQUESTED', 'EXPIRED') THEN driver_id IS NULL
    WHEN status = 'CANCELLED' THEN TRUE
    ELSE driver_id IS NOT NULL END);
