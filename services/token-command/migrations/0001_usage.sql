-- Counts that verifiers report: no projection of the log, so a rebuild of the token list leaves them alone.
CREATE TABLE tokens.usage (
  org_id text NOT NULL,
  token_id text NOT NULL,
  calls bigint NOT NULL DEFAULT 0,
  last_used_at timestamptz,
  -- Of the secret before, while an overlap lets it hold as well.
  previous_used_at timestamptz,
  PRIMARY KEY (org_id, token_id)
);
ALTER TABLE tokens.usage OWNER TO tollgate_token_command;
