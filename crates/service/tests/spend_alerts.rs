//! Spend alerts: who is told, when, and how often: once for a month, whichever
//! node sees it, whenever one dies, and however long the mail server is away.
#![cfg(test)]

mod support;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use keyward_domain::{
    actor::Actor,
    clock::to_millis,
    id::{ApiKeyId, ProjectId},
    page::{Order, Page},
    spend_alert::{SpendAlert, SpendAlertTerms},
};
use keyward_service::{
    Error, Keyward,
    mail::{self, Mail, MailError, Mailer, Queue, Sending},
    spend_alert::{
        self, AlertPost, CreateSpendAlert, ListSpendAlerts, UpdateSpendAlert, Whose, watch_all, watch_spending,
    },
};
use keyward_telemetry::journal::UsageRecord;
use secrecy::ExposeSecret;
use support::House;

const CENT: i64 = 10_000_000;
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A mailer that answers what it is told, then takes everything.
#[derive(Default)]
struct Scripted {
    told: Mutex<VecDeque<MailError>>,
    taken: Mutex<Vec<Mail>>,
}

impl Scripted {
    fn refuse(&self, is_final: bool) {
        self.told.lock().unwrap().push_back(MailError { why: "the mail server is tired".into(), is_final });
    }

    /// Whom the mails were for that it took since it was last asked.
    fn taken(&self) -> Vec<String> {
        self.mails().iter().map(|mail| mail.to.to_string()).collect()
    }

    fn mails(&self) -> Vec<Mail> {
        std::mem::take(&mut *self.taken.lock().unwrap())
    }
}

impl Mailer for Scripted {
    fn send<'a>(&'a self, mail: &'a Mail) -> Sending<'a> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            if let Some(error) = self.told.lock().unwrap().pop_front() {
                return Err(error);
            }
            self.taken.lock().unwrap().push(mail.clone());
            Ok(())
        })
    }
}

/// A Keyward that mails, a project, and a key of it.
struct Office {
    house: House,
    keyward: Keyward,
    mailer: Arc<Scripted>,
    post: AlertPost,
    project: ProjectId,
    key: ApiKeyId,
    _queue: Queue,
}

impl Office {
    async fn open() -> Self {
        let house = House::serving().await;
        // The first hour of a month still looks back to the one before.
        house.clock.advance(2 * DAY);
        let project = house.project("Search \u{202e}engine").await.id;
        let key = house.api_key(project, "Key").await.details.key.id;
        Self::mailing(house, project, key)
    }

    fn mailing(house: House, project: ProjectId, key: ApiKeyId) -> Self {
        let (outbox, queue) = mail::queue();
        let keyward = house.keyward.clone().with_mail(outbox);
        let mailer = Arc::<Scripted>::default();
        let post = AlertPost::new(keyward.clone(), mailer.clone());
        Self { house, keyward, mailer, post, project, key, _queue: queue }
    }

    /// The same after the process died.
    async fn reopened(self) -> Self {
        let Self { house, keyward, post, project, key, .. } = self;
        drop((keyward, post));
        Self::mailing(house.reopened().await, project, key)
    }

    fn owner(&self) -> Actor {
        self.house.owner()
    }

    /// A call that costs so many cents.
    async fn spend(&self, cents: i64) {
        self.spend_nanos(cents * CENT).await;
    }

    async fn spend_nanos(&self, cost: i64) {
        let now = to_millis(self.keyward.now());
        let record = UsageRecord {
            at_ms: now,
            api_key: self.key.uuid(),
            project: self.project.uuid(),
            let_through_ms: now,
            sent: true,
            requests: 1,
            cost_nanos: Some(cost),
            ..UsageRecord::default()
        };
        self.house.journal.as_ref().unwrap().append(&record).unwrap();
        self.keyward.settle().await.unwrap();
    }

    async fn alert(&self, whose: Whose, cents: i64, to: &[&str]) -> SpendAlert {
        let command = CreateSpendAlert { whose, terms: terms(cents, to), idempotency: None };
        spend_alert::create(&self.keyward, &self.owner(), command).await.unwrap()
    }

    async fn edit(&self, alert: &SpendAlert, cents: i64, to: &[&str]) -> SpendAlert {
        let (whose, terms) = (alert.watched.project, terms(cents, to));
        let command = UpdateSpendAlert { whose, alert: alert.id, terms, expected_version: None };
        spend_alert::update(&self.keyward, &self.owner(), command).await.unwrap()
    }

    /// Looks at what was spent and sends what is due: whom mails went to.
    async fn told(&self) -> Vec<String> {
        watch_spending(&self.keyward).await.unwrap();
        self.post.send_due().await.unwrap();
        let mut told = self.mailer.taken();
        told.sort();
        told
    }
}

fn terms(cents: i64, to: &[&str]) -> SpendAlertTerms {
    let to: Vec<_> = to.iter().map(|text| (*text).to_owned()).collect();
    SpendAlertTerms::check(cents, &to, Some("[Money]")).unwrap()
}

const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";
const EVE: &str = "eve@example.com";

const NOBODY: &[&str] = &[];

#[tokio::test]
async fn everybody_is_told_once_a_month_as_soon_as_the_threshold_is_reached() {
    let office = Office::open().await;
    let alert = office.alert(Some(office.project), 100, &[ADA, BOB]).await;
    office.spend_nanos(100 * CENT - 1).await;
    assert_eq!(office.told().await, NOBODY);
    office.spend_nanos(1).await;
    assert_eq!(office.told().await, [ADA, BOB]);
    let told_at = office.keyward.now();
    for _ in 0..2 {
        office.house.clock.advance(DAY);
        office.spend(500).await;
        watch_all(&office.keyward).await.unwrap();
        assert_eq!(office.told().await, NOBODY);
    }
    let found = spend_alert::find(&office.keyward, &office.owner(), Some(office.project), alert.id).await.unwrap();
    assert_eq!((found.last_notified_at, found.version), (Some(told_at), 1));
    office.house.clock.advance(31 * DAY);
    office.spend(99).await;
    assert_eq!(office.told().await, NOBODY, "a new month begins with nothing");
    office.spend(1).await;
    assert_eq!(office.told().await, [ADA, BOB]);
}

#[tokio::test]
async fn a_mail_says_who_spent_how_much_since_when_and_nothing_that_becomes_a_header() {
    let office = Office::open().await;
    office.alert(Some(office.project), 100, &[ADA]).await;
    office.alert(None, 101, &[BOB]).await;
    office.spend(150).await;
    office.spend_nanos(5).await;
    watch_spending(&office.keyward).await.unwrap();
    assert_eq!(office.post.send_due().await.unwrap(), 2);
    let mut mails = office.mailer.mails();
    mails.sort_by_key(|mail| mail.to.to_string());
    let (of_project, of_all) = (&mails[0], &mails[1]);
    assert_eq!(of_project.subject, "[Money] Search \u{202e}engine reached $1.00 in January 2026");
    assert_eq!(of_all.subject, "[Money] First reached $1.01 in January 2026");
    assert_eq!((of_all.kind, of_all.id.is_some()), ("spend_alert", true));
    let text = of_project.text.expose_secret();
    for said in [
        "The project Search \u{202e}engine of First has reached",
        "Threshold: $1.00 in a calendar month",
        "Spent:     $1.500000005 in January 2026 (UTC), as of 3 January 2026, 00:00 UTC",
        &format!("https://keyward.test/projects/{}/usage\n", office.project),
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let text = of_all.text.expose_secret();
    assert!(text.contains("The organization First has") && text.contains("/organization/usage\n"), "{text}");
}

#[tokio::test]
async fn an_organizations_alert_watches_all_its_projects_and_no_other_organization() {
    let office = Office::open().await;
    let stranger = office.house.stranger("Second").await;
    office.alert(None, 100, &[ADA]).await;
    let command = CreateSpendAlert { whose: None, terms: terms(1, &[EVE]), idempotency: None };
    spend_alert::create(&office.keyward, &stranger, command).await.unwrap();
    let other = office.house.project("Other").await.id;
    office.alert(Some(other), 1, &[BOB]).await;
    office.spend(100).await;
    assert_eq!(office.told().await, [ADA]);
}

#[tokio::test]
async fn what_was_spent_before_counts_and_a_threshold_ahead_arms_it_anew() {
    let office = Office::open().await;
    office.spend(100).await;
    let alert = office.alert(Some(office.project), 100, &[ADA]).await;
    assert_eq!(office.told().await, [ADA], "it was reached when it was made");
    office.edit(&alert, 50, &[ADA]).await;
    assert_eq!(office.told().await, NOBODY, "it has told of this month");
    office.edit(&alert, 200, &[ADA]).await;
    assert_eq!(office.told().await, NOBODY);
    office.spend(100).await;
    assert_eq!(office.told().await, [ADA], "the new threshold is reached");
    let other = office.alert(Some(office.project), 300, &[BOB]).await;
    assert_eq!(office.told().await, NOBODY);
    office.edit(&other, 150, &[BOB]).await;
    assert_eq!(office.told().await, [BOB], "it was lowered below what is spent");
}

#[tokio::test]
async fn a_threshold_of_nothing_tells_of_the_first_cost() {
    let office = Office::open().await;
    office.alert(None, 0, &[ADA]).await;
    office.spend(0).await;
    watch_all(&office.keyward).await.unwrap();
    assert_eq!(office.told().await, NOBODY);
    office.spend_nanos(1).await;
    assert_eq!(office.told().await, [ADA]);
}

#[tokio::test]
async fn a_mail_server_that_is_away_is_asked_again_until_it_takes_each_mail_once() {
    let office = Office::open().await;
    let alert = office.alert(None, 1, &[ADA, BOB]).await;
    office.spend(1).await;
    office.mailer.refuse(false);
    office.mailer.refuse(true);
    assert_eq!(office.told().await, NOBODY);
    let found = spend_alert::find(&office.keyward, &office.owner(), None, alert.id).await.unwrap();
    assert_eq!(found.last_notified_at, None);
    assert_eq!(office.told().await, NOBODY, "not at once");
    office.house.clock.advance(Duration::from_secs(15));
    assert_eq!(office.told().await.len(), 1, "whoever was refused for now");
    office.house.clock.advance(Duration::from_secs(3600));
    assert_eq!(office.told().await.len(), 1, "whoever was refused for good");
    office.house.clock.advance(DAY);
    assert_eq!(office.told().await, NOBODY);
}

#[tokio::test]
async fn a_restart_loses_no_mail_and_sends_none_twice() {
    let office = Office::open().await;
    office.alert(None, 1, &[ADA]).await;
    office.spend(1).await;
    // It dies before it looks, and again before it sends.
    let office = office.reopened().await;
    watch_all(&office.keyward).await.unwrap();
    let office = office.reopened().await;
    assert_eq!(office.told().await, [ADA]);
    let office = office.reopened().await;
    watch_all(&office.keyward).await.unwrap();
    assert_eq!(office.told().await, NOBODY);
}

#[tokio::test]
async fn a_mail_that_a_node_died_with_is_sent_by_another_a_while_later() {
    let office = Office::open().await;
    office.alert(None, 1, &[ADA]).await;
    office.spend(1).await;
    watch_spending(&office.keyward).await.unwrap();
    /// Never answers.
    struct Silent;
    impl Mailer for Silent {
        fn send<'a>(&'a self, _: &'a Mail) -> Sending<'a> {
            Box::pin(std::future::pending())
        }
    }
    let dying = AlertPost::new(office.keyward.clone(), Arc::new(Silent));
    tokio::time::timeout(Duration::from_millis(300), dying.send_due()).await.unwrap_err();
    assert_eq!(office.told().await, NOBODY, "it is being sent");
    office.house.clock.advance(Duration::from_secs(300));
    assert_eq!(office.told().await, [ADA]);
}

#[tokio::test]
async fn two_nodes_tell_once() {
    let office = Office::open().await;
    for cents in 1..=20 {
        office.alert(None, cents, &[ADA, BOB]).await;
    }
    let neighbour = office.house.neighbour().await;
    let other = AlertPost::new(neighbour.clone(), office.mailer.clone());
    office.spend(20).await;
    let (here, there) = tokio::join!(watch_all(&office.keyward), watch_all(&neighbour));
    here.and(there).unwrap();
    let (here, there) = tokio::join!(office.post.send_due(), other.send_due());
    assert_eq!(here.unwrap() + there.unwrap(), 40);
    let ids: std::collections::BTreeSet<_> = office.mailer.mails().iter().map(|mail| mail.id.unwrap()).collect();
    assert_eq!(ids.len(), 40);
}

#[tokio::test]
async fn without_a_mail_server_nothing_is_lost_but_what_makes_no_sense_any_more() {
    let office = Office::open().await;
    let silent = office.house.keyward.clone();
    let command = CreateSpendAlert { whose: None, terms: terms(1, &[ADA]), idempotency: None };
    spend_alert::create(&silent, &office.owner(), command).await.unwrap();
    office.spend(1).await;
    watch_spending(&silent).await.unwrap();
    office.house.clock.advance(20 * DAY);
    // Now there is one.
    watch_all(&office.keyward).await.unwrap();
    assert_eq!(office.told().await, [ADA]);
    office.house.clock.advance(12 * DAY);
    office.spend(1).await;
    watch_spending(&silent).await.unwrap();
    office.house.clock.advance(31 * DAY);
    assert_eq!(office.told().await, NOBODY, "February is over");
    watch_all(&office.keyward).await.unwrap();
    office.spend(1).await;
    assert_eq!(office.told().await, [ADA], "March isn't");
}

#[tokio::test]
async fn the_last_calls_of_a_month_are_told_of_though_they_are_counted_in_the_next() {
    let office = Office::open().await;
    office.alert(None, 100, &[ADA]).await;
    let until_midnight = Duration::from_secs(28 * 24 * 3600 + 23 * 3600 + 59 * 60);
    office.house.clock.advance(until_midnight);
    office.spend(99).await;
    office.spend(1).await;
    office.house.clock.advance(Duration::from_secs(120));
    // Made now, it knows nothing of the month before.
    office.alert(None, 100, &[BOB]).await;
    watch_spending(&office.keyward).await.unwrap();
    office.post.send_due().await.unwrap();
    let mails = office.mailer.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].subject, "[Money] First reached $1.00 in January 2026");
    office.spend(100).await;
    assert_eq!(office.told().await, [ADA, BOB], "the new month is another one");
}

#[tokio::test]
async fn mails_that_wait_follow_an_edit_and_go_with_a_deletion() {
    let office = Office::open().await;
    let alert = office.alert(None, 1, &[ADA, BOB]).await;
    office.spend(1).await;
    office.mailer.refuse(false);
    let told = office.told().await;
    assert_eq!(told.len(), 1);
    let (was_told, waits) = if told == [ADA] { (ADA, BOB) } else { (BOB, ADA) };
    // Somebody mends the address that didn't work.
    office.edit(&alert, 1, &[was_told, EVE]).await;
    assert_eq!(office.told().await, [EVE]);
    office.edit(&alert, 1, &[was_told, EVE, waits]).await;
    assert_eq!(office.told().await, NOBODY, "whoever comes later isn't told of what everybody knows");

    let gone = office.alert(None, 1, &[ADA]).await;
    spend_alert::delete(&office.keyward, &office.owner(), None, gone.id).await.unwrap();
    let raised = office.alert(None, 1, &[ADA]).await;
    office.edit(&raised, 1000, &[ADA]).await;
    assert_eq!(office.told().await, NOBODY);
}

#[tokio::test]
async fn there_are_fifty_of_a_project_and_fifty_of_the_organization_and_they_stay_with_it() {
    let office = Office::open().await;
    let project = Some(office.project);
    for whose in [project, None] {
        for cents in 0..50 {
            office.alert(whose, cents, &[ADA]).await;
        }
        let command = CreateSpendAlert { whose, terms: terms(1, &[ADA]), idempotency: None };
        let refused = spend_alert::create(&office.keyward, &office.owner(), command).await;
        assert!(matches!(refused, Err(Error::Conflict { code: "too_many_spend_alerts", .. })), "{refused:?}");
    }
    keyward_service::project::deactivate(&office.keyward, &office.owner(), office.project, false, None).await.unwrap();
    let page = Page { limit: 100, order: Order::Asc, cursor: None };
    let listed =
        spend_alert::list(&office.keyward, &office.owner(), ListSpendAlerts { whose: project, page }).await.unwrap();
    assert_eq!(listed.data.len(), 50);
}
