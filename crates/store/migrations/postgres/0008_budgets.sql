-- Budgets: what the calls of an organization (neither project nor key), a
-- project or a key may cost in nanodollars, and what is charged in the present
-- period: what calls cost, and what is held back for those under way. The holder
-- is the key, project or organization. Calls are charged one by one `since` then.
CREATE TABLE budgets (
    id UUID PRIMARY KEY NOT NULL,
    organization_id UUID NOT NULL REFERENCES organizations (id),
    project_id UUID REFERENCES projects (id),
    api_key_id UUID,
    holder_id UUID NOT NULL,
    amount_nanos BIGINT NOT NULL,
    period TEXT COLLATE "C" NOT NULL,
    time_zone TEXT COLLATE "C" NOT NULL,
    mode TEXT COLLATE "C" NOT NULL,
    since BIGINT NOT NULL,
    period_start BIGINT NOT NULL,
    charged_nanos BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE UNIQUE INDEX budgets_holder ON budgets (holder_id, period);

-- What each process holds back of a budget for calls under way, where several
-- count together; told every few seconds. It is part of what is charged, so what
-- a process that died held back stays charged: nobody knows what its calls cost.
CREATE TABLE budget_slots (
    budget_id UUID NOT NULL,
    process_id UUID NOT NULL,
    reserved_nanos BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (budget_id, process_id)
);
CREATE INDEX budget_slots_process ON budget_slots (process_id);
