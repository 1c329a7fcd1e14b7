-- Text is exact: what JSON escapes, an empty text, and what looks like another type.
CREATE TABLE row (id int PRIMARY KEY, text text, "Quoted ""name"".x" text, padded char(4), truth text, tags text[]);
ALTER TABLE row REPLICA IDENTITY FULL;
-- changes
INSERT INTO row (id, text) VALUES (1, 'first');
UPDATE row SET text = '', "Quoted ""name"".x" = ' ', padded = 'a', truth = 't', tags = '{"a,b","q\"",NULL,"NULL"}';
UPDATE row SET text = E'\t\r\n\\ \x01 \u2028 \U0001F3FD';
