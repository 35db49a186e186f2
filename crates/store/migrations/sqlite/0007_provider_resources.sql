-- What providers keep for projects: files, batches, responses. It belongs to
-- the project that made it, also where several share a credential. Credential
-- and key may be gone by now.
CREATE TABLE provider_resources (
    id BLOB PRIMARY KEY NOT NULL,
    organization_id BLOB NOT NULL REFERENCES organizations (id),
    project_id BLOB NOT NULL REFERENCES projects (id),
    kind TEXT NOT NULL,
    provider_resource_id TEXT NOT NULL,
    credential_id BLOB NOT NULL,
    api_key_id BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX provider_resources_provider_id ON provider_resources (project_id, kind, provider_resource_id);
CREATE INDEX provider_resources_order ON provider_resources (project_id, kind, id);
