DROP TABLE decided_trips;
DROP TABLE decisions;
ALTER TABLE trips DROP CONSTRAINT policy_is_known;
UPDATE trips SET policy = 'nearest' WHERE policy = 'batch';
ALTER TABLE trips ADD CONSTRAINT policy_is_known CHECK (policy IN ('broadcast', 'nearest'));
-- Quotes inside of texts are escaped, so that no text of a person's is meant.
UPDATE events SET payload = replace(payload, '"policy":"batch"', '"policy":"nearest"') WHERE payload LIKE '%"policy":"batch"%';
