-- People and what they may do. A role is held at the organization
-- (`project_id` is the nil UUID) or at one project. `source` says who gave it:
-- the nil UUID is somebody's decision, any other the SSO provider whose claims
-- say so. Built-in roles are in the program; their ids are fixed.

-- A user who signs in elsewhere has no password here.
CREATE TABLE passwords (
    user_id BLOB PRIMARY KEY NOT NULL REFERENCES users (id),
    hash TEXT NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;
INSERT INTO passwords (user_id, hash, changed_at) SELECT id, password_hash, created_at FROM users;
ALTER TABLE users DROP COLUMN password_hash;

-- A second factor counts once it is confirmed. `last_step` is the last time
-- step whose code was used: none is taken twice.
CREATE TABLE second_factors (
    user_id BLOB PRIMARY KEY NOT NULL REFERENCES users (id),
    wrapped_secret BLOB NOT NULL,
    confirmed_at INTEGER,
    last_step INTEGER NOT NULL
) STRICT;

CREATE TABLE recovery_codes (
    user_id BLOB NOT NULL REFERENCES users (id),
    digest BLOB NOT NULL,
    PRIMARY KEY (user_id, digest)
) STRICT;

-- Somebody who is signed in, in the organization that they look at.
CREATE TABLE sessions (
    id BLOB PRIMARY KEY NOT NULL,
    user_id BLOB NOT NULL REFERENCES users (id),
    organization_id BLOB NOT NULL REFERENCES organizations (id),
    digest BLOB NOT NULL,
    sso_provider_id BLOB,
    created_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ip TEXT,
    user_agent TEXT
) STRICT;
CREATE UNIQUE INDEX sessions_digest ON sessions (digest);
CREATE INDEX sessions_user ON sessions (user_id, id);

-- Links that are good once: to reset a password, and to set Keyward up.
CREATE TABLE one_time_links (
    digest BLOB PRIMARY KEY NOT NULL,
    purpose TEXT NOT NULL,
    user_id BLOB REFERENCES users (id),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX one_time_links_user ON one_time_links (user_id);

CREATE TABLE roles (
    id BLOB PRIMARY KEY NOT NULL,
    organization_id BLOB NOT NULL REFERENCES organizations (id),
    project_id BLOB REFERENCES projects (id),
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    permissions TEXT NOT NULL,
    created_by BLOB,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX roles_organization_name ON roles (organization_id, name) WHERE project_id IS NULL;
CREATE UNIQUE INDEX roles_project_name ON roles (project_id, name) WHERE project_id IS NOT NULL;

-- Who holds which role: a `user`, a `group` or an `admin_key`.
CREATE TABLE role_assignments (
    organization_id BLOB NOT NULL REFERENCES organizations (id),
    principal_kind TEXT NOT NULL,
    principal_id BLOB NOT NULL,
    project_id BLOB NOT NULL,
    role_id BLOB NOT NULL,
    source BLOB NOT NULL,
    created_by BLOB,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, principal_id, project_id, role_id, source)
) STRICT;
CREATE INDEX role_assignments_role ON role_assignments (role_id);
CREATE INDEX role_assignments_project ON role_assignments (project_id, principal_kind, principal_id);

INSERT INTO role_assignments
    (organization_id, principal_kind, principal_id, project_id, role_id, source, created_by, created_at)
SELECT organization_id, 'user', user_id, x'00000000000000000000000000000000',
    x'00000000000070008000000000000001', x'00000000000000000000000000000000', NULL, created_at
FROM organization_members WHERE role = 'owner';
ALTER TABLE organization_members DROP COLUMN role;
ALTER TABLE organization_members ADD COLUMN disabled_at INTEGER;
CREATE INDEX organization_members_user ON organization_members (user_id);

CREATE TABLE groups (
    id BLOB PRIMARY KEY NOT NULL,
    organization_id BLOB NOT NULL REFERENCES organizations (id),
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX groups_name ON groups (organization_id, name);

CREATE TABLE group_members (
    group_id BLOB NOT NULL REFERENCES groups (id),
    user_id BLOB NOT NULL REFERENCES users (id),
    source BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (group_id, user_id, source)
) STRICT;
CREATE INDEX group_members_user ON group_members (user_id);

-- `grants` is JSON: the roles that acceptance gives. An invitation that ended
-- says how: accepted, declined, revoked, expired or void.
CREATE TABLE invitations (
    id BLOB PRIMARY KEY NOT NULL,
    organization_id BLOB NOT NULL REFERENCES organizations (id),
    email TEXT NOT NULL,
    digest BLOB NOT NULL,
    grants TEXT NOT NULL,
    invited_by BLOB NOT NULL REFERENCES users (id),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at INTEGER,
    ended_as TEXT
) STRICT;
CREATE UNIQUE INDEX invitations_digest ON invitations (digest);
CREATE INDEX invitations_organization ON invitations (organization_id, id);
CREATE UNIQUE INDEX invitations_pending ON invitations (organization_id, email) WHERE ended_at IS NULL;

CREATE TABLE service_accounts (
    id BLOB PRIMARY KEY NOT NULL,
    organization_id BLOB NOT NULL REFERENCES organizations (id),
    project_id BLOB NOT NULL REFERENCES projects (id),
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    deleted_at INTEGER
) STRICT;
CREATE INDEX service_accounts_project ON service_accounts (project_id, id);
CREATE INDEX api_keys_created_by ON api_keys (created_by);
ALTER TABLE api_keys ADD COLUMN service_account_id BLOB;

CREATE TABLE sso_providers (
    id BLOB PRIMARY KEY NOT NULL,
    organization_id BLOB NOT NULL REFERENCES organizations (id),
    name TEXT NOT NULL,
    issuer TEXT NOT NULL,
    client_id TEXT NOT NULL,
    wrapped_secret BLOB,
    redacted_value TEXT,
    scopes TEXT NOT NULL,
    mappings TEXT NOT NULL,
    creates_members INTEGER NOT NULL,
    enabled INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX sso_providers_name ON sso_providers (organization_id, name);

-- Who a user is elsewhere.
CREATE TABLE identities (
    sso_provider_id BLOB NOT NULL REFERENCES sso_providers (id),
    subject TEXT NOT NULL,
    user_id BLOB NOT NULL REFERENCES users (id),
    created_at INTEGER NOT NULL,
    last_sign_in_at INTEGER NOT NULL,
    PRIMARY KEY (sso_provider_id, subject)
) STRICT;
CREATE INDEX identities_user ON identities (user_id);

ALTER TABLE organizations ADD COLUMN sso_required INTEGER NOT NULL DEFAULT 0;
ALTER TABLE organizations ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
