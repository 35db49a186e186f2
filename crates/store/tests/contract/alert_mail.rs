//! Mails about alerts that wait to be sent.

use std::slice::from_ref;

use keyward_domain::{
    clock::to_millis,
    id::{AlertMailId, OrganizationId, SpendAlertId},
    organization::Email,
    spend_alert::AlertMail,
};
use keyward_store::alert_mail;

use crate::support::{Database, add_organization, moment, uuid};

contract!(
    a_mail_waits_until_it_is_due_and_no_longer_than_it_makes_sense,
    no_two_take_the_same_try,
    mails_that_nobody_is_sending_are_taken_back,
);

fn new(number: u64, organization: OrganizationId, alert: u64, due: i64) -> AlertMail {
    AlertMail {
        id: AlertMailId::from_uuid(uuid(number)),
        organization,
        alert: SpendAlertId::from_uuid(uuid(alert)),
        recipient: Email::parse("email", &format!("{number}@example.com")).unwrap(),
        subject: "Projekt \"é\" reached $1.00".to_owned(),
        text: "One\n\nTwo\n".to_owned(),
        created_at: moment(1),
        due_at: moment(due),
        expires_at: moment(100),
        tries: 0,
    }
}

fn at(second: i64) -> i64 {
    to_millis(moment(second))
}

async fn a_mail_waits_until_it_is_due_and_no_longer_than_it_makes_sense(database: &Database) {
    let own = add_organization(database, 1).await;
    let (early, late) = (new(10, own, 20, 5), new(11, own, 20, 4));
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    for mail in [&early, &late] {
        alert_mail::insert(conn, mail).await.unwrap();
    }
    assert_eq!(alert_mail::due_any(conn, at(3), 9).await.unwrap(), []);
    assert_eq!(alert_mail::due_any(conn, at(4), 9).await.unwrap(), from_ref(&late));
    assert_eq!(alert_mail::due_any(conn, at(5), 9).await.unwrap(), [late.clone(), early.clone()]);
    assert_eq!(alert_mail::due_any(conn, at(5), 1).await.unwrap(), from_ref(&late));
    alert_mail::put_off_any(conn, late.id, at(50)).await.unwrap();
    assert_eq!(alert_mail::due_any(conn, at(49), 9).await.unwrap(), from_ref(&early));
    alert_mail::delete_any(conn, early.id).await.unwrap();
    assert_eq!(alert_mail::count_all(conn).await.unwrap(), 1);
    assert_eq!(alert_mail::due_any(conn, at(100), 9).await.unwrap(), []);
    assert_eq!(alert_mail::delete_expired(conn, at(99)).await.unwrap(), 0);
    assert_eq!(alert_mail::delete_expired(conn, at(100)).await.unwrap(), 1);
    assert_eq!(alert_mail::count_all(conn).await.unwrap(), 0);
}

async fn no_two_take_the_same_try(database: &Database) {
    let own = add_organization(database, 1).await;
    let mail = new(10, own, 20, 5);
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    alert_mail::insert(conn, &mail).await.unwrap();
    assert!(alert_mail::take_any(conn, &mail, at(20)).await.unwrap());
    assert!(!alert_mail::take_any(conn, &mail, at(20)).await.unwrap(), "it was read before that");
    assert_eq!(alert_mail::due_any(conn, at(19), 9).await.unwrap(), []);
    // Who took it died.
    let again = alert_mail::due_any(conn, at(20), 9).await.unwrap().remove(0);
    assert_eq!(again, AlertMail { tries: 1, ..mail });
    assert!(alert_mail::take_any(conn, &again, at(40)).await.unwrap());
    alert_mail::put_off_any(conn, again.id, at(30)).await.unwrap();
    assert_eq!(alert_mail::due_any(conn, at(30), 9).await.unwrap()[0].tries, 2);
}

async fn mails_that_nobody_is_sending_are_taken_back(database: &Database) {
    let (own, other) = (add_organization(database, 1).await, add_organization(database, 2).await);
    let (waiting, taken, elsewhere) = (new(10, own, 20, 5), new(11, own, 20, 5), new(12, own, 21, 5));
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    for mail in [&waiting, &taken, &elsewhere] {
        alert_mail::insert(conn, mail).await.unwrap();
    }
    alert_mail::take_any(conn, &taken, at(20)).await.unwrap();
    assert_eq!(alert_mail::take_back(conn, other, waiting.alert, at(10)).await.unwrap(), []);
    assert_eq!(alert_mail::take_back(conn, own, waiting.alert, at(10)).await.unwrap(), [waiting.recipient]);
    assert_eq!(alert_mail::take_back(conn, own, taken.alert, i64::MAX).await.unwrap(), [taken.recipient]);
    assert_eq!(alert_mail::count_all(conn).await.unwrap(), 1);
}
