-- The image that stands for a note is found by an index, however many appointments the note has.

-- 0 living, 1 living and entered in error, 2 deleted, 3 deleted and entered in error: the lowest stands for the note.
ALTER TABLE appointment_image ADD COLUMN standing INTEGER NOT NULL DEFAULT 0;
-- Its id where that is a whole number, which tells the newest; else null, and the chain of replacements tells it.
ALTER TABLE appointment_image ADD COLUMN number INTEGER;
ALTER TABLE appointment_image ADD COLUMN replaces TEXT;
-- 1: one of its note that stands (0) replaces it. Kept for ids that are no numbers.
ALTER TABLE appointment_image ADD COLUMN replaced INTEGER NOT NULL DEFAULT 0;

-- A char(n) comes without the blanks at its end from now on: what was seen, and what is owed, is known by the same ids.
UPDATE OR REPLACE appointment_image SET
  appointment_id = rtrim(appointment_id), note_id = rtrim(note_id),
  appointment = json_set(appointment,
    '$.id', rtrim(json_extract(appointment, '$.id')),
    '$.externally_exposable_id', rtrim(json_extract(appointment, '$.externally_exposable_id')),
    '$.patient_id', rtrim(json_extract(appointment, '$.patient_id')),
    '$.note_id', rtrim(json_extract(appointment, '$.note_id')),
    '$.appointment_rescheduled_from_id', rtrim(json_extract(appointment, '$.appointment_rescheduled_from_id')))
 WHERE appointment LIKE '% "%';
UPDATE delivery SET lane = rtrim(lane) WHERE state = 'owed' AND lane LIKE '% ';
UPDATE OR REPLACE lane_wait SET lane = rtrim(lane) WHERE lane LIKE '% ';

UPDATE appointment_image SET
  standing = 2 * json_extract(appointment, '$.deleted') + json_extract(appointment, '$.entered_in_error'),
  number = CASE WHEN CAST(CAST(appointment_id AS INTEGER) AS TEXT) = appointment_id THEN CAST(appointment_id AS INTEGER) END,
  replaces = json_extract(appointment, '$.appointment_rescheduled_from_id');

DROP INDEX appointment_image_note;
CREATE INDEX appointment_image_note ON appointment_image (note_id, standing, number DESC, replaced, appointment_id DESC)
 WHERE note_id IS NOT NULL;
CREATE INDEX appointment_image_replaces ON appointment_image (replaces) WHERE replaces IS NOT NULL;

UPDATE appointment_image SET replaced = 1
 WHERE number IS NULL AND EXISTS (
   SELECT 1 FROM appointment_image r
    WHERE r.replaces = appointment_image.appointment_id AND r.note_id IS appointment_image.note_id AND r.standing = 0);
