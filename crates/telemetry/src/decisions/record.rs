//! One decision's bytes: a head of fixed length, then fields, each with its tag
//! and its length. A reader skips fields that it doesn't know, so adding one
//! breaks nobody; what a field means never changes.

use keyward_domain::{
    budget::BudgetWindow,
    decision::{BudgetMet, Check, Decision, Held, LimitMet, Reason, Verdict},
    id::{ApiKeyId, CredentialId, OrganizationId, ProjectId, RequestId},
    limit::Measure,
};
use uuid::Uuid;

/// Request, organization, project and key 16 bytes each, verdict 1, status 2,
/// attempts 1.
const HEAD: usize = 4 * 16 + 4;
/// A length in front of each record.
const LENGTH: usize = 4;

const METHOD: u8 = 1;
const PATH: u8 = 2;
const MODEL: u8 = 3;
const CHECK: u8 = 4;
const CODE: u8 = 5;
const MESSAGE: u8 = 6;
const PARAM: u8 = 7;
const CREDENTIAL: u8 = 8;
const CACHED: u8 = 9;
const LIMIT: u8 = 10;
const BUDGET: u8 = 11;
/// Of the limit in front of it: it is in shadow mode, and would have refused (1) or not (0).
const LIMIT_SHADOW: u8 = 12;
/// The same of the budget in front of it.
const BUDGET_SHADOW: u8 = 13;

/// The longest text of a field, in bytes; what is longer is cut. A caller writes
/// paths and models.
const MAX_TEXT: usize = 512;
/// The longest name of a model, in bytes.
const MAX_MODEL: usize = 128;

/// What every decision has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The call.
    pub request: RequestId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// In which project.
    pub project: ProjectId,
    /// With which key.
    pub key: ApiKeyId,
    /// What became of it.
    pub verdict: Verdict,
    /// The status of its answer.
    pub status: u16,
    /// How often providers were asked.
    pub attempts: u8,
}

/// Writes one decision.
#[derive(Debug)]
pub struct Writer<'a> {
    bytes: &'a mut Vec<u8>,
    start: usize,
}

impl<'a> Writer<'a> {
    pub(super) fn begin(bytes: &'a mut Vec<u8>, head: &Head) -> Self {
        let start = bytes.len();
        bytes.extend_from_slice(&[0; LENGTH]);
        for id in [head.request.uuid(), head.organization.uuid(), head.project.uuid(), head.key.uuid()] {
            bytes.extend_from_slice(id.as_bytes());
        }
        bytes.push(head.verdict as u8);
        bytes.extend_from_slice(&head.status.to_le_bytes());
        bytes.push(head.attempts);
        Self { bytes, start }
    }

    pub(super) fn end(self) {
        let length = self.bytes.len() - self.start - LENGTH;
        let length = u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
        if let Some(place) = self.bytes.get_mut(self.start..self.start + LENGTH) {
            place.copy_from_slice(&length);
        }
    }

    /// The request's method, its path (empty: there is nothing at it) and the
    /// model that it asks for (empty: none).
    pub fn asked(&mut self, method: &str, path: &str, model: &str) {
        self.text(METHOD, method, MAX_MODEL);
        self.text(PATH, path, MAX_TEXT);
        self.text(MODEL, model, MAX_MODEL);
    }

    /// Why there is no answer but Keyward's own.
    pub fn reason(&mut self, check: Option<Check>, code: &str, message: &str, param: Option<&str>) {
        if let Some(check) = check {
            self.field(CHECK, &[check.number()]);
        }
        self.text(CODE, code, MAX_MODEL);
        self.text(MESSAGE, message, MAX_TEXT);
        self.text(PARAM, param.unwrap_or_default(), MAX_MODEL);
    }

    /// With which credential the provider answered.
    pub fn credential(&mut self, id: CredentialId) {
        self.field(CREDENTIAL, id.uuid().as_bytes());
    }

    /// The cache answered.
    pub fn cached(&mut self) {
        self.field(CACHED, &[]);
    }

    /// A number of a rate limit that was looked at. `model`: what the limit is for,
    /// if it holds certain models.
    pub fn limit(&mut self, (id, of): (Uuid, &Held), measure: Measure, (limit, remaining): (u64, u64)) {
        let (of, model) = match of {
            Held::Key => (0, ""),
            Held::Project | Held::Organization => (1, ""),
            Held::Model(model) => (2, model.as_str()),
        };
        let model = cut(model, MAX_TEXT);
        self.begin_field(LIMIT, 34 + model.len());
        self.bytes.extend_from_slice(id.as_bytes());
        self.bytes.extend_from_slice(&[of, measure as u8]);
        self.bytes.extend_from_slice(&limit.to_le_bytes());
        self.bytes.extend_from_slice(&remaining.to_le_bytes());
        self.bytes.extend_from_slice(model.as_bytes());
    }

    /// The number of a limit that was written last is in shadow mode.
    pub fn limit_in_shadow(&mut self, would_refuse: bool) {
        self.field(LIMIT_SHADOW, &[u8::from(would_refuse)]);
    }

    /// A budget that was looked at.
    pub fn budget(&mut self, budget: &BudgetMet) {
        let of = match budget.of {
            Held::Key => 0,
            Held::Project | Held::Model(_) => 1,
            Held::Organization => 3,
        };
        self.begin_field(BUDGET, 42);
        self.bytes.extend_from_slice(budget.id.as_bytes());
        self.bytes.extend_from_slice(&[of, budget.window as u8]);
        for nanos in [budget.amount_nanos, budget.charged_nanos, budget.reserve_nanos] {
            self.bytes.extend_from_slice(&nanos.to_le_bytes());
        }
        if budget.shadow {
            self.field(BUDGET_SHADOW, &[u8::from(budget.would_refuse)]);
        }
    }

    fn text(&mut self, tag: u8, text: &str, most: usize) {
        if !text.is_empty() {
            self.field(tag, cut(text, most).as_bytes());
        }
    }

    fn field(&mut self, tag: u8, value: &[u8]) {
        self.begin_field(tag, value.len());
        self.bytes.extend_from_slice(value);
    }

    fn begin_field(&mut self, tag: u8, length: usize) {
        self.bytes.push(tag);
        // No value is longer than MAX_TEXT and a few numbers.
        self.bytes.extend_from_slice(&u16::try_from(length).unwrap_or(u16::MAX).to_le_bytes());
    }
}

fn cut(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most)).unwrap_or_default()
}

/// The records in some bytes, one after another. Ends where nothing can be read
/// any more.
#[derive(Debug, Clone)]
pub struct Records<'a>(Bytes<'a>);

impl<'a> Records<'a> {
    /// Of bytes that were appended to a log.
    pub const fn of(bytes: &'a [u8]) -> Self {
        Self(Bytes(bytes))
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        let whole = self.0.0;
        let length = usize::try_from(u32::from_le_bytes(self.0.array()?)).ok()?;
        let body = self.0.take(length).filter(|body| body.len() >= HEAD)?;
        let whole = whole.get(..LENGTH + length)?;
        Some(Record { whole, body })
    }
}

/// One decision, not read yet.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    whole: &'a [u8],
    body: &'a [u8],
}

impl<'a> Record<'a> {
    /// The call.
    pub fn request(&self) -> Uuid {
        Bytes(self.body).uuid().unwrap_or_default()
    }

    /// All of it, as it stands in a log.
    pub const fn bytes(&self) -> &'a [u8] {
        self.whole
    }

    /// Reads it; `None` where it is no decision.
    pub fn read(&self) -> Option<Decision> {
        let mut bytes = Bytes(self.body);
        let [request, organization, project, key] = [bytes.uuid()?, bytes.uuid()?, bytes.uuid()?, bytes.uuid()?];
        let verdict = *Verdict::ALL.get(usize::from(bytes.byte()?))?;
        let status = u16::from_le_bytes(bytes.array()?);
        let mut decision = Decision {
            request: RequestId::from_uuid(request),
            organization: OrganizationId::from_uuid(organization),
            project: ProjectId::from_uuid(project),
            key: ApiKeyId::from_uuid(key),
            verdict,
            status,
            attempts: bytes.byte()?,
            method: String::new(),
            path: String::new(),
            model: String::new(),
            reason: None,
            cached: false,
            credential: None,
            limits: Vec::new(),
            budgets: Vec::new(),
        };
        let mut reason = Reason { check: None, code: String::new(), message: String::new(), param: None };
        while let Some(tag) = bytes.byte() {
            let length = usize::from(u16::from_le_bytes(bytes.array()?));
            let mut value = Bytes(bytes.take(length)?);
            match tag {
                METHOD => decision.method = value.text(),
                PATH => decision.path = value.text(),
                MODEL => decision.model = value.text(),
                CHECK => reason.check = Check::of_number(value.byte()?),
                CODE => reason.code = value.text(),
                MESSAGE => reason.message = value.text(),
                PARAM => reason.param = Some(value.text()),
                CREDENTIAL => decision.credential = Some(CredentialId::from_uuid(value.uuid()?)),
                CACHED => decision.cached = true,
                LIMIT => decision.limits.push(value.limit()?),
                BUDGET => decision.budgets.push(value.budget()?),
                LIMIT_SHADOW => {
                    if let Some(met) = decision.limits.last_mut() {
                        (met.shadow, met.would_refuse) = (true, value.byte()? != 0);
                    }
                }
                BUDGET_SHADOW => {
                    if let Some(met) = decision.budgets.last_mut() {
                        (met.shadow, met.would_refuse) = (true, value.byte()? != 0);
                    }
                }
                _ => {}
            }
        }
        decision.reason = (!reason.code.is_empty()).then_some(reason);
        Some(decision)
    }
}

/// Bytes that are read from the front.
#[derive(Debug, Clone, Copy)]
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn byte(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    fn uuid(&mut self) -> Option<Uuid> {
        self.array().map(Uuid::from_bytes)
    }

    /// All the rest.
    fn text(&mut self) -> String {
        String::from_utf8_lossy(std::mem::take(&mut self.0)).into_owned()
    }

    fn limit(&mut self) -> Option<LimitMet> {
        let (id, of, measure) = (self.uuid()?, self.byte()?, self.byte()?);
        let measure = *Measure::ALL.get(usize::from(measure))?;
        let (limit, remaining) = (u64::from_le_bytes(self.array()?), u64::from_le_bytes(self.array()?));
        let of = match of {
            0 => Held::Key,
            1 => Held::Project,
            _ => Held::Model(self.text()),
        };
        Some(LimitMet { id, of, measure, limit, remaining, shadow: false, would_refuse: false })
    }

    fn budget(&mut self) -> Option<BudgetMet> {
        let (id, of, window) = (self.uuid()?, self.byte()?, self.byte()?);
        let of = match of {
            0 => Held::Key,
            1 => Held::Project,
            _ => Held::Organization,
        };
        let window = *BudgetWindow::ALL.get(usize::from(window))?;
        let mut nanos = || self.array().map(i64::from_le_bytes);
        let (amount_nanos, charged_nanos, reserve_nanos) = (nanos()?, nanos()?, nanos()?);
        let (shadow, would_refuse) = (false, false);
        Some(BudgetMet { id, of, window, amount_nanos, charged_nanos, reserve_nanos, shadow, would_refuse })
    }
}
