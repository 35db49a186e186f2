-- Spend alerts: whom to tell by mail once the calls of an organization (no
-- project) or of a project cost so much in a calendar month (UTC). The holder is
-- the project or organization. `reached_month` is where the last month begins in
-- which it was reached; 0: never, or armed anew.
CREATE TABLE spend_alerts (
    id BLOB PRIMARY KEY NOT NULL,
    organization_id BLOB NOT NULL REFERENCES organizations (id),
    project_id BLOB REFERENCES projects (id),
    holder_id BLOB NOT NULL,
    threshold_cents INTEGER NOT NULL,
    recipients TEXT NOT NULL,
    subject_prefix TEXT,
    reached_month INTEGER NOT NULL,
    last_notified_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE INDEX spend_alerts_holder ON spend_alerts (holder_id, id);
CREATE INDEX spend_alerts_reached ON spend_alerts (reached_month);

-- Mails about alerts that wait to be sent: one for each recipient, written in the
-- transaction that notes that the alert is reached. Whoever tries to send one takes
-- it until a moment first, so that no two processes send it.
CREATE TABLE alert_mails (
    id BLOB PRIMARY KEY NOT NULL,
    organization_id BLOB NOT NULL REFERENCES organizations (id),
    alert_id BLOB NOT NULL,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    text TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    taken_until INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    tries INTEGER NOT NULL
) STRICT;
CREATE INDEX alert_mails_due ON alert_mails (due_at);
CREATE INDEX alert_mails_alert ON alert_mails (alert_id);
