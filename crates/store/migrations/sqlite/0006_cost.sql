-- What a key's calls cost, in nanodollars.
ALTER TABLE api_key_usage ADD COLUMN cost_nanos INTEGER NOT NULL DEFAULT 0;

-- What was used in each minute (width 60) and, once more, in each hour (width
-- 3600): minutes are forgotten after some days, hours stay. `at` is where the
-- minute or hour begins. Written in one transaction with the counters of keys.
CREATE TABLE usage_rollups (
    organization_id BLOB NOT NULL,
    width INTEGER NOT NULL,
    at INTEGER NOT NULL,
    project_id BLOB NOT NULL,
    api_key_id BLOB NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    kind TEXT NOT NULL,
    tier TEXT NOT NULL,
    requests INTEGER NOT NULL,
    unpriced_requests INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL,
    cached_input_tokens INTEGER NOT NULL,
    cache_write_tokens INTEGER NOT NULL,
    input_audio_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    reasoning_tokens INTEGER NOT NULL,
    output_audio_tokens INTEGER NOT NULL,
    cost_nanos INTEGER NOT NULL,
    PRIMARY KEY (organization_id, width, at, project_id, api_key_id, provider, model, kind, tier)
) STRICT, WITHOUT ROWID;
CREATE INDEX usage_rollups_age ON usage_rollups (width, at);

-- Prices that organizations set for themselves: picodollars for one token, or
-- for one call. The provider is empty for any.
CREATE TABLE prices (
    id BLOB PRIMARY KEY NOT NULL,
    organization_id BLOB NOT NULL REFERENCES organizations (id),
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    effective_from INTEGER NOT NULL,
    input INTEGER NOT NULL,
    output INTEGER NOT NULL,
    cache_read INTEGER,
    cache_write INTEGER,
    request INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX prices_models ON prices (organization_id, model, provider, effective_from);
