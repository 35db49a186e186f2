//! What people call the device that a `User-Agent` names. Browsers all claim to
//! be each other, so the order counts.

/// Longest name of a program that isn't known.
const MAX_CHARS: usize = 40;

const BROWSERS: &[(&str, &str)] = &[
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];

const SYSTEMS: &[(&str, &str)] = &[
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
];

/// Such as `Firefox on Linux`.
pub fn device(user_agent: Option<&str>) -> String {
    let Some(text) = user_agent.filter(|text| !text.trim().is_empty()) else { return "An unknown program".into() };
    let known =
        |names: &[(&str, &'static str)]| names.iter().find(|(mark, _)| text.contains(mark)).map(|(_, name)| *name);
    match (known(BROWSERS), known(SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.into(),
        // A program says what it is in front of the first slash.
        (None, _) => text.split(['/', ' ']).next().unwrap_or(text).chars().take(MAX_CHARS).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_called_by_their_names() {
        let chrome =
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
        let safari = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1";
        let firefox = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0";
        for (text, name) in [
            (chrome, "Chrome on Linux"),
            (safari, "Safari on iPhone"),
            (firefox, "Firefox on Windows"),
            ("curl/8.5.0", "curl"),
            ("  ", "An unknown program"),
        ] {
            assert_eq!(device(Some(text)), name);
        }
        assert_eq!(device(Some(&format!("{chrome} Edg/140.0"))), "Edge on Linux");
        assert_eq!(device(None), "An unknown program");
        assert_eq!(device(Some(&"é".repeat(300))).chars().count(), MAX_CHARS);
    }
}
