-- The journal: what was seen in the WAL, and what is owed because of it. LSNs are 64-bit integers, instants are unix
-- microseconds (*_at_us, clinical) or milliseconds (*_at, ours), documents are JSON text.

-- A database cluster and one history of it (LSNs are reused after a fail-over or a restore).
CREATE TABLE source (
  id INTEGER PRIMARY KEY,
  system_identifier TEXT NOT NULL,
  timeline INTEGER NOT NULL,
  UNIQUE (system_identifier, timeline)
) STRICT;

-- One row: everything before durable_lsn is in here, and it is what the slot has been or will be told.
CREATE TABLE checkpoint (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  source_id INTEGER NOT NULL REFERENCES source (id),
  durable_lsn INTEGER NOT NULL,
  last_committed_at_us INTEGER,
  -- From here on the journal is whole: first the slot's beginning, later the end of what was pruned.
  complete_from_lsn INTEGER NOT NULL,
  complete_from_at INTEGER NOT NULL,
  -- Its history: LSNs of those before it mean something else.
  complete_from_source_id INTEGER NOT NULL REFERENCES source (id),
  -- The publication as it was when it was last seen to be right.
  publication TEXT
) STRICT;

-- Changes that the server no longer had and the journal never had. One that is not accepted halts the daemon.
CREATE TABLE gap (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  slot TEXT NOT NULL,
  reason TEXT NOT NULL,
  -- Printed LSNs, or `unknown`.
  from_lsn_text TEXT NOT NULL,
  to_lsn_text TEXT NOT NULL,
  bytes INTEGER,
  -- ISO 8601.
  last_commit_at TEXT,
  found_at INTEGER NOT NULL,
  accepted_at INTEGER,
  -- When the daemon went on behind it.
  resumed_at INTEGER
) STRICT;

-- Noted before the slot is made, gone when it was: a crash in between is told from a lost journal.
CREATE TABLE slot_intent (
  slot TEXT PRIMARY KEY,
  noted_at INTEGER NOT NULL
) STRICT;

CREATE TABLE change (
  id INTEGER PRIMARY KEY,
  source_id INTEGER NOT NULL REFERENCES source (id),
  commit_lsn INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  committed_at_us INTEGER NOT NULL,
  operation TEXT NOT NULL,
  change_type TEXT NOT NULL,
  model TEXT NOT NULL,
  field_changes TEXT NOT NULL,
  image TEXT NOT NULL,
  without_old_image INTEGER NOT NULL,
  appointment TEXT,
  appointment_external_id TEXT,
  resolved_from TEXT NOT NULL,
  patient_key TEXT,
  outcomes TEXT NOT NULL,
  journaled_at INTEGER NOT NULL,
  UNIQUE (source_id, commit_lsn, ordinal)
) STRICT;

-- The latest image of every appointment seen in the WAL. Never pruned: state changes are resolved from it.
CREATE TABLE appointment_image (
  appointment_id TEXT PRIMARY KEY,
  note_id TEXT,
  appointment TEXT NOT NULL,
  -- 1: its insert was seen, so whatever else stood on the note then is older.
  inserted INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX appointment_image_note ON appointment_image (note_id) WHERE note_id IS NOT NULL;

CREATE TABLE delivery (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  -- A function of the change and its place in it: that a change is there once makes it unique. Not indexed, because an
  -- index of random keys costs every append more pages than all else.
  webhook_id TEXT NOT NULL,
  change_id INTEGER REFERENCES change (id),
  endpoint TEXT NOT NULL,
  -- Of a notification to no configured endpoint.
  url TEXT,
  lane TEXT NOT NULL,
  sequence INTEGER,
  notification TEXT NOT NULL,
  protocol TEXT NOT NULL,
  headers TEXT NOT NULL,
  body TEXT NOT NULL,
  commit_lsn INTEGER,
  committed_at_us INTEGER,
  appointment_external_id TEXT,
  state TEXT NOT NULL DEFAULT 'owed' CHECK (state IN ('owed', 'delivered', 'dead', 'discarded')),
  attempts INTEGER NOT NULL DEFAULT 0,
  -- Of the attempt that settled it.
  settled_at INTEGER,
  status INTEGER,
  duration_ms REAL,
  -- Why an operator discarded it.
  reason TEXT,
  -- The recompute that made it: a dead letter until a replay has delivered it.
  recompute TEXT
) STRICT;

CREATE INDEX delivery_owed ON delivery (endpoint, id) WHERE state = 'owed';
CREATE INDEX delivery_owed_lane ON delivery (endpoint, lane, id) WHERE state = 'owed';
CREATE INDEX delivery_dead ON delivery (endpoint, id) WHERE state = 'dead';
CREATE INDEX delivery_change ON delivery (change_id);

-- Failed attempts; the one that delivered stands in the delivery's own row.
CREATE TABLE attempt (
  delivery_id INTEGER NOT NULL REFERENCES delivery (id),
  number INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  duration_ms REAL NOT NULL,
  status INTEGER,
  error TEXT,
  PRIMARY KEY (delivery_id, number, started_at)
) STRICT, WITHOUT ROWID;

-- A lane whose first owed delivery has failed, until its retry.
CREATE TABLE lane_wait (
  endpoint TEXT NOT NULL,
  lane TEXT NOT NULL,
  delivery_id INTEGER NOT NULL REFERENCES delivery (id),
  retry_at INTEGER NOT NULL,
  PRIMARY KEY (endpoint, lane)
) STRICT, WITHOUT ROWID;

CREATE INDEX lane_wait_due ON lane_wait (endpoint, retry_at);
CREATE INDEX lane_wait_delivery ON lane_wait (delivery_id);

-- The last notification-sequence given: survives pruning, so that no number is given twice.
CREATE TABLE endpoint_sequence (
  endpoint TEXT PRIMARY KEY,
  last INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A replay: stored deliveries of a range of commits, POSTed again. Finished ones tell what came of them.
CREATE TABLE replay (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  -- JSON: from, to, endpoint, only, appointment, recompute.
  selection TEXT NOT NULL,
  -- A second; null: as fast as it goes.
  rate REAL,
  total INTEGER NOT NULL,
  -- Everything up to this change's delivery is done: where a daemon that was killed goes on.
  done_change INTEGER,
  done_delivery INTEGER,
  delivered INTEGER NOT NULL DEFAULT 0,
  asked_at INTEGER NOT NULL,
  -- An operator wants it to end.
  stopped_at INTEGER,
  finished_at INTEGER
) STRICT;

-- How each delivery of a replay ended: the failed ones for the report, the others until their slice is done. Written before
-- the next one of the lane is sent, so that a crash repeats no lane backwards.
CREATE TABLE replay_ended (
  replay_id INTEGER NOT NULL REFERENCES replay (id),
  delivery_id INTEGER NOT NULL,
  webhook_id TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  -- Null: delivered.
  error TEXT,
  PRIMARY KEY (replay_id, delivery_id)
) STRICT, WITHOUT ROWID;

-- What a command asks of the running daemon, and its answer.
CREATE TABLE request (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  arguments TEXT NOT NULL,
  asked_at INTEGER NOT NULL,
  answered_at INTEGER,
  answer TEXT
) STRICT;

CREATE INDEX request_open ON request (id) WHERE answered_at IS NULL;
