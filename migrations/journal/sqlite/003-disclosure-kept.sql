-- The disclosure log is only appended to: its rows are forgotten by age, and never changed.
CREATE TRIGGER disclosure_kept BEFORE UPDATE ON disclosure BEGIN SELECT RAISE(ABORT, 'the disclosure log is only appended to'); END;

-- Of replays only, and by what they walk along, so that it costs live traffic nothing: `explain` finds their attempts with it.
CREATE INDEX disclosure_replayed ON disclosure (commit_lsn) WHERE replay = 1;
