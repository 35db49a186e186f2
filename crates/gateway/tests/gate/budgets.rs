//! Budgets: what calls may cost; of keys, projects and organizations.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
};

use keyward_access::{BudgetStore, BudgetsAdmitted, BudgetsUnavailable, CredentialEntry, SharedBudget, SharedCharge};
use keyward_domain::{
    Clock, Timestamp,
    budget::{Budget, BudgetMode, BudgetScope, BudgetState, BudgetTerms, BudgetWindow, Spending, TimeZoneName},
    id::{BudgetId, PriceId},
    price_override::{OwnPrices, PriceBook, PriceOverride},
    provider::Provider,
    provider_resource::ResourceKind,
};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::support::{Answer, CHAT_ANSWER, Client, Gate, Kept, Setup, TestKey, TestProvider, within};

/// At a dollar for a million tokens of input, ten of output: 11 and 7 tokens.
pub const COST: i64 = 11 * 1_000 + 7 * 10_000;

pub const CHAT: &str = r#"{"model":"m","max_tokens":100,"messages":[{"role":"user","content":"Hi"}]}"#;

/// The most that it can cost: its bytes, what a provider adds, and its answer.
pub const CEILING: i64 = (CHAT.len() as i64 + 1_000) * 1_000 + 100 * 10_000;

pub fn set_price(gate: &Gate) {
    let at = Timestamp::UNIX_EPOCH;
    let price = PriceOverride {
        id: PriceId::from_uuid(Uuid::from_u128(1)),
        organization: gate.project.organization,
        provider: None,
        model: "m".into(),
        effective_from: at,
        prices: OwnPrices { input: 1_000_000, output: 10_000_000, cache_read: None, cache_write: None, request: 0 },
        created_at: at,
        updated_at: at,
        version: 1,
    };
    gate.index.put_prices(gate.project.organization, PriceBook::new(vec![price]));
}

pub fn put(gate: &Gate, scope: BudgetScope, amount_nanos: i64, window: BudgetWindow, mode: BudgetMode) {
    let terms = BudgetTerms { amount_nanos, window, time_zone: TimeZoneName::default(), mode, shadow: false };
    put_terms(gate, scope, terms);
}

pub fn put_terms(gate: &Gate, scope: BudgetScope, terms: BudgetTerms) {
    let budget = Budget {
        id: BudgetId::from_uuid(scope.holder(gate.project.organization)),
        organization: gate.project.organization,
        scope,
        terms,
        since_ms: 0,
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
        version: 1,
    };
    gate.index.put_budgets(budget.holder(), vec![(budget, BudgetState::default())]);
}

fn put_strict(gate: &Gate, scope: BudgetScope, amount_nanos: i64) {
    put(gate, scope, amount_nanos, BudgetWindow::Month, BudgetMode::Strict);
}

/// What is spent and reserved.
pub fn stands(gate: &Gate, scope: BudgetScope) -> (i64, i64) {
    let budgets = gate.index.budgets(scope.holder(gate.project.organization));
    let Spending { spent_nanos, reserved_nanos } = budgets[0].spending(gate.clock.now());
    (spent_nanos, reserved_nanos)
}

pub fn of_project(gate: &Gate) -> BudgetScope {
    BudgetScope::Project(gate.project.id)
}

pub async fn chat(gate: &Gate, key: &TestKey) -> Answer {
    gate.post(key, "/v1/chat/completions", CHAT).await
}

#[tokio::test]
async fn a_strict_budget_is_never_exceeded_at_any_concurrency() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    provider.always_answer(CHAT_ANSWER);
    set_price(&gate);
    let amount = CEILING * 3;
    put_strict(&gate, of_project(&gate), amount);
    let mut calls = JoinSet::new();
    for _ in 0..100 {
        let (address, bearer) = (gate.address, key.bearer());
        calls.spawn(async move {
            let mut client = Client::connect(address).await;
            client.post("/v1/chat/completions", &[("authorization", &bearer)], CHAT).await
        });
    }
    for answer in calls.join_all().await {
        if answer.status != 200 {
            answer.assert_error(429, "insufficient_quota");
            assert_eq!(answer.header("x-should-retry"), Some("false"));
        }
    }
    let seen = i64::try_from(provider.seen()).unwrap();
    assert!(seen >= 3 && seen * COST <= amount, "{seen}");
    assert_eq!(stands(&gate, of_project(&gate)), (seen * COST, 0));
}

#[tokio::test]
async fn the_most_that_a_call_can_cost_is_reserved_and_the_rest_given_back() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    set_price(&gate);
    put_strict(&gate, of_project(&gate), CEILING + 5);
    let providing = async {
        let exchange = provider.next().await;
        assert_eq!(stands(&gate, of_project(&gate)), (0, CEILING));
        let records = gate.records();
        assert_eq!((records.len(), records[0].reserved_nanos, records[0].sent), (1, CEILING, false));
        let refused = chat(&gate, &key).await;
        refused.assert_error(429, "insufficient_quota");
        assert!(refused.text().contains("is reserved by calls in flight"), "{}", refused.text());
        exchange.json(200, CHAT_ANSWER).await;
    };
    let (answer, ()) = tokio::join!(chat(&gate, &key), providing);
    assert_eq!(answer.status, 200);
    assert_eq!(stands(&gate, of_project(&gate)), (COST, 0));
    let records = gate.records();
    assert_eq!((records.len(), records[1].reserved_nanos, records[1].cost_nanos), (2, CEILING, Some(COST)));
    assert!(records.iter().all(|record| record.let_through_ms == records[0].let_through_ms));
    let refused = chat(&gate, &key).await;
    refused.assert_error(429, "insufficient_quota");
    assert!(refused.text().contains("It begins anew at"), "{}", refused.text());
}

#[tokio::test]
async fn what_is_not_sent_or_not_served_costs_nothing() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    set_price(&gate);
    put_strict(&gate, of_project(&gate), CEILING);
    let (answer, ()) = tokio::join!(chat(&gate, &key), async {
        provider.next().await.json(400, r#"{"error":{}}"#).await;
    });
    assert_eq!(answer.status, 400);
    assert_eq!(stands(&gate, of_project(&gate)), (0, 0));
    let nowhere = Some("http://127.0.0.1:1/v1".to_owned());
    gate.put_credentials(vec![Arc::new(CredentialEntry {
        base_url: nowhere,
        ..gate.bare_credential(Provider::OpenAi)
    })]);
    chat(&gate, &key).await.assert_error(502, "provider_unreachable");
    assert_eq!(stands(&gate, of_project(&gate)), (0, 0));
    let records = gate.records();
    let left: Vec<_> = records.iter().map(|record| (record.requests, record.reserved_nanos, record.sent)).collect();
    assert_eq!(left[2..], [(0, CEILING, false), (0, -CEILING, false)]);
}

#[tokio::test]
async fn an_answer_that_does_not_say_what_it_used_stays_charged_with_the_most() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    provider.always_answer("{}");
    set_price(&gate);
    put_strict(&gate, of_project(&gate), CEILING);
    assert_eq!(chat(&gate, &key).await.status, 200);
    assert_eq!(stands(&gate, of_project(&gate)), (CEILING, 0));
    let records = gate.records();
    assert!(records[1].hold_stays && records[1].estimated, "after a restart, too: {records:?}");
}

#[tokio::test]
async fn a_balanced_budget_is_charged_what_is_estimated() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    provider.always_answer("{}");
    set_price(&gate);
    put(&gate, of_project(&gate), CEILING, BudgetWindow::Month, BudgetMode::Balanced);
    assert_eq!(chat(&gate, &key).await.status, 200);
    // A word and what stands around it.
    assert_eq!(stands(&gate, of_project(&gate)), (4 * 1_000, 0));
    assert!(!gate.records()[1].hold_stays);
}

#[tokio::test]
async fn a_call_has_to_be_within_the_budgets_of_its_key_its_project_and_its_organization() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    provider.always_answer(CHAT_ANSWER);
    set_price(&gate);
    let other = gate.key();
    let scopes = [BudgetScope::Key(gate.project.id, key.key.id), of_project(&gate), BudgetScope::Organization];
    for (scope, amount) in scopes.into_iter().zip([CEILING, CEILING * 4, CEILING * 4]) {
        put_strict(&gate, scope, amount);
    }
    assert_eq!(chat(&gate, &key).await.status, 200);
    let refused = chat(&gate, &key).await;
    assert!(refused.text().contains("The budget of this API key"), "{}", refused.text());
    assert_eq!(chat(&gate, &other).await.status, 200);
    assert_eq!(scopes.map(|scope| stands(&gate, scope)), [(COST, 0), (2 * COST, 0), (2 * COST, 0)]);
}

#[tokio::test]
async fn a_new_day_has_the_whole_budget() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    provider.always_answer(CHAT_ANSWER);
    set_price(&gate);
    put(&gate, of_project(&gate), CEILING, BudgetWindow::Day, BudgetMode::Strict);
    assert_eq!(chat(&gate, &key).await.status, 200);
    chat(&gate, &key).await.assert_error(429, "insufficient_quota");
    gate.clock.advance(24 * 3600);
    assert_eq!(chat(&gate, &key).await.status, 200);
}

#[tokio::test]
async fn a_strict_budget_refuses_what_nobody_knows_the_most_of() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    provider.always_answer(CHAT_ANSWER);
    set_price(&gate);
    put_strict(&gate, of_project(&gate), 1_000_000_000);
    let without_price = CHAT.replace("\"m\"", "\"unknown\"");
    let unbounded = CHAT.replace("\"max_tokens\":100,", "");
    let picture = CHAT.replace("\"Hi\"", r#"[{"type":"image_url","image_url":{"url":"https://x"}}]"#);
    for body in [&without_price, &unbounded, &picture] {
        gate.post(&key, "/v1/chat/completions", body).await.assert_error(403, "cost_unknown");
    }
    assert_eq!(provider.seen(), 0);
    put(&gate, of_project(&gate), 1_000_000_000, BudgetWindow::Month, BudgetMode::Balanced);
    for body in [&without_price, &unbounded, &picture] {
        assert_eq!(gate.post(&key, "/v1/chat/completions", body).await.status, 200);
    }
}

#[tokio::test]
async fn a_balanced_budget_reserves_what_such_calls_cost_lately() {
    // Each core remembers for itself.
    let mut setup = Setup::default();
    setup.options.cores = 1;
    let gate = Gate::start_with(setup);
    let mut provider = TestProvider::start().await;
    gate.put_credentials(vec![gate.credential(Provider::OpenAi, &provider)]);
    let key = gate.key();
    set_price(&gate);
    put(&gate, of_project(&gate), COST * 3, BudgetWindow::Month, BudgetMode::Balanced);
    // Of the first one nobody knows: by its text and what it asks for at most.
    let about = (CHAT.len() as i64 / 4) * 1_000 + 100 * 10_000;
    assert!(about > COST * 3);
    chat(&gate, &key).await.assert_error(429, "insufficient_quota");
    put(&gate, of_project(&gate), about, BudgetWindow::Month, BudgetMode::Balanced);
    for reserved in [about, COST] {
        let providing = async {
            let exchange = provider.next().await;
            assert_eq!(stands(&gate, of_project(&gate)).1, reserved);
            exchange.json(200, CHAT_ANSWER).await;
        };
        let (answer, ()) = tokio::join!(chat(&gate, &key), providing);
        assert_eq!(answer.status, 200);
    }
}

#[tokio::test]
async fn a_key_with_a_budget_begins_no_batch() {
    let (gate, provider, key) = Gate::with_provider().await;
    put_strict(&gate, BudgetScope::Organization, 1_000_000_000);
    let credential = gate.credential(Provider::OpenAiCompatible, &provider);
    gate.kept.put(Kept::of(ResourceKind::File), "file-1", credential.id);
    gate.put_credentials(vec![credential]);
    gate.post(&key, "/v1/batches", r#"{"input_file_id":"file-1"}"#).await.assert_error(403, "batch_not_allowed");
    assert_eq!(provider.seen(), 0);
}

/// Counts kept elsewhere, which can be out of reach.
#[derive(Default)]
struct Elsewhere {
    charged: Mutex<i64>,
    down: Mutex<bool>,
}

type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl BudgetStore for Elsewhere {
    fn admit(
        &self,
        budgets: Vec<SharedBudget>,
        reserve: i64,
    ) -> Pending<'_, Result<BudgetsAdmitted, BudgetsUnavailable>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            if *self.down.lock().unwrap() {
                return Err(BudgetsUnavailable);
            }
            *self.charged.lock().unwrap() += reserve;
            let state = |budget: &SharedBudget| BudgetState { start_ms: budget.start_ms, charged_nanos: reserve };
            Ok(Ok(budgets.iter().map(state).collect()))
        })
    }

    fn charge(self: Arc<Self>, charges: Vec<SharedCharge>) -> Pending<'static, ()> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            *self.charged.lock().unwrap() += charges[0].nanos;
        })
    }
}

#[tokio::test]
async fn several_processes_count_together_and_refuse_what_they_cannot_count() {
    let elsewhere = Arc::new(Elsewhere::default());
    let gate = Gate::start_with(Setup { shared_budgets: Some(elsewhere.clone()), ..Setup::default() });
    let mut provider = TestProvider::start().await;
    provider.always_answer(CHAT_ANSWER);
    gate.put_credentials(vec![gate.credential(Provider::OpenAi, &provider)]);
    set_price(&gate);
    put_strict(&gate, of_project(&gate), CEILING);
    let key = gate.key();
    assert_eq!(chat(&gate, &key).await.status, 200);
    let charged = || *elsewhere.charged.lock().unwrap();
    within(async {
        while charged() != COST {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(gate.records().iter().all(|record| record.reserved_nanos == 0), "the count isn't rebuilt from there");
    *elsewhere.down.lock().unwrap() = true;
    chat(&gate, &key).await.assert_error(503, "database_unavailable");
    assert_eq!(provider.seen(), 1);
}
