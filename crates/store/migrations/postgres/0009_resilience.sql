-- A credential's share of the calls among those of the same priority.
ALTER TABLE credentials ADD COLUMN weight BIGINT NOT NULL DEFAULT 1;

-- A project's own names for models, each with the models that it stands for
-- as JSON. A credential that is named there may be gone by now.
CREATE TABLE model_aliases (
    id UUID PRIMARY KEY NOT NULL,
    organization_id UUID NOT NULL REFERENCES organizations (id),
    project_id UUID NOT NULL REFERENCES projects (id),
    name TEXT COLLATE "C" NOT NULL,
    targets TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE UNIQUE INDEX model_aliases_name ON model_aliases (project_id, name);
