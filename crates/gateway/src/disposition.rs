//! `Content-Disposition` of a form's part, read only where every reader finds
//! the same name in it: see [`crate::form`].

/// What a part says of itself.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Disposition<'a> {
    /// The field's name.
    pub(crate) name: &'a str,
    /// It names a file.
    pub(crate) is_file: bool,
}

/// `None` for all that could be read in two ways: a name twice, in other
/// letters, encoded (`name*`), escaped, or hidden in a file's name.
pub(crate) fn read(value: &str) -> Option<Disposition<'_>> {
    let mut parts = value.split(';');
    if parts.next()?.trim() != "form-data" {
        return None;
    }
    let (mut name, mut filename, mut extended) = (None, None, None);
    for parameter in parts {
        let (key, value) = parameter.trim_matches([' ', '\t']).split_once('=')?;
        let slot = match key {
            "name" => &mut name,
            "filename" => &mut filename,
            "filename*" => &mut extended,
            _ => return None,
        };
        let text = if key == "filename*" { encoded(value) } else { plain(value) }?;
        if slot.replace(text).is_some() {
            return None;
        }
    }
    // A blank in a name is an underscore to some (PHP), and nothing to others.
    let name =
        name.filter(|name: &&str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic() && b != b'%'))?;
    Some(Disposition { name, is_file: filename.is_some() || extended.is_some() })
}

/// A token, or a text in quotes without any other quote or escape in it. (A
/// semicolon in it has already torn it apart.)
fn plain(value: &str) -> Option<&str> {
    let quoted = value.strip_prefix('"').map(|rest| rest.strip_suffix('"'));
    let is_quoted = quoted.is_some();
    let text = quoted.unwrap_or(Some(value))?;
    let is_plain = !text.contains(['"', '\\']) && !text.chars().any(char::is_control);
    let is_token = !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.[]".contains(&b));
    (is_plain && (is_quoted || is_token)).then_some(text)
}

/// RFC 8187: `utf-8''%e2%82%ac.mp3`.
fn encoded(value: &str) -> Option<&str> {
    let (charset, rest) = value.split_once("''")?;
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~!$&+^`#%".contains(&b);
    (charset.eq_ignore_ascii_case("utf-8") && rest.bytes().all(is_plain)).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_as_clients_write_them_are_found() {
        for (value, name, is_file) in [
            (r#"form-data; name="model""#, "model", false),
            ("form-data; name=model", "model", false),
            (r#"form-data; name="file"; filename="a b.mp3""#, "file", true),
            (r#"form-data;name="image[]";filename="ä.png""#, "image[]", true),
            (r#"form-data; name="file"; filename="""#, "file", true),
            (r"form-data; name=file; filename=a.mp3; filename*=utf-8''a.mp3", "file", true),
            (r#"form-data; name="timestamp_granularities[]""#, "timestamp_granularities[]", false),
        ] {
            assert_eq!(read(value), Some(Disposition { name, is_file }), "{value}");
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_not() {
        for value in [
            "",
            "form-data",
            "form-data; filename=\"a\"",
            "attachment; name=\"model\"",
            "Form-Data; name=\"model\"",
            "form-data, name=\"model\"",
            r#"form-data; name="a"; name="model""#,
            r#"form-data; Name="model""#,
            r#"form-data; name="a"; NAME="model""#,
            r#"form-data; name*=utf-8''model"#,
            r#"form-data; name="a"; name*=utf-8''model"#,
            r#"form-data; name*0="mo"; name*1="del""#,
            r#"form-data; name ="model""#,
            r#"form-data; name= "model""#,
            r#"form-data; name="mo\del""#,
            r#"form-data; name="model\"""#,
            r#"form-data; name="mod%65l""#,
            r#"form-data; name=" model""#,
            r#"form-data; name="model "#,
            r#"form-data; name="mo del""#,
            r#"form-data; name=model""#,
            r#"form-data; name='model'"#,
            r#"form-data; name="möde""#,
            r#"form-data; name="file"; filename="a; name=model""#,
            r#"form-data; name="file"; filename="a\"; name=\"model""#,
            r#"form-data; name="file"; filename="a" name="model""#,
            r#"form-data; name="file"; filename=a b"#,
            r#"form-data; name="file"; filename="a"; filename="b""#,
            r#"form-data; name="file"; filename*=utf-7''a"#,
            r#"form-data; name="file"; filename*0="a""#,
            r#"form-data; name="file"; size=7"#,
            r#"form-data; name="file";"#,
        ] {
            assert_eq!(read(value), None, "{value}");
        }
    }
}
