ALTER TABLE users DROP COLUMN may_drive;
DROP INDEX users_to_settle;
ALTER TABLE users DROP COLUMN settle_at;
DROP TABLE quiet_drivers;
DROP INDEX trips_by_lateness;
ALTER TABLE trips DROP COLUMN late_after;
