//! The name of an answer: a digest of everything that it depends on. What isn't
//! in here must not change an answer; what is in here too much only costs hits.

use http::HeaderMap;
use keyward_access::CredentialEntry;
use keyward_domain::id::ProjectId;
use keyward_provider::{Operation, headers::to_provider};
use sha2::{Digest, Sha256};

/// SHA-256: nobody finds two calls with one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Fingerprint(pub(super) [u8; 32]);

/// What an answer depends on.
#[derive(Clone, Copy)]
pub(super) struct Dependencies<'a> {
    pub(super) project: ProjectId,
    /// How often the project's cache was emptied.
    pub(super) generation: i64,
    pub(super) operation: Operation,
    pub(super) query: Option<&'a str>,
    /// The caller's; those that reach the provider count.
    pub(super) headers: &'a HeaderMap,
    /// Who is asked: another secret or base URL is another version of it.
    pub(super) credential: &'a CredentialEntry,
    /// The name of the model that is asked.
    pub(super) model: &'a str,
    /// The body's canonical form.
    pub(super) form: &'a [u8],
}

impl Fingerprint {
    pub(super) fn of(call: &Dependencies<'_>) -> Self {
        let mut digest = Sha256::new_with_prefix(b"keyward response cache 1\0");
        let mut put = |part: &[u8]| {
            digest.update((part.len() as u64).to_le_bytes());
            digest.update(part);
        };
        put(call.project.uuid().as_bytes());
        put(&call.generation.to_le_bytes());
        put(call.operation.path().as_bytes());
        put(&[u8::from(call.query.is_some())]);
        put(call.query.unwrap_or_default().as_bytes());
        put(call.credential.id.uuid().as_bytes());
        put(&call.credential.version.to_le_bytes());
        put(call.credential.base_url.as_deref().unwrap_or_default().as_bytes());
        put(call.model.as_bytes());
        let passing = to_provider(call.headers).map(|(name, _)| name);
        let mut names: Vec<_> = passing.filter(|name| !changes_nothing(name.as_str())).collect();
        names.sort_unstable_by_key(|name| name.as_str());
        names.dedup();
        put(&(names.len() as u64).to_le_bytes());
        for name in names {
            put(name.as_str().as_bytes());
            let values = call.headers.get_all(name);
            put(&(values.iter().count() as u64).to_le_bytes());
            values.iter().for_each(|value| put(value.as_bytes()));
        }
        put(call.form);
        Self(digest.finalize().into())
    }
}

/// Headers that reach the provider and don't change what it answers: they say
/// who asks, follow the call through other systems, or are for caches.
fn changes_nothing(name: &str) -> bool {
    matches!(
        name,
        "user-agent"
            | "content-type"
            | "cache-control"
            | "pragma"
            | "idempotency-key"
            | "traceparent"
            | "tracestate"
            | "baggage"
            | "b3"
            | "sentry-trace"
            | "uber-trace-id"
            | "x-cloud-trace-context"
            | "x-correlation-id"
            | "newrelic"
            | "date"
    ) || ["x-stainless-", "x-b3-", "x-datadog-"].iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use http::{HeaderName, HeaderValue};
    use keyward_domain::{credential::Aliases, id::CredentialId, provider::Provider, weight::Weight};
    use uuid::Uuid;

    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        headers
    }

    fn credential(id: u128, version: i64, base_url: Option<&str>) -> CredentialEntry {
        CredentialEntry {
            id: CredentialId::from_uuid(Uuid::from_u128(id)),
            version,
            provider: Provider::OpenAi,
            base_url: base_url.map(str::to_owned),
            secret: None,
            aliases: Aliases::default(),
            priority: 0,
            weight: Weight::default(),
            inherited: false,
        }
    }

    #[test]
    fn whatever_an_answer_depends_on_makes_another_name() {
        let (none, some) = (headers(&[]), headers(&[("accept", "a")]));
        let one = credential(1, 1, None);
        let call = Dependencies {
            project: ProjectId::from_uuid(Uuid::from_u128(1)),
            generation: 1,
            operation: Operation::Completions,
            query: None,
            headers: &none,
            credential: &one,
            model: "m",
            form: b"{}",
        };
        let mut names = HashSet::from([Fingerprint::of(&call)]);
        let mut is_new = |call: Dependencies<'_>| assert!(names.insert(Fingerprint::of(&call)));
        is_new(Dependencies { project: ProjectId::from_uuid(Uuid::from_u128(2)), ..call });
        is_new(Dependencies { generation: 2, ..call });
        is_new(Dependencies { operation: Operation::ChatCompletions, ..call });
        is_new(Dependencies { query: Some(""), ..call });
        is_new(Dependencies { query: Some("a"), ..call });
        is_new(Dependencies { headers: &some, ..call });
        for other in [credential(2, 1, None), credential(1, 2, None), credential(1, 1, Some("https://x"))] {
            is_new(Dependencies { credential: &other, ..call });
        }
        is_new(Dependencies { model: "n", ..call });
        // What stands at a border belongs to one side.
        is_new(Dependencies { model: "m{", form: b"}", ..call });
        is_new(Dependencies { model: "", form: b"m{}", ..call });
        assert!(!names.insert(Fingerprint::of(&call)));
    }

    #[test]
    fn headers_that_reach_the_provider_count_however_they_are_spread() {
        let one = credential(1, 1, None);
        let name = |lines: &[(&'static str, &'static str)]| {
            let headers = headers(lines);
            Fingerprint::of(&Dependencies {
                project: ProjectId::from_uuid(Uuid::from_u128(1)),
                generation: 1,
                operation: Operation::Messages,
                query: None,
                headers: &headers,
                credential: &one,
                model: "m",
                form: b"{}",
            })
        };
        let beta = [("anthropic-beta", "a"), ("accept", "b")];
        assert_eq!(name(&beta), name(&[("accept", "b"), ("anthropic-beta", "a")]));
        let unsaid = [
            ("authorization", "Bearer x"),
            ("cookie", "c"),
            ("user-agent", "u"),
            ("x-stainless-os", "o"),
            ("connection", "x-hop"),
            ("x-hop", "h"),
            ("x-forwarded-for", "f"),
            ("idempotency-key", "i"),
        ];
        assert_eq!(name(&[&beta[..], &unsaid].concat()), name(&beta));
        let different: [&[_]; 9] = [
            &[],
            &[("anthropic-beta", "a")],
            &[("anthropic-beta", "a,b")],
            &[("anthropic-beta", "a"), ("anthropic-beta", "b")],
            &[("anthropic-beta", "b"), ("anthropic-beta", "a")],
            &[("anthropic-beta", "aacceptb")],
            &[("anthropic-version", "a")],
            &[("x-whatever", "a")],
            &[("accept", "a")],
        ];
        let names: HashSet<_> = different.iter().map(|lines| name(lines)).collect();
        assert_eq!(names.len(), different.len());
    }
}
