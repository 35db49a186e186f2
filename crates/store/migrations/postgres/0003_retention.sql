-- How long data is kept. A class without a row is kept as long as its default
-- says; without `keep_days`, forever. `version` is that of all the
-- organization's retention when this was decided: the highest is the present one.
CREATE TABLE retention_settings (
    organization_id UUID NOT NULL REFERENCES organizations (id),
    class TEXT COLLATE "C" NOT NULL,
    keep_days BIGINT,
    version BIGINT NOT NULL,
    PRIMARY KEY (organization_id, class)
);

-- The last run of each class. `first_at` and `last_at` are missing where nothing
-- was deleted, `problem` where nothing was wrong.
CREATE TABLE retention_runs (
    organization_id UUID NOT NULL REFERENCES organizations (id),
    class TEXT COLLATE "C" NOT NULL,
    started_at BIGINT NOT NULL,
    deleted BIGINT NOT NULL,
    first_at BIGINT,
    last_at BIGINT,
    problem TEXT COLLATE "C",
    PRIMARY KEY (organization_id, class)
);

-- The last event that retention removed from a chain: what is left follows it.
CREATE TABLE audit_anchors (
    organization_id UUID PRIMARY KEY NOT NULL REFERENCES organizations (id),
    sequence BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    signature BYTEA NOT NULL
);
