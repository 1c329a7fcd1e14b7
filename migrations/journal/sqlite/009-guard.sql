-- CRC-32 of what is sent, to whom and as what, held before each POST. Null: owed by a notifyd that had no checksums, and sent
-- as it stands.
ALTER TABLE delivery ADD COLUMN checksum INTEGER;

-- One row: when the daemon opened the journal, and when it closed it. Null: it did not come to that, so the file is looked at.
CREATE TABLE life (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  began_at INTEGER NOT NULL,
  ended_at INTEGER
) STRICT;
