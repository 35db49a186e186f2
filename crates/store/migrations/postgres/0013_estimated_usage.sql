-- Calls whose tokens Keyward counted, since their provider didn't say.
ALTER TABLE usage_rollups ADD COLUMN estimated_requests BIGINT NOT NULL DEFAULT 0;
