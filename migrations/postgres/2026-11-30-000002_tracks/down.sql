-- The version before knows one line a ride, and no gaps: the first segment stays, and all of the metres.
CREATE TABLE tracks (
    trip_id BIGINT PRIMARY KEY REFERENCES trips (id),
    metres  DOUBLE PRECISION NOT NULL CHECK (metres >= 0),
    points  BIGINT NOT NULL CHECK (points >= 1),
    path    TEXT NOT NULL,
    last_at TIMESTAMPTZ NOT NULL
);
INSERT INTO tracks (trip_id, metres, points, path, last_at)
    SELECT trip_id, measured_m + filled_m, 1, split_part(segments, E'\n', 1), until_at
    FROM measured_tracks WHERE segments <> '';
DROP TABLE measured_tracks;
DROP TABLE track_pieces;
