-- Leases may be lost: a dump or an older data directory is restored, a standby takes over, the table is replaced. The mark is
-- a row of the same table, so whoever does any of this takes it along. It names the run of the Postgres that it was written
-- in, and the transaction that wrote it: a copy, wherever it is put, was written by another transaction than it says.
ALTER TABLE log.leases ADD COLUMN run text, ADD COLUMN written_by xid;

-- One run of one Postgres: from its start to its end. A crash of a backend, after which the rows are recovered, is no new run.
CREATE FUNCTION log.postgres_run() RETURNS text LANGUAGE sql STABLE
  AS $$ SELECT concat((SELECT system_identifier FROM pg_control_system()), '/', extract(epoch FROM pg_postmaster_start_time())) $$;

-- Before the first event nobody can hold a lease.
INSERT INTO log.leases (log_id, incarnation, verifier, run, written_by)
SELECT log_id, 'mark', 'mark', log.postgres_run(), pg_current_xact_id()::xid FROM log.head WHERE position = 0;
