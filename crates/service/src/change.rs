//! A change: one transaction that holds the write, its audit event and its
//! place in the change log. When `commit` answers, the change is in force here.

use keyward_domain::{
    Timestamp,
    actor::{Actor, Identity},
    audit::{AuditActor, AuditEvent, AuditProject, Outcome, difference},
    audit_type::WRITTEN,
    clock::to_millis,
    id::{AuditEventId, SessionId},
    permission::Permission,
    project::Project,
    role::Scope,
};
use keyward_store::{
    Conn, Transaction,
    audit::{ChainHead, EventKeys},
    change_log::{self, Subject},
};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::{Error, Keyward, Result, audit::PublicKey, authorize::authorize};

/// An open change. Dropped without `commit`, it never happened.
pub(crate) struct Change<'a> {
    pub keyward: &'a Keyward,
    /// Who makes it, with what they may do at this very moment.
    pub actor: Actor,
    /// The moment of the whole change.
    pub now: Timestamp,
    transaction: Transaction,
    /// The sequence number taken at the start, until a subject uses it.
    unused_sequence: Option<i64>,
}

/// What an audit event says beyond who and when.
pub(crate) struct Event<'a> {
    pub event_type: &'static str,
    pub project: Option<&'a Project>,
    pub targets: Vec<String>,
    pub before: Value,
    pub after: Value,
    pub outcome: Outcome,
}

impl<'a> Event<'a> {
    /// An event on one thing; only what differs between its two states is kept.
    pub fn on(
        event_type: &'static str,
        target: impl ToString,
        before: &impl Serialize,
        after: &impl Serialize,
    ) -> Self {
        let value = |state: Value| if state.is_null() { Value::Object(serde_json::Map::new()) } else { state };
        let read = |state: std::result::Result<Value, _>| value(state.unwrap_or_default());
        let (before, after) = difference(&read(serde_json::to_value(before)), &read(serde_json::to_value(after)));
        Self { event_type, project: None, targets: vec![target.to_string()], before, after, outcome: Outcome::Success }
    }

    /// The same event of an attempt that ended otherwise.
    pub fn ended(mut self, outcome: Outcome) -> Self {
        self.outcome = outcome;
        self
    }

    /// The same event in a project, if it happened in one.
    pub fn within(mut self, project: impl Into<Option<&'a Project>>) -> Self {
        self.project = project.into();
        self
    }
}

impl Keyward {
    /// Opens a change for an actor who holds `permission` at `scope`. Every
    /// other change waits until this one ends, so what it reads stays true; what
    /// the actor may do is read again, since they may have waited.
    pub(crate) async fn change(&self, actor: &Actor, permission: Permission, scope: Scope) -> Result<Change<'_>> {
        authorize(actor, permission, scope)?;
        let change = self.own_change(actor).await?;
        authorize(&change.actor, permission, scope)?;
        Ok(change)
    }

    /// Opens a change that anybody may make who can come in, such as of what is
    /// their own.
    pub(crate) async fn own_change(&self, actor: &Actor) -> Result<Change<'_>> {
        let mut change = self.record(actor).await?;
        change.actor = self.as_of_now(&mut change.conn(), actor).await?;
        Ok(change)
    }

    /// Opens a change that writes down what happened already, or ends what
    /// somebody has: it needn't be allowed to them any more.
    pub(crate) async fn record(&self, actor: &Actor) -> Result<Change<'_>> {
        let mut transaction = self.pool.begin().await?;
        let sequence = change_log::next_sequence(&mut transaction.conn()).await?;
        let (actor, now) = (actor.clone(), self.now());
        Ok(Change { keyward: self, actor, now, transaction, unused_sequence: Some(sequence) })
    }
}

impl Change<'_> {
    /// For store functions.
    pub fn conn(&mut self) -> Conn<'_> {
        self.transaction.conn()
    }

    /// Notes what followers must read again.
    pub async fn log(&mut self, subject: Subject) -> Result<()> {
        let sequence = match self.unused_sequence.take() {
            Some(sequence) => sequence,
            None => change_log::next_sequence(&mut self.conn()).await?,
        };
        let at = to_millis(self.now);
        Ok(change_log::insert(&mut self.conn(), sequence, subject, at).await?)
    }

    /// Appends an event to the organization's chain.
    pub async fn audit(&mut self, event: Event<'_>) -> Result<()> {
        debug_assert!(WRITTEN.contains(&event.event_type), "{} isn't in the list of event types", event.event_type);
        let organization = self.actor.organization;
        let head = keyward_store::audit::head(&mut self.transaction.conn(), organization).await?;
        let id = self.keyward.new_id(AuditEventId::generate);
        let (actor, actor_id, actor_user) = describe(&self.actor);
        let keys = EventKeys {
            id: id.uuid(),
            actor: actor_id,
            actor_user,
            project: event.project.map(|project| project.id.uuid()),
        };
        let origin = &self.actor.origin;
        let event = AuditEvent {
            id: id.to_string(),
            organization_id: organization.to_string(),
            sequence: head.sequence + 1,
            at_ms: to_millis(self.now),
            event_type: event.event_type.to_owned(),
            outcome: event.outcome,
            actor,
            project: event
                .project
                .map(|project| AuditProject { id: project.id.to_string(), name: project.name.to_string() }),
            targets: event.targets,
            before: event.before,
            after: event.after,
            ip: origin.ip.map(|ip| ip.to_string()),
            user_agent: origin.user_agent.clone(),
            request_id: origin.request_id.map(|id| id.to_string()),
        };
        let hash = event.chain(&head.hash);
        let signature = if self.holds(&head, &event) {
            self.keyward.vault.sign(&head_message(&event.organization_id, event.sequence, &hash))
        } else {
            Vec::new()
        };
        let head = ChainHead { sequence: event.sequence, hash, signature };
        Ok(keyward_store::audit::append(&mut self.transaction.conn(), organization, &event, keys, &head).await?)
    }

    /// Whether a chain ends before `next` as this installation left it. What was
    /// changed behind its back is never signed over: the change goes on, and
    /// whoever verifies the log is told for good.
    fn holds(&self, head: &ChainHead, next: &AuditEvent) -> bool {
        let message = head_message(&next.organization_id, head.sequence, &head.hash);
        let key = PublicKey::from(self.keyward.vault.audit_public_key());
        let holds = head.sequence == 0 || key.proves(&message, &head.signature);
        if !holds {
            let organization = &next.organization_id;
            tracing::error!(%organization, "the audit log doesn't end as it was left, and isn't signed from here on: see keyward audit verify");
        }
        holds
    }

    /// Commits, then takes the change into the key index. A change that noted
    /// no subject leaves no trace in the change log: its sequence number is
    /// given back.
    pub async fn commit(mut self) -> Result<()> {
        if self.unused_sequence.is_some() {
            change_log::give_back(&mut self.transaction.conn()).await?;
        }
        self.transaction.commit().await?;
        self.keyward.catch_up().await.map_err(|error| match error {
            Error::Store(error) => Error::NotYetInForce(error),
            other => other,
        })
    }
}

/// What the signature of a chain's head covers.
pub(crate) fn head_message(organization: &str, sequence: i64, hash: &[u8; 32]) -> Vec<u8> {
    [b"keyward.audit.head.v1\n", organization.as_bytes(), b"\n", sequence.to_string().as_bytes(), b"\n", hash].concat()
}

fn describe(actor: &Actor) -> (AuditActor, Option<Uuid>, Option<Uuid>) {
    match &actor.identity {
        Identity::User { id, email, session } => {
            let described = AuditActor {
                kind: "user".into(),
                id: session.map(|session| session.to_string()),
                user_id: Some(id.to_string()),
                email: Some(email.to_string()),
            };
            (described, session.map(SessionId::uuid), Some(id.uuid()))
        }
        Identity::AdminKey { id, owner, owner_email } => {
            let described = AuditActor {
                kind: "admin_key".into(),
                id: Some(id.to_string()),
                user_id: Some(owner.to_string()),
                email: Some(owner_email.to_string()),
            };
            (described, Some(id.uuid()), Some(owner.uuid()))
        }
        Identity::System => (AuditActor { kind: "system".into(), id: None, user_id: None, email: None }, None, None),
    }
}
