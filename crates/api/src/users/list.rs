//! `GET /v1/organization/users`

use axum::{Json, extract::State};
use keyward_domain::{Invalid, organization::Email, page::Order};
use keyward_service::member::{self, ListMembers, MemberFilter};

use super::object::UserObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, Query},
    list::ListObject,
};

/// How many addresses can be asked for at once.
const MOST_EMAILS: usize = 100;

fn read_emails(texts: &[String]) -> Result<Option<Vec<Email>>, Invalid> {
    if texts.len() > MOST_EMAILS {
        return Err(Invalid::new(
            "emails",
            format!("emails names {}: at most {MOST_EMAILS} are possible.", texts.len()),
        ));
    }
    let emails = texts.iter().map(|text| Email::parse("emails", text)).collect::<Result<Vec<_>, _>>()?;
    Ok((!emails.is_empty()).then_some(emails))
}

/// Lists the organization's members, newest account first.
#[utoipa::path(
    get, path = "/v1/organization/users", operation_id = "list-users", tag = "Users",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 100; 20 unless given"),
        ("after" = Option<String>, Query, description = "Id of the last user of the page before"),
        ("before" = Option<String>, Query, description = "Id of the first user of the page behind"),
        ("order" = Option<String>, Query, description = "`desc` (newest account first) or `asc`"),
        ("emails[]" = Option<Vec<String>>, Query, description = "Only members with one of these addresses"),
        ("search" = Option<String>, Query, description = "Part of the name or the address, in any case"),
    ),
    responses((status = 200, body = ListObject<UserObject>))
)]
pub async fn list(
    State(api): State<Api>,
    actor: AdminActor,
    mut query: Query,
) -> Result<Json<ListObject<UserObject>>, ApiError> {
    let filter = MemberFilter { emails: read_emails(&query.many("emails"))?, search: query.one("search")? };
    let command = ListMembers { filter, with_key_use: true, page: query.page(Order::Desc)? };
    query.end()?;
    let listed = member::list(&api.keyward, &actor, command).await?;
    Ok(Json(ListObject::new(listed, UserObject::from)))
}
