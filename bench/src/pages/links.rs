//! The links of a page, and what makes two addresses the same kind of page. It
//! reads Keyward's own pages: no general HTML.

/// The addresses that a page links to, within the console, in its order.
pub fn of(page: &str) -> Vec<String> {
    let mut links = Vec::new();
    for part in page.split("href=\"").skip(1) {
        let Some((link, _)) = part.split_once('"') else { continue };
        let link = link.replace("&#38;", "&").replace("&amp;", "&");
        let link = link.split('#').next().unwrap_or_default();
        let is_page = link.starts_with('/') && !link.starts_with("/assets/") && !link.starts_with("/v1/");
        // A page before is found as the page behind is.
        if is_page && link != "/openapi.json" && !link.contains("before=") {
            links.push(link.to_owned());
        }
    }
    links
}

/// An address without what tells things of one kind apart.
pub fn pattern(address: &str) -> String {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let path: Vec<&str> = path.split('/').map(|part| if is_id(part) { "…" } else { part }).collect();
    let query: Vec<String> = query.split('&').filter(|pair| !pair.is_empty()).map(parameter).collect();
    let path = path.join("/");
    if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
}

fn parameter(pair: &str) -> String {
    match pair.split_once('=') {
        Some((name, value)) if is_id(value) => format!("{name}=…"),
        _ => pair.to_owned(),
    }
}

fn is_id(text: &str) -> bool {
    text.rsplit_once('_').is_some_and(|(_, hex)| hex.len() == 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_within_the_console_are_followed_once_for_each_kind() {
        let page = "<a href=\"/projects/proj_00000000000000000000000000000001/edit#name\">\
            <a href=\"/projects?search=a&#38;order=asc\"><link href=\"/assets/x.css\"><a href=\"https://example.com\">";
        let links = of(page);
        assert_eq!(links, ["/projects/proj_00000000000000000000000000000001/edit", "/projects?search=a&order=asc"]);
        assert_eq!(pattern(&links[0]), "/projects/…/edit");
        let next = "/projects?after=proj_00000000000000000000000000000001&order=asc";
        assert_eq!(pattern(next), "/projects?after=…&order=asc");
    }
}
