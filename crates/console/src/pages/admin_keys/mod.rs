//! Admin keys: list, create, delete. The key itself is shown once.

mod create;
mod delete;
mod list;

use axum::{Router, routing::get};
use keyward_domain::{permission::Permission, role::Scope};

use crate::{Console, visit::Visit};

const ROOT: &str = "/organization/admin-keys";

pub fn routes() -> Router<Console> {
    Router::new()
        .route(ROOT, get(list::list).post(create::create))
        .route("/organization/admin-keys/new", get(create::show))
        .route("/organization/admin-keys/{admin_key_id}/delete", get(delete::ask).post(delete::delete))
}

fn may_manage(visit: &Visit) -> bool {
    visit.may(Permission::AdminKeysManage, Scope::Organization)
}
