-- `image`: an appointment came without its old row, and what changed is told from the journal's last image of it. Null: the
-- old row came with it, or without_old_image says that there is none.
ALTER TABLE change ADD COLUMN old_row_from TEXT;

-- Appointments that were updated without their old row while no image of them was known: what changed in them cannot be
-- told. Each stays until an operator accepts it, and stops nothing else.
CREATE TABLE row_gap (
  id INTEGER PRIMARY KEY,
  source_id INTEGER NOT NULL REFERENCES source (id),
  commit_lsn INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  committed_at_us INTEGER NOT NULL,
  -- Its primary key's value as text, and its external id.
  appointment_id TEXT NOT NULL,
  appointment_external_id TEXT,
  found_at INTEGER NOT NULL,
  accepted_at INTEGER,
  UNIQUE (source_id, commit_lsn, ordinal)
) STRICT;

CREATE INDEX row_gap_found ON row_gap (id) WHERE accepted_at IS NULL;
