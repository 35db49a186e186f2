//! `GET /v1/organization/permissions`

use axum::Json;
use keyward_domain::{page::Listed, permission::Permission};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    ApiError,
    extract::{AdminActor, Query},
    list::{HasId, ListObject},
};

/// A permission.
#[derive(Debug, Serialize, ToSchema)]
pub struct PermissionObject {
    /// Always `organization.permission`.
    pub object: &'static str,
    /// Its name, such as `api_keys:create`.
    pub id: &'static str,
    /// `organization`, `administration`, or `data` (also the scopes of an API key).
    pub kind: &'static str,
}

impl HasId for PermissionObject {
    fn id(&self) -> &str {
        self.id
    }
}

/// Lists every permission that there is.
#[utoipa::path(
    get, path = "/v1/organization/permissions", operation_id = "list-permissions", tag = "Permissions",
    responses((status = 200, body = ListObject<PermissionObject>))
)]
pub async fn list(_: AdminActor, query: Query) -> Result<Json<ListObject<PermissionObject>>, ApiError> {
    query.end()?;
    let all = Listed { data: Permission::ALL.to_vec(), has_more: false };
    Ok(Json(ListObject::new(all, |permission| PermissionObject {
        object: "organization.permission",
        id: permission.as_str(),
        kind: permission.kind().as_str(),
    })))
}
