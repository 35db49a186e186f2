-- What providers keep for projects: files, batches, responses. It belongs to
-- the project that made it, also where several share a credential. Credential
-- and key may be gone by now.
CREATE TABLE provider_resources (
    id UUID PRIMARY KEY NOT NULL,
    organization_id UUID NOT NULL REFERENCES organizations (id),
    project_id UUID NOT NULL REFERENCES projects (id),
    kind TEXT COLLATE "C" NOT NULL,
    provider_resource_id TEXT COLLATE "C" NOT NULL,
    credential_id UUID NOT NULL,
    api_key_id UUID NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX provider_resources_provider_id ON provider_resources (project_id, kind, provider_resource_id);
CREATE INDEX provider_resources_order ON provider_resources (project_id, kind, id);
