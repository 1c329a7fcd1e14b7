-- The row of the specification's example (section 3).
CREATE TABLE appointment (
  id bigint PRIMARY KEY, externally_exposable_id uuid, patient_id bigint, provider_id bigint,
  appointment_rescheduled_from_id bigint, start_time timestamptz, duration_minutes int, note_id bigint,
  note_type_id bigint, status text, entered_in_error_id bigint);
ALTER TABLE appointment REPLICA IDENTITY FULL;
-- changes
INSERT INTO appointment (id, externally_exposable_id, patient_id, provider_id, start_time, duration_minutes, note_id, note_type_id)
VALUES (14, '00ccf34f-b501-4a36-877b-6a64856c413a', 3, 13, '2022-09-09 19:00:00-04', 20, 26, 1);
