//! Everything that serves, in one process: the journal, the database, the key
//! index, the admin API and the gateway, started in this order and stopped in
//! the opposite one.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use keyward_access::TrustedProxies;
use keyward_api::Api;
use keyward_domain::Clock;
use keyward_gateway::{Gateway, GatewayOptions, GatewayParts, Running};
use keyward_provider::{
    Upstream,
    demo::Demo,
    http::{Client, ClientOptions, Tls},
};
use keyward_service::{
    Keyward,
    admin_key::keep_writing_uses,
    aggregate,
    mail::{self, Mailer},
    retention, session, spend_alert,
    sso::SsoClient,
};
use keyward_telemetry::{decisions::DecisionLog, journal::Journal};
use tokio::{runtime::Handle, sync::Notify};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    config::Settings,
    control::control_plane,
    identity_providers::IdentityProviders,
    installation, machine,
    mail::{MailSettings, SmtpMailer},
    metrics,
    model_lists::ProviderModels,
    system::SystemRandomness,
    tls::{self, Shown, TlsFiles},
};

/// How long administration that is under way may take once calls have ended.
const LAST_CHANGES: Duration = Duration::from_secs(10);

/// A Keyward that serves.
pub struct Server {
    /// Its services.
    pub keyward: Keyward,
    gateway: Running,
    metrics_address: Option<SocketAddr>,
    /// Wakes who looks after the listener's certificate.
    reload: Option<Arc<Notify>>,
    /// What links start with that lead to the listener itself.
    scheme: &'static str,
    /// Requests to the admin API that are under way.
    requests: TaskTracker,
    /// What runs by itself.
    background: TaskTracker,
    stop: CancellationToken,
}

impl Server {
    /// Starts serving. When this answers, calls are answered.
    pub async fn start(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Self> {
        let shown = settings.tls.as_ref().map(TlsFiles::load).transpose()?;
        if let Some(shown) = &shown {
            tls::tell(&shown.certificate, clock.now());
        }
        let metrics_listener = match settings.metrics_listen {
            Some(address) => Some(metrics::listen(address).await?),
            None => None,
        };
        installation::make_data_dir(settings)?;
        let journal = installation::open_journal(settings)?;
        let keyward = installation::open(settings, clock.clone(), Some(journal.clone())).await?;
        let (requests, background, stop) = (TaskTracker::new(), TaskTracker::new(), CancellationToken::new());
        let keyward = match &settings.mail {
            None => keyward,
            Some(mail) => send_mail(keyward, mail, clock.clone(), &background, &stop)?,
        };
        let decisions = (settings.decision_log_bytes > 0).then(|| Arc::new(DecisionLog::new(settings.cores)));
        let keyward = match &decisions {
            None => keyward,
            Some(log) => keyward.with_decisions(Arc::clone(log), settings.decision_log_bytes),
        };
        background.spawn({
            let (keyward, stop) = (keyward.clone(), stop.clone());
            async move { keyward.follow(stop).await }
        });
        background.spawn({
            let (keyward, stop) = (keyward.clone(), stop.clone());
            async move { keyward.keep_decisions(stop).await }
        });
        background.spawn({
            let (keyward, stop) = (keyward.clone(), stop.clone());
            async move { keyward.settle_until(stop).await }
        });
        background.spawn({
            let (keyward, stop) = (keyward.clone(), stop.clone());
            async move { keyward.keep_limits(stop).await }
        });
        background.spawn({
            let (keyward, stop) = (keyward.clone(), stop.clone());
            async move { keyward.keep_budgets(stop).await }
        });
        background.spawn(spend_alert::keep_watching(keyward.clone(), stop.clone()));
        background.spawn(keep_writing_uses(keyward.clone(), stop.clone()));
        background.spawn(aggregate::keep_writing(keyward.clone(), stop.clone()));
        background.spawn(session::keep_deleting_over(keyward.clone(), stop.clone()));
        background.spawn(retention::keep_running(keyward.clone(), stop.clone()));
        let logs = (journal, decisions);
        let gateway = start_gateway(settings, &keyward, clock.clone(), logs, &requests, shown.as_ref())?;
        let metrics_address = metrics_listener.as_ref().map(|listener| listener.local_addr()).transpose()?;
        if let Some(listener) = metrics_listener {
            background.spawn(metrics::serve(listener, gateway.metrics().clone(), keyward.clone(), stop.clone()));
        }
        let scheme = if shown.is_some() { "https" } else { "http" };
        let reload = shown.map(|shown| {
            let asked = Arc::new(Notify::new());
            background.spawn(tls::keep_fresh(shown, clock, Arc::clone(&asked), tls::PERIOD, stop.clone()));
            asked
        });
        Ok(Self { keyward, gateway, metrics_address, reload, scheme, requests, background, stop })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.gateway.local_address()
    }

    /// How programs on this machine reach it.
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address())
    }

    /// Where its metrics are told, if they are.
    pub const fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics_address
    }

    /// Reads the files of the certificate again, if there are any.
    pub fn reload(&self) {
        if let Some(asked) = &self.reload {
            asked.notify_one();
        }
    }

    /// Stops accepting, lets calls in flight finish within the drain time, and
    /// writes down what they used.
    pub async fn stop(self) -> Result<()> {
        let Self { keyward, gateway, requests, background, stop, .. } = self;
        gateway.shutdown();
        tokio::task::spawn_blocking(move || gateway.join()).await.context("the gateway didn't stop")?;
        requests.close();
        if tokio::time::timeout(LAST_CHANGES, requests.wait()).await.is_err() {
            tracing::warn!("administration that was under way is given up");
        }
        stop.cancel();
        background.close();
        background.wait().await;
        keyward.close().await;
        Ok(())
    }
}

/// Starts sending mail; answers the Keyward that does.
fn send_mail(
    keyward: Keyward,
    settings: &MailSettings,
    clock: Arc<dyn Clock>,
    background: &TaskTracker,
    stop: &CancellationToken,
) -> Result<Keyward> {
    let mailer: Arc<dyn Mailer> = Arc::new(SmtpMailer::new(settings, clock)?);
    let (outbox, queue) = mail::queue();
    let keyward = keyward.with_mail(outbox);
    background.spawn(spend_alert::keep_mailing(keyward.clone(), mailer.clone(), stop.clone()));
    background.spawn(mail::keep_sending(keyward.clone(), queue, mailer, mail::PAUSES, stop.clone()));
    Ok(keyward)
}

fn start_gateway(
    settings: &Settings,
    keyward: &Keyward,
    clock: Arc<dyn Clock>,
    (journal, decisions): (Arc<Journal>, Option<Arc<DecisionLog>>),
    requests: &TaskTracker,
    shown: Option<&Shown>,
) -> Result<Running> {
    let [connect, head, idle] = settings.upstream_timeouts.map(Duration::from_secs);
    let client = ClientOptions {
        allow_private: settings.allow_private_upstreams,
        connect_timeout: connect,
        head_timeout: head,
        idle_timeout: idle,
        ..ClientOptions::default()
    };
    let roots = Tls::native();
    let upstream = Upstream::new(Client::new(client.clone(), roots.clone()), Demo::new(clock.clone()));
    let identity_providers = Arc::new(IdentityProviders::new(&client, roots.clone()));
    let api = Api {
        keyward: keyward.clone(),
        models: Arc::new(ProviderModels(Arc::new(upstream))),
        sso: Arc::new(SsoClient::new(identity_providers, settings.allow_private_upstreams)),
    };
    let parts = GatewayParts {
        index: keyward.index().clone(),
        caps: keyward.request_caps(),
        limits: keyward.rate_limits(),
        budgets: keyward.call_budgets(),
        resources: Arc::new(keyward.clone()),
        journal,
        decisions,
        prices: Arc::default(),
        clock,
        ids: keyward.ids().clone(),
        randomness: Arc::new(SystemRandomness),
        tls: roots,
        certificate: shown.map(|shown| Arc::clone(&shown.certificate)),
        control: control_plane(api, Handle::current(), requests.clone()),
    };
    let [attempt_timeout, call_timeout] = settings.attempt_timeouts.map(Duration::from_secs);
    let max_connections = settings.max_connections.unwrap_or_else(|| machine::connections(machine::open_files()));
    let options = GatewayOptions {
        cores: settings.cores,
        trusted_proxies: TrustedProxies::new(settings.trusted_proxies.clone()),
        allowed_origins: settings.allowed_origins.clone(),
        body_limit: settings.max_body_bytes,
        body_time: Duration::from_secs(settings.body_timeout),
        bodies_limit: settings.max_bodies_bytes,
        cache_memory: settings.cache_memory,
        max_connections,
        max_connections_per_address: settings
            .max_connections_per_address
            .unwrap_or_else(|| machine::connections_per_address(max_connections)),
        drain: Duration::from_secs(settings.drain_timeout),
        client,
        attempt_timeout,
        call_timeout,
        ..GatewayOptions::new(settings.listen)
    };
    Ok(Gateway::start(parts, options)?)
}
