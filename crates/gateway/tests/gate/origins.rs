//! Web pages: which may ask, and which may read.

use keyward_domain::api_key::KeyAccess;

use crate::support::{Answer, CHAT, CHAT_ANSWER, Client, Gate, Setup, TestProvider};

const PAGE: &str = "https://app.example.com";
const OFFICE: &str = "https://office.example.com";

fn setup() -> Setup {
    let mut setup = Setup::default();
    setup.options.allowed_origins = vec![OFFICE.into()];
    setup
}

async fn preflight(gate: &Gate, origin: &str, path: &str) -> Answer {
    let mut client = gate.connect().await;
    let headers = [
        ("origin", origin),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization, x-stainless-lang"),
    ];
    client.send(Client::request("OPTIONS", path, &headers, "")).await;
    client.answer().await
}

#[tokio::test]
async fn a_preflight_is_answered_for_known_origins_only() {
    let gate = Gate::start_with(setup());
    let allowed = async |origin: &str, path: &str| {
        let answer = preflight(&gate, origin, path).await;
        assert_eq!(answer.status, 204);
        answer.header("access-control-allow-origin").map(str::to_owned)
    };
    let path = "/v1/chat/completions";
    assert_eq!(allowed(PAGE, path).await, None);
    assert_eq!(allowed(OFFICE, path).await.as_deref(), Some(OFFICE));
    let access =
        KeyAccess { allowed_origins: KeyAccess::parse_origins(&[PAGE.into()]).unwrap(), ..KeyAccess::default() };
    let key = gate.key_with(None, access);
    let answer = preflight(&gate, PAGE, path).await;
    assert_eq!(answer.header("access-control-allow-origin"), Some(PAGE));
    assert_eq!(answer.header("access-control-allow-methods"), Some("POST"));
    assert_eq!(answer.header("access-control-allow-headers"), Some("authorization, x-stainless-lang"));
    assert_eq!(allowed("null", path).await, None);
    assert_eq!(allowed(PAGE, "/v1/nothing").await, None);
    gate.index.remove_key(key.key.id);
    assert_eq!(allowed(PAGE, path).await, None);
}

#[tokio::test]
async fn an_answer_may_be_read_where_the_key_or_the_configuration_says_so() {
    let gate = Gate::start_with(setup());
    let mut provider = TestProvider::start().await;
    provider.always_answer(CHAT_ANSWER);
    gate.put_credentials(vec![gate.credential(keyward_domain::provider::Provider::OpenAi, &provider)]);
    let access =
        KeyAccess { allowed_origins: KeyAccess::parse_origins(&[PAGE.into()]).unwrap(), ..KeyAccess::default() };
    let (named, open) = (gate.key_with(None, access), gate.key());
    for (key, origin, status, readable) in [
        (&named, PAGE, 200, true),
        (&named, OFFICE, 403, true),
        (&open, OFFICE, 200, true),
        (&open, PAGE, 200, false),
        (&open, "null", 200, false),
    ] {
        let headers = [("authorization", &*key.bearer()), ("origin", origin)];
        let answer = gate.connect().await.post("/v1/chat/completions", &headers, CHAT).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("access-control-allow-origin"), readable.then_some(origin));
        assert_eq!(answer.header("vary"), Some("origin"));
    }
    assert_eq!(gate.chat(&open).await.header("vary"), None);
}
