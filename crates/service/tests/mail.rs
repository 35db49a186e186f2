//! The mail queue: tried again, given up, emptied at the stop, bounded.
#![cfg(test)]

mod support;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use keyward_domain::{
    invitation::InvitedRole::Reader,
    page::{Order, Page},
};
use keyward_service::{
    Error, Keyward, invitation,
    mail::{self, Mail, MailError, Mailer, Queue, Sending},
};
use secrecy::ExposeSecret;
use support::{
    House,
    links::{grants, invite},
};
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;

const AT_ONCE: &[Duration] = &[Duration::ZERO, Duration::ZERO];
const MUCH_LATER: &[Duration] = &[Duration::from_secs(3600)];

/// A mailer that answers what it is told, then takes everything.
struct Scripted {
    told: Mutex<VecDeque<MailError>>,
    tried: mpsc::UnboundedSender<Mail>,
}

impl Mailer for Scripted {
    fn send<'a>(&'a self, mail: &'a Mail) -> Sending<'a> {
        Box::pin(async move {
            let told = self.told.lock().unwrap().pop_front();
            self.tried.send(mail.clone()).unwrap();
            told.map_or(Ok(()), Err)
        })
    }
}

/// A post office that is at work until it is dropped or stopped.
struct Office {
    tried: mpsc::UnboundedReceiver<Mail>,
    stop: CancellationToken,
    working: JoinSet<()>,
}

impl Office {
    fn open(keyward: &Keyward, queue: Queue, told: Vec<MailError>, pauses: &'static [Duration]) -> Self {
        let (sender, tried) = mpsc::unbounded_channel();
        let mailer = Arc::new(Scripted { told: Mutex::new(told.into()), tried: sender });
        let stop = CancellationToken::new();
        let mut working = JoinSet::new();
        working.spawn(mail::keep_sending(keyward.clone(), queue, mailer, pauses, stop.clone()));
        Self { tried, stop, working }
    }

    /// Stops it; answers the addresses of all that was tried and not seen yet.
    async fn close(mut self) -> Vec<String> {
        self.stop.cancel();
        self.working.join_next().await.unwrap().unwrap();
        let mut tried = Vec::new();
        while let Ok(mail) = self.tried.try_recv() {
            tried.push(mail.to.to_string());
        }
        tried
    }
}

fn refusal(is_final: bool) -> MailError {
    MailError { why: "the mail server is tired".into(), is_final }
}

async fn mailing(house: &House) -> (Keyward, Queue) {
    let (outbox, queue) = mail::queue();
    (house.keyward.clone().with_mail(outbox), queue)
}

#[tokio::test]
async fn a_mail_is_tried_again_until_it_is_taken() {
    let house = House::new().await;
    let (keyward, queue) = mailing(&house).await;
    let mut office = Office::open(&keyward, queue, vec![refusal(false), refusal(false)], AT_ONCE);
    let sent = invite(&keyward, &house.owner(), "ada@example.com", grants(Reader, &[])).await.unwrap();
    assert!(sent.link.is_none(), "whoever invites doesn't see a link that is mailed");
    for _ in 0..3 {
        let mail = office.tried.recv().await.unwrap();
        assert_eq!((mail.to.as_str(), mail.kind), ("ada@example.com", "invitation"));
        assert!(mail.text.expose_secret().contains("https://keyward.test/invitation/"));
        assert_eq!(mail.subject, "Owner invites you to First");
        assert!(!format!("{mail:?}").contains("https://"), "{mail:?}");
    }
    assert_eq!(office.close().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_mail_that_is_refused_for_good_is_given_up_and_others_go_on() {
    let house = House::new().await;
    let (keyward, queue) = mailing(&house).await;
    let mut office = Office::open(&keyward, queue, vec![refusal(true)], AT_ONCE);
    for email in ["ada@example.com", "bob@example.com"] {
        invite(&keyward, &house.owner(), email, grants(Reader, &[])).await.unwrap();
        assert_eq!(office.tried.recv().await.unwrap().to.as_str(), email);
    }
    assert_eq!(office.close().await, Vec::<String>::new());
}

#[tokio::test]
async fn what_waits_at_the_stop_is_tried_once_more() {
    let house = House::new().await;
    let (keyward, queue) = mailing(&house).await;
    let mut expected = Vec::new();
    for number in 0..9 {
        let email = format!("{number}@example.com");
        invite(&keyward, &house.owner(), &email, grants(Reader, &[])).await.unwrap();
        expected.push(email);
    }
    let office = Office::open(&keyward, queue, vec![refusal(false)], MUCH_LATER);
    office.stop.cancel();
    let mut tried = office.close().await;
    tried.sort();
    tried.dedup();
    assert_eq!(tried, expected);
}

#[tokio::test]
async fn a_full_queue_refuses_the_change_whose_mail_would_not_be_sent() {
    let house = House::new().await;
    let (keyward, _queue) = mailing(&house).await;
    for number in 0..256 {
        invite(&keyward, &house.owner(), &format!("{number}@example.com"), grants(Reader, &[])).await.unwrap();
    }
    let refused = invite(&keyward, &house.owner(), "late@example.com", grants(Reader, &[])).await;
    assert!(matches!(refused, Err(Error::MailQueueFull)), "{refused:?}");
    let page = Page { limit: 1, order: Order::Desc, cursor: None };
    let newest = invitation::list(&keyward, &house.owner(), None, page).await.unwrap().data.remove(0);
    assert_eq!(newest.invitation.email.as_str(), "255@example.com");
}
