//! Spend alerts of projects and of the organization: create, edit, delete, look
//! up; watching what is spent, and sending the mails. That an alert is reached is
//! noted in one transaction with the mails that tell of it, so it tells once for a
//! month, whichever node sees it first and whenever one dies.

mod create;
mod delete;
mod list;
mod sending;
mod told;
mod update;
mod watch;

use keyward_domain::{
    actor::Actor,
    id::{ProjectId, SpendAlertId},
    role::Scope,
    spend_alert::{SpendAlert, Watched},
};
use keyward_store::{Conn, spend_alert as store};

pub use create::{CreateSpendAlert, create};
pub use delete::delete;
pub use list::{ListSpendAlerts, find, list};
pub use sending::{AlertPost, keep_mailing};
pub(crate) use told::Reached;
pub use update::{UpdateSpendAlert, update};
pub(crate) use watch::Spent;
pub use watch::{keep_watching, watch_all, watch_spending};

use crate::{Error, Result};

/// Whose alerts: a project's, or the organization's where none is named.
pub type Whose = Option<ProjectId>;

/// Where a permission is needed for somebody's alerts.
const fn place(whose: Whose) -> Scope {
    match whose {
        Some(project) => Scope::Project(project),
        None => Scope::Organization,
    }
}

const fn watched(actor: &Actor, whose: Whose) -> Watched {
    Watched { organization: actor.organization, project: whose }
}

async fn find_in(conn: &mut Conn<'_>, watched: Watched, id: SpendAlertId) -> Result<SpendAlert> {
    store::find(conn, watched, id).await?.ok_or(Error::NotFound("spend alert"))
}
