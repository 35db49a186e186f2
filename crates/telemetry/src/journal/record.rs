//! What a call leaves behind, and its bytes. The layout only ever grows at the
//! end: a reader takes the fields that it knows and skips the rest, so adding
//! a field is a new minor version and changing one is a new major version.

use std::net::{IpAddr, Ipv6Addr};

use uuid::Uuid;

/// Bytes of an encoded record:
/// time 8, key 16, project 16, credential 16, address 16, requests 4,
/// input, output, cached input and reasoning tokens 8 each, flags 1.
pub(super) const RECORD_BYTES: usize = 109;

const HAS_CREDENTIAL: u8 = 1;
const HAS_IP: u8 = 1 << 1;
const IP_IS_V4: u8 = 1 << 2;
const PREVIOUS_SECRET: u8 = 1 << 3;
const SENT: u8 = 1 << 4;

/// What one call adds to the counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
        })
    }
}

/// Takes the next `N` bytes off the front.
pub(super) fn take<const N: usize>(input: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = input.split_first_chunk()?;
    *input = rest;
    Some(*head)
}
