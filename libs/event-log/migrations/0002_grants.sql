-- Least privilege: what is not granted here is refused. The roles exist before migrations run.
GRANT USAGE ON SCHEMA log TO tollgate_token_command, tollgate_billing_meter, tollgate_audit_projector;
GRANT SELECT ON log.events, log.head TO tollgate_token_command, tollgate_billing_meter, tollgate_audit_projector;

-- The writer adds events and moves the head. UPDATE on the head also permits the row lock that orders appends.
GRANT INSERT ON log.events TO tollgate_token_command;
GRANT UPDATE ON log.head TO tollgate_token_command;
-- A kept answer names a stream and its version, nothing about a person: it is never rewritten.
GRANT SELECT, INSERT ON log.idempotency TO tollgate_token_command;
GRANT SELECT, UPDATE ON log.relay TO tollgate_token_command;
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON log.leases TO tollgate_token_command;
GRANT USAGE ON SEQUENCE log.lease_renewals TO tollgate_token_command;

GRANT USAGE ON SCHEMA personal TO tollgate_token_command;
GRANT SELECT, INSERT, UPDATE, DELETE ON personal.people, personal.requests TO tollgate_token_command;

-- Read models: each service owns its schema, so that its projections can build a new generation beside the running one.
CREATE SCHEMA tokens AUTHORIZATION tollgate_token_command;
CREATE SCHEMA billing AUTHORIZATION tollgate_billing_meter;
CREATE SCHEMA audit AUTHORIZATION tollgate_audit_projector;
