DROP TABLE idempotency_keys;
DROP TABLE stream_entries;
DROP TABLE stream_heads;
DROP TABLE events;
DROP TABLE trips;
