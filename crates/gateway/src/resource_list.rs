//! Lists of a project's files and batches: which there are is written down
//! here, what they are like is asked of the providers, each at the credential
//! that it was made with. A provider's own list is never shown: it may hold
//! other projects' things.

use std::{
    rc::Rc,
    sync::atomic::{AtomicBool, Ordering},
};

use bytes::Bytes;
use http::{HeaderMap, Method, Response, StatusCode};
use keyward_access::Authenticated;
use keyward_domain::{
    provider::Dialect,
    provider_resource::{ProviderResource, ResourceKind},
};
use keyward_provider::{Ask, Target};
use serde::Serialize;
use serde_json::{Value, value::RawValue};

use crate::{
    call::Call,
    core::Core,
    demand::Demand,
    error::CallError,
    item::Item,
    owed::Debt,
    resources::{self, MOST},
    respond::{AnswerBody, json},
};

/// How many are asked for at the same time.
const AT_ONCE: usize = 8;

/// What a list's address asks for.
#[derive(Debug, PartialEq, Eq)]
struct Wish {
    after: Option<String>,
    limit: u32,
    rising: bool,
    /// Only files for this.
    purpose: Option<String>,
}

/// A page in OpenAI's shape, each object as its provider told it.
#[derive(Serialize)]
struct Page {
    object: &'static str,
    data: Vec<Box<RawValue>>,
    first_id: Option<String>,
    last_id: Option<String>,
    has_more: bool,
}

/// The list, in OpenAI's shape.
pub(crate) async fn list(
    call: &Call<'_>,
    caller: Authenticated,
    kind: ResourceKind,
) -> Result<Response<AnswerBody>, CallError> {
    let key = &caller.key;
    let wish = Wish::read(call.head.uri.query().unwrap_or_default(), kind)?;
    let parts = &call.core.shared.parts;
    let of = resources::of(key, kind);
    if let Some(after) = &wish.after
        && parts.resources.find(of, after).await?.is_none()
    {
        return Err(CallError::resource_not_found(kind, after, "after"));
    }
    parts.index.recheck(&caller, parts.clock.now())?;

    let mut settlement = None;
    let mut data: Vec<Box<RawValue>> = Vec::new();
    let mut last: Option<String> = wish.after.clone();
    let (mut first, mut shown) = (None, None);
    let limit = wish.limit as usize;
    // Those that the provider has forgotten, or that serve another purpose,
    // leave room for further ones.
    let has_more = loop {
        let known = parts.resources.list(of, last.as_deref(), wish.limit + 1, wish.rising).await?;
        let more_are_known = known.len() > limit;
        for some in known.get(..known.len().min(limit)).unwrap_or_default().chunks(AT_ONCE) {
            let mut asking = Vec::with_capacity(some.len());
            for resource in some {
                let Some(credential) = resources::credential(key, resource.credential) else { continue };
                let target = call.core.targets.get(&credential)?;
                if settlement.is_none() {
                    let demand = Demand::without_model(key);
                    settlement = Some(call.core.ledger.open(call, &caller, Item::resource(&credential), demand).await?);
                }
                let fetching = fetch(Rc::clone(call.core), target, call.head.headers.clone(), kind, resource.clone());
                let debt = Debt::of(key, &credential, resource);
                asking.push((resource.id.clone(), debt, call.core.tasks.spawn_local(fetching)));
            }
            if let Some(settlement) = &settlement {
                settlement.begun().store(true, Ordering::Relaxed);
            }
            for (id, debt, asked) in asking {
                let object = asked.await.map_err(|_| CallError::panicked())??;
                if let Some((debt, object)) = debt.zip(object.as_ref()) {
                    debt.batch(&call.core.ledger, object.get().as_bytes());
                }
                if let Some(object) = object.filter(|object| wish.takes(object)) {
                    if data.len() == limit {
                        continue;
                    }
                    first.get_or_insert_with(|| id.clone());
                    shown = Some(id);
                    data.push(object);
                }
            }
            last = some.last().map(|resource| resource.id.clone());
            if data.len() == limit {
                break;
            }
        }
        if data.len() == limit {
            let behind = parts.resources.list(of, shown.as_deref(), 1, wish.rising).await?;
            break !behind.is_empty();
        }
        if !more_are_known {
            break false;
        }
    };
    if let Some(mut settlement) = settlement {
        settlement.close(None, true);
    }
    let page = Page { object: "list", data, first_id: first, last_id: shown, has_more };
    let body = serde_json::to_vec(&page).map_err(|_| CallError::panicked())?;
    Ok(json(StatusCode::OK, body.into()))
}

/// One of them as its provider tells it; `None` if it has forgotten it.
async fn fetch(
    core: Rc<Core>,
    target: Target,
    headers: HeaderMap,
    kind: ResourceKind,
    resource: ProviderResource,
) -> Result<Option<Box<RawValue>>, CallError> {
    let path = format!("{}/{}", resources::root(kind), resource.id);
    let ask = Ask { method: Method::GET, path: &path, dialect: Dialect::OpenAi, operation: None };
    let begun = AtomicBool::new(false);
    let answer = core.upstream.send(&target, ask, None, &headers, Bytes::new(), &begun).await;
    let answer = answer.map_err(|error| CallError::from(&error))?;
    match answer.status {
        StatusCode::NOT_FOUND => return Ok(None),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => return Err(CallError::provider_authentication()),
        status if !status.is_success() => return Err(CallError::list_incomplete(kind, status)),
        _ => {}
    }
    let body = answer.body.collect(MOST).await.map_err(|error| CallError::broken_answer(Some(&error)))?;
    serde_json::from_slice(&body).map(Some).map_err(|_| CallError::broken_answer(None))
}

impl Wish {
    fn read(query: &str, kind: ResourceKind) -> Result<Self, CallError> {
        let bad = |param: &'static str, message: &'static str| CallError {
            param: Some(param),
            ..CallError::bad_request("invalid_parameter", message)
        };
        let mut wish = Self { after: None, limit: 20, rising: false, purpose: None };
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            match name {
                "after" if !value.is_empty() => wish.after = Some(value.to_owned()),
                // OpenAI takes up to 10,000; a page of Keyward's has at most 100, and says that more follow.
                "limit" => {
                    let limit = value.parse::<u32>().ok().filter(|limit| (1..=10_000).contains(limit));
                    let limit = limit.ok_or_else(|| bad("limit", "limit must be a number from 1 to 10000."))?;
                    wish.limit = limit.min(100);
                }
                "order" => {
                    wish.rising = match value {
                        "asc" => true,
                        "desc" => false,
                        _ => return Err(bad("order", "order must be asc or desc.")),
                    };
                }
                "purpose" if kind == ResourceKind::File => wish.purpose = Some(value.to_owned()),
                _ => {}
            }
        }
        Ok(wish)
    }

    fn takes(&self, object: &RawValue) -> bool {
        self.purpose.as_ref().is_none_or(|wanted| {
            serde_json::from_str::<Value>(object.get()).is_ok_and(|object| object["purpose"] == wanted.as_str())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_read_and_what_cannot_be_is_named() {
        let read = |query: &str| Wish::read(query, ResourceKind::File);
        let plain = Wish { after: None, limit: 20, rising: false, purpose: None };
        assert_eq!(read("").unwrap(), plain);
        let wish = read("after=file-a&limit=500&order=asc&purpose=batch&x=y").unwrap();
        assert_eq!(
            wish,
            Wish { after: Some("file-a".into()), limit: 100, rising: true, purpose: Some("batch".into()) }
        );
        for (query, param) in
            [("limit=0", "limit"), ("limit=x", "limit"), ("limit=10001", "limit"), ("order=up", "order")]
        {
            assert_eq!(read(query).unwrap_err().param, Some(param), "{query}");
        }
    }
}
