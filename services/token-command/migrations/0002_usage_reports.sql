-- The last report of each verifier process, moved on in the transaction that counts it: a repetition counts nothing.
CREATE TABLE tokens.usage_reports (
  incarnation text PRIMARY KEY,
  sequence bigint NOT NULL,
  reported_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX usage_reports_reported_at ON tokens.usage_reports (reported_at);
ALTER TABLE tokens.usage_reports OWNER TO tollgate_token_command;
