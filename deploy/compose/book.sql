-- A patient books an appointment, which is then cancelled: two notifications.
BEGIN;
WITH patient AS (
  INSERT INTO patient (key, first_name, last_name, birth_date)
  VALUES (md5(random()::text), 'Try', 'Out', '1970-01-01') RETURNING id
), note AS (
  INSERT INTO note (patient_id, provider_id, note_type_id) SELECT id, 1, 1 FROM patient RETURNING id, patient_id
), appointment AS (
  INSERT INTO appointment (patient_id, provider_id, start_time, duration_minutes, note_id, note_type_id)
  SELECT patient_id, 1, now() + interval '3 days', 20, id, 1 FROM note RETURNING note_id
)
INSERT INTO note_state_change_event (note_id, state) SELECT note_id, 'BKD' FROM appointment;
COMMIT;

INSERT INTO note_state_change_event (note_id, state) SELECT max(note_id), 'CLD' FROM appointment;
