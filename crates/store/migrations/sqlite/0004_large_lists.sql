-- How many keys a project has, and how many of them are active, is counted in
-- this alone: for each project of a list, and to sort by it.
CREATE INDEX api_keys_counts ON api_keys (project_id, disabled, revoked_at, expires_at) WHERE deleted_at IS NULL;

-- The last use of the keys that somebody made is found without reading the keys.
DROP INDEX api_keys_created_by;
CREATE INDEX api_keys_created_by ON api_keys (created_by, organization_id, id);
