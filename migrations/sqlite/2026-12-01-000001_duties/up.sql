-- What drivers owe their riders, and what becomes of a driver who may not drive.

-- When the driver of a trip is later than promised, while that can still come.
ALTER TABLE trips ADD COLUMN late_after BIGINT;
CREATE INDEX trips_by_lateness ON trips (late_after) WHERE late_after IS NOT NULL;

-- When a driver on a trip, who has reported positions, is silent unless something was heard of them by then.
CREATE TABLE quiet_drivers (
    trip_id BIGINT PRIMARY KEY REFERENCES trips (id),
    due_at  BIGINT NOT NULL
);
CREATE INDEX quiet_drivers_by_time ON quiet_drivers (due_at);

-- Since when it must be looked at what a driver leaves behind who was blocked, or has no log-in any more.
ALTER TABLE users ADD COLUMN settle_at BIGINT;
CREATE INDEX users_to_settle ON users (settle_at) WHERE settle_at IS NOT NULL;
UPDATE users SET settle_at = created_at WHERE role = 'driver' AND standing = 'blocked';

-- What an account may drive, as JSON; anything where nothing is set.
ALTER TABLE users ADD COLUMN may_drive TEXT;
