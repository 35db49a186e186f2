use keyward::cli::Exit;

use crate::support::{ADMIN_KEY, answer, is_accepted, keyward, ok, raw};

#[tokio::test]
async fn a_refusal_names_message_param_code_and_request() {
    let body = r#"{"error":{"message":"A project is called \"CI\" already.\u001b[2J","type":"invalid_request_error","param":"name","code":"name_taken"}}"#;
    let seen = keyward(&["projects", "create", "CI", "--json"]).replies(answer("409 Conflict", body)).run().await;
    assert_eq!((seen.exit, seen.output.as_str()), (Exit::Refused, ""));
    assert_eq!(
        seen.errors,
        "keyward: A project is called \"CI\" already.\\u{1b}[2J\n  param: name\n  code: name_taken\n  request id: req_7\n"
    );
}

#[tokio::test]
async fn an_answer_that_is_not_keywards_says_so() {
    for (status, body) in [("502 Bad Gateway", "<html>"), ("301 Moved Permanently", ""), ("404 Not Found", "[]")] {
        let seen = keyward(&["projects", "list"]).replies(answer(status, body)).run().await;
        assert_eq!(seen.exit, Exit::Refused);
        assert!(seen.errors.contains(status) && seen.errors.contains("is the URL right?"), "{}", seen.errors);
    }
    let seen = keyward(&["projects", "list"]).replies(ok("<html>")).run().await;
    assert_eq!((seen.exit, seen.output.as_str()), (Exit::Refused, ""));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unreachable() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let seen = keyward(&["projects", "list"]).url(&format!("http://{free}")).run().await;
    assert_eq!((seen.exit, seen.output.as_str()), (Exit::Unreachable, ""));
    assert!(seen.errors.contains("Is Keyward running there?"), "{}", seen.errors);
}

#[tokio::test]
async fn a_connection_that_breaks_before_the_answer_leaves_the_outcome_open() {
    let seen = keyward(&["projects", "create", "CI"]).replies(raw("")).run().await;
    assert_eq!(seen.exit, Exit::Unreachable);
    assert!(seen.errors.contains("may have been carried out"), "{}", seen.errors);

    let cut_off = raw("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"id\":");
    let seen = keyward(&["projects", "create", "CI"]).replies(cut_off).run().await;
    assert_eq!((seen.exit, seen.output.as_str()), (Exit::Refused, ""));
}

#[tokio::test]
async fn without_an_admin_key_nothing_is_sent() {
    for key in [None, Some("sk admin"), Some("\n"), Some("sk-admin-\u{e9}")] {
        let seen = keyward(&["projects", "list"]).admin_key(key).run().await;
        assert_eq!((seen.exit, seen.requests.len()), (Exit::Usage, 0), "{key:?}");
        assert!(seen.errors.contains("admin key"), "{}", seen.errors);
    }
}

#[tokio::test]
async fn the_admin_key_may_stand_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    std::fs::write(&file, "sk-admin-fromfile\n").unwrap();
    let list = ["projects", "list", "--json", "--admin-key-file", file.to_str().unwrap()];
    let seen = keyward(&list).replies(ok("{}")).run().await;
    seen.assert_done();
    assert!(seen.requests[0].head.contains("authorization: Bearer sk-admin-fromfile\r\n"));
    assert!(!seen.requests[0].head.contains(ADMIN_KEY));

    std::fs::remove_file(&file).unwrap();
    let seen = keyward(&list).run().await;
    assert_eq!((seen.exit, seen.requests.len()), (Exit::Usage, 0));
}

#[tokio::test]
async fn a_url_that_cannot_be_one_is_wrong_usage() {
    for url in ["keyward.example.com", "ftp://127.0.0.1", "http://user:hunter2@127.0.0.1", "http://127.0.0.1/?a"] {
        let seen = keyward(&["projects", "list"]).url(url).run().await;
        assert_eq!(seen.exit, Exit::Usage, "{url}");
        assert!(!seen.errors.contains("hunter2"), "{}", seen.errors);
    }
}

#[test]
fn ids_that_would_lead_elsewhere_are_wrong_usage() {
    assert!(is_accepted(&["keys", "show", "proj_1", "key_1"]));
    for id in ["../../audit_logs", "a?b", "a b", ""] {
        assert!(!is_accepted(&["keys", "show", "proj_1", id]), "{id:?}");
    }
    for limit in ["0", "101", "-1", "ten"] {
        assert!(!is_accepted(&["projects", "list", "--limit", limit]), "{limit}");
    }
    assert!(!is_accepted(&["projects", "list", "--limit", "5", "--all"]));
}
