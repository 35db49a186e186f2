//! What the settings take, and mails on their way over each kind of connection.

use keyward_testkit::{Encryption as Server, Mailbox as MailServer};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::aws_lc_rs, pki_types::PrivateKeyDer},
};

use super::*;
use crate::system::SystemClock;

const FROM: Option<&str> = Some("Keyward <keyward@example.com>");

fn read(url: &str) -> Result<Option<MailSettings>> {
    MailSettings::read(Some(url), FROM)
}

fn mail(text: &str) -> Mail {
    let to = keyward_domain::organization::Email::parse("email", "ada@example.com").unwrap();
    Mail { id: None, to, kind: "invitation", subject: "Grüße, Ada".into(), text: text.into() }
}

#[test]
fn every_kind_of_mail_server_is_read() {
    for (url, host, port, encryption, user) in [
        ("smtps://mail.example.com", "mail.example.com", 465, Encryption::Whole, None),
        (
            "smtps://ada:p%40ss+w%3Ard%26@mail.example.com:1465",
            "mail.example.com",
            1465,
            Encryption::Whole,
            Some("ada"),
        ),
        ("smtp://mail.example.com", "mail.example.com", 587, Encryption::StartTls, None),
        ("smtp://a%40b:p%40ss+w%3Ard&@[::1]:25?tls=required", "::1", 25, Encryption::StartTls, Some("a@b")),
        ("smtp://127.0.0.1?tls=none", "127.0.0.1", 25, Encryption::None, None),
    ] {
        let settings = read(url).unwrap().unwrap();
        assert_eq!((settings.host.as_str(), settings.port, settings.encryption), (host, port, encryption), "{url}");
        assert_eq!(settings.user.as_ref().map(|(user, _)| user.as_str()), user, "{url}");
        if let Some((_, password)) = &settings.user {
            assert_eq!(password.expose_secret(), "p@ss+w:rd&", "{url}");
        }
        assert!(!format!("{settings:?}").contains("p@ss"));
    }
    assert!(MailSettings::read(None, None).unwrap().is_none());
    assert!(MailSettings::read(Some(""), Some("")).unwrap().is_none());
}

#[test]
fn a_wrong_mail_server_is_refused_without_its_password() {
    for url in [
        "hush-hush",
        "http://ada:hush-hush@mail.example.com",
        "smtp://ada:hush-hush@mail.example.com?tls=none",
        "smtp://ada:hush-hush@mail.example.com?tls=perhaps",
        "smtps://ada:hush-hush@mail.example.com?tls=none",
        "smtp://ada:hush-hush@mail.example.com?hello=x",
        "smtp://:hush-hush@mail.example.com",
        "smtp://hush-hush@mail.example.com",
        "smtps://ada:hush-hush@mail.example.com/hello",
        "smtps://ada:hush-hush@mail.example.com:99999",
        "smtps://",
    ] {
        let error = format!("{:#}", read(url).unwrap_err());
        assert!(error.contains("smtp_url") && !error.contains("hush"), "{url}: {error}");
    }
    for (url, from, named) in [
        (Some("smtps://x.example"), None, "mail_from"),
        (None, FROM, "smtp_url"),
        (Some("smtps://x.example"), Some("Keyward"), "mail_from"),
        (Some("smtps://x.example"), Some("a@b.example\r\nBcc: c@d.example"), "mail_from"),
    ] {
        let error = format!("{:#}", MailSettings::read(url, from).unwrap_err());
        assert!(error.contains(named), "{url:?} {from:?}: {error}");
    }
}

/// A certificate for the loopback, as server and as root.
fn certificate() -> (TlsAcceptor, Certificate) {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), Certificate::from_der(made.cert.der().to_vec()).unwrap())
}

fn mailer(url: &str, root: Option<Certificate>) -> SmtpMailer {
    SmtpMailer::trusting(&read(url).unwrap().unwrap(), Arc::new(SystemClock), root).unwrap()
}

#[tokio::test]
async fn a_mail_arrives_as_it_was_written() {
    let server = MailServer::start(Server::None).await;
    let link = format!("https://keyward.example.com/invitation/{}", "a".repeat(43));
    let mailer = mailer(&format!("smtp://{}?tls=none", server.address()), None);
    for text in [format!("Hello Ada,\n\n{link}\n"), format!("Grüße, 日本\n\n{link}\n.\n..\n")] {
        mailer.send(&mail(&text)).await.unwrap();
        let letter = server.next().await;
        assert_eq!((letter.to.as_str(), letter.is_encrypted, &letter.login), ("ada@example.com", false, &None));
        assert_eq!(letter.text().replace("\r\n", "\n").trim_end(), text.trim_end());
        assert_eq!(letter.link(), link);
        assert!(letter.raw.contains("From: Keyward <keyward@example.com>\r\n"), "{}", letter.raw);
        for header in ["\r\nDate: ", "\r\nMessage-ID: <", "\r\nSubject: =?utf-8?"] {
            assert!(letter.raw.contains(header), "{header}: {}", letter.raw);
        }
    }
}

#[tokio::test]
async fn a_server_behind_tls_is_signed_in_to() {
    let (acceptor, root) = certificate();
    for (encryption, scheme) in
        [(Server::Whole(acceptor.clone()), "smtps"), (Server::StartTls(acceptor.clone()), "smtp")]
    {
        let server = MailServer::start(encryption).await;
        let url = format!("{scheme}://ada:hush-hush@{}", server.address());
        mailer(&url, Some(root.clone())).send(&mail("Hello")).await.unwrap();
        let letter = server.next().await;
        assert!(letter.is_encrypted, "{scheme}");
        // NUL, ada, NUL, hush-hush
        assert_eq!(letter.login.as_deref(), Some("AGFkYQBodXNoLWh1c2g="), "{scheme}");

        let refused = mailer(&url, None).send(&mail("Hello")).await.unwrap_err();
        assert!(!refused.is_final && server.is_empty().await, "nothing is told to a server that nobody vouches for");
    }
}

#[tokio::test]
async fn nothing_is_sent_in_the_clear_where_tls_is_required() {
    let server = MailServer::start(Server::None).await;
    for url in [format!("smtp://{}", server.address()), format!("smtp://ada:hush-hush@{}", server.address())] {
        let refused = mailer(&url, None).send(&mail("Hello")).await.unwrap_err();
        assert!(!refused.why.contains("hush"), "{refused}");
    }
    assert!(server.is_empty().await);
}

#[tokio::test]
async fn a_refusal_is_told_without_the_servers_words() {
    let server = MailServer::start(Server::None).await;
    let mailer = mailer(&format!("smtp://{}?tls=none", server.address()), None);
    for (line, is_final) in [("451 come later with https://secret", false), ("550 no https://secret", true)] {
        server.tell(line);
        let refused = mailer.send(&mail("https://secret")).await.unwrap_err();
        assert_eq!(refused.is_final, is_final);
        assert!(refused.why.contains(&line[..3]) && !refused.why.contains("secret"), "{refused}");
    }
    drop(server);
    let unreachable = mailer.send(&mail("Hello")).await.unwrap_err();
    assert!(!unreachable.is_final, "{unreachable}");
}
