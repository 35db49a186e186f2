-- What is decided about a project's response cache; without a row it is off.
-- The answers themselves are in memory alone. `generation` counts how often
-- the cache was emptied.
CREATE TABLE project_caches (
    project_id UUID PRIMARY KEY NOT NULL REFERENCES projects (id),
    organization_id UUID NOT NULL REFERENCES organizations (id),
    enabled BOOLEAN NOT NULL,
    ttl_seconds BIGINT NOT NULL,
    generation BIGINT NOT NULL,
    version BIGINT NOT NULL
);

-- Calls that were answered from the cache: they aren't among the requests.
ALTER TABLE api_key_usage ADD COLUMN cached_count BIGINT NOT NULL DEFAULT 0;
ALTER TABLE usage_rollups ADD COLUMN cached_requests BIGINT NOT NULL DEFAULT 0;
