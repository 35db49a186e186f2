-- A credential's share of the calls among those of the same priority.
ALTER TABLE credentials ADD COLUMN weight INTEGER NOT NULL DEFAULT 1;

-- A project's own names for models, each with the models that it stands for
-- as JSON. A credential that is named there may be gone by now.
CREATE TABLE model_aliases (
    id BLOB PRIMARY KEY NOT NULL,
    organization_id BLOB NOT NULL REFERENCES organizations (id),
    project_id BLOB NOT NULL REFERENCES projects (id),
    name TEXT NOT NULL,
    targets TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX model_aliases_name ON model_aliases (project_id, name);
