-- Limits and budgets in shadow mode only tell what they would refuse. A key's own
-- limits and budget say so among its restrictions.
ALTER TABLE project_limits ADD COLUMN shadow BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE budgets ADD COLUMN shadow BOOLEAN NOT NULL DEFAULT FALSE;
