//! The admin API and the console behind the gateway's listener: their work runs
//! on a runtime of its own, so that no change, however slow, holds up a call.

use std::sync::Arc;

use http::{Request, Response};
use keyward_api::Api;
use keyward_console::Console;
use keyward_domain::id::RequestId;
use keyward_gateway::{ConnectionInfo, ControlBody, ControlPlane, Inbound};
use keyward_web::{Caller, boxed};
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

/// Answers with the console's pages, and with the admin API whatever isn't one.
/// `tracker` waits for what is under way.
pub fn control_plane(api: Api, runtime: Handle, tracker: TaskTracker) -> Arc<ControlPlane> {
    let console = Console { keyward: api.keyward.clone(), models: api.models.clone(), sso: api.sso.clone() };
    let keyward = api.keyward.clone();
    let router = keyward_console::router(console, keyward_api::router(api));
    let service = Arc::new(keyward_web::service(keyward, router));
    Arc::new(move |request: Request<Inbound>, connection: ConnectionInfo, request_id: RequestId| {
        let service = service.clone();
        let caller = Caller { ip: connection.client, request_id };
        // On a task of its own: a change that has begun is finished even if
        // the client hangs up.
        let answer = tracker.spawn_on(async move { service(request, caller).await }, &runtime);
        Box::pin(async move {
            let answer: Response<ControlBody> = answer.await.unwrap_or_else(|_| boxed(keyward_api::broken()));
            answer
        })
    })
}
