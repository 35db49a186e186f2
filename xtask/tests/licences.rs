//! Every package that is built in may be used and passed on as Keyward is: permissive
//! licences only, from the list in `deny.toml`.
#![cfg(test)]

mod common;

/// Whether an SPDX expression (<https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/>)
/// can be met with the allowed licences alone. `/` is cargo's old spelling of `OR`. A licence
/// `WITH` an exception is a licence of its own. What can't be read isn't permitted.
fn permits(allowed: &[&str], expression: &str) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<_> = spaced.split_whitespace().collect();
    let mut reader = Reader { allowed, words: &words };
    reader.any() == Some(true) && reader.words.is_empty()
}

/// Reads an expression from the left; each method answers `None` where it makes no sense.
struct Reader<'a> {
    allowed: &'a [&'a str],
    words: &'a [&'a str],
}

impl Reader<'_> {
    fn take(&mut self, word: &str) -> bool {
        let found = self.words.first() == Some(&word);
        if found {
            self.words = &self.words[1..];
        }
        found
    }

    /// Alternatives: one permitted is enough.
    fn any(&mut self) -> Option<bool> {
        let mut permitted = self.all()?;
        while self.take("OR") {
            permitted |= self.all()?;
        }
        Some(permitted)
    }

    /// Parts under different licences: each must be permitted. Binds tighter than `OR`.
    fn all(&mut self) -> Option<bool> {
        let mut permitted = self.one()?;
        while self.take("AND") {
            permitted &= self.one()?;
        }
        Some(permitted)
    }

    fn one(&mut self) -> Option<bool> {
        if self.take("(") {
            let permitted = self.any()?;
            return self.take(")").then_some(permitted);
        }
        let (name, rest) = self.words.split_first()?;
        self.words = rest;
        let mut name = (*name).to_owned();
        if self.take("WITH") {
            let (exception, rest) = self.words.split_first()?;
            self.words = rest;
            name = format!("{name} WITH {exception}");
        }
        Some(self.allowed.contains(&name.as_str()))
    }
}

#[test]
fn every_package_has_a_permissive_licence() {
    let rules = common::deny();
    let allowed = rules["licenses"]["allow"].as_array().unwrap();
    let allowed: Vec<_> = allowed.iter().map(|name| name.as_str().unwrap()).collect();
    for package in common::metadata().packages {
        let licence = package.license.as_deref().unwrap_or("none declared");
        assert!(
            permits(&allowed, licence),
            "{} {} has the licence \"{licence}\", which deny.toml doesn't allow: choose another \
             package, or add the licence there if it is permissive",
            package.name,
            package.version,
        );
    }
}

#[test]
fn one_permitted_alternative_is_enough() {
    assert!(permits(&["MIT"], "GPL-3.0 OR MIT"));
    assert!(permits(&["MIT"], "GPL-3.0/MIT"));
    assert!(permits(&["MIT"], "MIT"));
}

#[test]
fn each_part_must_be_permitted() {
    assert!(permits(&["ISC", "MIT"], "ISC AND (GPL-3.0 OR MIT)"));
    assert!(!permits(&["ISC", "MIT"], "ISC AND GPL-3.0"));
    assert!(!permits(&["MIT"], "(MIT OR ISC) AND GPL-3.0"));
}

#[test]
fn and_binds_tighter_than_or() {
    assert!(permits(&["MIT"], "MIT OR ISC AND GPL-3.0"));
    assert!(permits(&["MIT"], "GPL-3.0 AND ISC OR MIT"));
}

#[test]
fn an_exception_makes_another_licence() {
    assert!(!permits(&["Apache-2.0"], "Apache-2.0 WITH LLVM-exception"));
    assert!(permits(&["Apache-2.0 WITH LLVM-exception"], "Apache-2.0 WITH LLVM-exception"));
}

#[test]
fn what_is_no_expression_is_not_permitted() {
    for nonsense in ["", "MIT MIT", "(MIT", "MIT)", "MIT OR", "AND MIT", "none declared"] {
        assert!(!permits(&["MIT"], nonsense), "{nonsense:?}");
    }
}
