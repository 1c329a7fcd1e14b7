-- Every rule of section 3 for values. The role's own settings must not shine through.
CREATE TYPE mood AS ENUM ('fine', 'so so');
CREATE DOMAIN email AS text;
CREATE TABLE row (
  id bigint PRIMARY KEY, small smallint, big bigint, flag boolean, one real, two double precision, exact numeric,
  at timestamptz, local timestamp, day date, clock time, uuid uuid, mood mood, address email, doc json, docb jsonb,
  many int[], bytes bytea, text text, span interval, money money);
ALTER TABLE row REPLICA IDENTITY FULL;
-- changes
INSERT INTO row (id, small, big, flag, one, two, exact, at, local, day, clock, uuid, mood, address, doc, docb, many, bytes, text, span)
VALUES (9007199254740991, -32768, 9007199254740992, true, 1.5, 1e300, 12345678901234567890.120,
        '2026-07-01 12:00:00.1+05:30', '2026-03-29 02:30:00.000001', '2026-02-28', '23:59:59.999999',
        'E999B5C7-D12F-498C-816A-F3C66946A911', 'so so', 'a@b', '{"n": 1.10,  "n2":12345678901234567890}',
        '{"n": 1.10}', '{1,NULL,3}', '\x00ff', E'"quoted" \uFEFF, \\ and \n ünïcödé 🩺', '1 day 02:00');
INSERT INTO row (id, flag, one, two, exact, at, local, day)
VALUES (-1, false, 'NaN', '-Infinity', 'NaN', 'infinity', '-infinity', 'infinity');
INSERT INTO row (id, at, local) VALUES (2, '0044-03-15 12:00:00+00 BC', '0044-03-15 12:00:00 BC');
INSERT INTO row (id, at) VALUES (3, '12026-01-01 00:00:00+00');
INSERT INTO row (id, at) VALUES (4, '2026-01-01 00:00:00.123456+00');
