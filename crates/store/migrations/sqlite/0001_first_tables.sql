-- The same tables stand in ../postgres; a test compares them. Times are
-- milliseconds since 1970, ids are UUIDs, JSON is TEXT.

CREATE TABLE installation (
    id INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    created_at INTEGER NOT NULL,
    wrapped_pepper BLOB NOT NULL,
    wrapped_data_key BLOB NOT NULL,
    audit_public_key BLOB NOT NULL
) STRICT;

-- One row: the last sequence number of the change log. Taking the next one
-- first thing makes every change wait for the one before it.
CREATE TABLE change_sequence (
    id INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    sequence INTEGER NOT NULL
) STRICT;
INSERT INTO change_sequence (id, sequence) VALUES (1, 0);

CREATE TABLE changes (
    sequence INTEGER PRIMARY KEY NOT NULL,
    subject TEXT NOT NULL,
    subject_id BLOB NOT NULL,
    at INTEGER NOT NULL
) STRICT;

CREATE TABLE organizations (
    id BLOB PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX organizations_name ON organizations (name);

CREATE TABLE users (
    id BLOB PRIMARY KEY NOT NULL,
    email TEXT NOT NULL,
    name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX users_email ON users (email);

CREATE TABLE organization_members (
    organization_id BLOB NOT NULL REFERENCES organizations (id),
    user_id BLOB NOT NULL REFERENCES users (id),
    role TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, user_id)
) STRICT;

CREATE TABLE admin_keys (
    id BLOB PRIMARY KEY NOT NULL,
    organization_id BLOB NOT NULL REFERENCES organizations (id),
    name TEXT NOT NULL,
    digest BLOB NOT NULL,
    last_four TEXT NOT NULL,
    owner_id BLOB NOT NULL REFERENCES users (id),
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    last_used_at INTEGER
) STRICT;
CREATE UNIQUE INDEX admin_keys_digest ON admin_keys (digest);
CREATE INDEX admin_keys_organization ON admin_keys (organization_id, id);

CREATE TABLE projects (
    id BLOB PRIMARY KEY NOT NULL,
    organization_id BLOB NOT NULL REFERENCES organizations (id),
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    model_permissions TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deactivated_at INTEGER,
    version INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX projects_name ON projects (organization_id, name);
CREATE INDEX projects_organization ON projects (organization_id, id);

CREATE TABLE credentials (
    id BLOB PRIMARY KEY NOT NULL,
    organization_id BLOB NOT NULL REFERENCES organizations (id),
    project_id BLOB REFERENCES projects (id),
    provider TEXT NOT NULL,
    name TEXT NOT NULL,
    base_url TEXT,
    wrapped_secret BLOB,
    redacted_value TEXT,
    aliases TEXT,
    priority INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    last_used_at INTEGER,
    version INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX credentials_project_name ON credentials (project_id, name) WHERE project_id IS NOT NULL;
CREATE UNIQUE INDEX credentials_organization_name ON credentials (organization_id, name) WHERE project_id IS NULL;

-- `restrictions` and `metadata` are NULL when empty: most keys have neither,
-- and a start reads every row.
CREATE TABLE api_keys (
    id BLOB PRIMARY KEY NOT NULL,
    organization_id BLOB NOT NULL REFERENCES organizations (id),
    project_id BLOB NOT NULL REFERENCES projects (id),
    name TEXT NOT NULL,
    digest BLOB NOT NULL,
    last_four TEXT NOT NULL,
    previous_digest BLOB,
    previous_last_four TEXT,
    previous_expires_at INTEGER,
    disabled INTEGER NOT NULL,
    revoked_at INTEGER,
    deleted_at INTEGER,
    admin_key_id BLOB,
    created_by BLOB,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    expires_at INTEGER,
    max_requests INTEGER,
    restrictions TEXT,
    environment TEXT,
    metadata TEXT,
    version INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX api_keys_digest ON api_keys (digest);
CREATE INDEX api_keys_project ON api_keys (project_id, id);
CREATE INDEX api_keys_name ON api_keys (project_id, name);

-- What keys were used for: a table of its own, because batches write it and
-- people write `api_keys`.
CREATE TABLE api_key_usage (
    api_key_id BLOB PRIMARY KEY NOT NULL REFERENCES api_keys (id),
    request_count INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    last_used_at INTEGER,
    last_used_ip TEXT,
    previous_last_used_at INTEGER
) STRICT;

-- How far each usage journal is in the counters above: written in one
-- transaction with them, so that a record counts exactly once.
CREATE TABLE journal_positions (
    journal_id BLOB PRIMARY KEY NOT NULL,
    segment INTEGER NOT NULL,
    byte_offset INTEGER NOT NULL
) STRICT;

CREATE TABLE audit_heads (
    organization_id BLOB PRIMARY KEY NOT NULL REFERENCES organizations (id),
    sequence INTEGER NOT NULL,
    hash BLOB NOT NULL,
    signature BLOB NOT NULL
) STRICT;

CREATE TABLE audit_events (
    organization_id BLOB NOT NULL REFERENCES organizations (id),
    sequence INTEGER NOT NULL,
    id BLOB NOT NULL,
    at INTEGER NOT NULL,
    event_type TEXT NOT NULL,
    outcome TEXT NOT NULL,
    actor_id BLOB,
    actor_user_id BLOB,
    actor_email TEXT,
    project_id BLOB,
    ip TEXT,
    request_id TEXT,
    event TEXT NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (organization_id, sequence)
) STRICT;
CREATE UNIQUE INDEX audit_events_id ON audit_events (id);

CREATE TABLE audit_targets (
    organization_id BLOB NOT NULL REFERENCES organizations (id),
    target TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    PRIMARY KEY (organization_id, target, sequence)
) STRICT;
CREATE INDEX audit_targets_sequence ON audit_targets (organization_id, sequence);

CREATE TABLE idempotency_keys (
    organization_id BLOB NOT NULL REFERENCES organizations (id),
    actor_id BLOB NOT NULL,
    idempotency_key TEXT NOT NULL,
    request_hash BLOB NOT NULL,
    resource_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, actor_id, idempotency_key)
) STRICT;
