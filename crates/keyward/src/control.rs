//! The admin API behind the gateway's listener: its work runs on a runtime of
//! its own, so that no change, however slow, holds up a call.

use std::sync::Arc;

use http::{Request, Response};
use hyper::body::Incoming;
use keyward_api::{Api, Caller};
use keyward_domain::id::RequestId;
use keyward_gateway::{ConnectionInfo, ControlBody, ControlPlane};
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

/// Answers with the admin API. `tracker` waits for what is under way.
pub fn control_plane(api: Api, runtime: Handle, tracker: TaskTracker) -> Arc<ControlPlane> {
    let service = Arc::new(keyward_api::service(api));
    Arc::new(move |request: Request<Incoming>, connection: ConnectionInfo, request_id: RequestId| {
        let service = service.clone();
        let caller = Caller { ip: connection.client, request_id };
        // On a task of its own: a change that has begun is finished even if
        // the client hangs up.
        let answer = tracker.spawn_on(async move { service(request, caller).await }, &runtime);
        Box::pin(async move {
            let answer: Response<ControlBody> = answer.await.unwrap_or_else(|_| keyward_api::broken());
            answer
        })
    })
}
