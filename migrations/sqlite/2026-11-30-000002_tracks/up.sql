-- The fixes of the rides that are under way, in pieces that are only added and go when the ride is over: 18 bytes a fix.
CREATE TABLE track_pieces (
    id      INTEGER PRIMARY KEY,
    trip_id BIGINT NOT NULL REFERENCES trips (id),
    spots   BLOB NOT NULL
);
CREATE INDEX track_pieces_by_trip ON track_pieces (trip_id);

-- What the way of a ride came to: the metres that were measured, those that were put in for its gaps, and what is shown of it. A segment is an
-- encoded polyline, one a line; the gaps are JSON. A ride that was under way when the service learnt of gaps has here what was known of it before.
CREATE TABLE measured_tracks (
    trip_id    BIGINT PRIMARY KEY REFERENCES trips (id),
    measured_m DOUBLE NOT NULL CHECK (measured_m >= 0),
    filled_m   DOUBLE NOT NULL CHECK (filled_m >= 0),
    is_thinned BOOLEAN NOT NULL,
    segments   TEXT NOT NULL,
    gaps       TEXT NOT NULL,
    until_at   BIGINT NOT NULL
) WITHOUT ROWID;
INSERT INTO measured_tracks (trip_id, measured_m, filled_m, is_thinned, segments, gaps, until_at)
    SELECT trip_id, metres, 0, FALSE, path, '[]', last_at FROM tracks;
DROP TABLE tracks;
