-- The log carries more than trips: chat messages, which concern a trip and are no revision of it, and notifications.
ALTER TABLE events ALTER COLUMN trip_id DROP NOT NULL;
ALTER TABLE events ALTER COLUMN revision DROP NOT NULL;
-- Status and driver before a change, so that observers know what has entered or left their view.
ALTER TABLE events ADD COLUMN before TEXT;
ALTER TABLE events ADD CONSTRAINT a_revision_of_a_trip CHECK (revision IS NULL OR trip_id IS NOT NULL);
CREATE INDEX messages_by_trip ON events (trip_id, id) WHERE kind = 'message';
-- For the purge, which goes by the age of events.
CREATE INDEX stream_entries_by_event ON stream_entries (event_id);

-- Deleted by its rider: gone for them, and for nobody else.
ALTER TABLE trips ADD COLUMN hidden BOOLEAN NOT NULL DEFAULT FALSE;

-- What is shown until it is read or expired; the text is the event's.
CREATE TABLE notifications (
    event_id   BIGINT PRIMARY KEY REFERENCES events (id),
    stream     TEXT NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX notifications_by_stream ON notifications (stream, event_id);
CREATE INDEX notifications_by_expiry ON notifications (expires_at);

CREATE TABLE notification_reads (
    user_id  BIGINT NOT NULL REFERENCES users (id),
    event_id BIGINT NOT NULL REFERENCES notifications (event_id) ON DELETE CASCADE,
    PRIMARY KEY (user_id, event_id)
);
CREATE INDEX notification_reads_by_event ON notification_reads (event_id);
