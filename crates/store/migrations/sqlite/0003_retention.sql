-- How long data is kept. A class without a row is kept as long as its default
-- says; without `keep_days`, forever. `version` is that of all the
-- organization's retention when this was decided: the highest is the present one.
CREATE TABLE retention_settings (
    organization_id BLOB NOT NULL REFERENCES organizations (id),
    class TEXT NOT NULL,
    keep_days INTEGER,
    version INTEGER NOT NULL,
    PRIMARY KEY (organization_id, class)
) STRICT;

-- The last run of each class. `first_at` and `last_at` are missing where nothing
-- was deleted, `problem` where nothing was wrong.
CREATE TABLE retention_runs (
    organization_id BLOB NOT NULL REFERENCES organizations (id),
    class TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    first_at INTEGER,
    last_at INTEGER,
    problem TEXT,
    PRIMARY KEY (organization_id, class)
) STRICT;

-- The last event that retention removed from a chain: what is left follows it.
CREATE TABLE audit_anchors (
    organization_id BLOB PRIMARY KEY NOT NULL REFERENCES organizations (id),
    sequence INTEGER NOT NULL,
    hash BLOB NOT NULL,
    signature BLOB NOT NULL
) STRICT;
