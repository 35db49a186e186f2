//! What a call leaves behind, and its bytes. The layout only ever grows at the
//! end: a reader takes the fields that it knows and skips the rest, so adding
//! a field is a new minor version and changing one is a new major version.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
};

use keyward_domain::usage::{CallKind, ServiceTier};
use uuid::Uuid;

/// Bytes of a record of the first minor version, which readers still meet:
/// time 8, key 16, project 16, credential 16, address 16, requests 4,
/// input, output, cached input and reasoning tokens 8 each, flags 1.
pub(super) const FIRST_RECORD_BYTES: usize = 109;

/// Bytes of a record of minor version 1, which added: tokens written to the
/// cache, of those for an hour, of audio in and out 8 each, cost 8, kind 1,
/// service tier 1, flags 1, length of the model's name 1, that name 128.
pub(super) const SECOND_RECORD_BYTES: usize = FIRST_RECORD_BYTES + 172;

/// Minor version 2 added: flags 1, when the call was let through 8, what is held
/// back for it 8.
pub(super) const THIRD_RECORD_BYTES: usize = SECOND_RECORD_BYTES + 17;

/// Minor version 3 added: the resource whose use it tells 16, calls of a batch 4.
pub(super) const RECORD_BYTES: usize = THIRD_RECORD_BYTES + 20;

const HAS_CREDENTIAL: u8 = 1;
const HAS_IP: u8 = 1 << 1;
const IP_IS_V4: u8 = 1 << 2;
const PREVIOUS_SECRET: u8 = 1 << 3;
const SENT: u8 = 1 << 4;

/// In the flags of minor version 1.
const HAS_COST: u8 = 1;

/// In the flags of minor version 2.
const CACHED: u8 = 1;
const ESTIMATED: u8 = 1 << 1;
const HOLD_STAYS: u8 = 1 << 2;

/// A provider and its model, as `openai/gpt-4o`. What is too long is cut.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ModelName {
    length: u8,
    bytes: [u8; Self::MAX],
}

impl ModelName {
    /// The longest one, in bytes.
    pub const MAX: usize = 128;

    /// Takes a provider's name and that of its model.
    pub fn of(provider: &str, model: &str) -> Self {
        let mut name = Self::default();
        for text in [provider, "/", model] {
            let left = Self::MAX - usize::from(name.length);
            let end = text.floor_char_boundary(left);
            let (from, text) = (usize::from(name.length), text.as_bytes().get(..end).unwrap_or_default());
            if let Some(place) = name.bytes.get_mut(from..from + text.len()) {
                place.copy_from_slice(text);
                name.length += text.len() as u8;
            }
        }
        name
    }

    /// The provider and the model; `None` where the record says nothing of them.
    pub fn parts(&self) -> Option<(&str, &str)> {
        std::str::from_utf8(self.bytes.get(..usize::from(self.length))?).ok()?.split_once('/')
    }
}

impl Default for ModelName {
    fn default() -> Self {
        Self { length: 0, bytes: [0; Self::MAX] }
    }
}

impl fmt::Debug for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.parts(), f)
    }
}

/// What one call adds to the counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct UsageRecord {
    /// When the call ended, in milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
    /// The API key that the call was made with.
    pub api_key: Uuid,
    /// The key's project.
    pub project: Uuid,
    /// The credential that the call went out with, if one was chosen.
    pub credential: Option<Uuid>,
    /// What to add to the key's request count: 1 for a call, 0 if it was
    /// counted at admission, -1 if that count is given back.
    pub requests: i32,
    /// Input tokens as the provider reported them, cached ones included.
    pub input_tokens: u64,
    /// Output tokens as the provider reported them, reasoning included.
    pub output_tokens: u64,
    /// Of the input tokens, those read from the provider's cache.
    pub cached_input_tokens: u64,
    /// Of the output tokens, those spent on reasoning.
    pub reasoning_tokens: u64,
    /// The caller's address, where it is known.
    pub ip: Option<IpAddr>,
    /// Whether the older of two secrets was used, during a rotation's overlap.
    pub previous_secret: bool,
    /// Whether anything was sent to the provider.
    pub sent: bool,
    /// Of the input tokens, those written to the provider's cache.
    pub cache_write_tokens: u64,
    /// Of those, the ones kept for an hour.
    pub cache_write_hour_tokens: u64,
    /// Of the input tokens, those of audio.
    pub input_audio_tokens: u64,
    /// Of the output tokens, those of audio.
    pub output_audio_tokens: u64,
    /// What the call cost, in nanodollars; `None` where nobody knows.
    pub cost_nanos: Option<i64>,
    /// What kind of call it was.
    pub kind: CallKind,
    /// The service tier that the provider named.
    pub tier: ServiceTier,
    /// Who was asked for which model.
    pub model: ModelName,
    /// Whether Keyward's cache answered: nothing was sent.
    pub cached: bool,
    /// When the call was let through, in milliseconds since 1970; 0 where an
    /// older program wrote.
    pub let_through_ms: i64,
    /// What its budgets hold back for the call, in nanodollars: until now, if it
    /// was sent, from now on, if it wasn't. Negative: that is given back.
    pub reserved_nanos: i64,
    /// The provider didn't say what was used: Keyward counted it.
    pub estimated: bool,
    /// What was held back for the call stays charged to its budgets, whatever it
    /// cost.
    pub hold_stays: bool,
    /// Whose use it tells, where several answers may tell it: a batch's, or that
    /// of a response in the background. Tokens and cost count unless another
    /// record told them before. What isn't `sent` is no call of the key's: a later
    /// answer told it.
    pub resource: Option<Uuid>,
    /// Of how many calls of a batch the use is.
    pub batch_calls: u32,
}

impl UsageRecord {
    pub(super) fn encode(&self) -> [u8; RECORD_BYTES] {
        let mut bytes = [0; RECORD_BYTES];
        let mut at = 0;
        let mut put = |field: &[u8]| {
            bytes[at..at + field.len()].copy_from_slice(field);
            at += field.len();
        };
        put(&self.at_ms.to_le_bytes());
        put(self.api_key.as_bytes());
        put(self.project.as_bytes());
        put(self.credential.unwrap_or(Uuid::nil()).as_bytes());
        put(&match self.ip {
            Some(IpAddr::V4(ip)) => ip.to_ipv6_mapped().octets(),
            Some(IpAddr::V6(ip)) => ip.octets(),
            None => [0; 16],
        });
        put(&self.requests.to_le_bytes());
        put(&self.input_tokens.to_le_bytes());
        put(&self.output_tokens.to_le_bytes());
        put(&self.cached_input_tokens.to_le_bytes());
        put(&self.reasoning_tokens.to_le_bytes());
        put(&[self.flags()]);
        put(&self.cache_write_tokens.to_le_bytes());
        put(&self.cache_write_hour_tokens.to_le_bytes());
        put(&self.input_audio_tokens.to_le_bytes());
        put(&self.output_audio_tokens.to_le_bytes());
        put(&self.cost_nanos.unwrap_or(0).to_le_bytes());
        let has_cost = if self.cost_nanos.is_some() { HAS_COST } else { 0 };
        put(&[self.kind.code(), self.tier.code(), has_cost, self.model.length]);
        put(&self.model.bytes);
        put(&[self.newest_flags()]);
        put(&self.let_through_ms.to_le_bytes());
        put(&self.reserved_nanos.to_le_bytes());
        put(self.resource.unwrap_or(Uuid::nil()).as_bytes());
        put(&self.batch_calls.to_le_bytes());
        bytes
    }

    fn flags(&self) -> u8 {
        let flag = |set: bool, bit: u8| if set { bit } else { 0 };
        flag(self.credential.is_some(), HAS_CREDENTIAL)
            | flag(self.ip.is_some(), HAS_IP)
            | flag(matches!(self.ip, Some(IpAddr::V4(_))), IP_IS_V4)
            | flag(self.previous_secret, PREVIOUS_SECRET)
            | flag(self.sent, SENT)
    }

    fn newest_flags(&self) -> u8 {
        let flags = [(self.cached, CACHED), (self.estimated, ESTIMATED), (self.hold_stays, HOLD_STAYS)];
        flags.into_iter().fold(0, |flags, (set, bit)| if set { flags | bit } else { flags })
    }

    /// Whether a later answer told it: no call of the key's.
    pub const fn is_told_later(&self) -> bool {
        self.resource.is_some() && !self.sent
    }

    /// The same without what was used.
    #[must_use]
    pub fn without_use(self) -> Self {
        Self {
            input_tokens: 0,
            output_tokens: 0,
            cached_input_tokens: 0,
            reasoning_tokens: 0,
            cache_write_tokens: 0,
            cache_write_hour_tokens: 0,
            input_audio_tokens: 0,
            output_audio_tokens: 0,
            cost_nanos: Some(0),
            estimated: false,
            batch_calls: 0,
            ..self
        }
    }

    /// Reads the known fields; bytes behind them belong to newer versions.
    /// `None` if there are too few.
    pub(super) fn decode(mut bytes: &[u8]) -> Option<Self> {
        let input = &mut bytes;
        let at_ms = i64::from_le_bytes(take(input)?);
        let api_key = Uuid::from_bytes(take(input)?);
        let project = Uuid::from_bytes(take(input)?);
        let credential = Uuid::from_bytes(take(input)?);
        let ip = Ipv6Addr::from(take::<16>(input)?);
        let requests = i32::from_le_bytes(take(input)?);
        let input_tokens = u64::from_le_bytes(take(input)?);
        let output_tokens = u64::from_le_bytes(take(input)?);
        let cached_input_tokens = u64::from_le_bytes(take(input)?);
        let reasoning_tokens = u64::from_le_bytes(take(input)?);
        let [flags] = take(input)?;
        let is = |bit: u8| flags & bit != 0;
        let ip = match ip.to_ipv4_mapped() {
            Some(v4) if is(IP_IS_V4) => IpAddr::V4(v4),
            _ => IpAddr::V6(ip),
        };
        let added = Added::decode(input).unwrap_or_default();
        let mut number = || take(input).map_or(0, i64::from_le_bytes);
        let (let_through_ms, reserved_nanos) = (number(), number());
        let resource = Uuid::from_bytes(take(input).unwrap_or_default());
        let batch_calls = take(input).map_or(0, u32::from_le_bytes);
        Some(Self {
            at_ms,
            api_key,
            project,
            credential: is(HAS_CREDENTIAL).then_some(credential),
            requests,
            input_tokens,
            output_tokens,
            cached_input_tokens,
            reasoning_tokens,
            ip: is(HAS_IP).then_some(ip),
            previous_secret: is(PREVIOUS_SECRET),
            sent: is(SENT),
            cache_write_tokens: added.tokens[0],
            cache_write_hour_tokens: added.tokens[1],
            input_audio_tokens: added.tokens[2],
            output_audio_tokens: added.tokens[3],
            cost_nanos: added.cost_nanos,
            kind: added.kind,
            tier: added.tier,
            model: added.model,
            cached: added.flags & CACHED != 0,
            let_through_ms,
            reserved_nanos,
            estimated: added.flags & ESTIMATED != 0,
            hold_stays: added.flags & HOLD_STAYS != 0,
            resource: (!resource.is_nil()).then_some(resource),
            batch_calls,
        })
    }
}

/// What minor versions added; as it is by default where an older program wrote.
#[derive(Default)]
struct Added {
    tokens: [u64; 4],
    cost_nanos: Option<i64>,
    kind: CallKind,
    tier: ServiceTier,
    model: ModelName,
    flags: u8,
}

impl Added {
    fn decode(input: &mut &[u8]) -> Option<Self> {
        let mut tokens = [0; 4];
        for count in &mut tokens {
            *count = u64::from_le_bytes(take(input)?);
        }
        let cost = i64::from_le_bytes(take(input)?);
        let [kind, tier, flags, length] = take(input)?;
        let model = ModelName { length, bytes: take(input)? };
        let [newest_flags] = take(input).unwrap_or_default();
        Some(Self {
            tokens,
            cost_nanos: (flags & HAS_COST != 0).then_some(cost),
            kind: CallKind::from_code(kind),
            tier: ServiceTier::from_code(tier),
            model,
            flags: newest_flags,
        })
    }
}

/// Takes the next `N` bytes off the front.
pub(super) fn take<const N: usize>(input: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = input.split_first_chunk()?;
    *input = rest;
    Some(*head)
}
