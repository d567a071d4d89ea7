-- What was signed: no projection of the log, because a signature that was given out stands for ever. One note for a size.
CREATE TABLE audit.checkpoints (
  org_id text NOT NULL,
  size bigint NOT NULL CHECK (size > 0),
  note text NOT NULL,
  PRIMARY KEY (org_id, size)
);
-- Made here and not by the projector, whose role so cannot change or remove what it has signed.
GRANT SELECT, INSERT ON audit.checkpoints TO tollgate_audit_projector;
CREATE TRIGGER checkpoints_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.checkpoints
  FOR EACH STATEMENT EXECUTE FUNCTION log.refuse_change();
ALTER TABLE audit.checkpoints ENABLE ALWAYS TRIGGER checkpoints_append_only;
-- As for the tables of the projection: a transaction sees, and signs for, the tenant that it names. `*` looks at all.
ALTER TABLE audit.checkpoints ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit.checkpoints FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON audit.checkpoints USING (org_id = (SELECT current_setting('tollgate.tenant', true)));
CREATE POLICY projector ON audit.checkpoints FOR SELECT
  USING ((SELECT current_setting('tollgate.tenant', true)) = '*');

-- How far the stream TOLLGATE_AUDIT is published. The log's position, which no rebuild changes.
CREATE TABLE audit.published (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  position bigint NOT NULL DEFAULT 0 CHECK (position >= 0)
);
INSERT INTO audit.published DEFAULT VALUES;
GRANT SELECT, UPDATE ON audit.published TO tollgate_audit_projector;
