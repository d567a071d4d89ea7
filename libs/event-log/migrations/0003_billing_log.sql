-- The event log `billing`: lines, statements and charges, written by billing-meter alone. Same tables and same protection
-- as the log `main`; positions, head and id of its own.
CREATE SCHEMA billing_log;
CREATE TABLE billing_log.head (LIKE log.head INCLUDING ALL) WITH (fillfactor = 10);
INSERT INTO billing_log.head DEFAULT VALUES;
CREATE TABLE billing_log.events (LIKE log.events INCLUDING ALL);
CREATE TABLE billing_log.idempotency (LIKE log.idempotency INCLUDING ALL);

CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON billing_log.events
  FOR EACH STATEMENT EXECUTE FUNCTION log.refuse_change();
ALTER TABLE billing_log.events ENABLE ALWAYS TRIGGER events_append_only;
CREATE TRIGGER head_is_kept BEFORE DELETE OR TRUNCATE ON billing_log.head
  FOR EACH STATEMENT EXECUTE FUNCTION log.refuse_change();
ALTER TABLE billing_log.head ENABLE ALWAYS TRIGGER head_is_kept;
CREATE TRIGGER head_moves_forward BEFORE UPDATE ON billing_log.head
  FOR EACH ROW EXECUTE FUNCTION log.refuse_setting_back();
ALTER TABLE billing_log.head ENABLE ALWAYS TRIGGER head_moves_forward;

GRANT USAGE ON SCHEMA billing_log TO tollgate_billing_meter;
GRANT SELECT, INSERT ON billing_log.events, billing_log.idempotency TO tollgate_billing_meter;
-- UPDATE on the head also permits the row lock that orders appends.
GRANT SELECT, UPDATE ON billing_log.head TO tollgate_billing_meter;
