//! `…/spend-alerts`, of a project and of the organization.

use keyward_testkit::{Outfit, TestApp};
use serde_json::json;

use crate::support::{leads_to, manage, person, refused, send, shown};

const FIELDS: [(&str, &str); 3] = [
    ("threshold", "$1,000"),
    ("recipients", "Ada@Example.com\r\nbob@example.com"),
    ("subject_prefix", "[<b>Geld</b>]"),
];

#[tokio::test]
async fn a_spend_alert_is_added_edited_and_deleted() {
    let app = TestApp::on_sqlite().await;
    let owner = app.person("first@example.com").await;
    let project = app.project("Mine").await;
    for (list, api) in [
        (manage(&project, "spend-alerts"), format!("{project}/spend_alerts")),
        ("/organization/spend-alerts".to_owned(), "/v1/organization/spend_alerts".to_owned()),
    ] {
        assert!(shown(&owner.get(&list).await).contains("No spend alert yet"));
        assert!(shown(&owner.get(&format!("{list}/new")).await).contains("first@example.com</textarea>"));
        let wrong = [("threshold", "lots"), ("recipients", "ada@example.com")];
        refused(&send(&owner, &list, &wrong).await, 400, &["id=\"threshold-error\"", "value=\"lots\""]);
        let mut nobody = FIELDS;
        nobody[1].1 = "";
        refused(&send(&owner, &list, &nobody).await, 400, &["id=\"recipients-error\""]);
        nobody[1].1 = "ada@example.com, nonsense";
        refused(&send(&owner, &list, &nobody).await, 400, &["id=\"recipients-error\"", "nonsense is not an e-mail"]);
        let mut prefix = FIELDS;
        prefix[2].1 = "a\nBcc: eve@example.com";
        refused(&send(&owner, &list, &prefix).await, 400, &["id=\"subject_prefix-error\""]);

        assert_eq!(leads_to(&send(&owner, &list, &FIELDS).await), list);
        let made = app.admin.get(&api).await.ok()["data"][0].clone();
        assert_eq!((&made["threshold_amount"], &made["version"]), (&json!(100_000), &json!(1)));
        assert_eq!(made["notification_channel"]["recipients"], json!(["ada@example.com", "bob@example.com"]));
        let listed = shown(&owner.get(&list).await);
        assert!(listed.contains("$1000.00 a month") && listed.contains("ada@example.com and 1 more"), "{listed}");
        assert!(!listed.contains("<b>Geld"), "{listed}");

        let page = format!("{list}/{}", made["id"].as_str().unwrap());
        let shows = shown(&owner.get(&page).await);
        assert!(shows.contains("ada@example.com\nbob@example.com</textarea>") && shows.contains("never"), "{shows}");
        let edit = [("threshold", "0.5"), ("recipients", "eve@example.com"), ("version", "1")];
        assert_eq!(leads_to(&send(&owner, &page, &edit).await), list);
        let again = [("threshold", "7"), ("recipients", "eve@example.com"), ("version", "1")];
        refused(&send(&owner, &page, &again).await, 412, &["Somebody else"]);
        let now = app.admin.get(&api).await.ok()["data"][0].clone();
        assert_eq!((&now["threshold_amount"], &now["version"]), (&json!(50), &json!(2)));
        assert_eq!(now["notification_channel"]["subject_prefix"], json!(null));
        let asked = shown(&owner.get(&format!("{page}/delete")).await);
        assert!(asked.contains("Delete the spend alert of $0.50 a month?"), "{asked}");
        assert_eq!(leads_to(&send(&owner, &format!("{page}/delete"), &[]).await), list);
        assert_eq!(owner.get(&page).await.status, 404);
    }
    app.finish().await;
}

#[tokio::test]
async fn where_no_mail_is_sent_every_page_says_so() {
    for (outfit, says_so) in [(Outfit::Usual, true), (Outfit::Mailing, false)] {
        let app = TestApp::on_sqlite_with(outfit).await;
        let owner = app.person("first@example.com").await;
        let list = "/organization/spend-alerts";
        leads_to(&send(&owner, list, &FIELDS).await);
        let made = app.admin.get("/v1/organization/spend_alerts").await.ok()["data"][0].clone();
        for page in [list.to_owned(), format!("{list}/new"), format!("{list}/{}", made["id"].as_str().unwrap())] {
            let page = shown(&owner.get(&page).await);
            assert_eq!(page.contains("Nobody is told:"), says_so, "{page}");
        }
        app.finish().await;
    }
}

#[tokio::test]
async fn a_viewer_sees_spend_alerts_and_is_offered_no_change() {
    let app = TestApp::on_sqlite().await;
    let project = app.project("Mine").await;
    let body = json!({"threshold_amount": 500, "currency": "USD", "interval": "month",
        "notification_channel": {"type": "email", "recipients": ["ada@example.com"]}});
    let alert = app.admin.post(&format!("{project}/spend_alerts"), body).await.ok();
    let (viewer, id) = person(&app, "viewer@example.com", "Vera").await;
    app.admin.post(&format!("{project}/users"), json!({"user_id": id, "role": "viewer"})).await.ok();
    let list = manage(&project, "spend-alerts");
    let listed = shown(&viewer.get(&list).await);
    assert!(listed.contains("$5.00 a month") && !listed.contains("Add a spend alert"));
    let page = format!("{list}/{}", alert["id"].as_str().unwrap());
    assert!(!shown(&viewer.get(&page).await).contains("<h2>Edit</h2>"));
    assert_eq!(viewer.get(&format!("{list}/new")).await.status, 403);
    assert_eq!(send(&viewer, &page, &FIELDS).await.status, 403);
    assert_eq!(send(&viewer, &format!("{page}/delete"), &[]).await.status, 403);
    assert!(viewer.get("/organization/spend-alerts").await.status >= 403);
    app.finish().await;
}
