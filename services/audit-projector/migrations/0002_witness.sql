-- What the witness says of the trees. No projection of the log: it says it about the log.

-- The first one that reports is the witness; an administrator who replaces it deletes this row.
CREATE TABLE audit.witness (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  key text NOT NULL
);
GRANT SELECT, INSERT ON audit.witness TO tollgate_audit_projector;

CREATE TABLE audit.cosignatures (
  org_id text NOT NULL,
  size bigint NOT NULL CHECK (size > 0),
  line text NOT NULL,
  PRIMARY KEY (org_id, size)
);
GRANT SELECT, INSERT ON audit.cosignatures TO tollgate_audit_projector;
CREATE TRIGGER cosignatures_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.cosignatures
  FOR EACH STATEMENT EXECUTE FUNCTION log.refuse_change();
ALTER TABLE audit.cosignatures ENABLE ALWAYS TRIGGER cosignatures_append_only;
ALTER TABLE audit.cosignatures ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit.cosignatures FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON audit.cosignatures USING (org_id = (SELECT current_setting('tollgate.tenant', true)));

-- Trees that it refuses to cosign. The next cosignature of a tree ends its refusal.
CREATE TABLE audit.refusals (
  org_id text PRIMARY KEY,
  reason text NOT NULL,
  at timestamptz NOT NULL DEFAULT now()
);
GRANT SELECT, INSERT, UPDATE, DELETE ON audit.refusals TO tollgate_audit_projector;
ALTER TABLE audit.refusals ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit.refusals FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON audit.refusals USING (org_id = (SELECT current_setting('tollgate.tenant', true)));
CREATE POLICY projector ON audit.refusals FOR SELECT
  USING ((SELECT current_setting('tollgate.tenant', true)) = '*');
