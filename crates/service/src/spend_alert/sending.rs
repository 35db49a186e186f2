//! Sending the mails that wait in the database: a few at once, each again and
//! again until the mail server takes it or it makes no sense any more. What waits
//! is taken before it is tried, so that no two nodes send it; a node that dies
//! between handing a mail over and noting it lets it be sent once more.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use keyward_domain::{
    clock::to_millis,
    id::AlertMailId,
    spend_alert::{AlertMail, pause_seconds},
};
use keyward_store::{alert_mail as store, spend_alert};
use parking_lot::Mutex;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    Keyward, Result,
    mail::{Mail, Mailer},
};

/// How often it is looked what is due.
const INTERVAL: Duration = Duration::from_secs(1);
/// How many mails are sent at once.
const AT_ONCE: i64 = 4;
/// For how long a mail is taken, in milliseconds: longer than any try.
const TAKEN_MS: i64 = 5 * 60 * 1000;
/// How long mails that are under way may still take when the program stops.
const LAST_MAILS: Duration = Duration::from_secs(5);

/// Sends what is due.
#[derive(Clone)]
pub struct AlertPost {
    keyward: Keyward,
    mailer: Arc<dyn Mailer>,
    /// What was handed over and couldn't be noted yet.
    handed: Arc<Mutex<BTreeMap<AlertMailId, AlertMail>>>,
}

/// Sends what is due until `stop`.
pub async fn keep_mailing(keyward: Keyward, mailer: Arc<dyn Mailer>, stop: CancellationToken) {
    let (post, mut is_failing) = (AlertPost::new(keyward, mailer), false);
    let stopped = async {
        stop.cancelled().await;
        tokio::time::sleep(LAST_MAILS).await;
    };
    let sending = async {
        while stop.run_until_cancelled(tokio::time::sleep(INTERVAL)).await.is_some() {
            let sent = post.send_due().await;
            if let Err(error) = &sent
                && !is_failing
            {
                tracing::warn!(%error, "mails about spend alerts can't be read or noted: it is tried again");
            }
            is_failing = sent.is_err();
        }
    };
    tokio::select! {
        () = sending => {}
        () = stopped => tracing::warn!("mails about spend alerts that were under way at the stop may be sent again"),
    }
}

impl AlertPost {
    /// Sends through this mailer.
    pub fn new(keyward: Keyward, mailer: Arc<dyn Mailer>) -> Self {
        Self { keyward, mailer, handed: Arc::default() }
    }

    /// Tries each mail that is due once; answers how many were handed over.
    pub async fn send_due(&self) -> Result<usize> {
        self.note_handed().await?;
        let mut sent = 0;
        loop {
            let due = {
                let mut connection = self.keyward.read().await?;
                store::due_any(&mut connection.conn(), to_millis(self.keyward.now()), AT_ONCE).await?
            };
            if due.is_empty() {
                return Ok(sent);
            }
            let mut under_way = JoinSet::new();
            for mail in due {
                let post = self.clone();
                under_way.spawn(async move { post.send(mail).await });
            }
            let mut outcome = Ok(());
            while let Some(joined) = under_way.join_next().await {
                match joined {
                    Ok(Ok(was_sent)) => sent += usize::from(was_sent),
                    Ok(Err(error)) => outcome = Err(error),
                    Err(panicked) => tracing::error!(%panicked, "a mail about a spend alert broke off"),
                }
            }
            outcome?;
        }
    }

    /// Takes a mail and tries it; answers whether it was handed over.
    async fn send(&self, mail: AlertMail) -> Result<bool> {
        let keyward = &self.keyward;
        let taken = {
            let mut connection = keyward.pool.write().await?;
            let until = to_millis(keyward.now()).saturating_add(TAKEN_MS);
            store::take_any(&mut connection.conn(), &mail, until).await?
        };
        if !taken {
            return Ok(false);
        }
        let letter = Mail {
            id: Some(mail.id.uuid()),
            to: mail.recipient.clone(),
            kind: "spend_alert",
            subject: mail.subject.clone(),
            text: mail.text.clone().into(),
        };
        let Err(error) = self.mailer.send(&letter).await else {
            self.handed.lock().insert(mail.id, mail);
            self.note_handed().await?;
            return Ok(true);
        };
        let pause = pause_seconds(mail.tries + 1, error.is_final);
        tracing::warn!(alert = %mail.alert, to = %mail.recipient, why = %error, seconds = pause, "a mail about a spend alert wasn't taken: it is tried again later");
        let mut connection = keyward.pool.write().await?;
        let due = to_millis(keyward.now()).saturating_add(pause * 1000);
        store::put_off_any(&mut connection.conn(), mail.id, due).await?;
        Ok(false)
    }

    /// Notes what was handed over.
    async fn note_handed(&self) -> Result<()> {
        let handed: Vec<_> = self.handed.lock().values().cloned().collect();
        for mail in handed {
            let mut transaction = self.keyward.pool.begin().await?;
            let conn = &mut transaction.conn();
            let now = to_millis(self.keyward.now());
            spend_alert::notified(conn, mail.organization, mail.alert, now).await?;
            store::delete_any(conn, mail.id).await?;
            transaction.commit().await?;
            if self.handed.lock().remove(&mail.id).is_some() {
                tracing::info!(alert = %mail.alert, "a mail about a spend alert was sent");
            }
        }
        Ok(())
    }
}
