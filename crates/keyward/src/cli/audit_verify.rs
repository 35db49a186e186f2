//! `keyward audit verify`: proves an export, or the database itself, without
//! asking the server and without the master key. It must not change anything.

use std::{fs::File, io::BufReader, path::PathBuf};

use clap::Args;
use keyward_domain::hex::to_hex;
use keyward_service::audit::{PublicKey, Verification, verify_database, verify_database_by, verify_export};
use keyward_store::Pool;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::{failure::Failure, shell::Shell, table};

/// What to prove, and by which key.
#[derive(Debug, Args)]
pub struct Verify {
    /// An export in JSONL; - for standard input
    file: Option<PathBuf>,
    /// A PostgreSQL database, instead of a file [default: the variable KEYWARD_DATABASE_URL]
    #[arg(long, value_name = "URL", conflicts_with_all = ["file", "data_dir"])]
    database_url: Option<SecretString>,
    /// The folder of an embedded database, instead of a file
    #[arg(long, value_name = "DIR", conflicts_with = "file")]
    data_dir: Option<PathBuf>,
    /// The key that the log must be signed with, noted when it was made: 64 hexadecimal digits
    #[arg(long, value_name = "HEX", value_parser = public_key)]
    public_key: Option<PublicKey>,
}

fn public_key(text: &str) -> Result<PublicKey, &'static str> {
    PublicKey::parse(text).ok_or("not a public key: give 64 hexadecimal digits")
}

impl Verify {
    /// Proves, shows what was proven, and fails if anything isn't.
    pub(super) async fn run(self, json: bool, shell: &mut Shell<'_>) -> Result<(), Failure> {
        let chains = self.chains(shell).await?;
        if chains.is_empty() {
            shell.tell("There is no organization, and so no audit log.");
        }
        if json {
            let shown: Vec<_> = chains.iter().map(object).collect();
            writeln!(shell.output, "{}", Value::from(shown)).map_err(Failure::Output)?;
        } else {
            for chain in &chains {
                write!(shell.output, "{}", table::details(&lines(chain))).map_err(Failure::Output)?;
            }
        }
        if let Some(broken) = chains.iter().find_map(|chain| chain.broken.as_ref()) {
            return Err(Failure::Failed(format!("The audit log isn't what was written: {broken}.")));
        }
        if self.public_key.is_none() && !chains.is_empty() {
            shell.tell(
                "Proven by the key that stands in it. To prove also whose it is, give the key that you noted with --public-key.",
            );
        }
        Ok(())
    }

    async fn chains(&self, shell: &mut Shell<'_>) -> Result<Vec<Verification>, Failure> {
        if let Some(path) = &self.file {
            let unreadable = |error| Failure::Usage(format!("{} can't be read: {error}.", path.display()));
            let trusted = self.public_key.as_ref();
            let chain = if path.as_os_str() == "-" {
                verify_export(&mut *shell.input, trusted)
            } else {
                File::open(path).and_then(|file| verify_export(BufReader::new(file), trusted))
            };
            return Ok(vec![chain.map_err(unreadable)?]);
        }
        let pool = self.pool(shell).await?;
        let chains = match &self.public_key {
            Some(key) => verify_database_by(&pool, key).await,
            None => verify_database(&pool).await,
        };
        pool.close().await;
        chains.map_err(|error| Failure::Failed(format!("The database can't be read: {error}.")))
    }

    async fn pool(&self, shell: &Shell<'_>) -> Result<Pool, Failure> {
        let unreachable = |error| Failure::Unreachable(format!("The database can't be reached: {error}."));
        if let Some(folder) = &self.data_dir {
            let file = folder.join("keyward.db");
            // Opening would make it.
            if !file.exists() {
                return Err(Failure::Usage(format!("There is no database at {}.", file.display())));
            }
            return Pool::open_sqlite(&file).await.map_err(unreachable);
        }
        let Some(url) = self.database_url.as_ref().or(shell.database_url.as_ref()) else {
            return Err(Failure::Usage("Nothing to verify: name a file, --data-dir or --database-url.".into()));
        };
        Pool::connect_postgres(url.expose_secret()).await.map_err(unreachable)
    }
}

fn lines(chain: &Verification) -> Vec<(&'static str, String)> {
    let result = chain.broken.as_ref().map_or_else(|| "holds".to_owned(), |broken| format!("BROKEN at {broken}"));
    let mut lines = vec![
        ("organization", table::or_dash(Some(&chain.organization_id))),
        ("result", result),
        ("proven events", chain.events.to_string()),
    ];
    if chain.is_partial() {
        let before = if chain.begins_at_anchor() { "was deleted by retention" } else { "isn't here" };
        lines.push(("begins with", format!("event {}; what was before it {before}", chain.first_sequence)));
    }
    if let Some(head) = &chain.head {
        lines.push(("head", format!("event {}, {}", head.sequence, to_hex(&head.hash))));
        lines.push(("signed with", head.public_key.to_string()));
    }
    lines
}

fn object(chain: &Verification) -> Value {
    let head = chain.head.as_ref().map(|head| {
        json!({"sequence": head.sequence, "hash": to_hex(&head.hash), "public_key": head.public_key.to_string()})
    });
    let anchor = chain.anchor.as_ref().map(|anchor| json!({"sequence": anchor.sequence, "hash": to_hex(&anchor.hash)}));
    let broken = chain.broken.as_ref().map(|broken| {
        json!({"sequence": broken.sequence, "id": broken.id, "reason": broken.reason.code(), "message": broken.to_string()})
    });
    json!({
        "organization_id": chain.organization_id,
        "holds": chain.holds(),
        "first_sequence": chain.first_sequence,
        "anchor": anchor,
        "events": chain.events,
        "head": head,
        "broken": broken,
    })
}
