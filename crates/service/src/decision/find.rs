//! Looking a decision up.

use keyward_domain::{
    actor::Actor,
    decision::{Decision, Held, last_id_of, milliseconds},
    id::RequestId,
    permission::Permission,
    role::Scope,
};
use keyward_store::{Conn, decision as store};
use keyward_telemetry::decisions::Batch;
use uuid::Uuid;

use super::keep::SPANS;
use crate::{Error, Keyward, Result};

/// How many batches are read at once.
const PAGE: i64 = 16;

/// What was decided about a call, if it is one of a project whose usage the actor
/// may read. Whoever may read the usage of single projects isn't told what the
/// organization spends in others.
pub async fn find(keyward: &Keyward, actor: &Actor, request: RequestId) -> Result<Decision> {
    let reads_all = actor.access.holds(Permission::UsageRead, Scope::Organization);
    if !reads_all && actor.access.projects_with(Permission::UsageRead).next().is_none() {
        actor.require(Permission::UsageRead, Scope::Organization)?;
    }
    // What can't be written now isn't found; what was written before is.
    let _ = keyward.write_decisions().await;
    let mut connection = keyward.read().await?;
    let found = look_up(&mut connection.conn(), request.uuid()).await?;
    let is_theirs = |decision: &Decision| {
        decision.organization == actor.organization
            && actor.access.holds(Permission::UsageRead, Scope::Project(decision.project))
    };
    let mut decision = found.filter(is_theirs).ok_or(Error::NotFound("decision"))?;
    if !reads_all {
        decision.budgets.retain(|met| met.of != Held::Organization);
    }
    Ok(decision)
}

/// The decision of that request, whosever it is.
async fn look_up(conn: &mut Conn<'_>, request: Uuid) -> Result<Option<Decision>> {
    for span in SPANS {
        let until = last_id_of(milliseconds(request).saturating_add(span * 1000));
        let mut from = request;
        loop {
            let page = store::find(conn, request, span, (from, until), PAGE).await?;
            for (_, content) in &page {
                if let Some(record) = Batch::records(content).find(|record| record.request() == request) {
                    return Ok(record.read());
                }
            }
            match page.last() {
                Some((last, _)) if i64::try_from(page.len()).is_ok_and(|count| count == PAGE) => {
                    from = Uuid::from_u128(last.as_u128().saturating_add(1));
                }
                _ => break,
            }
        }
    }
    Ok(None)
}
