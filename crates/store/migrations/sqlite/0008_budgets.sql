-- Budgets: what the calls of an organization (neither project nor key), a
-- project or a key may cost in nanodollars, and what is charged in the present
-- period: what calls cost, and what is held back for those under way. The holder
-- is the key, project or organization. Calls are charged one by one `since` then.
CREATE TABLE budgets (
    id BLOB PRIMARY KEY NOT NULL,
    organization_id BLOB NOT NULL REFERENCES organizations (id),
    project_id BLOB REFERENCES projects (id),
    api_key_id BLOB,
    holder_id BLOB NOT NULL,
    amount_nanos INTEGER NOT NULL,
    period TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    mode TEXT NOT NULL,
    since INTEGER NOT NULL,
    period_start INTEGER NOT NULL,
    charged_nanos INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX budgets_holder ON budgets (holder_id, period);

-- What each process holds back of a budget for calls under way, where several
-- count together; told every few seconds. It is part of what is charged, so what
-- a process that died held back stays charged: nobody knows what its calls cost.
CREATE TABLE budget_slots (
    budget_id BLOB NOT NULL,
    process_id BLOB NOT NULL,
    reserved_nanos INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (budget_id, process_id)
) STRICT;
CREATE INDEX budget_slots_process ON budget_slots (process_id);
