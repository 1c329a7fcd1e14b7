-- What was sent to whom, and when: a row for each attempt whose end is known, replays too, written with its outcome. No
-- content. Only ever appended to; it outlives the deliveries, and is forgotten by an age of its own.
CREATE TABLE disclosure (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  -- When the POST began.
  sent_at INTEGER NOT NULL,
  endpoint TEXT NOT NULL,
  webhook_id TEXT NOT NULL,
  notification TEXT NOT NULL,
  sequence INTEGER,
  commit_lsn INTEGER,
  committed_at_us INTEGER,
  appointment_external_id TEXT,
  attempt INTEGER NOT NULL,
  duration_ms REAL NOT NULL,
  -- delivered, retry (it failed, and is tried again), dead (it failed for good), or failed (of a replay).
  outcome TEXT NOT NULL,
  status INTEGER,
  error TEXT,
  replay INTEGER NOT NULL
) STRICT;
