//! What was decided about calls, as far as anybody keeps it.

use std::sync::{Arc, Mutex};

use keyward_domain::decision::Decision;
use keyward_telemetry::decisions::{DecisionLog, Records};

use super::{Answer, Gate};

pub struct Decided {
    pub log: Arc<DecisionLog>,
    taken: Mutex<Vec<Vec<u8>>>,
}

impl Decided {
    pub fn new(cores: usize) -> Self {
        Self { log: Arc::new(DecisionLog::new(cores)), taken: Mutex::default() }
    }

    /// All bytes so far.
    pub fn bytes(&self) -> Vec<u8> {
        let mut taken = self.taken.lock().unwrap();
        taken.extend(self.log.take());
        taken.concat()
    }

    pub fn all(&self) -> Vec<Decision> {
        Records::of(&self.bytes()).map(|record| record.read().unwrap()).collect()
    }
}

impl Gate {
    /// What was decided about the call of this answer.
    #[track_caller]
    pub fn decision_of(&self, answer: &Answer) -> Decision {
        let id = answer.header("x-request-id").unwrap();
        let mut found = self.decided.all().into_iter().filter(|decision| decision.request.to_string() == id);
        let decision = found.next().unwrap();
        assert!(found.next().is_none(), "decided once");
        assert_eq!(decision.status, answer.status);
        decision
    }
}
