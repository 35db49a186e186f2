-- What is decided about a project's response cache; without a row it is off.
-- The answers themselves are in memory alone. `generation` counts how often
-- the cache was emptied.
CREATE TABLE project_caches (
    project_id BLOB PRIMARY KEY NOT NULL REFERENCES projects (id),
    organization_id BLOB NOT NULL REFERENCES organizations (id),
    enabled INTEGER NOT NULL,
    ttl_seconds INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;

-- Calls that were answered from the cache: they aren't among the requests.
ALTER TABLE api_key_usage ADD COLUMN cached_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE usage_rollups ADD COLUMN cached_requests INTEGER NOT NULL DEFAULT 0;
