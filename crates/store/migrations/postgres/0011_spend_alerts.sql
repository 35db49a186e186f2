-- Spend alerts: whom to tell by mail once the calls of an organization (no
-- project) or of a project cost so much in a calendar month (UTC). The holder is
-- the project or organization. `reached_month` is where the last month begins in
-- which it was reached; 0: never, or armed anew.
CREATE TABLE spend_alerts (
    id UUID PRIMARY KEY NOT NULL,
    organization_id UUID NOT NULL REFERENCES organizations (id),
    project_id UUID REFERENCES projects (id),
    holder_id UUID NOT NULL,
    threshold_cents BIGINT NOT NULL,
    recipients TEXT COLLATE "C" NOT NULL,
    subject_prefix TEXT COLLATE "C",
    reached_month BIGINT NOT NULL,
    last_notified_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX spend_alerts_holder ON spend_alerts (holder_id, id);
CREATE INDEX spend_alerts_reached ON spend_alerts (reached_month);

-- Mails about alerts that wait to be sent: one for each recipient, written in the
-- transaction that notes that the alert is reached. Whoever tries to send one takes
-- it until a moment first, so that no two processes send it.
CREATE TABLE alert_mails (
    id UUID PRIMARY KEY NOT NULL,
    organization_id UUID NOT NULL REFERENCES organizations (id),
    alert_id UUID NOT NULL,
    recipient TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    text TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    taken_until BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    tries BIGINT NOT NULL
);
CREATE INDEX alert_mails_due ON alert_mails (due_at);
CREATE INDEX alert_mails_alert ON alert_mails (alert_id);
