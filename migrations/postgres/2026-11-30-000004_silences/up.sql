-- Devices that left their last offers unacknowledged: how many in a row, and when the last of them ended. A device that
-- acknowledges something has no row.
CREATE TABLE silences (
    driver_id BIGINT PRIMARY KEY REFERENCES users (id),
    offers    BIGINT NOT NULL CHECK (offers >= 1),
    last_at   TIMESTAMPTZ NOT NULL
);
CREATE INDEX silences_by_time ON silences (last_at);
