-- The second line behind the lists that join names: a transaction that names a tenant sees personal data of no other.
-- Appends, and reads that begin with a stream or a request that was found, name nobody.
ALTER TABLE personal.people ENABLE ROW LEVEL SECURITY;
ALTER TABLE personal.people FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON personal.people
  USING (coalesce((SELECT current_setting('tollgate.tenant', true)), '') IN ('', '*', org_id));
ALTER TABLE personal.requests ENABLE ROW LEVEL SECURITY;
ALTER TABLE personal.requests FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON personal.requests
  USING (coalesce((SELECT current_setting('tollgate.tenant', true)), '') IN ('', '*', org_id));
