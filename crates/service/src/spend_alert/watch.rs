//! Watching what is spent: behind each batch of the usage journal the projects
//! whose calls cost something, and now and then all, which finds what a node left
//! behind that died. What is summed up is what usage pages show.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use keyward_domain::{
    clock::to_millis,
    id::ProjectId,
    spend_alert::{Watched, month, months, reached_cents},
};
use keyward_store::{alert_mail, spend_alert as store};
use keyward_telemetry::journal::UsageRecord;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use super::told::tell;
use crate::{Keyward, Result};

/// How long to wait at least before looking again.
const INTERVAL: Duration = Duration::from_millis(500);

/// The pause is so many times as long as looking took, up to [`LONGEST`]: sums of
/// large organizations take a while, and the database has other work.
const PAUSES: u32 = 20;
const LONGEST: Duration = Duration::from_secs(60);

/// How long to wait when looking failed.
const AFTER_FAILURE: Duration = Duration::from_secs(5);

/// How often all alerts are looked at.
const ALL_EVERY: Duration = Duration::from_secs(600);

/// Projects whose calls cost something since it was last looked.
#[derive(Debug, Default)]
pub(crate) struct Spent(Mutex<BTreeSet<ProjectId>>);

impl Spent {
    /// Notes a batch that is in the sums now.
    pub fn note(&self, records: &[UsageRecord]) {
        let costs = |record: &&UsageRecord| record.cost_nanos.is_some_and(|cost| cost > 0);
        let projects: BTreeSet<_> =
            records.iter().filter(costs).map(|record| ProjectId::from_uuid(record.project)).collect();
        if !projects.is_empty() {
            self.0.lock().extend(projects);
        }
    }

    fn take(&self) -> BTreeSet<ProjectId> {
        std::mem::take(&mut *self.0.lock())
    }

    fn put_back(&self, projects: BTreeSet<ProjectId>) {
        self.0.lock().extend(projects);
    }
}

/// Watches until `stop`: all at the start. What fails is logged and tried again.
pub async fn keep_watching(keyward: Keyward, stop: CancellationToken) {
    let (mut all_since, mut is_failing, mut pause) = (None::<Instant>, false, Duration::ZERO);
    while stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_some() {
        let begun = Instant::now();
        let looks_at_all = all_since.is_none_or(|since| begun.duration_since(since) >= ALL_EVERY);
        let looking = async {
            if all_since.is_none() {
                say_if_nobody_is_told(&keyward).await?;
            }
            if looks_at_all { watch_all(&keyward).await } else { watch_spending(&keyward).await }
        };
        // Broken off anywhere, it leaves nothing half done.
        let Some(looked) = stop.run_until_cancelled(Box::pin(looking)).await else { break };
        match &looked {
            Ok(()) if looks_at_all => all_since = Some(begun),
            Err(error) if !is_failing => tracing::warn!(%error, "spend alerts can't be looked at: it is tried again"),
            _ => {}
        }
        is_failing = looked.is_err();
        pause = if is_failing { AFTER_FAILURE } else { (begun.elapsed() * PAUSES).clamp(INTERVAL, LONGEST) };
    }
}

/// Looks at the alerts of all whose calls cost something since the last time.
pub async fn watch_spending(keyward: &Keyward) -> Result<()> {
    let projects = keyward.spent.take();
    if projects.is_empty() {
        return Ok(());
    }
    let looked = look_at(keyward, &projects).await;
    if looked.is_err() {
        keyward.spent.put_back(projects);
    }
    looked
}

/// Looks at all alerts of the installation, and forgets mails that make no sense
/// any more.
pub async fn watch_all(keyward: &Keyward) -> Result<()> {
    let now = keyward.now();
    let open = {
        let mut connection = keyward.read().await?;
        store::open_any(&mut connection.conn(), month(now).start_ms).await?
    };
    let forgotten = {
        let mut connection = keyward.pool.write().await?;
        alert_mail::delete_expired(&mut connection.conn(), to_millis(now)).await?
    };
    if forgotten > 0 {
        tracing::warn!(mails = forgotten, "mails about spend alerts couldn't be sent in time and are given up");
    }
    for watched in open {
        tell_if_reached(keyward, watched).await?;
    }
    Ok(())
}

/// Looks at the alerts of somebody of which one was just made or changed: calls
/// that were counted meanwhile may reach it, and nobody saw it then.
pub(super) async fn look_again(keyward: &Keyward, watched: Watched) {
    if let Err(error) = tell_if_reached(keyward, watched).await {
        tracing::warn!(%error, "a spend alert can't be looked at: it is tried again within ten minutes");
    }
}

async fn say_if_nobody_is_told(keyward: &Keyward) -> Result<()> {
    if !keyward.sends_mail() {
        let mut connection = keyward.read().await?;
        if store::count_all(&mut connection.conn()).await? > 0 {
            tracing::warn!("there are spend alerts, and nobody is told: no mail server is set (smtp_url)");
        }
    }
    Ok(())
}

async fn look_at(keyward: &Keyward, projects: &BTreeSet<ProjectId>) -> Result<()> {
    let month_ms = month(keyward.now()).start_ms;
    let mut open = BTreeSet::new();
    {
        let mut connection = keyward.read().await?;
        let conn = &mut connection.conn();
        if !store::is_any_open(conn, month_ms).await? {
            return Ok(());
        }
        for project in projects {
            open.extend(store::open_of_project_any(conn, *project, month_ms).await?);
        }
    }
    for watched in open {
        tell_if_reached(keyward, watched).await?;
    }
    Ok(())
}

async fn tell_if_reached(keyward: &Keyward, watched: Watched) -> Result<()> {
    for month in months(keyward.now()) {
        let spent = {
            let mut connection = keyward.read().await?;
            let conn = &mut connection.conn();
            let Some(least) = store::least_open(conn, watched, month).await? else { continue };
            let spent = store::spent(conn, watched, month).await?;
            if reached_cents(spent).is_none_or(|cents| cents < least) {
                continue;
            }
            spent
        };
        let Some(cents) = reached_cents(spent) else { continue };
        let mut transaction = keyward.pool.begin().await?;
        let conn = &mut transaction.conn();
        for alert in store::reach(conn, watched, month, cents).await? {
            tell(keyward, conn, &alert, (month, spent), &alert.terms.recipients).await?;
        }
        transaction.commit().await?;
    }
    Ok(())
}
