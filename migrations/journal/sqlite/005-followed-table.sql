-- Where the server's end of WAL was when the publication was last seen to be right: a gap in it begins here.
ALTER TABLE checkpoint ADD COLUMN publication_seen_lsn INTEGER;

-- A table that has taken a followed one's name: its rows are the model's once the gap is accepted.
ALTER TABLE gap ADD COLUMN table_oid INTEGER;
ALTER TABLE gap ADD COLUMN table_model TEXT;

-- Every table that was followed in this history: the publication knows a table by its OID, whatever its name.
CREATE TABLE followed_table (
  oid INTEGER PRIMARY KEY,
  model TEXT NOT NULL
) STRICT;
