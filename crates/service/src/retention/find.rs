//! What was decided, and when it was last carried out.

use keyward_domain::{
    actor::Actor,
    id::OrganizationId,
    permission::Permission,
    retention::{DataClass, RetentionRun, RetentionSettings},
    role::Scope,
};
use keyward_store::{Conn, retention as store};

use crate::{Keyward, Result, authorize::authorize};

/// How long an organization keeps its data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    /// What was decided.
    pub settings: RetentionSettings,
    /// Counts the decisions, for `If-Match`.
    pub version: i64,
    runs: Vec<(DataClass, RetentionRun)>,
}

impl Retention {
    /// The last run of a class; `None` if there was none yet.
    pub fn last_run(&self, class: DataClass) -> Option<&RetentionRun> {
        self.runs.iter().find_map(|(of, run)| (*of == class).then_some(run))
    }
}

/// How long the actor's organization keeps its data.
pub async fn find(keyward: &Keyward, actor: &Actor) -> Result<Retention> {
    authorize(actor, Permission::RetentionRead, Scope::Organization)?;
    let mut connection = keyward.read().await?;
    read(&mut connection.conn(), actor.organization).await
}

pub(super) async fn read(conn: &mut Conn<'_>, organization: OrganizationId) -> Result<Retention> {
    let (settings, version) = store::settings(conn, organization).await?;
    let runs = store::runs(conn, organization).await?;
    Ok(Retention { settings, version, runs })
}
