-- A project's limits: for all of its calls (no model), or for those to the
-- models that a name or glob matches.
CREATE TABLE project_limits (
    id UUID PRIMARY KEY NOT NULL,
    organization_id UUID NOT NULL REFERENCES organizations (id),
    project_id UUID NOT NULL REFERENCES projects (id),
    model TEXT COLLATE "C" NOT NULL,
    requests_per_minute BIGINT,
    tokens_per_minute BIGINT,
    parallel_requests BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE UNIQUE INDEX project_limits_model ON project_limits (project_id, model);

-- What limits remember of the calls that they let through, where several
-- processes count together. Limits are a project's or a key's own.
CREATE TABLE limit_states (
    limit_id UUID PRIMARY KEY NOT NULL,
    requests_full_at BIGINT NOT NULL,
    tokens_full_at BIGINT NOT NULL
);

-- How many calls each process has under way under a limit. What a process
-- hasn't renewed in time doesn't count: it isn't there any more.
CREATE TABLE limit_slots (
    limit_id UUID NOT NULL,
    process_id UUID NOT NULL,
    running BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (limit_id, process_id)
);
CREATE INDEX limit_slots_process ON limit_slots (process_id);
