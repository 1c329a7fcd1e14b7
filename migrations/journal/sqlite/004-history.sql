-- The server's history as the journal knows it: by its commits, and by where the checkpoint's timeline began. A server that was
-- put back from a copy has the same name and timeline, and other commits.

-- The last commits with changes of published tables, whether they notified or not: a row for each append.
CREATE TABLE remembered_commits (
  -- How many were ever seen, to the end of this row.
  nth INTEGER PRIMARY KEY,
  last_commit_lsn INTEGER NOT NULL,
  -- JSON, in WAL order: [["LSN", unix microseconds], …].
  commits TEXT NOT NULL
) STRICT;

-- The switchpoint at which the timeline began that wrote what ends at durable_lsn; null: not known yet.
ALTER TABLE checkpoint ADD COLUMN timeline_began_lsn INTEGER;

-- No commit from here on is missing among those that are remembered.
ALTER TABLE checkpoint ADD COLUMN remembered_from_lsn INTEGER NOT NULL DEFAULT 0;
UPDATE checkpoint SET remembered_from_lsn = durable_lsn;

-- The transaction behind durable_lsn of which the beginning is in here; null: there is none.
ALTER TABLE checkpoint ADD COLUMN open_commit_lsn INTEGER;
ALTER TABLE checkpoint ADD COLUMN open_committed_at_us INTEGER;
