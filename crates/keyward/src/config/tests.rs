//! What the settings take, and what they refuse.

use super::*;

fn read(toml: &str, variables: &[(&str, &str)]) -> Result<Settings> {
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), toml)?;
    Settings::read(
        Given::default(),
        Some(file.path()),
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
    )
}

#[test]
fn the_template_names_every_setting_and_its_defaults_can_be_read() {
    let text: String = template()
        .lines()
        .filter_map(|line| line.strip_prefix("# ").filter(|rest| rest.contains(" = ")))
        .filter(|line| !line.starts_with("master_key_file") && !line.starts_with("public_url"))
        .filter(|line| !line.contains("(KEYWARD"))
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(text.lines().count(), VARIABLES.len() - 2, "{text}");
    let (from_template, defaults) = (read(&text, &[]).unwrap(), read("", &[]).unwrap());
    assert_eq!(format!("{from_template:?}"), format!("{defaults:?}"));
}

#[test]
fn what_is_unknown_or_wrong_is_named() {
    for (toml, named) in [
        ("lisen = 1", "lisen"),
        ("listen = \"nowhere\"", "listen"),
        ("log_format = \"xml\"", "log_format"),
        ("trusted_proxies = [\"10.0.0.0/99\"]", "trusted_proxies"),
        ("allowed_origins = [\"app\"]", "app"),
        ("idle_timeout = 0", "idle_timeout"),
        ("database_url = \"mysql://x\"", "database_url"),
        ("max_body_bytes = 1", "max_body_bytes"),
        ("tls_certificate = \"a.pem\"", "tls_key"),
        ("metrics_listen = \"9464\"", "metrics_listen"),
        ("tls_key = \"a.pem\"", "tls_certificate"),
        ("max_bodies_bytes = 1024", "max_bodies_bytes"),
        ("cache_memory = 1000", "cache_memory"),
        ("decision_log_bytes = 1000", "decision_log_bytes"),
        ("body_timeout = 0", "body_timeout"),
        ("attempt_timeout = 0", "attempt_timeout"),
        ("call_timeout = 86401", "call_timeout"),
        ("max_connections = -1", "max_connections"),
        ("max_connections_per_address = \"many\"", "max_connections_per_address"),
        ("smtp_url = \"http://x\"", "smtp_url"),
        ("mail_from = \"a@example.com\"", "mail_from"),
    ] {
        let error = format!("{:#}", read(toml, &[]).unwrap_err());
        assert!(error.contains(named), "{toml}: {error}");
    }
    assert!(format!("{:#}", read("", &[("KEYWARD_LISEN", "1")]).unwrap_err()).contains("KEYWARD_LISEN"));
    let error = format!("{:#}", read("", &[("KEYWARD_MASTER_KEY", "hush")]).unwrap_err());
    assert!(error.contains("KEYWARD_MASTER_KEY") && !error.contains("hush"));
}
