-- One row for each stream that entries are published into; the second one is published only where it is asked for.
ALTER TABLE audit.published ADD COLUMN stream text NOT NULL DEFAULT 'TOLLGATE_AUDIT';
ALTER TABLE audit.published DROP COLUMN singleton;
ALTER TABLE audit.published ALTER COLUMN stream DROP DEFAULT;
ALTER TABLE audit.published ADD PRIMARY KEY (stream);
INSERT INTO audit.published (stream) VALUES ('TOLLGATE_AUDIT_OCSF');
