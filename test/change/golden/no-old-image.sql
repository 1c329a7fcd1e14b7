-- REPLICA IDENTITY DEFAULT: every sent column of an update, also where its old key is sent, and of a deleted row its key.
CREATE TABLE row (id int PRIMARY KEY, name text, big text, counted int);
ALTER TABLE row ALTER big SET STORAGE EXTERNAL;
INSERT INTO row VALUES (1, 'a', repeat('x', 9000), NULL);
-- changes
UPDATE row SET name = 'b';
UPDATE row SET id = 2;
DELETE FROM row;
