//! Budgets in shadow mode: they are charged, tell what they would refuse, and refuse
//! nothing.

use std::sync::Arc;

use keyward_access::{BudgetStore, BudgetsAdmitted, BudgetsUnavailable, SharedBudget, SharedCharge};
use keyward_domain::{
    budget::{BudgetMode, BudgetScope, BudgetTerms, BudgetWindow, TimeZoneName},
    decision::Verdict,
    provider::Provider,
    provider_resource::ResourceKind,
};

use crate::{
    budgets::{CEILING, CHAT, COST, chat, of_project, put, put_terms, set_price, stands},
    support::{Answer, CHAT_ANSWER, Client, Gate, Kept, Setup, TestProvider, within},
};

fn put_shadow(gate: &Gate, scope: BudgetScope, amount_nanos: i64, mode: BudgetMode) {
    let (window, time_zone) = (BudgetWindow::Month, TimeZoneName::default());
    put_terms(gate, scope, BudgetTerms { amount_nanos, window, time_zone, mode, shadow: true });
}

/// What a decision says of each budget: whether it is in shadow mode, and would refuse.
fn met(gate: &Gate, answer: &Answer) -> Vec<(bool, bool)> {
    let decision = gate.decision_of(answer);
    decision.budgets.iter().map(|met| (met.shadow, met.would_refuse)).collect()
}

fn counted(gate: &Gate) -> Vec<(&'static str, u64)> {
    gate.metrics().snapshot().shadow_refusals.into_iter().collect()
}

#[tokio::test]
async fn a_call_beyond_a_budget_in_shadow_mode_passes_and_is_charged() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    provider.always_answer(CHAT_ANSWER);
    set_price(&gate);
    put_shadow(&gate, of_project(&gate), CEILING + COST, BudgetMode::Strict);
    for (calls, would_refuse) in [(1, false), (2, false), (3, true), (4, true)] {
        let answer = chat(&gate, &key).await;
        assert_eq!((answer.status, met(&gate, &answer)), (200, vec![(true, would_refuse)]));
        assert_eq!(stands(&gate, of_project(&gate)), (calls * COST, 0));
        let decision = gate.decision_of(&answer);
        assert_eq!((decision.verdict, decision.budgets[0].reserve_nanos), (Verdict::LetThrough, CEILING));
        assert_eq!(decision.budgets[0].charged_nanos, (calls - 1) * COST + CEILING);
    }
    assert_eq!(counted(&gate), [("insufficient_quota", 2)]);
    let records = gate.records();
    assert!(records.iter().all(|record| record.reserved_nanos == CEILING), "a restart counts the same");
    // Enforced from now on, it knows what was spent.
    put(&gate, of_project(&gate), CEILING + COST, BudgetWindow::Month, BudgetMode::Strict);
    let refused = chat(&gate, &key).await;
    refused.assert_error(429, "insufficient_quota");
    assert_eq!((met(&gate, &refused), counted(&gate)), (vec![(false, false)], vec![("insufficient_quota", 2)]));
}

#[tokio::test]
async fn enforced_budgets_alone_decide_what_is_held_back_and_refuse_as_before() {
    // Each core remembers for itself what calls cost lately.
    let mut setup = Setup::default();
    setup.options.cores = 1;
    let gate = Gate::start_with(setup);
    let mut provider = TestProvider::start().await;
    gate.put_credentials(vec![gate.credential(Provider::OpenAi, &provider)]);
    let key = gate.key();
    set_price(&gate);
    let about = (CHAT.len() as i64 / 4) * 1_000 + 100 * 10_000;
    put(&gate, of_project(&gate), about, BudgetWindow::Month, BudgetMode::Balanced);
    put_shadow(&gate, BudgetScope::Organization, CEILING - 1, BudgetMode::Strict);
    let providing = async {
        let exchange = provider.next().await;
        assert_eq!(stands(&gate, of_project(&gate)), (0, about));
        assert_eq!(stands(&gate, BudgetScope::Organization), (0, about));
        let refused = chat(&gate, &key).await;
        refused.assert_error(429, "insufficient_quota");
        assert!(refused.text().contains("The budget of the project"), "{}", refused.text());
        assert_eq!(stands(&gate, BudgetScope::Organization), (0, about), "what is refused is charged to none");
        exchange.json(200, CHAT_ANSWER).await;
    };
    let (answer, ()) = tokio::join!(chat(&gate, &key), providing);
    assert_eq!(answer.status, 200);
    let mut told = met(&gate, &answer);
    told.sort_unstable();
    assert_eq!(told, [(false, false), (true, true)], "the most that it can cost isn't covered");
    assert_eq!(counted(&gate), [("insufficient_quota", 1)]);
    assert_eq!(stands(&gate, BudgetScope::Organization), (COST, 0));
}

#[tokio::test]
async fn what_nobody_knows_the_most_of_passes_and_is_told() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    provider.always_answer(CHAT_ANSWER);
    set_price(&gate);
    put_shadow(&gate, of_project(&gate), 1_000_000_000, BudgetMode::Strict);
    let without_price = CHAT.replace("\"m\"", "\"unknown\"");
    let unbounded = CHAT.replace("\"max_tokens\":100,", "");
    for body in [&without_price, &unbounded] {
        let answer = gate.post(&key, "/v1/chat/completions", body).await;
        assert_eq!((answer.status, met(&gate, &answer)), (200, vec![(true, true)]));
    }
    assert_eq!(counted(&gate), [("cost_unknown", 2)]);
    assert_eq!(stands(&gate, of_project(&gate)), (COST, 0), "what has no price costs nothing");
    put_shadow(&gate, of_project(&gate), 1_000_000_000, BudgetMode::Balanced);
    let answer = gate.post(&key, "/v1/chat/completions", &without_price).await;
    assert_eq!(met(&gate, &answer), [(true, false)]);
    assert_eq!(counted(&gate), [("cost_unknown", 2)]);
}

#[tokio::test]
async fn an_answer_that_does_not_say_what_it_used_is_charged_what_is_estimated() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    set_price(&gate);
    put_shadow(&gate, of_project(&gate), CEILING * 9, BudgetMode::Strict);
    let mut caller = gate.connect().await;
    let body = CHAT.replace("\"max_tokens\"", "\"stream\":true,\"max_tokens\"");
    let call = Client::request("POST", "/v1/chat/completions", &[("authorization", &key.bearer())], &body);
    caller.send(call).await;
    let mut exchange = provider.next().await;
    exchange.begin_stream().await;
    exchange.frame("data: {\"choices\":[{\"delta\":{\"content\":\"Hello\"}}]}\n\n").await;
    caller.head().await;
    caller.hang_up();
    exchange.closed().await;
    let records = gate.records_when(2).await;
    assert!(records[1].estimated && !records[1].hold_stays, "{records:?}");
    let cost = records[1].cost_nanos.unwrap();
    assert!(cost > 0 && cost < CEILING);
    within(async {
        while stands(&gate, of_project(&gate)) != (cost, 0) {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_batch_passes_and_is_told_of() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    provider.always_answer(r#"{"id":"batch_1","object":"batch"}"#);
    put_shadow(&gate, BudgetScope::Organization, 1_000_000_000, BudgetMode::Strict);
    let credential = gate.credential(Provider::OpenAiCompatible, &provider);
    gate.kept.put(Kept::of(ResourceKind::File), "file-1", credential.id);
    gate.put_credentials(vec![credential]);
    let answer = gate.post(&key, "/v1/batches", r#"{"input_file_id":"file-1"}"#).await;
    assert_eq!((answer.status, met(&gate, &answer)), (200, vec![(true, true)]));
    assert_eq!(counted(&gate), [("batch_not_allowed", 1)]);
    assert_eq!(stands(&gate, BudgetScope::Organization), (0, 0));
}

/// Counts kept elsewhere, out of reach.
struct Away;

type Pending<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl BudgetStore for Away {
    fn admit(&self, _: Vec<SharedBudget>, _: i64) -> Pending<'_, Result<BudgetsAdmitted, BudgetsUnavailable>> {
        Box::pin(async {
            tokio::task::yield_now().await;
            Err(BudgetsUnavailable)
        })
    }

    fn charge(self: Arc<Self>, charges: Vec<SharedCharge>) -> Pending<'static, ()> {
        panic!("{charges:?} would be tried for long")
    }
}

#[tokio::test]
async fn calls_under_budgets_in_shadow_mode_alone_go_on_while_the_counts_are_away() {
    let gate = Gate::start_with(Setup { shared_budgets: Some(Arc::new(Away)), ..Setup::default() });
    let mut provider = TestProvider::start().await;
    provider.always_answer(CHAT_ANSWER);
    gate.put_credentials(vec![gate.credential(Provider::OpenAi, &provider)]);
    set_price(&gate);
    put_shadow(&gate, of_project(&gate), 1, BudgetMode::Strict);
    let key = gate.key();
    for _ in 0..3 {
        let answer = chat(&gate, &key).await;
        assert_eq!((answer.status, met(&gate, &answer)), (200, Vec::new()));
    }
    put(&gate, BudgetScope::Organization, CEILING * 9, BudgetWindow::Month, BudgetMode::Balanced);
    chat(&gate, &key).await.assert_error(503, "database_unavailable");
    assert_eq!((counted(&gate), provider.seen()), (Vec::new(), 3));
}
