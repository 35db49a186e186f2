-- The same tables stand in ../sqlite; a test compares them. Times are
-- milliseconds since 1970, ids are UUIDs, JSON is TEXT.

CREATE TABLE installation (
    id BIGINT PRIMARY KEY NOT NULL CHECK (id = 1),
    created_at BIGINT NOT NULL,
    wrapped_pepper BYTEA NOT NULL,
    wrapped_data_key BYTEA NOT NULL,
    audit_public_key BYTEA NOT NULL
);

-- One row: the last sequence number of the change log. Taking the next one
-- first thing makes every change wait for the one before it.
CREATE TABLE change_sequence (
    id BIGINT PRIMARY KEY NOT NULL CHECK (id = 1),
    sequence BIGINT NOT NULL
);
INSERT INTO change_sequence (id, sequence) VALUES (1, 0);

CREATE TABLE changes (
    sequence BIGINT PRIMARY KEY NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    subject_id UUID NOT NULL,
    at BIGINT NOT NULL
);

CREATE TABLE organizations (
    id UUID PRIMARY KEY NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX organizations_name ON organizations (name);

CREATE TABLE users (
    id UUID PRIMARY KEY NOT NULL,
    email TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    password_hash TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX users_email ON users (email);

CREATE TABLE organization_members (
    organization_id UUID NOT NULL REFERENCES organizations (id),
    user_id UUID NOT NULL REFERENCES users (id),
    role TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (organization_id, user_id)
);

CREATE TABLE admin_keys (
    id UUID PRIMARY KEY NOT NULL,
    organization_id UUID NOT NULL REFERENCES organizations (id),
    name TEXT COLLATE "C" NOT NULL,
    digest BYTEA NOT NULL,
    last_four TEXT COLLATE "C" NOT NULL,
    owner_id UUID NOT NULL REFERENCES users (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    last_used_at BIGINT
);
CREATE UNIQUE INDEX admin_keys_digest ON admin_keys (digest);
CREATE INDEX admin_keys_organization ON admin_keys (organization_id, id);

CREATE TABLE projects (
    id UUID PRIMARY KEY NOT NULL,
    organization_id UUID NOT NULL REFERENCES organizations (id),
    name TEXT COLLATE "C" NOT NULL,
    description TEXT COLLATE "C" NOT NULL,
    model_permissions TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deactivated_at BIGINT,
    version BIGINT NOT NULL
);
CREATE UNIQUE INDEX projects_name ON projects (organization_id, name);
CREATE INDEX projects_organization ON projects (organization_id, id);

CREATE TABLE credentials (
    id UUID PRIMARY KEY NOT NULL,
    organization_id UUID NOT NULL REFERENCES organizations (id),
    project_id UUID REFERENCES projects (id),
    provider TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    base_url TEXT COLLATE "C",
    wrapped_secret BYTEA,
    redacted_value TEXT COLLATE "C",
    aliases TEXT COLLATE "C",
    priority BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    last_used_at BIGINT,
    version BIGINT NOT NULL
);
CREATE UNIQUE INDEX credentials_project_name ON credentials (project_id, name) WHERE project_id IS NOT NULL;
CREATE UNIQUE INDEX credentials_organization_name ON credentials (organization_id, name) WHERE project_id IS NULL;

-- `restrictions` and `metadata` are NULL when empty: most keys have neither,
-- and a start reads every row.
CREATE TABLE api_keys (
    id UUID PRIMARY KEY NOT NULL,
    organization_id UUID NOT NULL REFERENCES organizations (id),
    project_id UUID NOT NULL REFERENCES projects (id),
    name TEXT COLLATE "C" NOT NULL,
    digest BYTEA NOT NULL,
    last_four TEXT COLLATE "C" NOT NULL,
    previous_digest BYTEA,
    previous_last_four TEXT COLLATE "C",
    previous_expires_at BIGINT,
    disabled BOOLEAN NOT NULL,
    revoked_at BIGINT,
    deleted_at BIGINT,
    admin_key_id UUID,
    created_by UUID,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    expires_at BIGINT,
    max_requests BIGINT,
    restrictions TEXT COLLATE "C",
    environment TEXT COLLATE "C",
    metadata TEXT COLLATE "C",
    version BIGINT NOT NULL
);
CREATE UNIQUE INDEX api_keys_digest ON api_keys (digest);
CREATE INDEX api_keys_project ON api_keys (project_id, id);
CREATE INDEX api_keys_name ON api_keys (project_id, name);

-- What keys were used for: a table of its own, because batches write it and
-- people write `api_keys`.
CREATE TABLE api_key_usage (
    api_key_id UUID PRIMARY KEY NOT NULL REFERENCES api_keys (id),
    request_count BIGINT NOT NULL,
    input_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    last_used_at BIGINT,
    last_used_ip TEXT COLLATE "C",
    previous_last_used_at BIGINT
);

-- How far each usage journal is in the counters above: written in one
-- transaction with them, so that a record counts exactly once.
CREATE TABLE journal_positions (
    journal_id UUID PRIMARY KEY NOT NULL,
    segment BIGINT NOT NULL,
    byte_offset BIGINT NOT NULL
);

CREATE TABLE audit_heads (
    organization_id UUID PRIMARY KEY NOT NULL REFERENCES organizations (id),
    sequence BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    signature BYTEA NOT NULL
);

CREATE TABLE audit_events (
    organization_id UUID NOT NULL REFERENCES organizations (id),
    sequence BIGINT NOT NULL,
    id UUID NOT NULL,
    at BIGINT NOT NULL,
    event_type TEXT COLLATE "C" NOT NULL,
    outcome TEXT COLLATE "C" NOT NULL,
    actor_id UUID,
    actor_user_id UUID,
    actor_email TEXT COLLATE "C",
    project_id UUID,
    ip TEXT COLLATE "C",
    request_id TEXT COLLATE "C",
    event TEXT COLLATE "C" NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (organization_id, sequence)
);
CREATE UNIQUE INDEX audit_events_id ON audit_events (id);

CREATE TABLE audit_targets (
    organization_id UUID NOT NULL REFERENCES organizations (id),
    target TEXT COLLATE "C" NOT NULL,
    sequence BIGINT NOT NULL,
    PRIMARY KEY (organization_id, target, sequence)
);
CREATE INDEX audit_targets_sequence ON audit_targets (organization_id, sequence);

CREATE TABLE idempotency_keys (
    organization_id UUID NOT NULL REFERENCES organizations (id),
    actor_id UUID NOT NULL,
    idempotency_key TEXT COLLATE "C" NOT NULL,
    request_hash BYTEA NOT NULL,
    resource_id TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (organization_id, actor_id, idempotency_key)
);
