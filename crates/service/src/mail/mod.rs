//! Mail: a bounded queue that a background task empties through a port, which
//! the program fills with SMTP. Nobody waits for a mail, and no answer's time
//! tells whether one is sent: even whether there is anybody to write to is
//! looked up behind the queue.

mod letters;
mod sending;

use std::pin::Pin;

use keyward_domain::{
    actor::RequestOrigin,
    organization::{Email, Organization, User},
};
use secrecy::SecretString;
use tokio::sync::mpsc;
use uuid::Uuid;

pub(crate) use letters::{invitation, password_reset, spend_alert};
pub use sending::{PAUSES, keep_sending};

use crate::{Error, Keyward, Result};

/// Most errands that wait at once.
const LONGEST_QUEUE: usize = 256;

/// A mail of plain text to one person.
#[derive(Debug, Clone)]
pub struct Mail {
    /// By which the same mail is known again, where it may be sent twice.
    pub id: Option<Uuid>,
    /// Who gets it.
    pub to: Email,
    /// What it is, for the log: `invitation`, `password_reset` or `spend_alert`.
    pub kind: &'static str,
    /// Its subject, on one line.
    pub subject: String,
    /// What it says; a link in it is a secret.
    pub text: SecretString,
}

/// Sends mails: the port that the program fills.
pub trait Mailer: Send + Sync {
    /// Hands a mail over to whoever delivers it.
    fn send<'a>(&'a self, mail: &'a Mail) -> Sending<'a>;
}

/// A mail that is being handed over.
pub type Sending<'a> = Pin<Box<dyn Future<Output = std::result::Result<(), MailError>> + Send + 'a>>;

/// Why a mail wasn't taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct MailError {
    /// In words that hold nothing of the mail itself.
    pub why: String,
    /// Whether trying again is useless.
    pub is_final: bool,
}

/// What is to be done behind the queue.
pub(crate) enum Errand {
    /// Send this.
    Letter(Mail),
    /// Send a link to whoever has this address, if anybody has.
    PasswordReset {
        /// The address as a stranger gave it.
        email: Email,
        /// Where they asked from.
        origin: RequestOrigin,
    },
}

/// The end of the queue that takes.
#[derive(Debug, Clone)]
pub struct Outbox(mpsc::Sender<Errand>);

/// The end of the queue that gives, for [`keep_sending`].
#[derive(Debug)]
pub struct Queue(mpsc::Receiver<Errand>);

/// An empty queue.
pub fn queue() -> (Outbox, Queue) {
    let (sender, receiver) = mpsc::channel(LONGEST_QUEUE);
    (Outbox(sender), Queue(receiver))
}

/// A place in the queue, taken before a change is made, so that no change
/// stands whose mail finds none.
pub(crate) struct Place(mpsc::OwnedPermit<Errand>);

impl Place {
    pub fn fill(self, errand: Errand) {
        self.0.send(errand);
    }
}

impl Keyward {
    /// The same Keyward, sending mail through `outbox`.
    pub fn with_mail(self, outbox: Outbox) -> Self {
        Self { outbox: Some(outbox), ..self }
    }

    /// Whether links are mailed; otherwise they are shown to whoever makes them.
    pub fn sends_mail(&self) -> bool {
        self.outbox.is_some()
    }

    /// Takes a place in the queue; `None` where no mail is sent.
    pub(crate) fn place_in_queue(&self) -> Result<Option<Place>> {
        let Some(Outbox(sender)) = &self.outbox else { return Ok(None) };
        match sender.clone().try_reserve_owned() {
            Ok(permit) => Ok(Some(Place(permit))),
            Err(_) => Err(Error::MailQueueFull),
        }
    }
}

/// Who invites whom to what, for the letter.
pub(crate) struct Invited<'a> {
    pub email: &'a Email,
    pub organization: &'a Organization,
    pub inviter: &'a User,
}
