-- Limits and budgets in shadow mode only tell what they would refuse. A key's own
-- limits and budget say so among its restrictions.
ALTER TABLE project_limits ADD COLUMN shadow INTEGER NOT NULL DEFAULT 0;
ALTER TABLE budgets ADD COLUMN shadow INTEGER NOT NULL DEFAULT 0;
