//! `/metrics` for Prometheus, on a listener of its own: what it tells of the
//! traffic is for whoever runs Keyward. Nothing but this is answered there.

use std::{convert::Infallible, fmt, net::SocketAddr, time::Duration};

use anyhow::{Context, Result};
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use keyward_gateway::{Metrics, OVERHEAD_BUCKETS};
use keyward_service::Keyward;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabelSet, NoLabelSet, text},
    metrics::MetricType,
    registry::Registry,
};
use tokio::{net::TcpListener, task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;

/// What is answered in.
const TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// Connections at once: more than one or two collectors is a mistake.
const CONNECTIONS: usize = 16;
/// How long one of them may take for a request, and in all.
const HEAD: Duration = Duration::from_secs(10);
const CONNECTION: Duration = Duration::from_secs(300);

/// Everything that is told.
#[derive(Clone)]
struct Told {
    gateway: Metrics,
    keyward: Keyward,
}

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Told")
    }
}

/// Listens where the metrics are asked for.
pub async fn listen(address: SocketAddr) -> Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    listener
        .with_context(|| format!("can't listen on {address} for metrics: name another address with --metrics-listen"))
}

/// Answers until `stop`.
pub async fn serve(listener: TcpListener, gateway: Metrics, keyward: Keyward, stop: CancellationToken) {
    let told = Told { gateway, keyward };
    let mut connections = JoinSet::new();
    loop {
        let stream = tokio::select! {
            () = stop.cancelled() => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept(), if connections.len() < CONNECTIONS => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "a collector of metrics can't be let in");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        let told = told.clone();
        let service = service_fn(move |request| {
            let answer = answer(&told, &request);
            async { Ok::<_, Infallible>(answer) }
        });
        let serving = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .serve_connection(TokioIo::new(stream), service);
        connections.spawn(async move { drop(timeout(CONNECTION, serving).await) });
    }
}

fn answer(told: &Told, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let plain = |status, text: &'static str| {
        let mut answer = Response::new(Full::from(text));
        *answer.status_mut() = status;
        answer
    };
    if request.uri().path() != "/metrics" {
        return plain(StatusCode::NOT_FOUND, "Here is /metrics and nothing else.\n");
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return plain(StatusCode::METHOD_NOT_ALLOWED, "Use GET.\n");
    }
    let mut registry = Registry::default();
    registry.register_collector(Box::new(told.clone()));
    let mut body = String::new();
    if text::encode(&mut body, &registry).is_err() {
        return plain(StatusCode::INTERNAL_SERVER_ERROR, "The metrics can't be written down.\n");
    }
    let mut answer = Response::new(Full::from(body));
    answer.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(TYPE));
    answer
}

impl Collector for Told {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let now = self.gateway.snapshot();
        let out = &mut encoder;
        let requests = now
            .requests
            .iter()
            .map(|((route, class), count)| ([("route", route.as_str()), ("status", *class)], *count));
        counter(out, "keyward_requests", "Answered requests by route and class of status", requests)?;
        let refusals = now.refusals.iter().map(|(code, count)| ([("code", *code)], *count));
        counter(out, "keyward_refusals", "Requests that Keyward itself refused, by error.code", refusals)?;
        let shadow = now.shadow_refusals.iter().map(|(code, count)| ([("code", *code)], *count));
        let help =
            "Calls that limits and budgets in shadow mode would have refused, by the error.code they would have got";
        counter(out, "keyward_shadow_refusals", help, shadow)?;
        let errors = now.refusals.iter().filter(|(code, _)| code.starts_with("provider_"));
        let errors = errors.map(|(code, count)| ([("code", *code)], *count));
        counter(out, "keyward_provider_errors", "Calls without an answer of their provider, by error.code", errors)?;
        let answers = now.provider_answers.iter().map(|(class, count)| ([("status", *class)], *count));
        counter(out, "keyward_provider_answers", "Answers of providers by class of status", answers)?;
        let attempts = now.attempts.iter().map(|(outcome, count)| ([("outcome", *outcome)], *count));
        counter(out, "keyward_attempts", "Attempts at providers by how they ended; a call may take several", attempts)?;
        total(out, "keyward_connections", "Connections of callers that were let in", now.connections)?;
        let help = "Connections beyond max_connections or one address's share";
        total(out, "keyward_connections_refused", help, now.connections_refused)?;

        total(out, "keyward_cache_hits", "Calls that a response cache answered", now.cache_hits)?;
        let help = "Calls that a response cache would have answered if it had known the answer";
        total(out, "keyward_cache_misses", help, now.cache_misses)?;

        let help = "Calls of which it isn't kept why they were let through or refused, for want of room";
        total(out, "keyward_decisions_dropped", help, now.decisions_dropped)?;

        let open = i64::try_from(now.open_connections).unwrap_or(i64::MAX);
        let keys = i64::try_from(self.keyward.index().len()).unwrap_or(i64::MAX);
        let unsettled = i64::try_from(self.keyward.unsettled_bytes()).unwrap_or(i64::MAX);
        gauge(out, "keyward_open_connections", "Connections of callers that are open", open)?;
        gauge(out, "keyward_requests_in_flight", "Requests that are being answered", now.in_flight)?;
        let cached = i64::try_from(now.cache_bytes).unwrap_or(i64::MAX);
        gauge(out, "keyward_cache_bytes", "Answers in the response caches", cached)?;
        let open_circuits = i64::try_from(now.open_circuits).unwrap_or(i64::MAX);
        let help = "Credentials that calls of a project go round because of trouble";
        gauge(out, "keyward_open_circuits", help, open_circuits)?;
        gauge(out, "keyward_index_keys", "API keys in memory", keys)?;
        let age = self.keyward.index_age_ms().max(0);
        gauge(out, "keyward_index_age_milliseconds", "Since the keys in memory were last known to be complete", age)?;
        gauge(out, "keyward_journal_unsettled_bytes", "Usage that isn't in the database yet, about", unsettled)?;

        let seconds = |microseconds: u64| Duration::from_micros(microseconds).as_secs_f64();
        let ends = OVERHEAD_BUCKETS.iter().map(|end| seconds(*end)).chain([f64::INFINITY]);
        let buckets: Vec<_> = ends.zip(now.overhead).collect();
        let help = "Keyward's own share of the time of calls to providers";
        let name = "keyward_overhead_seconds";
        encoder.encode_descriptor(name, help, None, MetricType::Histogram)?.encode_histogram::<NoLabelSet>(
            seconds(now.overhead_sum),
            now.overhead.iter().sum(),
            &buckets,
            None,
        )
    }
}

fn counter<L: EncodeLabelSet>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    values: impl IntoIterator<Item = (L, u64)>,
) -> fmt::Result {
    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    for (labels, value) in values {
        metric.encode_family(&labels)?.encode_counter::<NoLabelSet, _, f64>(&value, None)?;
    }
    Ok(())
}

fn total(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> fmt::Result {
    encoder.encode_descriptor(name, help, None, MetricType::Counter)?.encode_counter::<NoLabelSet, _, f64>(&value, None)
}

fn gauge(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: i64) -> fmt::Result {
    encoder.encode_descriptor(name, help, None, MetricType::Gauge)?.encode_gauge(&value)
}
