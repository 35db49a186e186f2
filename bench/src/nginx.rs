//! nginx as a plain reverse proxy, the measure of all things here: one worker,
//! connections kept alive on both sides, no access log. `proxy_buffering` is
//! off for everything, as anyone who passes streams on must have it: with it
//! on, frames wait for a full buffer.

use crate::process::{Process, find_program, pinned};
use anyhow::{Context, Result};
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

/// Starts nginx on `core`, with everything that it writes in `folder`.
pub fn start(listen: SocketAddr, provider: SocketAddr, core: usize, folder: &Path) -> Result<Process> {
    let program = find_program("nginx").context("nginx is missing: apt-get install nginx-light")?;
    let config = folder.join("nginx.conf");
    fs::write(&config, configuration(listen, provider, folder))?;
    let mut command = pinned(core, &program);
    command.arg("-p").arg(folder).arg("-c").arg(&config).args(["-e", "stderr", "-g", "daemon off;"]);
    Process::start("nginx", &mut command, folder)
}

/// What `nginx -v` says, without its prefix.
pub fn version() -> Option<String> {
    let output = Command::new(find_program("nginx")?).arg("-v").output().ok()?;
    let text = String::from_utf8(output.stderr).ok()?;
    Some(text.trim().trim_start_matches("nginx version: ").to_owned())
}

fn configuration(listen: SocketAddr, provider: SocketAddr, folder: &Path) -> String {
    let folder = folder.display();
    format!(
        r#"worker_processes 1;
pid "{folder}/nginx.pid";
error_log stderr warn;
events {{
    worker_connections 1024;
}}
http {{
    access_log off;
    client_body_temp_path "{folder}/client_body";
    proxy_temp_path "{folder}/proxy";
    fastcgi_temp_path "{folder}/fastcgi";
    uwsgi_temp_path "{folder}/uwsgi";
    scgi_temp_path "{folder}/scgi";
    # Never in the way of a measurement: a connection lasts as long as its run.
    keepalive_requests 1000000000;
    upstream provider {{
        server {provider};
        keepalive 64;
        keepalive_requests 1000000000;
    }}
    server {{
        listen {listen};
        location / {{
            proxy_pass http://provider;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_buffering off;
        }}
    }}
}}
"#
    )
}
