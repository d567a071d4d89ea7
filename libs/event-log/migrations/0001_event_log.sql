-- The event log `main`: dense positions in commit order, append-only by grant and by trigger.
CREATE SCHEMA log;

-- One row. Whoever appends locks it first, so positions are given out in commit order and a rollback leaves no hole.
CREATE TABLE log.head (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  log_id uuid NOT NULL DEFAULT gen_random_uuid(),
  position bigint NOT NULL DEFAULT 0 CHECK (position >= 0),
  last_at timestamptz
) WITH (fillfactor = 10);
INSERT INTO log.head DEFAULT VALUES;

CREATE TABLE log.events (
  position bigint PRIMARY KEY CHECK (position > 0),
  id text NOT NULL UNIQUE,
  stream text NOT NULL,
  version integer NOT NULL CHECK (version > 0),
  category text NOT NULL,
  type text NOT NULL,
  type_version integer NOT NULL CHECK (type_version > 0),
  org_id text,
  at timestamptz NOT NULL,
  data jsonb NOT NULL,
  meta jsonb NOT NULL,
  CONSTRAINT events_stream_version_key UNIQUE (stream, version)
);
CREATE INDEX events_org_position ON log.events (org_id, position);

-- What was answered under an Idempotency-Key, in the transaction that wrote the events. '' stands for the platform.
CREATE TABLE log.idempotency (
  org_id text NOT NULL,
  caller text NOT NULL,
  operation text NOT NULL,
  key text NOT NULL,
  request_hash text NOT NULL,
  answer jsonb NOT NULL,
  position bigint NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (org_id, caller, operation, key)
);

-- The last position that JetStream has acknowledged.
CREATE TABLE log.relay (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  position bigint NOT NULL DEFAULT 0 CHECK (position >= 0)
);
INSERT INTO log.relay DEFAULT VALUES;

-- Leases of verifiers (the promise of revocation): committed before the head is read for the reply. `renewal` is never
-- given out twice: whoever removes a lease that ran out names it, and so never removes a later one of the same process.
CREATE SEQUENCE log.lease_renewals;
CREATE TABLE log.leases (
  log_id uuid NOT NULL,
  incarnation text PRIMARY KEY,
  verifier text NOT NULL,
  renewal bigint NOT NULL DEFAULT nextval('log.lease_renewals')
);

CREATE FUNCTION log.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the event log is append-only: % on %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
    USING ERRCODE = 'restrict_violation',
          HINT = 'Record what happened as a new event.';
END $$;

CREATE FUNCTION log.refuse_setting_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.position < OLD.position OR NEW.log_id IS DISTINCT FROM OLD.log_id THEN
    RAISE EXCEPTION 'the head of the event log only moves forward'
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;

-- ENABLE ALWAYS: session_replication_role does not switch them off.
CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON log.events
  FOR EACH STATEMENT EXECUTE FUNCTION log.refuse_change();
ALTER TABLE log.events ENABLE ALWAYS TRIGGER events_append_only;
CREATE TRIGGER head_is_kept BEFORE DELETE OR TRUNCATE ON log.head
  FOR EACH STATEMENT EXECUTE FUNCTION log.refuse_change();
ALTER TABLE log.head ENABLE ALWAYS TRIGGER head_is_kept;
CREATE TRIGGER head_moves_forward BEFORE UPDATE ON log.head
  FOR EACH ROW EXECUTE FUNCTION log.refuse_setting_back();
ALTER TABLE log.head ENABLE ALWAYS TRIGGER head_moves_forward;

-- Erasable data. Events carry the keys only, so that erasing a person deletes rows here and every proof stays.
CREATE SCHEMA personal;

CREATE TABLE personal.people (
  account_id text PRIMARY KEY,
  org_id text NOT NULL,
  name text NOT NULL,
  email text,
  external_subject text,
  CONSTRAINT people_external_subject_key UNIQUE (org_id, external_subject)
);

CREATE TABLE personal.requests (
  request_id text PRIMARY KEY,
  org_id text,
  account_id text,
  ip text,
  user_agent text,
  salt text NOT NULL
);
CREATE INDEX requests_account ON personal.requests (account_id) WHERE account_id IS NOT NULL;
