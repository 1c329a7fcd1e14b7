-- What is needed to end a wait before its time without using up a step of the schedule, and after the clock was set back.

-- Steps of the schedule that its first delivery has used up: an attempt before its time uses none.
ALTER TABLE lane_wait ADD COLUMN steps INTEGER NOT NULL DEFAULT 0;
-- When the last attempt began, as retry_at by the journal's clock, which never goes back. 0: an operator wants it tried now.
ALTER TABLE lane_wait ADD COLUMN tried_at INTEGER NOT NULL DEFAULT 1;
UPDATE lane_wait SET
  steps = coalesce((SELECT attempts FROM delivery WHERE id = delivery_id), 0),
  tried_at = coalesce((SELECT max(started_at) FROM attempt WHERE attempt.delivery_id = lane_wait.delivery_id), 1);
CREATE INDEX lane_wait_tried ON lane_wait (endpoint, tried_at);

-- What holds for all waiting lanes of an endpoint at once.
CREATE TABLE endpoint_mark (
  endpoint TEXT PRIMARY KEY,
  -- Lanes that were last tried up to here are due, whatever their retry_at: the endpoint answered again.
  released_at INTEGER NOT NULL DEFAULT 0,
  -- Its Retry-After: nothing is sent before.
  paused_until INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- One row: by how much the journal's clock is ahead of the system's, because that was set back.
CREATE TABLE clock (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  ahead_ms INTEGER NOT NULL
) STRICT;
