//! How a test's gateway is started.

use std::sync::Arc;

use keyward_access::{BudgetStore, CapStore, LimitStore};
use keyward_gateway::{GatewayOptions, ServerCertificate};

/// How a gateway is started.
pub struct Setup {
    pub options: GatewayOptions,
    pub shared_caps: Option<Arc<dyn CapStore>>,
    pub shared_limits: Option<Arc<dyn LimitStore>>,
    pub shared_budgets: Option<Arc<dyn BudgetStore>>,
    pub certificate: Option<Arc<ServerCertificate>>,
    pub keeps_decisions: bool,
}

impl Default for Setup {
    fn default() -> Self {
        let mut options = GatewayOptions::new("127.0.0.1:0".parse().unwrap());
        options.cores = 2;
        options.client.allow_private = true;
        options.trusted_proxies = keyward_access::TrustedProxies::new(vec!["127.0.0.0/8".parse().unwrap()]);
        Self {
            options,
            shared_caps: None,
            shared_limits: None,
            shared_budgets: None,
            certificate: None,
            keeps_decisions: true,
        }
    }
}
