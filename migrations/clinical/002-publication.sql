-- What leaves the database, and with which old values. FULL sends the whole old row, without which a changed start time
-- could not be told from any other edit; every column of these two tables then leaves the database (a column list is
-- not allowed under FULL). The publication has to exist before the slot does.

ALTER TABLE appointment REPLICA IDENTITY FULL;
ALTER TABLE note_state_change_event REPLICA IDENTITY FULL;

CREATE PUBLICATION notifyd FOR TABLE appointment, note_state_change_event;
