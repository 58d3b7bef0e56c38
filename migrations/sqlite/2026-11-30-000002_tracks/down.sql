-- The version before knows one line a ride, and no gaps: the first segment stays, and all of the metres.
CREATE TABLE tracks (
    trip_id BIGINT PRIMARY KEY REFERENCES trips (id),
    metres  DOUBLE NOT NULL CHECK (metres >= 0),
    points  BIGINT NOT NULL CHECK (points >= 1),
    path    TEXT NOT NULL,
    last_at BIGINT NOT NULL
) WITHOUT ROWID;
INSERT INTO tracks (trip_id, metres, points, path, last_at)
    SELECT trip_id, measured_m + filled_m, 1, substr(segments, 1, instr(segments || char(10), char(10)) - 1), until_at
    FROM measured_tracks WHERE segments <> '';
DROP TABLE measured_tracks;
DROP TABLE track_pieces;
