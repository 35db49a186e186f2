-- People and what they may do. A role is held at the organization
-- (`project_id` is the nil UUID) or at one project. `source` says who gave it:
-- the nil UUID is somebody's decision, any other the SSO provider whose claims
-- say so. Built-in roles are in the program; their ids are fixed.

-- A user who signs in elsewhere has no password here.
CREATE TABLE passwords (
    user_id UUID PRIMARY KEY NOT NULL REFERENCES users (id),
    hash TEXT COLLATE "C" NOT NULL,
    changed_at BIGINT NOT NULL
);
INSERT INTO passwords (user_id, hash, changed_at) SELECT id, password_hash, created_at FROM users;
ALTER TABLE users DROP COLUMN password_hash;

-- A second factor counts once it is confirmed. `last_step` is the last time
-- step whose code was used: none is taken twice.
CREATE TABLE second_factors (
    user_id UUID PRIMARY KEY NOT NULL REFERENCES users (id),
    wrapped_secret BYTEA NOT NULL,
    confirmed_at BIGINT,
    last_step BIGINT NOT NULL
);

CREATE TABLE recovery_codes (
    user_id UUID NOT NULL REFERENCES users (id),
    digest BYTEA NOT NULL,
    PRIMARY KEY (user_id, digest)
);

-- Somebody who is signed in, in the organization that they look at.
CREATE TABLE sessions (
    id UUID PRIMARY KEY NOT NULL,
    user_id UUID NOT NULL REFERENCES users (id),
    organization_id UUID NOT NULL REFERENCES organizations (id),
    digest BYTEA NOT NULL,
    sso_provider_id UUID,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ip TEXT COLLATE "C",
    user_agent TEXT COLLATE "C"
);
CREATE UNIQUE INDEX sessions_digest ON sessions (digest);
CREATE INDEX sessions_user ON sessions (user_id, id);

-- Links that are good once: to reset a password, and to set Keyward up.
CREATE TABLE one_time_links (
    digest BYTEA PRIMARY KEY NOT NULL,
    purpose TEXT COLLATE "C" NOT NULL,
    user_id UUID REFERENCES users (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX one_time_links_user ON one_time_links (user_id);

CREATE TABLE roles (
    id UUID PRIMARY KEY NOT NULL,
    organization_id UUID NOT NULL REFERENCES organizations (id),
    project_id UUID REFERENCES projects (id),
    name TEXT COLLATE "C" NOT NULL,
    description TEXT COLLATE "C" NOT NULL,
    permissions TEXT COLLATE "C" NOT NULL,
    created_by UUID,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE UNIQUE INDEX roles_organization_name ON roles (organization_id, name) WHERE project_id IS NULL;
CREATE UNIQUE INDEX roles_project_name ON roles (project_id, name) WHERE project_id IS NOT NULL;

-- Who holds which role: a `user`, a `group` or an `admin_key`.
CREATE TABLE role_assignments (
    organization_id UUID NOT NULL REFERENCES organizations (id),
    principal_kind TEXT COLLATE "C" NOT NULL,
    principal_id UUID NOT NULL,
    project_id UUID NOT NULL,
    role_id UUID NOT NULL,
    source UUID NOT NULL,
    created_by UUID,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (organization_id, principal_id, project_id, role_id, source)
);
CREATE INDEX role_assignments_role ON role_assignments (role_id);
CREATE INDEX role_assignments_project ON role_assignments (project_id, principal_kind, principal_id);

INSERT INTO role_assignments
    (organization_id, principal_kind, principal_id, project_id, role_id, source, created_by, created_at)
SELECT organization_id, 'user', user_id, '00000000-0000-0000-0000-000000000000'::uuid,
    '00000000-0000-7000-8000-000000000001'::uuid, '00000000-0000-0000-0000-000000000000'::uuid, NULL, created_at
FROM organization_members WHERE role = 'owner';
ALTER TABLE organization_members DROP COLUMN role;
ALTER TABLE organization_members ADD COLUMN disabled_at BIGINT;
CREATE INDEX organization_members_user ON organization_members (user_id);

CREATE TABLE groups (
    id UUID PRIMARY KEY NOT NULL,
    organization_id UUID NOT NULL REFERENCES organizations (id),
    name TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX groups_name ON groups (organization_id, name);

CREATE TABLE group_members (
    group_id UUID NOT NULL REFERENCES groups (id),
    user_id UUID NOT NULL REFERENCES users (id),
    source UUID NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (group_id, user_id, source)
);
CREATE INDEX group_members_user ON group_members (user_id);

-- `grants` is JSON: the roles that acceptance gives. An invitation that ended
-- says how: accepted, declined, revoked, expired or void.
CREATE TABLE invitations (
    id UUID PRIMARY KEY NOT NULL,
    organization_id UUID NOT NULL REFERENCES organizations (id),
    email TEXT COLLATE "C" NOT NULL,
    digest BYTEA NOT NULL,
    grants TEXT COLLATE "C" NOT NULL,
    invited_by UUID NOT NULL REFERENCES users (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT,
    ended_as TEXT COLLATE "C"
);
CREATE UNIQUE INDEX invitations_digest ON invitations (digest);
CREATE INDEX invitations_organization ON invitations (organization_id, id);
CREATE UNIQUE INDEX invitations_pending ON invitations (organization_id, email) WHERE ended_at IS NULL;

CREATE TABLE service_accounts (
    id UUID PRIMARY KEY NOT NULL,
    organization_id UUID NOT NULL REFERENCES organizations (id),
    project_id UUID NOT NULL REFERENCES projects (id),
    name TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    deleted_at BIGINT
);
CREATE INDEX service_accounts_project ON service_accounts (project_id, id);
CREATE INDEX api_keys_created_by ON api_keys (created_by);
ALTER TABLE api_keys ADD COLUMN service_account_id UUID;

CREATE TABLE sso_providers (
    id UUID PRIMARY KEY NOT NULL,
    organization_id UUID NOT NULL REFERENCES organizations (id),
    name TEXT COLLATE "C" NOT NULL,
    issuer TEXT COLLATE "C" NOT NULL,
    client_id TEXT COLLATE "C" NOT NULL,
    wrapped_secret BYTEA,
    redacted_value TEXT COLLATE "C",
    scopes TEXT COLLATE "C" NOT NULL,
    mappings TEXT COLLATE "C" NOT NULL,
    creates_members BIGINT NOT NULL,
    enabled BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE UNIQUE INDEX sso_providers_name ON sso_providers (organization_id, name);

-- Who a user is elsewhere.
CREATE TABLE identities (
    sso_provider_id UUID NOT NULL REFERENCES sso_providers (id),
    subject TEXT COLLATE "C" NOT NULL,
    user_id UUID NOT NULL REFERENCES users (id),
    created_at BIGINT NOT NULL,
    last_sign_in_at BIGINT NOT NULL,
    PRIMARY KEY (sso_provider_id, subject)
);
CREATE INDEX identities_user ON identities (user_id);

ALTER TABLE organizations ADD COLUMN sso_required BIGINT NOT NULL DEFAULT 0;
ALTER TABLE organizations ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
