//! Mail over SMTP: the port that the service leaves open, filled with lettre.
//! Neither the server's password nor anything that a mail says is in an error:
//! servers repeat what they refuse.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result, bail};
use keyward_domain::{Clock, Randomness};
use keyward_service::mail::{Mail, MailError, Mailer, Sending};
use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, Tls, TlsParameters},
    },
};
use secrecy::{ExposeSecret, SecretString};
use url::Url;
use uuid::Uuid;

use crate::system::SystemRandomness;

/// How long a mail server is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// How mail is sent.
#[derive(Debug, Clone)]
pub struct MailSettings {
    host: String,
    port: u16,
    encryption: Encryption,
    user: Option<(String, SecretString)>,
    from: Mailbox,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encryption {
    /// From the first byte.
    Whole,
    /// After a greeting in the clear, before anything that matters; without it
    /// nothing is sent.
    StartTls,
    /// None at all: for a relay on the same machine or network.
    None,
}

impl MailSettings {
    /// Reads `smtp_url` and `mail_from`: both, or neither.
    pub fn read(url: Option<&str>, from: Option<&str>) -> Result<Option<Self>> {
        let (url, from) = (url.filter(|text| !text.is_empty()), from.filter(|text| !text.is_empty()));
        match (url, from) {
            (None, None) => Ok(None),
            (None, Some(_)) => bail!("mail_from is set, but smtp_url isn't: give the mail server too, or neither"),
            (Some(_), None) => bail!("smtp_url is set, but mail_from isn't: say who the mails come from"),
            (Some(url), Some(from)) => {
                let from = from.parse().ok().with_context(|| {
                    format!(
                        "mail_from is {from:?}: it must be like keyward@example.com or Keyward <keyward@example.com>"
                    )
                })?;
                Self::parse(url, from).map(Some)
            }
        }
    }

    /// No refusal repeats the URL: it may hold a password.
    fn parse(text: &str, from: Mailbox) -> Result<Self> {
        const LIKE: &str =
            "it must be like smtps://user:password@mail.example.com or smtp://mail.example.com:587?tls=required";
        let Ok(url) = Url::parse(text) else { bail!("smtp_url can't be read: {LIKE}") };
        let tls = match url.query() {
            None => None,
            Some(query) => match query.split_once('=') {
                Some(("tls", value)) => Some(value),
                _ => bail!("smtp_url takes ?tls=required or ?tls=none and nothing else behind the question mark"),
            },
        };
        let (encryption, usual_port) = match (url.scheme(), tls) {
            ("smtps", None | Some("required")) => (Encryption::Whole, 465),
            ("smtp", None | Some("required")) => (Encryption::StartTls, 587),
            ("smtp", Some("none")) => (Encryption::None, 25),
            ("smtps" | "smtp", _) => bail!("smtp_url's tls must be required or (with smtp://) none"),
            _ => bail!("smtp_url must start with smtps:// or smtp://: {LIKE}"),
        };
        let host = url.host_str().filter(|host| !host.is_empty()).context("smtp_url names no host")?;
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            bail!("smtp_url has something behind the host: {LIKE}");
        }
        let user = match (url.username(), url.password()) {
            ("", None) => None,
            (user, Some(password)) if !user.is_empty() => Some((decoded(user), decoded(password).into())),
            _ => bail!("smtp_url has a user without a password, or the other way round: give both or neither"),
        };
        if user.is_some() && encryption == Encryption::None {
            bail!("smtp_url would send its password in the clear: use smtps://, or tls=required");
        }
        let (host, port) = (host.trim_matches(['[', ']']).to_owned(), url.port().unwrap_or(usual_port));
        Ok(Self { host, port, encryption, user, from })
    }
}

/// A part of the URL without its percent signs. What means something in a query
/// is itself here.
fn decoded(text: &str) -> String {
    let text = text.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    form_urlencoded::parse(text.as_bytes()).map(|(name, _)| name.into_owned()).collect()
}

/// Sends over SMTP, each mail on a connection of its own.
pub struct SmtpMailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    clock: Arc<dyn Clock>,
}

impl SmtpMailer {
    /// Connects to nothing yet: a mail server may come later than Keyward.
    pub fn new(settings: &MailSettings, clock: Arc<dyn Clock>) -> Result<Self> {
        Self::trusting(settings, clock, None)
    }

    /// Trusts `root` besides what the machine trusts.
    fn trusting(settings: &MailSettings, clock: Arc<dyn Clock>, root: Option<Certificate>) -> Result<Self> {
        let parameters = || {
            let mut builder = TlsParameters::builder(settings.host.clone());
            if let Some(root) = root.clone() {
                builder = builder.add_root_certificate(root);
            }
            builder.build().context("TLS to the mail server can't be prepared")
        };
        let tls = match settings.encryption {
            Encryption::Whole => Tls::Wrapper(parameters()?),
            Encryption::StartTls => Tls::Required(parameters()?),
            Encryption::None => Tls::None,
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.host)
            .port(settings.port)
            .tls(tls)
            .timeout(Some(PATIENCE));
        if let Some((user, password)) = &settings.user {
            builder = builder.credentials(Credentials::new(user.clone(), password.expose_secret().to_owned()));
        }
        Ok(Self { transport: builder.build(), from: settings.from.clone(), clock })
    }

    fn message(&self, mail: &Mail) -> Result<Message, MailError> {
        let unsendable = |why: &str| MailError { why: why.to_owned(), is_final: true };
        let to: Address = mail.to.as_str().parse().map_err(|_| unsendable("no mail can be sent to this address"))?;
        let id = mail.id.unwrap_or_else(|| {
            let mut random = [0; 16];
            SystemRandomness.fill(&mut random);
            Uuid::from_bytes(random)
        });
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(mail.subject.as_str())
            .date(self.clock.now().into())
            .message_id(Some(format!("<{}@{}>", id.simple(), self.from.email.domain())))
            .header(ContentType::TEXT_PLAIN)
            .body(mail.text.expose_secret().to_owned())
            .map_err(|_| unsendable("the mail can't be put together"))
    }
}

impl Mailer for SmtpMailer {
    fn send<'a>(&'a self, mail: &'a Mail) -> Sending<'a> {
        Box::pin(async move {
            let message = self.message(mail)?;
            // One patience for the whole conversation: a server that answers each
            // line slowly must not hold the queue up.
            match tokio::time::timeout(PATIENCE * 2, self.transport.send(message)).await {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(error)) => Err(told(&error)),
                Err(_) => Err(MailError { why: "the mail server takes too long".into(), is_final: false }),
            }
        })
    }
}

/// What went wrong, without the server's own words.
fn told(error: &lettre::transport::smtp::Error) -> MailError {
    let (why, is_final) = match error.status() {
        Some(code) if error.is_permanent() => (format!("the mail server refuses it with code {code}"), true),
        Some(code) => (format!("the mail server doesn't take it now, with code {code}"), false),
        None if error.is_tls() => ("no TLS can be agreed on with the mail server".to_owned(), false),
        None if error.is_timeout() => ("the mail server doesn't answer".to_owned(), false),
        None if error.is_client() => ("the mail server doesn't offer what smtp_url asks for".to_owned(), false),
        None => ("the mail server can't be reached".to_owned(), false),
    };
    MailError { why, is_final }
}

#[cfg(test)]
mod tests;
