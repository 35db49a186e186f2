-- Why calls were let through or refused: many of them in one row, of all
-- organizations. `first_id` and `last_id` are the least and the greatest request
-- id in it, no further apart than `span_seconds`; `bytes` is what the row takes.
CREATE TABLE decision_batches (
    last_id UUID PRIMARY KEY NOT NULL,
    first_id UUID NOT NULL,
    span_seconds BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    content BYTEA NOT NULL
);
CREATE INDEX decision_batches_span ON decision_batches (span_seconds, last_id, first_id);

-- What all of them take together.
CREATE TABLE decision_totals (
    id BIGINT PRIMARY KEY NOT NULL,
    bytes BIGINT NOT NULL
);
INSERT INTO decision_totals (id, bytes) VALUES (1, 0);
