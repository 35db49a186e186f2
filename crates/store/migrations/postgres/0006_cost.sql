-- What a key's calls cost, in nanodollars.
ALTER TABLE api_key_usage ADD COLUMN cost_nanos BIGINT NOT NULL DEFAULT 0;

-- What was used in each minute (width 60) and, once more, in each hour (width
-- 3600): minutes are forgotten after some days, hours stay. `at` is where the
-- minute or hour begins. Written in one transaction with the counters of keys.
CREATE TABLE usage_rollups (
    organization_id UUID NOT NULL,
    width BIGINT NOT NULL,
    at BIGINT NOT NULL,
    project_id UUID NOT NULL,
    api_key_id UUID NOT NULL,
    provider TEXT COLLATE "C" NOT NULL,
    model TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    tier TEXT COLLATE "C" NOT NULL,
    requests BIGINT NOT NULL,
    unpriced_requests BIGINT NOT NULL,
    input_tokens BIGINT NOT NULL,
    cached_input_tokens BIGINT NOT NULL,
    cache_write_tokens BIGINT NOT NULL,
    input_audio_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    reasoning_tokens BIGINT NOT NULL,
    output_audio_tokens BIGINT NOT NULL,
    cost_nanos BIGINT NOT NULL,
    PRIMARY KEY (organization_id, width, at, project_id, api_key_id, provider, model, kind, tier)
);
CREATE INDEX usage_rollups_age ON usage_rollups (width, at);

-- Prices that organizations set for themselves: picodollars for one token, or
-- for one call. The provider is empty for any.
CREATE TABLE prices (
    id UUID PRIMARY KEY NOT NULL,
    organization_id UUID NOT NULL REFERENCES organizations (id),
    provider TEXT COLLATE "C" NOT NULL,
    model TEXT COLLATE "C" NOT NULL,
    effective_from BIGINT NOT NULL,
    input BIGINT NOT NULL,
    output BIGINT NOT NULL,
    cache_read BIGINT,
    cache_write BIGINT,
    request BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE UNIQUE INDEX prices_models ON prices (organization_id, model, provider, effective_from);
