//! Deleting audit events that are too old.
//!
//! A run proves the whole chain first, up to its signed head; a chain that
//! doesn't hold loses nothing, or a forger could have retention destroy the
//! evidence. Then it takes the start away segment by segment. Each segment is a
//! change of its own, so that nobody waits long: it reads the decision again,
//! proves that these are still the events that were proven, deletes them, leaves
//! the signed anchor that the rest follows, and writes what it did into the same
//! chain. Whatever breaks off in between, each change stands by itself, and the
//! next run goes on behind the anchor.

use std::time::Duration;

use jiff::SignedDuration;
use keyward_domain::{
    Timestamp,
    actor::Actor,
    audit::Outcome,
    clock::{from_millis, to_millis},
    hex::to_hex,
    id::OrganizationId,
    retention::{DataClass, RetentionRun},
};
use keyward_store::{
    StoreError,
    audit::{self as chain, ChainAnchor},
    organization, retention as store,
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::expired;
use crate::{
    Error, Keyward, Result,
    audit::{Mark, anchor_message, prove, prove_segment},
    change::Event,
};

/// How often an organization's data is looked through.
const EVERY: SignedDuration = SignedDuration::from_hours(1);
/// How often it is looked whose turn it is.
const LOOK: Duration = Duration::from_mins(5);
/// How many events go in one change.
const SEGMENT: i64 = 500;

/// Looks after every organization whose turn it is, until `stop`.
pub async fn keep_running(keyward: Keyward, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(LOOK)).await.is_some() {
        // Broken off anywhere, it leaves nothing half done.
        if let Some(Err(error)) = stop.run_until_cancelled(Box::pin(run_due(&keyward))).await {
            tracing::warn!(%error, "retention can't be carried out: it is tried again");
        }
    }
}

/// Looks after every organization whose turn it is. The trouble of one doesn't
/// keep the others waiting.
pub async fn run_due(keyward: &Keyward) -> Result<()> {
    let mut connection = keyward.read().await?;
    let organizations = organization::all(&mut connection.conn()).await?;
    drop(connection);
    for organization in organizations {
        if let Err(error) = run(keyward, organization.id).await {
            let organization = organization.id;
            tracing::warn!(%organization, %error, "retention can't be carried out: it is tried again within the hour");
        }
    }
    Ok(())
}

/// Deletes what is too old, if it is the organization's turn: `None` if it isn't.
pub async fn run(keyward: &Keyward, organization: OrganizationId) -> Result<Option<RetentionRun>> {
    let class = DataClass::AuditEvents;
    let now = keyward.now();
    let mut connection = keyward.read().await?;
    let conn = &mut connection.conn();
    let (settings, _) = store::settings(conn, organization).await?;
    let last = store::runs(conn, organization).await?.into_iter().find_map(|(of, run)| (of == class).then_some(run));
    drop(connection);
    let horizon = now.checked_sub(EVERY).unwrap_or(Timestamp::MIN);
    let is_due = last.as_ref().is_none_or(|last| last.started_at <= horizon || last.started_at > now);
    let Some(cut_off) = settings.keep(class).cut_off(now).filter(|_| is_due) else { return Ok(None) };
    let mut connection = keyward.pool.write().await?;
    if !store::begin_run(&mut connection.conn(), organization, class, now, horizon).await? {
        // Another process looks after it.
        return Ok(None);
    }
    drop(connection);
    let known_problem = last.and_then(|last| last.problem);
    let mut run = Run { keyward, organization, class, record: RetentionRun::begun(now), known_problem };
    match run.delete_expired(cut_off).await {
        Ok(Ok(())) => run.clear_problem().await?,
        Ok(Err(problem)) => run.report(problem).await?,
        Err(Error::Store(StoreError::Unreadable(what))) => run.report(Problem::unreadable(what)).await?,
        Err(error) => return Err(error),
    }
    Ok(Some(run.record))
}

/// Why a chain keeps what it has.
struct Problem {
    message: String,
    details: Value,
}

impl Problem {
    fn unreadable(what: String) -> Self {
        Self { details: json!({ "reason": "unreadable", "message": what }), message: what }
    }
}

impl From<crate::audit::Broken> for Problem {
    fn from(broken: crate::audit::Broken) -> Self {
        let message = format!("The audit log isn't what was written: {broken}.");
        let details = json!({ "reason": broken.reason.code(), "sequence": broken.sequence, "message": message });
        Self { message, details }
    }
}

/// Whether a run may go on.
enum Segment {
    Removed,
    /// It is kept for longer by now, or another process removes it.
    Stop,
    Broken(Problem),
}

struct Run<'a> {
    keyward: &'a Keyward,
    organization: OrganizationId,
    class: DataClass,
    record: RetentionRun,
    /// What the run before ran into.
    known_problem: Option<String>,
}

impl Run<'_> {
    async fn delete_expired(&mut self, cut_off: Timestamp) -> Result<std::result::Result<(), Problem>> {
        let mut connection = self.keyward.read().await?;
        let expired = expired(&mut connection.conn(), self.organization, cut_off).await?;
        drop(connection);
        let Some((_, through)) = expired else { return Ok(Ok(())) };
        let key = self.keyward.audit_public_key().into();
        let proven = prove(&self.keyward.pool, self.organization, &key, (through, SEGMENT)).await?;
        if let Some(broken) = proven.verification.broken {
            return Ok(Err(broken.into()));
        }
        let mut after = proven.start;
        for mark in proven.marks {
            match self.remove(after, mark).await? {
                Segment::Removed => after = mark,
                Segment::Stop => break,
                Segment::Broken(problem) => return Ok(Err(problem)),
            }
        }
        Ok(Ok(()))
    }

    /// Removes the events behind one mark up to the next.
    async fn remove(&mut self, after: Mark, mark: Mark) -> Result<Segment> {
        let (keyward, organization) = (self.keyward, self.organization);
        let mut change = keyward.record(&Actor::system(organization)).await?;
        let (settings, _) = store::settings(&mut change.conn(), organization).await?;
        let keep = settings.keep(self.class);
        let Some(cut_off) = keep.cut_off(change.now) else { return Ok(Segment::Stop) };
        let anchor = chain::anchor(&mut change.conn(), organization).await?;
        if anchor.map_or(0, |anchor| anchor.sequence) != after.0 {
            return Ok(Segment::Stop);
        }
        if let Err(broken) = prove_segment(&mut change.conn(), organization, after, mark).await? {
            return Ok(Segment::Broken(broken.into()));
        }
        let span = chain::span(&mut change.conn(), organization, (after.0, mark.0)).await?;
        let Some(span) = span.filter(|span| span.last_at < to_millis(cut_off)) else { return Ok(Segment::Stop) };
        let message = anchor_message(&organization.to_string(), mark.0, &mark.1);
        let anchor = ChainAnchor { sequence: mark.0, hash: mark.1, signature: keyward.vault.sign(&message) };
        let removed = chain::remove_through(&mut change.conn(), organization, after.0, &anchor).await?;
        if i64::try_from(removed) != Ok(span.events) {
            let message = format!("audit_events: {removed} rows where {} were proven", span.events);
            return Err(StoreError::Unreadable(message).into());
        }
        let (from, to) = (from_millis(span.first_at), from_millis(span.last_at));
        let mut record = self.record.clone();
        record.add(span.events, from, to);
        store::put_run(&mut change.conn(), organization, self.class, &record).await?;
        let done = json!({
            "class": self.class.as_str(), "keep_days": keep.days(), "deleted": span.events,
            "first_sequence": after.0 + 1, "last_sequence": mark.0, "last_hash": to_hex(&mark.1),
            "from": from.as_second(), "to": to.as_second(),
        });
        change.audit(Event::on("retention.executed", organization, &(), &done)).await?;
        change.commit().await?;
        self.record = record;
        Ok(Segment::Removed)
    }

    /// What the run before ran into is over.
    async fn clear_problem(&self) -> Result<()> {
        if self.known_problem.is_none() {
            return Ok(());
        }
        let mut connection = self.keyward.pool.write().await?;
        Ok(store::put_run(&mut connection.conn(), self.organization, self.class, &self.record).await?)
    }

    /// Says everywhere why nothing more was deleted; in the audit log once, not
    /// every hour.
    async fn report(&mut self, problem: Problem) -> Result<()> {
        let (organization, Problem { message, mut details }) = (self.organization, problem);
        tracing::error!(%organization, problem = message, "retention deletes nothing until this is looked into");
        // The same with other numbers is no news: the event of the first report is itself
        // behind an end that isn't genuine.
        let kind = |message: &str| message.replace(|character: char| character.is_ascii_digit(), "");
        let is_news = self.known_problem.as_deref().map(kind) != Some(kind(&message));
        self.record.problem = Some(message);
        let mut change = self.keyward.record(&Actor::system(organization)).await?;
        store::put_run(&mut change.conn(), organization, self.class, &self.record).await?;
        if is_news {
            details["class"] = self.class.as_str().into();
            change.audit(Event::on("retention.failed", organization, &(), &details).ended(Outcome::Failed)).await?;
        }
        change.commit().await
    }
}
