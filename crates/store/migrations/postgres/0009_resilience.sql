-- A credential's share of the calls among those of the same priority.
ALTER TABLE credentials ADD COLUMN weight BIGINT NOT NULL DEFAULT 1;
