use keyward::cli::Exit;
use serde_json::{Value, json};

use crate::support::{keyward, ok};

const CACHE: &str = "/v1/organization/projects/proj_1/cache";

fn cache(enabled: bool) -> Value {
    json!({"object": "organization.project.cache", "enabled": enabled, "ttl_seconds": 3600, "version": 2})
}

#[tokio::test]
async fn a_cache_is_shown_and_decided_about() {
    let seen = keyward(&["cache", "show", "proj_1"]).replies(ok(cache(true))).run().await;
    seen.assert_done();
    assert_eq!(seen.lines(), [format!("GET {CACHE}")]);
    assert_eq!(seen.output, "cache    on\nseconds  3600\n");
    for (arguments, body) in [
        (&["on"][..], json!({"enabled": true})),
        (&["off"], json!({"enabled": false})),
        (&["on", "--ttl", "12h"], json!({"enabled": true, "ttl_seconds": 43_200})),
        (&["--ttl", "30d"], json!({"ttl_seconds": 2_592_000})),
    ] {
        let seen = keyward(&[&["cache", "set", "proj_1"], arguments].concat()).replies(ok(cache(true))).run().await;
        seen.assert_done();
        assert_eq!((seen.lines()[0], seen.requests[0].json()), (&*format!("POST {CACHE}"), body));
    }
    let nothing = keyward(&["cache", "set", "proj_1"]).run().await;
    assert_eq!((nothing.exit, nothing.requests.len()), (Exit::Usage, 0));
}

#[tokio::test]
async fn a_cache_is_emptied() {
    let purged = json!({"object": "organization.project.cache.purged", "purged": true});
    let seen = keyward(&["cache", "purge", "proj_1"]).replies(ok(&purged)).run().await;
    seen.assert_done();
    assert_eq!((seen.lines(), seen.requests[0].json()), (vec![&*format!("POST {CACHE}/purge")], json!({})));
    assert_eq!((seen.output.as_str(), seen.errors.as_str()), ("", "The cache is empty.\n"));
    let json = keyward(&["cache", "purge", "proj_1", "--json"]).replies(ok(&purged)).run().await;
    assert_eq!(json.output, format!("{purged}\n"));
}
