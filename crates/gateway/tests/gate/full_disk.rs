//! A journal that can't be written: no call goes out, and none that went out is
//! lost. A disk is full for a process of its own, by its limit on file sizes.

use std::{future::Future, process::Command};

use keyward_domain::provider::Provider;

use crate::support::{CHAT_ANSWER, Gate, Setup, TestKey, TestProvider};

const CHILD: &str = "KEYWARD_TEST_FULL_DISK";

/// Runs `test`, which has that name, in a process that survives the signal of
/// a file grown too large.
#[expect(clippy::disallowed_methods, reason = "the environment tells the child what it is")]
fn in_a_process(name: &str, test: impl Future<Output = ()>) {
    if std::env::var_os(CHILD).is_some() {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test);
        return;
    }
    let mut shell = Command::new("sh");
    shell.args(["-c", r#"trap "" XFSZ; exec "$0" "$@""#]).arg(std::env::current_exe().unwrap());
    let status = shell.args(["--exact", name, "--nocapture"]).env(CHILD, "1").status().unwrap();
    assert!(status.success());
}

/// Lets files grow no longer, or again.
fn set_full(gate: &Gate, full: bool) {
    let sizes =
        std::fs::read_dir(&gate.journal_directory).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len());
    let limit = if full { sizes.max().unwrap().to_string() } else { "unlimited".to_owned() };
    let process = std::process::id().to_string();
    let status = Command::new("prlimit").args(["--pid", &process, &format!("--fsize={limit}:")]).status().unwrap();
    assert!(status.success());
}

async fn setup() -> (Gate, TestProvider) {
    let mut setup = Setup::default();
    // One core, so that the same one keeps and refuses.
    setup.options.cores = 1;
    let gate = Gate::start_with(setup);
    let provider = TestProvider::start().await;
    gate.put_credentials(vec![gate.credential(Provider::OpenAi, &provider)]);
    (gate, provider)
}

/// Requests and output in the journal.
fn counted(gate: &Gate, key: &TestKey) -> (i32, u64) {
    let records = gate.records();
    let of_key = records.iter().filter(|record| record.api_key == key.key.id.uuid());
    of_key.fold((0, 0), |sum, record| (sum.0 + record.requests, sum.1 + record.output_tokens))
}

#[test]
fn a_journal_that_cannot_be_written_lets_no_call_out_and_loses_none() {
    in_a_process("full_disk::a_journal_that_cannot_be_written_lets_no_call_out_and_loses_none", async {
        let (gate, mut provider) = setup().await;
        let (key, capped) = (gate.key(), gate.key_with(Some(5), Default::default()));
        let fills = async {
            let exchange = provider.next().await;
            set_full(&gate, true);
            exchange.json(200, CHAT_ANSWER).await;
        };
        let (answer, ()) = tokio::join!(gate.chat(&key), fills);
        assert_eq!(answer.status, 200);
        gate.chat(&key).await.assert_error(503, "usage_journal_unavailable");
        gate.chat(&capped).await.assert_error(503, "usage_journal_unavailable");
        assert_eq!((provider.seen(), gate.records().len()), (1, 0));

        set_full(&gate, false);
        provider.always_answer(CHAT_ANSWER);
        assert_eq!(gate.chat(&capped).await.status, 200);
        assert_eq!(gate.chat(&key).await.status, 200);
        assert_eq!(counted(&gate, &key), (2, 14));
        assert_eq!(counted(&gate, &capped), (1, 7));
    });
}

#[test]
fn what_cannot_be_counted_is_not_answered_from_the_cache() {
    in_a_process("full_disk::what_cannot_be_counted_is_not_answered_from_the_cache", async {
        let (gate, mut provider) = setup().await;
        provider.always_answer(CHAT_ANSWER);
        gate.set_cache(crate::cache::ON);
        let key = gate.key();
        assert_eq!(gate.chat(&key).await.status, 200);
        set_full(&gate, true);
        for _ in 0..3 {
            gate.chat(&key).await.assert_error(503, "usage_journal_unavailable");
        }
        set_full(&gate, false);
        assert!(gate.chat(&key).await.header("cache-status").unwrap().contains("; hit"));
        let cached: Vec<_> = gate.records().iter().map(|record| record.cached).collect();
        assert_eq!((provider.seen(), cached), (1, vec![false, true]));
    });
}

#[test]
fn a_refused_admission_gives_the_count_back_and_the_next_calls_ask_again() {
    in_a_process("full_disk::a_refused_admission_gives_the_count_back_and_the_next_calls_ask_again", async {
        let (gate, mut provider) = setup().await;
        provider.always_answer(CHAT_ANSWER);
        let (key, plain) = (gate.key_with(Some(2), Default::default()), gate.key());
        set_full(&gate, true);
        for _ in 0..5 {
            gate.chat(&key).await.assert_error(503, "usage_journal_unavailable");
        }
        gate.chat(&plain).await.assert_error(503, "usage_journal_unavailable");
        assert_eq!(provider.seen(), 0);
        set_full(&gate, false);
        assert_eq!(gate.chat(&plain).await.status, 200);
        for status in [200, 200, 429] {
            assert_eq!(gate.chat(&key).await.status, status);
        }
        assert_eq!((counted(&gate, &key), counted(&gate, &plain)), ((2, 14), (1, 7)));
    });
}

#[test]
fn what_is_kept_is_recorded_when_the_process_ends() {
    in_a_process("full_disk::what_is_kept_is_recorded_when_the_process_ends", async {
        let (mut gate, mut provider) = setup().await;
        let key = gate.key();
        let fills = async {
            let exchange = provider.next().await;
            set_full(&gate, true);
            exchange.json(200, CHAT_ANSWER).await;
        };
        let (answer, ()) = tokio::join!(gate.chat(&key), fills);
        assert_eq!((answer.status, gate.records().len()), (200, 0));
        set_full(&gate, false);
        gate.join().await;
        assert_eq!(counted(&gate, &key), (1, 7));
    });
}
