-- REPLICA IDENTITY FULL: only what changed; an unchanged TOAST value did not; a delete has the old values.
CREATE TABLE row (id int PRIMARY KEY, name text, big text, counted int);
ALTER TABLE row ALTER big SET STORAGE EXTERNAL;
ALTER TABLE row REPLICA IDENTITY FULL;
INSERT INTO row VALUES (1, 'a', repeat('x', 9000), NULL);
-- changes
UPDATE row SET name = 'b';
UPDATE row SET name = 'b';
UPDATE row SET counted = 0, name = NULL;
UPDATE row SET id = 2;
UPDATE row SET big = 'short';
DELETE FROM row;
TRUNCATE row;
