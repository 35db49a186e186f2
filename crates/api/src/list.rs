//! The two shapes of lists: most say the first and last id; those of roles,
//! groups and assignments say what comes next, as the specification has it.

use keyward_domain::page::Listed;
use serde::Serialize;
use utoipa::ToSchema;

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListObject<T> {
    /// Always `list`.
    pub object: &'static str,
    /// The things, in the asked order.
    pub data: Vec<T>,
    /// Id of the first of them.
    pub first_id: Option<String>,
    /// Id of the last of them: `after` for the next page.
    pub last_id: Option<String>,
    /// Whether another page follows.
    pub has_more: bool,
}

/// A thing with an id.
pub trait HasId {
    /// Its id.
    fn id(&self) -> &str;
}

impl<T: HasId> ListObject<T> {
    /// Turns a page of things into their objects.
    pub fn new<S>(listed: Listed<S>, object: impl FnMut(S) -> T) -> Self {
        let data: Vec<T> = listed.data.into_iter().map(object).collect();
        Self {
            object: "list",
            first_id: data.first().map(|thing| thing.id().to_owned()),
            last_id: data.last().map(|thing| thing.id().to_owned()),
            data,
            has_more: listed.has_more,
        }
    }
}

/// One page of a list that goes on behind `next`.
#[derive(Debug, Serialize, ToSchema)]
pub struct NextListObject<T> {
    /// Always `list`.
    pub object: &'static str,
    /// The things, in the asked order.
    pub data: Vec<T>,
    /// Whether another page follows.
    pub has_more: bool,
    /// What to give as `after` for the next page; null if none follows.
    pub next: Option<String>,
}

impl<T: HasId> NextListObject<T> {
    /// Turns a page of things into their objects.
    pub fn new<S>(listed: Listed<S>, object: impl FnMut(S) -> T) -> Self {
        let data: Vec<T> = listed.data.into_iter().map(object).collect();
        let next = data.last().filter(|_| listed.has_more).map(|thing| thing.id().to_owned());
        Self { object: "list", data, has_more: listed.has_more, next }
    }
}
