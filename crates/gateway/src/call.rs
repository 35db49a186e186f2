//! A call's way through the gate: the checks of the product's table, in their
//! order, then the provider. This file says what happens when; each step is a
//! room of its own.

use std::{
    cell::Cell,
    net::{IpAddr, SocketAddr},
    rc::Rc,
    sync::Arc,
    time::Instant,
};

use http::{HeaderValue, Response, StatusCode, header, request};
use keyward_access::{KeyEntry, presented_key};
use keyward_domain::{budget::Reserve, id::RequestId, limit::Standing, permission::Permission, provider::Dialect};
use keyward_provider::{Operation, estimate::Asked};

use crate::{
    ConnectionInfo,
    attempts::{Content, Request},
    body::{self, Shape},
    cache::{self, Found, Question},
    candidates,
    core::Core,
    cors,
    demand::Demand,
    error::CallError,
    forward,
    head::{BodyHead, StreamOptions},
    inbound::Inbound,
    item::Item,
    model_routes, pricing, rate_limit,
    resource_body::ResponseHead,
    resources,
    respond::{AnswerBody, name_for_anthropic, refuse},
    route::{self, Route},
    socket::Wire,
    trail::{self, Trail},
};

/// One request, its head read.
pub(crate) struct Call<'a> {
    pub(crate) core: &'a Rc<Core>,
    wire: &'a Wire,
    pub(crate) head: request::Parts,
    pub(crate) id: RequestId,
    peer: SocketAddr,
    /// Whose address the request has.
    pub(crate) address: IpAddr,
    pub(crate) began: Instant,
    /// How often a provider was asked so far.
    pub(crate) attempts: Cell<u32>,
    /// Another one than the first was asked.
    pub(crate) strayed: Cell<bool>,
    /// What it leaves for who asks later.
    pub(crate) trail: Trail,
}

impl<'a> Call<'a> {
    pub(crate) fn new(
        core: &'a Rc<Core>,
        wire: &'a Wire,
        peer: SocketAddr,
        head: request::Parts,
        id: RequestId,
    ) -> Self {
        let address = core.shared.options.trusted_proxies.client_address(peer.ip(), &head.headers);
        Self {
            core,
            wire,
            head,
            id,
            peer,
            address,
            began: Instant::now(),
            attempts: Cell::new(0),
            strayed: Cell::new(false),
            trail: Trail::new(core.shared.parts.decisions.clone()),
        }
    }

    /// Nothing of the request is left on the connection.
    pub(crate) fn body_was_read(&self) {
        self.wire.unread.set(false);
    }

    fn path(&self) -> &str {
        self.head.uri.path()
    }

    /// The dialect of this call's errors.
    pub(crate) fn dialect(&self) -> Dialect {
        match route::dialect(self.path()) {
            Dialect::OpenAi if model_routes::wants_anthropic(self) => Dialect::Anthropic,
            dialect => dialect,
        }
    }
}

/// Answers a request, whatever it is.
pub(crate) async fn answer(call: Call<'_>, body: Inbound) -> Response<AnswerBody> {
    let Call { core, .. } = call;
    if !route::is_data_plane(call.path()) {
        let info = ConnectionInfo { peer: call.peer, client: call.address };
        let request = http::Request::from_parts(call.head, body);
        return (core.shared.parts.control)(request, info, call.id).await.map(AnswerBody::Control);
    }
    let options = &core.shared.options;
    if cors::is_preflight(&call.head.method, &call.head.headers) {
        let mut answer = Response::new(AnswerBody::empty());
        *answer.status_mut() = StatusCode::NO_CONTENT;
        let method = route::allowed_method(call.path());
        *answer.headers_mut() =
            cors::preflight(&call.head.headers, &core.shared.parts.index, &options.allowed_origins, method);
        return answer;
    }
    let mut key = None;
    let outcome = let_through(&call, body, &mut key).await;
    log(&call, key.as_deref(), outcome.as_ref());
    trail::decide(&call, key.as_deref(), outcome.as_ref());
    let mut answer = outcome.unwrap_or_else(|error| {
        let mut answer = refuse(&error, call.dialect(), call.id);
        if let Some(limited) = &error.limited {
            rate_limit::tell_when(limited, call.dialect(), core.shared.parts.clock.now(), answer.headers_mut());
        }
        answer
    });
    if call.dialect() == Dialect::Anthropic {
        name_for_anthropic(call.id, answer.headers_mut());
    }
    if call.attempts.get() > 1 {
        answer.headers_mut().insert(forward::ATTEMPTS, HeaderValue::from(call.attempts.get()));
    }
    let origin = call.head.headers.get(header::ORIGIN);
    cors::permit(answer.headers_mut(), origin, &options.allowed_origins, key.as_deref());
    answer
}

/// The checks in their order (the numbers are the product file's), then the
/// provider. `known` is told the key as soon as it is known.
async fn let_through(
    call: &Call<'_>,
    mut inbound: Inbound,
    known: &mut Option<Arc<KeyEntry>>,
) -> Result<Response<AnswerBody>, CallError> {
    let Call { core, head, .. } = call;
    let parts = &core.shared.parts;

    // 1 to 3: the key, its state, its project's.
    let (presented, now) = (presented_key(&head.headers)?, parts.clock.now());
    let authenticated = parts.index.authenticate(&presented, now);
    let caller = authenticated.inspect_err(|_| call.trail.refused_key(|| parts.index.known(&presented, now)))?;
    let key = &*known.insert(Arc::clone(&caller.key));
    // 4: where the call comes from.
    key.check_origin(call.address, cors::origin(&head.headers))?;
    // 5: route and method.
    let route = route::find(&head.method, head.uri.path())?;
    // 6: scope.
    key.check_scope(Permission::LlmInvoke)?;
    let operation = match route {
        Route::Invoke(operation) => operation,
        Route::Models => return model_routes::list(call, key).await,
        Route::Model(id) => return model_routes::one(call, key, &id).await,
        // Boxed: larger than the future of a call to a model.
        Route::Resource(resource) => return Box::pin(resources::answer(call, inbound, caller, resource)).await,
    };

    // 7: the body can be read, the model is allowed.
    let shape = body::check_type(&head.headers, operation.takes_form())?;
    let options = &core.shared.options;
    let body = body::read(&mut inbound, options.body_limit).await?;
    let waited = inbound.waited();
    call.body_was_read();
    let wish = match shape {
        Shape::Json => BodyHead::read(&body, operation.model_may_be_missing())?,
        Shape::Form(boundary) => BodyHead::read_form(&body, boundary, operation.model_may_be_missing())?,
    };
    call.trail.model(&wish.model);
    let (mut credentials, alias) = {
        let state = key.project.state.load();
        (Arc::clone(&state.credentials), state.model_aliases.get(&*wish.model).cloned())
    };
    let mut is_kept = false;
    if operation == Operation::Responses {
        let kept = ResponseHead::read(&body)?;
        is_kept = kept.is_stored;
        if let Some(only) = resources::goes_on_from(call, key, &kept).await? {
            credentials = Arc::new([only]);
        }
    }
    if let Some(field) = wish.further_models.filter(|_| key.restricts_models()) {
        return Err(CallError::further_models(field));
    }
    if wish.model.is_empty() && key.restricts_models() {
        return Err(CallError::model_left_open());
    }
    let choices =
        candidates::choose(call, key, &credentials, operation.dialect(), (&wish.model, alias.as_deref())).await?;

    // 12, behind 8: there is a credential, ready for use.
    let mut candidates = match candidates::ready(core, &choices) {
        Ok(candidates) => candidates,
        Err(error) => {
            let (limits, tokens) = (key.limits_of(&[&wish.model]), estimate(&body, &wish));
            let demand = Demand { limits, tokens, budgets: parts.index.budgets_of(key), ..Demand::default() };
            Box::pin(core.ledger.check(call, key, demand)).await?;
            return Err(error);
        }
    };
    let choice = choices.first().ok_or_else(CallError::provider_not_configured)?;

    // A body that trickles in doesn't outlive its key.
    parts.index.recheck(&caller, parts.clock.now())?;
    // What the cache has consumes nothing: neither cap nor limits know of it.
    let question = Question { operation, choice: *choice, body: &body, is_stored: is_kept, waited };
    let passing = match cache::lookup(call, &caller, &question)? {
        Found::Answer(answer) => {
            call.trail.cached();
            return Ok(*answer);
        }
        Found::Nothing(passing) => passing,
    };

    let limits = match key.limits_models() {
        true => choice.ask(&wish.model, |names| key.limits_of(names)),
        false => key.limits_of(&[]),
    };
    let tokens = estimate(&body, &wish);
    let budgets = parts.index.budgets_of(key);
    let reserve = match budgets.is_empty() {
        true => Reserve::NOTHING,
        false => pricing::hold_back(call, key, &budgets, &mut candidates, (operation, &body, &wish))?,
    };
    let demand = Demand { limits, tokens, budgets, reserve, ..Demand::default() };
    let adds_usage = wish.stream && operation.usage_is_asked_for() && wish.stream_options != StreamOptions::Asked;
    // 8 to 10: the request cap, the rate limits and the budgets. From here on the
    // call is in the books.
    let item = Item::call(choice.credential, choice.model, operation);
    let mut settlement = core.ledger.open(call, &caller, item, demand).await?;
    settlement.asked = Asked::of(operation, &body);
    let standing = settlement.standing();
    let request = Request {
        ask: operation.into(),
        query: head.uri.query(),
        content: Content::OfModel { body: &body, wish: &wish, adds_usage },
        kind: item.kind,
        tokens,
        may_repeat: !is_kept,
    };
    let stream = wish.stream;
    let outgoing = forward::Outgoing { caller, candidates, request, operation, stream, adds_usage, is_kept, waited };
    let mut answer = forward::forward(call, outgoing, settlement).await?;
    passing.watch(call, &mut answer);
    if standing != Standing::default() {
        rate_limit::tell(&standing, operation.dialect(), parts.clock.now(), answer.headers_mut());
    }
    Ok(answer)
}

/// About how many tokens a call will use, until its answer says it: a token is
/// about four bytes of text, and the caller says how many more there may be.
fn estimate(body: &[u8], wish: &BodyHead<'_>) -> u64 {
    // A form is a file above all.
    let text = if wish.is_form { 0 } else { body.len() as u64 };
    (text / 4).saturating_add(wish.max_tokens)
}

/// One line for a call at most; never a key, a header's value or a body.
fn log(call: &Call<'_>, key: Option<&KeyEntry>, outcome: Result<&Response<AnswerBody>, &CallError>) {
    let (status, code) = match outcome {
        Ok(answer) => (answer.status(), "-"),
        Err(error) => (error.status, error.code),
    };
    let key = key.map(|key| key.id);
    let milliseconds = || call.began.elapsed().as_millis();
    let (request, status) = (call.id, status.as_u16());
    if outcome.is_err_and(|error| error.status.is_server_error()) {
        tracing::warn!(%request, ?key, status, code, milliseconds = milliseconds(), "call not answered");
    } else {
        tracing::debug!(%request, ?key, status, code, milliseconds = milliseconds(), "call");
    }
}
