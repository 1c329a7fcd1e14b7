-- Text is exact: what JSON escapes, an empty text, and what looks like another type.
CREATE DOMAIN code AS char(6);
CREATE TABLE row (id int PRIMARY KEY, "__proto__" text, "constructor" int, code code, free bpchar, text text, "Quoted ""name"".x" text, padded char(4), truth text, tags text[]);
ALTER TABLE row REPLICA IDENTITY FULL;
-- changes
INSERT INTO row (id, text) VALUES (1, 'first');
UPDATE row SET text = '', "Quoted ""name"".x" = ' ', padded = 'a', truth = 't', tags = '{"a,b","q\"",NULL,"NULL"}';
UPDATE row SET text = E'\t\r\n\\ \x01 \u2028 \U0001F3FD';
-- A char is what it is without the blanks at its end, of a domain too; blanks alone are no change to PostgreSQL.
UPDATE row SET padded = 'b', code = 'CLD', free = 'c  ';
UPDATE row SET free = 'c', "__proto__" = 'told';
UPDATE row SET free = 'c   ';
DELETE FROM row;
