//! Resetting a password: whose link may be made by whom, and what makes a link
//! useless.
#![cfg(test)]

mod support;

use std::{sync::Arc, time::Duration};

use keyward_domain::{
    actor::{Actor, RequestOrigin},
    invitation::InvitedRole::{Owner, Reader},
    password::Password,
    permission::Permission,
    secret::Token,
};
use keyward_service::{
    Error, Keyward, Result,
    audit::{self, AuditQuery, ExportFormat},
    mail::{self, Mail, Mailer, Sending},
    password_reset::{self, CompletePasswordReset},
    session,
};
use secrecy::ExposeSecret;
use support::{
    House,
    links::{accept, email, grants, invite, token},
};
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;

async fn complete(keyward: &Keyward, token: Token) -> Result<()> {
    let new_password = Password::parse("new_password", "staple of another horse").unwrap();
    password_reset::complete(keyward, CompletePasswordReset { token, new_password, origin: RequestOrigin::default() })
        .await
}

#[tokio::test]
async fn nobody_makes_a_link_for_somebody_who_may_do_more() {
    let house = House::new().await;
    let owner = house.member(&house.owner(), "owner@example.com", Owner).await.user.id;
    let reader = house.member(&house.owner(), "reader@example.com", Reader).await.user.id;
    let everything = house.holder_of(Permission::ALL);
    let refused = password_reset::hand_over(&house.keyward, &everything, owner).await;
    assert!(matches!(refused, Err(Error::Escalation { .. })), "{refused:?}");
    password_reset::hand_over(&house.keyward, &everything, reader).await.unwrap();
    password_reset::hand_over(&house.keyward, &house.owner(), owner).await.unwrap();
    let idle = house.holder_of(&[Permission::MembersRead]);
    let refused = password_reset::hand_over(&house.keyward, &idle, reader).await;
    assert!(matches!(refused, Err(Error::Denied(_))), "{refused:?}");
}

#[tokio::test]
async fn a_link_of_somebody_who_is_disabled_meanwhile_opens_nothing() {
    let house = House::new().await;
    let reader = house.member(&house.owner(), "reader@example.com", Reader).await.user.id;
    let handed = password_reset::hand_over(&house.keyward, &house.owner(), reader).await.unwrap();
    house.disable(reader.uuid()).await;
    let refused = complete(&house.keyward, token(&handed.link)).await;
    assert!(matches!(refused, Err(Error::InvalidLink)), "{refused:?}");
    let refused = password_reset::hand_over(&house.keyward, &house.owner(), reader).await;
    assert!(matches!(refused, Err(Error::Conflict { code: "user_disabled", .. })), "{refused:?}");
}

#[tokio::test]
async fn a_link_that_is_older_than_the_password_opens_nothing() {
    let house = House::new().await;
    let reader = house.member(&house.owner(), "reader@example.com", Reader).await.user.id;
    let handed = password_reset::hand_over(&house.keyward, &house.owner(), reader).await.unwrap();
    let described = password_reset::describe(&house.keyward, &token(&handed.link)).await.unwrap();
    assert_eq!(described.id, reader);
    let changed_at = house.keyward.now().as_millisecond() + 1;
    let mut transaction = house.pool.begin().await.unwrap();
    keyward_store::password::put(&mut transaction.conn(), reader, "another", changed_at).await.unwrap();
    transaction.commit().await.unwrap();
    house.clock.advance(Duration::from_secs(1));
    let refused = password_reset::describe(&house.keyward, &token(&handed.link)).await;
    assert!(matches!(refused, Err(Error::InvalidLink)), "{refused:?}");
    let refused = complete(&house.keyward, token(&handed.link)).await;
    assert!(matches!(refused, Err(Error::InvalidLink)), "{refused:?}");
}

#[tokio::test]
async fn of_two_who_use_a_link_at_once_one_does() {
    let house = House::new().await;
    let reader = house.member(&house.owner(), "reader@example.com", Reader).await.user.id;
    let handed = password_reset::hand_over(&house.keyward, &house.owner(), reader).await.unwrap();
    let (one, other) =
        tokio::join!(complete(&house.keyward, token(&handed.link)), complete(&house.keyward, token(&handed.link)));
    assert_eq!(u8::from(one.is_ok()) + u8::from(other.is_ok()), 1, "{one:?} {other:?}");
}

/// Hands every mail to the test.
struct Handing(mpsc::UnboundedSender<Mail>);

impl Mailer for Handing {
    fn send<'a>(&'a self, mail: &'a Mail) -> Sending<'a> {
        Box::pin(async move {
            self.0.send(mail.clone()).unwrap();
            Ok(())
        })
    }
}

/// How often an organization was told that a user changed.
async fn updates(keyward: &Keyward, organization: keyward_domain::id::OrganizationId) -> usize {
    let actor = Actor::system(organization);
    let mut export = audit::export(keyward, &actor, AuditQuery::default(), ExportFormat::Jsonl).await.unwrap();
    let mut text = Vec::new();
    while let Some(piece) = export.next().await.unwrap() {
        text.extend(piece);
    }
    String::from_utf8(text).unwrap().lines().filter(|line| line.contains("\"user.updated\"")).count()
}

#[tokio::test]
async fn a_mailed_link_resets_a_member_of_several_organizations_and_tells_each() {
    let house = House::new().await;
    let stranger = house.stranger("Second").await;
    let ada = house.member(&house.owner(), "ada@example.com", Reader).await;
    let sent = invite(&house.keyward, &stranger, "ada@example.com", grants(Reader, &[])).await.unwrap();
    let second = accept(&house.keyward, &sent.link.unwrap()).await.unwrap();
    let (outbox, queue) = mail::queue();
    let keyward = house.keyward.clone().with_mail(outbox);
    let (sender, mut mails) = mpsc::unbounded_channel();
    let (stop, mut working) = (CancellationToken::new(), JoinSet::new());
    working.spawn(mail::keep_sending(keyward.clone(), queue, Arc::new(Handing(sender)), &[], stop.clone()));

    for address in ["nobody@example.com", "ada@example.com"] {
        assert!(password_reset::request(&keyward, email(address), RequestOrigin::default()).await.unwrap());
    }
    let mail = mails.recv().await.unwrap();
    assert_eq!((mail.to.as_str(), mail.kind), ("ada@example.com", "password_reset"));
    let text = mail.text.expose_secret();
    let link = text.split_whitespace().find(|word| word.starts_with("https://keyward.test/password-reset/")).unwrap();
    complete(&keyward, Token::parse(link.rsplit('/').next().unwrap()).unwrap()).await.unwrap();
    for session in [ada.welcome, second.welcome] {
        let token = session.unwrap().token;
        let over = session::authenticate(&keyward, &token, RequestOrigin::default()).await;
        assert!(matches!(over, Err(Error::SignedOut)), "{over:?}");
    }
    for organization in [house.organization, stranger.organization] {
        assert_eq!(updates(&keyward, organization).await, 1);
    }
    stop.cancel();
    working.join_next().await.unwrap().unwrap();
    assert!(mails.try_recv().is_err(), "nobody else was written to");
}
