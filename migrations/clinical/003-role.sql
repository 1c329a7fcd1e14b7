-- The daemon's role: it streams, and it reads the mapped columns where the stream alone does not answer. It writes
-- nothing. Give it a password before use: ALTER ROLE notifyd PASSWORD '…'. Where row security is on, it needs BYPASSRLS.

-- A role belongs to the whole cluster, so it may be there already (or appear meanwhile, made for another database).
DO $$
BEGIN
  CREATE ROLE notifyd LOGIN REPLICATION;
EXCEPTION
  WHEN duplicate_object OR unique_violation THEN
    RAISE NOTICE 'the role notifyd exists and is kept as it is';
END
$$;

DO $$
BEGIN
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO notifyd', current_database());
END
$$;

GRANT USAGE ON SCHEMA public TO notifyd;

GRANT SELECT (id, key) ON patient TO notifyd;

GRANT SELECT (
  id, externally_exposable_id, patient_id, provider_id, appointment_rescheduled_from_id, start_time, duration_minutes,
  note_id, note_type_id, status, entered_in_error_id
) ON appointment TO notifyd;

GRANT SELECT (id, note_id, state, created) ON note_state_change_event TO notifyd;
