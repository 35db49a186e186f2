-- A project's limits: for all of its calls (no model), or for those to the
-- models that a name or glob matches.
CREATE TABLE project_limits (
    id BLOB PRIMARY KEY NOT NULL,
    organization_id BLOB NOT NULL REFERENCES organizations (id),
    project_id BLOB NOT NULL REFERENCES projects (id),
    model TEXT NOT NULL,
    requests_per_minute INTEGER,
    tokens_per_minute INTEGER,
    parallel_requests INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX project_limits_model ON project_limits (project_id, model);

-- What limits remember of the calls that they let through, where several
-- processes count together. Limits are a project's or a key's own.
CREATE TABLE limit_states (
    limit_id BLOB PRIMARY KEY NOT NULL,
    requests_full_at INTEGER NOT NULL,
    tokens_full_at INTEGER NOT NULL
) STRICT;

-- How many calls each process has under way under a limit. What a process
-- hasn't renewed in time doesn't count: it isn't there any more.
CREATE TABLE limit_slots (
    limit_id BLOB NOT NULL,
    process_id BLOB NOT NULL,
    running INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (limit_id, process_id)
) STRICT;
CREATE INDEX limit_slots_process ON limit_slots (process_id);
