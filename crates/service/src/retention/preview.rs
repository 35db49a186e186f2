//! What a run would delete now. Nothing is deleted, and nothing is proven: the
//! run itself proves the audit log first.

use keyward_domain::{
    Timestamp,
    actor::Actor,
    clock::from_millis,
    permission::Permission,
    retention::{DataClass, Keep, RetentionSettings},
    role::Scope,
};
use keyward_store::{audit, retention as store};

use super::expired;
use crate::{Keyward, Result, authorize::authorize};

/// What a run would delete of a class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The class.
    pub class: DataClass,
    /// How long it is kept.
    pub keep: Keep,
    /// What happened before this moment would go; `None`: nothing would.
    pub cut_off: Option<Timestamp>,
    /// How many things would go.
    pub count: i64,
    /// When the earliest of them happened.
    pub from: Option<Timestamp>,
    /// When the latest of them happened.
    pub to: Option<Timestamp>,
}

/// What a run would delete now of each class if `supposed` were decided; a class
/// that it doesn't name is kept as long as it is.
pub async fn preview(keyward: &Keyward, actor: &Actor, supposed: &RetentionSettings) -> Result<Vec<Preview>> {
    authorize(actor, Permission::RetentionRead, Scope::Organization)?;
    let (organization, now) = (actor.organization, keyward.now());
    let mut snapshot = keyward.pool.snapshot().await?;
    let conn = &mut snapshot.conn();
    let settings = store::settings(conn, organization).await?.0.with(supposed);
    let mut previews = Vec::with_capacity(DataClass::ALL.len());
    for class in DataClass::ALL {
        let keep = settings.keep(class);
        let cut_off = keep.cut_off(now);
        let reach = match cut_off {
            Some(cut_off) => expired(conn, organization, cut_off).await?,
            None => None,
        };
        let span = match reach {
            Some(reach) => audit::span(conn, organization, reach).await?,
            None => None,
        };
        previews.push(Preview {
            class,
            keep,
            cut_off,
            count: span.map_or(0, |span| span.events),
            from: span.map(|span| from_millis(span.first_at)),
            to: span.map(|span| from_millis(span.last_at)),
        });
    }
    Ok(previews)
}
