//! Styles, scripts and icons: part of the program, under names that change with
//! their content, so that browsers keep them for good.

use std::sync::LazyLock;

use axum::{
    Router,
    extract::Path,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use sha2::{Digest, Sha256};

use crate::Console;

/// One file.
#[derive(Debug)]
pub struct Asset {
    /// Where it is served.
    pub href: String,
    media_type: &'static str,
    content: &'static str,
}

/// All files.
#[derive(Debug)]
pub struct Assets {
    /// The style sheet.
    pub style: Asset,
    /// Keyward's own script.
    pub script: Asset,
    /// htmx.
    pub htmx: Asset,
    /// The icons, each a symbol.
    pub icons: Asset,
    /// The mark in a browser's tab.
    pub mark: Asset,
}

const STYLE: &str = concat!(
    include_str!("../assets/css/tokens.css"),
    include_str!("../assets/css/base.css"),
    include_str!("../assets/css/layout.css"),
    include_str!("../assets/css/controls.css"),
    include_str!("../assets/css/components.css"),
);

/// All files, by name.
pub static ASSETS: LazyLock<Assets> = LazyLock::new(|| Assets {
    style: Asset::new("console", "css", "text/css; charset=utf-8", STYLE),
    script: Asset::new("console", "js", "text/javascript; charset=utf-8", include_str!("../assets/js/console.js")),
    htmx: Asset::new(
        "htmx",
        "js",
        "text/javascript; charset=utf-8",
        include_str!("../assets/vendor/htmx-2.0.11.min.js"),
    ),
    icons: Asset::new("icons", "svg", "image/svg+xml", include_str!("../assets/icons.svg")),
    mark: Asset::new("mark", "svg", "image/svg+xml", include_str!("../assets/mark.svg")),
});

impl Asset {
    fn new(name: &str, extension: &str, media_type: &'static str, content: &'static str) -> Self {
        let digest = Sha256::digest(content.as_bytes());
        let version: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        Self { href: format!("/assets/{name}.{version}.{extension}"), media_type, content }
    }
}

pub fn routes() -> Router<Console> {
    Router::new().route("/assets/{file}", get(serve))
}

async fn serve(Path(file): Path<String>) -> Response {
    let Assets { style, script, htmx, icons, mark } = &*ASSETS;
    let wanted = [style, script, htmx, icons, mark].into_iter().find(|asset| asset.href[8..] == file);
    match wanted {
        None => StatusCode::NOT_FOUND.into_response(),
        Some(asset) => {
            let headers = [
                (header::CONTENT_TYPE, HeaderValue::from_static(asset.media_type)),
                (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
            ];
            (headers, asset.content).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vendored_files_are_what_their_lock_says() {
        let lock = include_str!("../assets/vendor/vendor.lock");
        let lines: Vec<&str> = lock.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
        let [line] = lines[..] else { panic!("one vendored file: {lines:?}") };
        let digest = Sha256::digest(ASSETS.htmx.content.as_bytes());
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(line.contains(&format!("sha256={digest}")), "{line}: the file has {digest}");
    }

    #[test]
    fn a_first_visit_loads_little() {
        let Assets { style, script, htmx, icons, mark } = &*ASSETS;
        let bytes: usize = [style, script, htmx, icons, mark].iter().map(|asset| asset.content.len()).sum();
        assert!(bytes < 130_000, "{bytes} bytes leave no room for the page within 150 kB");
    }
}
