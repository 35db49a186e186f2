//! What providers keep: files, batches and responses. Each belongs to the
//! project that made it, also where projects share a credential: what isn't
//! the project's is answered like what isn't there, and no provider is asked.
//!
//! It may hand on what a provider says of a resource; it must never take a
//! provider's word for whose it is.

use std::{cell::Cell, rc::Rc, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use keyward_access::{Authenticated, CredentialEntry, KeyEntry};
use keyward_domain::{
    id::{CredentialId, ProviderResourceId, RequestId},
    provider::Dialect,
    provider_resource::{NewResource, ProviderResource, ResourceKind, ResourcesOf, is_resource_id},
    usage::CallKind,
};
use keyward_provider::{
    Ask, Operation, UpstreamBody, UpstreamResponse,
    made::{Made, streamed_response},
    tap::{MAX_WHOLE, ResponseTap},
};
use tokio::time::timeout;

use crate::{
    attempts::{self, Content, Request, Sent},
    body::{self, Shape},
    call::Call,
    candidates::Candidate,
    core::Core,
    demand::Demand,
    error::CallError,
    forward,
    inbound::Inbound,
    item::Item,
    owed::Debt,
    resolve::Choice,
    resource_body::{BatchHead, ResponseHead},
    resource_list,
    respond::{AnswerBody, whole},
    settle::Settlement,
};

/// The largest answer about a resource that is read.
pub(crate) const MOST: usize = 4 << 20;

/// How long an answer that is paid for waits until it is written down whose it is.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is asked about resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resource<'a> {
    /// A new file.
    Upload,
    /// A new batch.
    Begin,
    /// The project's own of a kind.
    List(ResourceKind),
    /// One of them.
    One(ResourceKind, &'a str, Deed),
}

impl Resource<'_> {
    /// Of which kind they are.
    pub(crate) const fn kind(&self) -> ResourceKind {
        match self {
            Self::Upload => ResourceKind::File,
            Self::Begin => ResourceKind::Batch,
            Self::List(kind) | Self::One(kind, ..) => *kind,
        }
    }
}

/// What is to be done with one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    Retrieve,
    Delete,
    /// A file's bytes.
    Content,
    /// Gives up a batch, or a response in the background.
    Cancel,
    /// What a response was asked.
    InputItems,
}

/// The project's resources of a kind.
pub(crate) fn of(key: &KeyEntry, kind: ResourceKind) -> ResourcesOf {
    ResourcesOf { organization: key.project.organization, project: key.project.id, kind }
}

/// The path behind a provider's base URL.
pub(crate) const fn root(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::File => "/files",
        ResourceKind::Batch => "/batches",
        ResourceKind::Response => "/responses",
    }
}

/// Checks 7 and further, and the answer.
pub(crate) async fn answer(
    call: &Call<'_>,
    body: Inbound,
    caller: Authenticated,
    resource: Resource<'_>,
) -> Result<Response<AnswerBody>, CallError> {
    match resource {
        Resource::Upload => upload(call, body, caller).await,
        Resource::Begin => begin(call, body, caller).await,
        Resource::List(kind) => resource_list::list(call, caller, kind).await,
        Resource::One(kind, id, deed) => one(call, caller, (kind, id), deed).await,
    }
}

/// The project's resource, and the credential that it was made with.
pub(crate) async fn owned(
    call: &Call<'_>,
    key: &KeyEntry,
    kind: ResourceKind,
    id: &str,
    param: &'static str,
) -> Result<(ProviderResource, Arc<CredentialEntry>), CallError> {
    let store = &call.core.shared.parts.resources;
    let found = if is_resource_id(id) { store.find(of(key, kind), id).await? } else { None };
    let missing = || CallError::resource_not_found(kind, id, param);
    let found = found.ok_or_else(missing)?;
    let credential = credential(key, found.credential).ok_or_else(missing)?;
    Ok((found, credential))
}

/// The credential of the response that a call goes on from; refuses to go on
/// from anything that isn't the project's.
pub(crate) async fn goes_on_from(
    call: &Call<'_>,
    key: &KeyEntry,
    head: &ResponseHead<'_>,
) -> Result<Option<Arc<CredentialEntry>>, CallError> {
    if head.in_conversation {
        return Err(CallError::conversation_not_found());
    }
    match &head.previous {
        None => Ok(None),
        Some(id) => {
            let (_, credential) = owned(call, key, ResourceKind::Response, id, "previous_response_id").await?;
            Ok(Some(credential))
        }
    }
}

/// The project's credential of that id, if it still has it.
pub(crate) fn credential(key: &KeyEntry, id: CredentialId) -> Option<Arc<CredentialEntry>> {
    key.project.state.load().credentials.iter().find(|credential| credential.id == id).cloned()
}

async fn one(
    call: &Call<'_>,
    caller: Authenticated,
    (kind, id): (ResourceKind, &str),
    deed: Deed,
) -> Result<Response<AnswerBody>, CallError> {
    let key = &caller.key;
    let (resource, credential) = owned(call, key, kind, id, "id").await?;
    let of = of(key, kind);
    let (method, end) = match deed {
        Deed::Retrieve => (Method::GET, ""),
        Deed::Delete => (Method::DELETE, ""),
        Deed::Content => (Method::GET, "/content"),
        Deed::Cancel => (Method::POST, "/cancel"),
        Deed::InputItems => (Method::GET, "/input_items"),
    };
    let path = format!("{}/{id}{end}", root(kind));
    let ask = Ask { method, path: &path, dialect: Dialect::OpenAi, operation: None };
    let Sent { answer, mut settlement, .. } =
        send(call, &caller, &credential, ask, (call.head.uri.query(), Bytes::new()), Demand::without_model(key))
            .await?;
    settlement.debt = Debt::of(key, &credential, &resource);
    if deed == Deed::Delete && (answer.status.is_success() || answer.status == StatusCode::NOT_FOUND) {
        // The provider has forgotten it; that it stays known here harms nobody.
        let _ = call.core.shared.parts.resources.forget(of, id).await;
    }
    if kind == ResourceKind::Batch {
        return keep(call, &caller, &credential, (kind, None), answer, settlement).await;
    }
    let tap = match deed {
        Deed::Retrieve | Deed::Cancel if settlement.debt.is_some() => {
            ResponseTap::for_response(Operation::Responses, &answer.headers, false)
        }
        // What other responses used was counted when they were made.
        _ => ResponseTap::unread(Operation::Responses),
    };
    Ok(forward::hand_on(call, caller, Operation::Responses, answer, tap, settlement, None))
}

async fn upload(call: &Call<'_>, body: Inbound, caller: Authenticated) -> Result<Response<AnswerBody>, CallError> {
    body::check_type(&call.head.headers, true)?;
    let body = read(call, body).await?;
    let credentials = Arc::clone(&caller.key.project.state.load().credentials);
    let credential = credentials.iter().find(|credential| credential.provider.speaks(Dialect::OpenAi));
    let credential = credential.ok_or_else(CallError::provider_not_configured)?;
    make(call, &caller, credential, ResourceKind::File, (body, Demand::without_model(&caller.key))).await
}

async fn begin(call: &Call<'_>, body: Inbound, caller: Authenticated) -> Result<Response<AnswerBody>, CallError> {
    let Shape::Json = body::check_type(&call.head.headers, false)? else {
        return Err(CallError::panicked());
    };
    let body = read(call, body).await?;
    let head = BatchHead::read(&body)?;
    let key = &caller.key;
    let (_, credential) = owned(call, key, ResourceKind::File, &head.input_file, "input_file_id").await?;
    // Its calls stand in a file that nobody reads here.
    if key.restricts_models() {
        return Err(CallError::batch_of_any_model());
    }
    let (limits, budgets) = (key.limits_of(&[""]), call.core.shared.parts.index.budgets_of(key));
    let are_in_shadow =
        limits.iter().all(|entry| entry.limits.shadow) && budgets.iter().all(|entry| entry.budget.terms.shadow);
    if key.max_requests.is_some() || !are_in_shadow {
        return Err(CallError::batch_uncounted());
    }
    let demand = Demand { limits, budgets, is_batch: true, ..Demand::default() };
    make(call, &caller, &credential, ResourceKind::Batch, (body, demand)).await
}

/// Has the provider make a resource, and writes it down before anybody is told.
async fn make(
    call: &Call<'_>,
    caller: &Authenticated,
    credential: &Arc<CredentialEntry>,
    kind: ResourceKind,
    (body, demand): (Bytes, Demand),
) -> Result<Response<AnswerBody>, CallError> {
    let ask = Ask { method: Method::POST, path: root(kind), dialect: Dialect::OpenAi, operation: None };
    let Sent { answer, settlement, .. } =
        send(call, caller, credential, ask, (call.head.uri.query(), body), demand).await?;
    // Its object says what it used, and of which model, once it is done.
    let owes = (kind == ResourceKind::Batch).then(String::new);
    keep(call, caller, credential, (kind, owes), answer, settlement).await
}

async fn read(call: &Call<'_>, mut inbound: Inbound) -> Result<Bytes, CallError> {
    let body = body::read(&mut inbound, call.core.shared.options.body_limit).await?;
    call.body_was_read();
    Ok(body)
}

/// Counts and sends.
async fn send(
    call: &Call<'_>,
    caller: &Authenticated,
    credential: &Arc<CredentialEntry>,
    ask: Ask<'_>,
    (query, body): (Option<&str>, Bytes),
    demand: Demand,
) -> Result<Sent, CallError> {
    let target = call.core.targets.get(credential)?;
    let parts = &call.core.shared.parts;
    parts.index.recheck(caller, parts.clock.now())?;
    let settlement = call.core.ledger.open(call, caller, Item::resource(credential), demand).await?;
    // What makes or deletes something isn't asked twice.
    let may_repeat = ask.method == Method::GET;
    let request = Request { ask, query, content: Content::Same(body), kind: CallKind::Other, tokens: 0, may_repeat };
    let candidates = [Candidate { choice: Choice::only(credential), target }];
    attempts::send(call, caller, &request, &candidates, &mut None, settlement).await
}

/// Hands a whole answer on after what it names is written down as the project's,
/// and what it tells of use as used.
async fn keep(
    call: &Call<'_>,
    caller: &Authenticated,
    credential: &CredentialEntry,
    (kind, owes): (ResourceKind, Option<String>),
    answer: UpstreamResponse,
    mut settlement: Box<Settlement>,
) -> Result<Response<AnswerBody>, CallError> {
    let UpstreamResponse { status, headers, body } = answer;
    let body = body.collect(MOST).await.map_err(|error| CallError::broken_answer(Some(&error)))?;
    if let Some(debt) = settlement.debt.take().filter(|_| status.is_success()) {
        debt.batch(&call.core.ledger, &body);
    }
    settlement.close(None, status.is_success());
    if status.is_success() {
        let (made, keeper) = (Made::read(&body), Keeper::new(call, caller, credential.id));
        let files = made.files.into_iter().map(|id| (ResourceKind::File, id, None));
        for (kind, id, owes) in made.id.map(|id| (kind, id, owes)).into_iter().chain(files) {
            keeper.record(kind, id, owes, keeper.next_id()).await?;
        }
    }
    Ok(whole(status, headers, body))
}

/// Writes down whose a new response is, as soon as the answer names it and
/// before anybody else sees that. The answer is paid for: it goes on even if
/// that can't be written down now, and is unknown later. Of one that is made in
/// the background it says by what it is counted, once it is done.
pub(crate) async fn keep_response(
    keeper: Keeper,
    (model, runs_on): (String, Rc<Cell<Option<ProviderResourceId>>>),
    streams: bool,
    body: UpstreamBody,
) -> UpstreamBody {
    let (limit, enough): (usize, fn(&[u8]) -> bool) =
        if streams { (MOST, |so_far| streamed_response(so_far).is_some()) } else { (MAX_WHOLE, |_| false) };
    let (first, body) = body.read_ahead(limit, enough).await;
    let made = if streams { streamed_response(&first).unwrap_or_default() } else { Made::read(&first) };
    if let Some(id) = made.id.filter(|id| is_resource_id(id)) {
        let (resource, owes) = (keeper.next_id(), made.runs_on.then_some(model));
        runs_on.set(made.runs_on.then_some(resource));
        let recorded = timeout(PATIENCE, keeper.record(ResourceKind::Response, id, owes, resource)).await;
        if matches!(recorded, Ok(Err(_))) {
            // Nobody can read it later.
            runs_on.set(None);
        }
        if !matches!(recorded, Ok(Ok(()))) {
            tracing::warn!(request = %keeper.request, "a response goes out although it can't be written down whose it is");
        }
    }
    body
}

/// Writes down whose the things are that one call makes. Outlives the call.
pub(crate) struct Keeper {
    core: Rc<Core>,
    key: Arc<KeyEntry>,
    credential: CredentialId,
    request: RequestId,
}

impl Keeper {
    pub(crate) fn new(call: &Call<'_>, caller: &Authenticated, credential: CredentialId) -> Self {
        Self { core: Rc::clone(call.core), key: Arc::clone(&caller.key), credential, request: call.id }
    }

    fn next_id(&self) -> ProviderResourceId {
        let parts = &self.core.shared.parts;
        ProviderResourceId::generate(&parts.ids, &*parts.clock, &*parts.randomness)
    }

    /// Also when the caller hangs up meanwhile.
    async fn record(
        &self,
        kind: ResourceKind,
        id: String,
        owes: Option<String>,
        resource: ProviderResourceId,
    ) -> Result<(), CallError> {
        if !is_resource_id(&id) {
            return Ok(());
        }
        let (shared, of) = (Arc::clone(&self.core.shared), of(&self.key, kind));
        let made = NewResource { resource, id, credential: self.credential, key: self.key.id, owes };
        let recording = async move { shared.parts.resources.record(of, made).await };
        self.core.tasks.spawn_local(recording).await.map_err(|_| CallError::panicked())??;
        Ok(())
    }
}
