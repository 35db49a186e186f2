-- The model whose use a later answer about the resource tells (a batch that is
-- done, a response that was made in the background); empty where that answer
-- names it, NULL where nothing is owed. What was made before owes nothing.
ALTER TABLE provider_resources ADD COLUMN owed_model TEXT;

-- Resources whose use is counted. Not a column of theirs: one that was deleted
-- since it was read is counted, too, and only once.
CREATE TABLE counted_resources (
    resource_id BLOB PRIMARY KEY NOT NULL,
    counted_at INTEGER NOT NULL
) STRICT;
