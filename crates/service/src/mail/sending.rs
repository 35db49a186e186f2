//! Emptying the queue: a few mails at once, each tried a few times. What can't
//! be sent is logged, without what it says.

use std::{sync::Arc, time::Duration};

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{Errand, Mail, Mailer, Queue};
use crate::{Keyward, password_reset};

/// How many mails are sent at once.
const AT_ONCE: usize = 4;
/// How long what is queued may still take when the program stops.
const LAST_LETTERS: Duration = Duration::from_secs(5);
/// How long to wait before each further try.
pub const PAUSES: &[Duration] = &[Duration::from_secs(2), Duration::from_secs(20), Duration::from_secs(120)];

/// What every errand needs.
#[derive(Clone)]
struct Postman {
    keyward: Keyward,
    mailer: Arc<dyn Mailer>,
    pauses: &'static [Duration],
    stop: CancellationToken,
}

/// Sends what is queued until `stop`; then what still waits, without another
/// try.
pub async fn keep_sending(
    keyward: Keyward,
    mut queue: Queue,
    mailer: Arc<dyn Mailer>,
    pauses: &'static [Duration],
    stop: CancellationToken,
) {
    let postman = Postman { keyward, mailer, pauses, stop: stop.clone() };
    let mut under_way = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(_) = under_way.join_next() => {}
            errand = queue.0.recv(), if under_way.len() < AT_ONCE => match errand {
                Some(errand) => drop(under_way.spawn(postman.clone().run(errand))),
                None => break,
            },
        }
    }
    queue.0.close();
    let rest = async {
        loop {
            while under_way.len() < AT_ONCE
                && let Ok(errand) = queue.0.try_recv()
            {
                under_way.spawn(postman.clone().run(errand));
            }
            if under_way.join_next().await.is_none() {
                break;
            }
        }
    };
    if tokio::time::timeout(LAST_LETTERS, rest).await.is_err() {
        tracing::warn!("mails that waited at the stop aren't sent");
    }
}

impl Postman {
    async fn run(self, errand: Errand) {
        let mail = match errand {
            Errand::Letter(mail) => mail,
            Errand::PasswordReset { email, origin } => {
                match password_reset::letter(&self.keyward, &email, origin).await {
                    Ok(Some(mail)) => mail,
                    Ok(None) => return,
                    Err(error) => {
                        tracing::warn!(%error, "a link to reset a password can't be made");
                        return;
                    }
                }
            }
        };
        self.deliver(&mail).await;
    }

    async fn deliver(&self, mail: &Mail) {
        let mut pauses = self.pauses.iter();
        loop {
            let Err(error) = self.mailer.send(mail).await else {
                tracing::debug!(kind = mail.kind, "a mail was sent");
                return;
            };
            let pause = pauses.next().filter(|_| !error.is_final && !self.stop.is_cancelled());
            let Some(pause) = pause else {
                tracing::warn!(kind = mail.kind, to = %mail.to, why = %error, "a mail wasn't sent");
                return;
            };
            tracing::debug!(kind = mail.kind, why = %error, seconds = pause.as_secs(), "a mail is tried again later");
            tokio::select! {
                () = tokio::time::sleep(*pause) => {}
                () = self.stop.cancelled() => {}
            }
        }
    }
}
