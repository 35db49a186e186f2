//! `/organization/audit` and its proof.

use keyward_domain::role::BuiltIn;
use keyward_testkit::TestApp;

use crate::support::{give, person, send, shown};

const AUDIT: &str = "/organization/audit";
const VERIFY: &str = "/organization/audit/verify";

#[tokio::test]
async fn an_untouched_log_is_proven_from_its_first_event_to_its_last() {
    let app = TestApp::on_sqlite().await;
    let owner = app.person("first@example.com").await;
    assert!(shown(&owner.get(AUDIT).await).contains("href=\"/organization/audit/verify\""));
    let asked = shown(&owner.get(VERIFY).await);
    assert!(asked.contains("Verify now") && !asked.contains("Nobody touched this log"), "looking proves nothing yet");
    let proven = shown(&send(&owner, VERIFY, &[]).await);
    let events = app.admin.get("/v1/organization/audit_logs/verify").await.ok();
    let (number, key) = (events["events"].to_string(), events["head"]["public_key"].as_str().unwrap().to_owned());
    for part in ["Nobody touched this log.", &format!("{number} events, #1 to #{number}"), " UTC to ", &key] {
        assert!(proven.contains(part), "{part} isn't in {proven}");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_touched_log_says_where_it_breaks_and_what_to_do() {
    let app = TestApp::on_sqlite().await;
    let owner = app.person("first@example.com").await;
    app.execute("UPDATE audit_events SET event = replace(event, 'First', 'Forst') WHERE sequence = 2").await;
    app.execute("UPDATE audit_events SET hash = zeroblob(32) WHERE sequence = 2").await;
    let broken = shown(&send(&owner, VERIFY, &[]).await);
    for part in ["it breaks at event #2", "it was changed after it was written", "1 event, #1", "What to do"] {
        assert!(broken.contains(part), "{part} isn't in {broken}");
    }
    assert!(!broken.contains("Nobody touched this log"));
    app.finish().await;
}

#[tokio::test]
async fn who_reads_the_log_may_prove_it_and_nobody_else() {
    let app = TestApp::on_sqlite().await;
    let (nobody, _) = person(&app, "nobody@example.com", "Nobody").await;
    assert_eq!(nobody.get(VERIFY).await.status, 403);
    assert_eq!(send(&nobody, VERIFY, &[]).await.status, 403);
    let (auditor, id) = person(&app, "auditor@example.com", "Auditor").await;
    give(&app, &id, BuiltIn::OrganizationAuditor).await;
    assert!(shown(&auditor.get(AUDIT).await).contains("Verify"));
    assert!(shown(&send(&auditor, VERIFY, &[]).await).contains("Nobody touched this log."));
    app.finish().await;
}
