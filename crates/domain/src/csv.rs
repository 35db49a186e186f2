//! Cells of a table as text (RFC 4180). Those that a spreadsheet would take for a
//! formula get an apostrophe in front.

/// A cell as it stands between two commas.
pub fn cell(text: &str) -> String {
    // What spreadsheets read as a formula or a command, also behind a line break.
    let apostrophe = if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) { "'" } else { "" };
    // Some part cells at semicolons or tabs: what follows one must not start a cell.
    if text.contains(['"', ',', ';', '\t', '\r', '\n']) {
        format!("\"{apostrophe}{}\"", text.replace('"', "\"\""))
    } else {
        format!("{apostrophe}{text}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_never_a_formula_and_never_two_cells() {
        for (text, written) in [
            ("", ""),
            ("plain", "plain"),
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "\"'\t=1\""),
            ("\r\n=1", "\"'\r\n=1\""),
            ("a,\"b\"", "\"a,\"\"b\"\"\""),
            ("a;=1+1", "\"a;=1+1\""),
            ("a\t=1+1", "\"a\t=1+1\""),
            ("=cmd|' /C calc'!A0,x", "\"'=cmd|' /C calc'!A0,x\""),
        ] {
            assert_eq!(cell(text), written, "{text:?}");
        }
    }
}
