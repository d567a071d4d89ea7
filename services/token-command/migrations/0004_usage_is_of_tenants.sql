-- The second line behind the token list, which joins these counts: a transaction that names a tenant sees those of no other.
-- Reports, which are of all tenants, and what shows a token whose stream was read, name nobody.
ALTER TABLE tokens.usage ENABLE ROW LEVEL SECURITY;
ALTER TABLE tokens.usage FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON tokens.usage
  USING (coalesce((SELECT current_setting('tollgate.tenant', true)), '') IN ('', '*', org_id));
