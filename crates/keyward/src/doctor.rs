//! `keyward doctor`: looks at everything that an installation stands on and
//! says what is wrong and what to do. Changes nothing.

use std::{io::Write, net::TcpListener, os::unix::fs::PermissionsExt, path::Path};

use anyhow::Result;
use keyward_domain::{Clock, Timestamp};
use keyward_service::audit::verify_database;
use keyward_store::{Pool, StoreError, alert_mail, installation as stored, spend_alert};
use serde::Serialize;
use url::Url;

use crate::{
    config::Settings,
    installation, machine,
    system::SystemClock,
    tls::{self, TlsFiles, Validity},
};

/// How to say it.
#[derive(Debug, clap::Args)]
pub struct DoctorArgs {
    /// Print a JSON array and nothing else.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    /// `ok`, `note` (worth knowing) or `wrong`.
    state: &'static str,
    message: String,
}

fn finding(check: &'static str, state: &'static str, message: impl Into<String>) -> Finding {
    Finding { check, state, message: message.into() }
}

/// Runs the command. Answers whether nothing is wrong.
pub async fn run(settings: &Settings, args: &DoctorArgs, out: &mut dyn Write) -> Result<bool> {
    let mut findings = vec![
        private_folder(&settings.data_dir),
        if settings.master_key.is_some() {
            finding("master key", "ok", "given in KEYWARD_MASTER_KEY")
        } else {
            private_file("master key", &settings.master_key_file)
        },
        listening(settings),
        connections(settings),
    ];
    if let Some(files) = &settings.tls {
        findings.extend(certificate(settings, files, SystemClock.now()));
    }
    if settings.allow_private_upstreams {
        findings.push(finding(
            "upstreams",
            "note",
            "providers at private addresses are allowed: whoever may set a base URL can reach this machine's network",
        ));
    }
    findings.extend(database(settings).await);
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&findings)?)?;
    } else {
        for Finding { check, state, message } in &findings {
            writeln!(out, "{state:5}  {check}: {message}")?;
        }
    }
    Ok(findings.iter().all(|finding| finding.state != "wrong"))
}

fn private_folder(folder: &Path) -> Finding {
    match std::fs::metadata(folder) {
        Err(error) => finding(
            "data folder",
            "wrong",
            format!("{}: {error}. `keyward serve` and `keyward init` make it", folder.display()),
        ),
        Ok(found) if found.permissions().mode() & 0o077 != 0 => {
            finding("data folder", "wrong", format!("{} is open to other users: chmod 700 it", folder.display()))
        }
        Ok(_) => finding("data folder", "ok", folder.display().to_string()),
    }
}

fn private_file(check: &'static str, file: &Path) -> Finding {
    match std::fs::metadata(file) {
        Err(error) => finding(check, "wrong", format!("{}: {error}", file.display())),
        Ok(found) if found.permissions().mode() & 0o077 != 0 => {
            finding(check, "wrong", format!("{} is open to other users: chmod 600 it", file.display()))
        }
        Ok(_) => finding(check, "ok", file.display().to_string()),
    }
}

fn listening(settings: &Settings) -> Finding {
    let address = settings.listen;
    match TcpListener::bind(address) {
        Ok(_) => finding("listening", "ok", format!("{address} is free")),
        Err(error) => {
            finding("listening", "note", format!("{address}: {error}. That is as it should be if Keyward is serving"))
        }
    }
}

fn certificate(settings: &Settings, files: &TlsFiles, now: Timestamp) -> Vec<Finding> {
    let check = "certificate";
    let shown = match files.load() {
        Err(error) => return vec![finding(check, "wrong", format!("{error:#}"))],
        Ok(shown) => shown.certificate,
    };
    let mut findings = vec![match tls::validity(&shown.der()) {
        None => finding(check, "note", "doesn't say until when it is valid"),
        Some(Validity { until, .. }) if now > until => {
            finding(check, "wrong", format!("ended at {until}: clients refuse it. Renew it"))
        }
        Some(Validity { from, .. }) if now < from => {
            finding(check, "wrong", format!("is valid from {from} only: clients refuse it until then"))
        }
        Some(Validity { until, .. }) if until.duration_since(now) < tls::SOON => {
            finding(check, "note", format!("ends at {until}: renew it by then"))
        }
        Some(Validity { until, .. }) => finding(check, "ok", format!("valid until {until}")),
    }];
    let host = Url::parse(&settings.public_url).ok().and_then(|url| url.host_str().map(str::to_owned));
    if let Some(host) = host.filter(|host| !shown.is_for(host)) {
        findings.push(finding(
            check,
            "note",
            format!("isn't made out to {host}, the host of public_url: browsers refuse it there"),
        ));
    }
    if std::fs::metadata(&files.key).is_ok_and(|found| found.permissions().mode() & 0o007 != 0) {
        findings.push(finding(
            check,
            "wrong",
            format!("its key {} is open to everybody: chmod 600 it", files.key.display()),
        ));
    }
    findings
}

fn connections(settings: &Settings) -> Finding {
    let check = "connections";
    // `keyward serve` raises its limit to the highest that it may have.
    let files = machine::raise_open_files();
    let allowed = machine::connections(files);
    match settings.max_connections {
        Some(wanted) if wanted > allowed => finding(
            check,
            "wrong",
            format!(
                "max_connections is {wanted}, but this process may open {files} files, enough for {allowed}: raise the limit (ulimit -n, LimitNOFILE) or lower the setting"
            ),
        ),
        Some(wanted) => finding(check, "ok", format!("{wanted} at once")),
        None if allowed < 1000 => finding(
            check,
            "note",
            format!(
                "{allowed} at once, since this process may open {files} files only: raise the limit (ulimit -n, LimitNOFILE)"
            ),
        ),
        None => finding(check, "ok", format!("{allowed} at once")),
    }
}

async fn database(settings: &Settings) -> Vec<Finding> {
    let check = "database";
    if settings.database_url.is_none() && !installation::database_file(settings).exists() {
        return vec![finding(
            check,
            "wrong",
            format!("there is none at {}", installation::database_file(settings).display()),
        )];
    }
    match installation::open_pool(settings).await {
        Err(error) => vec![finding(check, "wrong", format!("{error:#}"))],
        Ok(pool) => {
            let mut findings = vec![tables(&pool).await];
            if findings.iter().all(|finding| finding.state == "ok") {
                findings.push(opens(settings, &pool).await);
                findings.push(audit(&pool).await);
                findings.push(mail(settings, &pool).await);
            }
            pool.close().await;
            findings
        }
    }
}

async fn tables(pool: &Pool) -> Finding {
    let versions = async { stored::schema_version(&mut pool.read().await?.conn()).await }.await;
    match versions {
        Err(error) => finding("database", "wrong", error.to_string()),
        Ok((known, found)) if found < known => finding(
            "database",
            "wrong",
            format!("its tables are at version {found}, not {known}: run `keyward migrate`"),
        ),
        Ok((known, found)) if found > known => finding(
            "database",
            "wrong",
            format!("its tables are at version {found}, made by a newer Keyward than this ({known})"),
        ),
        Ok((_, found)) => finding("database", "ok", format!("answers; tables at version {found}")),
    }
}

async fn opens(settings: &Settings, pool: &Pool) -> Finding {
    match keyward_service::check_master_key(pool, &installation::master_key(settings)).await {
        Ok(()) => finding("master key", "ok", "opens this database"),
        Err(error) => finding("master key", "wrong", error.to_string()),
    }
}

async fn mail(settings: &Settings, pool: &Pool) -> Finding {
    let counted = async {
        let mut connection = pool.read().await?;
        let conn = &mut connection.conn();
        Ok::<_, StoreError>((spend_alert::count_all(conn).await?, alert_mail::count_all(conn).await?))
    };
    match (counted.await, &settings.mail) {
        (Err(error), _) => finding("mail", "wrong", error.to_string()),
        (Ok((0, _)), None) => {
            finding("mail", "ok", "smtp_url isn't set: links are shown to whoever makes them, and nobody is mailed")
        }
        (Ok((alerts, waiting)), None) => finding(
            "mail",
            "note",
            format!(
                "smtp_url isn't set: nobody is told of {alerts} spend alerts, and {waiting} mails about them wait. Set smtp_url and mail_from"
            ),
        ),
        (Ok((_, 0)), Some(_)) => finding("mail", "ok", "a mail server is set"),
        (Ok((_, waiting)), Some(_)) => finding(
            "mail",
            "note",
            format!("a mail server is set; {waiting} mails about spend alerts wait: the log says why, if it lasts"),
        ),
    }
}

async fn audit(pool: &Pool) -> Finding {
    match verify_database(pool).await {
        Ok(verified) if verified.iter().all(|chain| chain.broken.is_none()) => {
            finding("audit log", "ok", format!("{} chains hold", verified.len()))
        }
        Ok(verified) => {
            let broken: Vec<_> =
                verified.iter().filter_map(|chain| chain.broken.as_ref()).map(ToString::to_string).collect();
            finding("audit log", "wrong", broken.join("; "))
        }
        Err(error) => finding("audit log", "wrong", error.to_string()),
    }
}
