//! Every setting: its name, its meaning, its default, in one table. A flag
//! stands above a `KEYWARD_…` variable, that above `keyward.toml`, that above
//! the default. An unknown or wrong one stops the start with its name.

use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use ipnet::IpNet;
use keyward_domain::api_key::Origin;
use keyward_service::MasterKey;
use serde::Deserialize;
use url::Url;

use crate::{machine, mail::MailSettings, tls::TlsFiles};

/// Variables that start with `KEYWARD_` and are no settings.
const OTHER_VARIABLES: &[&str] =
    &["KEYWARD_CONFIG", "KEYWARD_MASTER_KEY", "KEYWARD_URL", "KEYWARD_ADMIN_KEY", "KEYWARD_ADMIN_KEY_FILE"];

macro_rules! settings {
    ($($(#[doc = $doc:literal])* $name:ident: $kind:ty, $variable:literal, $shown:literal;)*) => {
        /// What flags, variables or the file say; `None` where they are silent.
        #[derive(Debug, Clone, Default, clap::Args, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct Given {
            $($(#[doc = $doc])* #[arg(long, env = $variable, value_name = "VALUE", hide_env_values = true)] pub $name: Option<$kind>,)*
        }

        impl Given {
            /// What is said here, else what `below` says.
            fn or(self, below: Self) -> Self {
                Self { $($name: self.$name.or(below.$name),)* }
            }
        }

        const VARIABLES: &[&str] = &[$($variable),*];

        /// A commented `keyward.toml` with every setting at its default.
        pub fn template() -> String {
            let mut text = String::from(
                "# Keyward's settings. A flag (--listen) stands above a variable (KEYWARD_LISTEN),\n\
                 # that above this file. What stands here behind # is the default.\n",
            );
            $(
                text.push('\n');
                $(text.push_str("# "); text.push_str($doc.trim()); text.push('\n');)*
                text.push_str(concat!("# ", stringify!($name), " = ", $shown, "\n"));
            )*
            text.push_str(
                "\n# The master key itself (base64 of 32 bytes) is taken from the variable\n\
                 # KEYWARD_MASTER_KEY alone, so that it stands in no file but its own.\n",
            );
            text
        }
    };
}

settings! {
    /// Address and port to listen on.
    listen: SocketAddr, "KEYWARD_LISTEN", "\"127.0.0.1:8080\"";
    /// File of the certificate that callers are shown, and of those that signed it, in PEM: with it Keyward speaks HTTPS only. Read again when it changes, and on SIGHUP.
    tls_certificate: PathBuf, "KEYWARD_TLS_CERTIFICATE", "\"\"";
    /// File of its private key, in PEM without a password.
    tls_key: PathBuf, "KEYWARD_TLS_KEY", "\"\"";
    /// Where people and identity providers reach Keyward, such as https://keyward.example.com: what links start with. Empty: http:// (or https://) and listen.
    public_url: String, "KEYWARD_PUBLIC_URL", "\"\"";
    /// Folder of the embedded database, the master key and the usage journal; made if missing.
    data_dir: PathBuf, "KEYWARD_DATA_DIR", "\"./data\"";
    /// PostgreSQL instead of the embedded database: postgres://user:password@host/database
    database_url: String, "KEYWARD_DATABASE_URL", "\"\"";
    /// File of the master key; made for a new database.
    master_key_file: PathBuf, "KEYWARD_MASTER_KEY_FILE", "\"<data_dir>/master.key\"";
    /// Mail server for invitations, password resets and spend alerts: smtps://user:password@host or smtp://host?tls=required (or none). Without one, links are shown to whoever makes them, and nobody is told of spend alerts.
    smtp_url: String, "KEYWARD_SMTP_URL", "\"\"";
    /// Sender of these mails, such as Keyward <keyward@example.com>.
    mail_from: String, "KEYWARD_MAIL_FROM", "\"\"";
    /// Address and port of /metrics for Prometheus, in plain HTTP; empty: there is none. Keep it from callers.
    metrics_listen: String, "KEYWARD_METRICS_LISTEN", "\"\"";
    /// Threads that serve calls; 0 is one a processor.
    cores: usize, "KEYWARD_CORES", "0";
    /// Whether providers may stand at private, loopback or link-local addresses.
    allow_private_upstreams: bool, "KEYWARD_ALLOW_PRIVATE_UPSTREAMS", "false";
    /// Networks of proxies whose X-Forwarded-For is believed.
    trusted_proxies: List, "KEYWARD_TRUSTED_PROXIES", "[]";
    /// Web origins that may call from a browser, besides those that API keys name.
    allowed_origins: List, "KEYWARD_ALLOWED_ORIGINS", "[]";
    /// Largest body of a call, in bytes.
    max_body_bytes: usize, "KEYWARD_MAX_BODY_BYTES", "20971520";
    /// Request bodies that all calls hold at once, in bytes; 0 is a quarter of the memory.
    max_bodies_bytes: usize, "KEYWARD_MAX_BODIES_BYTES", "0";
    /// Memory of all projects' response caches, in bytes; 0: nothing is kept.
    cache_memory: usize, "KEYWARD_CACHE_MEMORY", "67108864";
    /// What the database keeps of why calls were let through or refused, in bytes; 0: nothing is noted.
    decision_log_bytes: u64, "KEYWARD_DECISION_LOG_BYTES", "268435456";
    /// Seconds that a request's body may take to be whole.
    body_timeout: u64, "KEYWARD_BODY_TIMEOUT", "600";
    /// Connections that may be open at once; 0 is what the limit of open files (ulimit -n) allows.
    max_connections: usize, "KEYWARD_MAX_CONNECTIONS", "0";
    /// Connections that one address may have open, unless it is a trusted proxy; 0 is a quarter of all.
    max_connections_per_address: usize, "KEYWARD_MAX_CONNECTIONS_PER_ADDRESS", "0";
    /// Seconds to wait for a connection to a provider.
    connect_timeout: u64, "KEYWARD_CONNECT_TIMEOUT", "10";
    /// Seconds to wait for a provider's answer to begin.
    response_timeout: u64, "KEYWARD_RESPONSE_TIMEOUT", "600";
    /// Seconds after which another credential is asked, where there is one, if a provider's answer hasn't begun.
    attempt_timeout: u64, "KEYWARD_ATTEMPT_TIMEOUT", "600";
    /// Seconds that all attempts of a call may take until an answer begins. Answers that have begun take as long as they flow.
    call_timeout: u64, "KEYWARD_CALL_TIMEOUT", "900";
    /// Seconds that an answer may pause.
    idle_timeout: u64, "KEYWARD_IDLE_TIMEOUT", "300";
    /// Seconds that calls in flight may still take after SIGTERM.
    drain_timeout: u64, "KEYWARD_DRAIN_TIMEOUT", "30";
    /// What is logged: error, warn, info, debug, or directives such as info,keyward_gateway=debug
    log_level: String, "KEYWARD_LOG_LEVEL", "\"info\"";
    /// How it is logged: human or json.
    log_format: String, "KEYWARD_LOG_FORMAT", "\"human\"";
}

/// Several values: `a,b` in a flag or variable, `["a", "b"]` in the file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct List(pub Vec<String>);

impl std::str::FromStr for List {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        Ok(Self(text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()))
    }
}

/// Every setting, decided and checked.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where to listen.
    pub listen: SocketAddr,
    /// The certificate of the listener, if it speaks TLS.
    pub tls: Option<TlsFiles>,
    /// What links start with, without a slash at the end.
    pub public_url: String,
    /// The data folder.
    pub data_dir: PathBuf,
    /// PostgreSQL, if any.
    pub database_url: Option<String>,
    /// The master key, if given itself.
    pub master_key: Option<MasterKey>,
    /// Where it stands otherwise.
    pub master_key_file: PathBuf,
    /// How mail is sent, if it is.
    pub mail: Option<MailSettings>,
    /// Where metrics are told, if anywhere.
    pub metrics_listen: Option<SocketAddr>,
    /// Threads that serve calls.
    pub cores: usize,
    /// Whether providers may be at private addresses.
    pub allow_private_upstreams: bool,
    /// Proxies that are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Origins that may call.
    pub allowed_origins: Vec<Box<str>>,
    /// Largest body, in bytes.
    pub max_body_bytes: usize,
    /// Bytes of bodies held at once.
    pub max_bodies_bytes: usize,
    /// Bytes of answers in response caches.
    pub cache_memory: usize,
    /// Bytes of decisions in the database.
    pub decision_log_bytes: u64,
    /// Seconds for a body.
    pub body_timeout: u64,
    /// Connections in all, if decided.
    pub max_connections: Option<usize>,
    /// Connections of one address, if decided.
    pub max_connections_per_address: Option<usize>,
    /// Seconds for connecting to a provider, for its head, between its bytes.
    pub upstream_timeouts: [u64; 3],
    /// Seconds for one attempt of several, and for all of a call.
    pub attempt_timeouts: [u64; 2],
    /// Seconds to drain.
    pub drain_timeout: u64,
    /// What is logged.
    pub log_level: String,
    /// Whether as JSON.
    pub log_json: bool,
}

impl Settings {
    /// Decides every setting. `file` is the file named by `--config`;
    /// `./keyward.toml` is read if there is one and no other is named.
    pub fn read(given: Given, file: Option<&Path>, variables: impl Iterator<Item = (String, String)>) -> Result<Self> {
        let mut master_key = None;
        for (name, value) in
            variables.filter(|(name, _)| name.starts_with("KEYWARD_") && !name.starts_with("KEYWARD_TEST_"))
        {
            if name == "KEYWARD_MASTER_KEY" {
                let key = MasterKey::from_base64(&value)
                    .context("KEYWARD_MASTER_KEY isn't base64 of 32 bytes; make one with: openssl rand -base64 32")?;
                master_key = Some(key);
            } else if !VARIABLES.contains(&name.as_str()) && !OTHER_VARIABLES.contains(&name.as_str()) {
                bail!("{name} is no setting of Keyward. `keyward config` prints them all.");
            }
        }
        Self::decide(given.or(read_file(file)?), master_key)
    }

    /// Decides every setting by what is given alone.
    pub fn decide(given: Given, master_key: Option<MasterKey>) -> Result<Self> {
        let data_dir = given.data_dir.unwrap_or_else(|| "./data".into());
        let log_json = match given.log_format.as_deref() {
            None | Some("human") => false,
            Some("json") => true,
            Some(other) => bail!("log_format is {other:?}: it must be human or json"),
        };
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let max_body_bytes = given.max_body_bytes.unwrap_or(20 << 20);
        if !(1024..=1 << 30).contains(&max_body_bytes) {
            bail!("max_body_bytes is {max_body_bytes}: it must be 1024 to 1073741824 (1 GiB)");
        }
        let decided = |number: Option<usize>| number.filter(|number| *number > 0);
        let max_bodies_bytes = decided(given.max_bodies_bytes).unwrap_or_else(|| machine::bodies().max(max_body_bytes));
        if max_bodies_bytes < max_body_bytes {
            bail!(
                "max_bodies_bytes is {max_bodies_bytes}: it must be at least max_body_bytes ({max_body_bytes}), or 0"
            );
        }
        let cache_memory = given.cache_memory.unwrap_or(64 << 20);
        if (1..1 << 20).contains(&cache_memory) {
            bail!("cache_memory is {cache_memory}: it must be at least 1048576 bytes (1 MiB), or 0 to keep nothing");
        }
        let decision_log_bytes = given.decision_log_bytes.unwrap_or(256 << 20);
        if (1..1 << 20).contains(&decision_log_bytes) {
            bail!(
                "decision_log_bytes is {decision_log_bytes}: it must be at least 1048576 bytes (1 MiB), or 0 to note nothing"
            );
        }
        let listen = given.listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080)));
        let tls = tls_files(given.tls_certificate, given.tls_key)?;
        Ok(Self {
            listen,
            public_url: public_url(given.public_url.as_deref(), listen, tls.is_some())?,
            tls,
            database_url: given.database_url.filter(|url| !url.is_empty()).map(check_database_url).transpose()?,
            master_key,
            master_key_file: given.master_key_file.unwrap_or_else(|| data_dir.join("master.key")),
            data_dir,
            mail: MailSettings::read(given.smtp_url.as_deref(), given.mail_from.as_deref())?,
            metrics_listen: metrics_listen(given.metrics_listen.as_deref())?,
            cores: given.cores.filter(|cores| *cores > 0).unwrap_or(processors).min(256),
            allow_private_upstreams: given.allow_private_upstreams.unwrap_or(false),
            trusted_proxies: networks(&given.trusted_proxies.unwrap_or_default())?,
            allowed_origins: origins(&given.allowed_origins.unwrap_or_default())?,
            max_body_bytes,
            max_bodies_bytes,
            cache_memory,
            decision_log_bytes,
            body_timeout: seconds("body_timeout", given.body_timeout, 600)?,
            max_connections: decided(given.max_connections),
            max_connections_per_address: decided(given.max_connections_per_address),
            upstream_timeouts: [
                seconds("connect_timeout", given.connect_timeout, 10)?,
                seconds("response_timeout", given.response_timeout, 600)?,
                seconds("idle_timeout", given.idle_timeout, 300)?,
            ],
            attempt_timeouts: [
                seconds("attempt_timeout", given.attempt_timeout, 600)?,
                seconds("call_timeout", given.call_timeout, 900)?,
            ],
            drain_timeout: seconds("drain_timeout", given.drain_timeout, 30)?,
            log_level: given.log_level.unwrap_or_else(|| "info".into()),
            log_json,
        })
    }
}

fn metrics_listen(given: Option<&str>) -> Result<Option<SocketAddr>> {
    let parse = |text: &str| {
        let address = text.parse().ok();
        address.with_context(|| {
            format!("metrics_listen is {text:?}: it must be an address and a port, such as 127.0.0.1:9464")
        })
    };
    given.filter(|text| !text.is_empty()).map(parse).transpose()
}

fn tls_files(certificate: Option<PathBuf>, key: Option<PathBuf>) -> Result<Option<TlsFiles>> {
    let given = |file: Option<PathBuf>| file.filter(|file| !file.as_os_str().is_empty());
    match (given(certificate), given(key)) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => Ok(Some(TlsFiles { certificate, key })),
        (Some(_), None) => bail!("tls_certificate is given without tls_key: TLS needs both files"),
        (None, Some(_)) => bail!("tls_key is given without tls_certificate: TLS needs both files"),
    }
}

fn public_url(given: Option<&str>, listen: SocketAddr, is_secure: bool) -> Result<String> {
    let scheme = if is_secure { "https" } else { "http" };
    let Some(text) = given.filter(|text| !text.is_empty()) else { return Ok(format!("{scheme}://{listen}")) };
    let url = Url::parse(text).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
    });
    let url = url.with_context(|| format!("public_url is {text:?}: it must be like https://keyward.example.com"))?;
    Ok(url.origin().ascii_serialization())
}

fn read_file(named: Option<&Path>) -> Result<Given> {
    let path = named.unwrap_or_else(|| Path::new("keyward.toml"));
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => return Ok(Given::default()),
        Err(error) => return Err(error).with_context(|| format!("the settings in {} can't be read", path.display())),
    };
    toml::from_str(&text).with_context(|| format!("{} holds a wrong setting", path.display()))
}

fn seconds(name: &str, given: Option<u64>, default: u64) -> Result<u64> {
    match given.unwrap_or(default) {
        seconds @ 1..=86_400 => Ok(seconds),
        other => bail!("{name} is {other}: it must be 1 to 86400 seconds"),
    }
}

fn check_database_url(url: String) -> Result<String> {
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return Ok(url);
    }
    bail!("database_url must start with postgres:// (leave it out for the embedded database in data_dir)")
}

fn networks(list: &List) -> Result<Vec<IpNet>> {
    let read = |text: &String| {
        let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        network.with_context(|| {
            format!("trusted_proxies holds {text:?}, which is neither an address nor a network such as 10.0.0.0/8")
        })
    };
    list.0.iter().map(read).collect()
}

fn origins(list: &List) -> Result<Vec<Box<str>>> {
    list.0.iter().map(|text| Ok(Origin::parse("allowed_origins", text).map(|origin| origin.as_str().into())?)).collect()
}

#[cfg(test)]
mod tests;
