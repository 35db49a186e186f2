//! Prints the OpenAPI document as it is committed; `cargo xtask openapi` puts it
//! into `openapi/keyward.json`.

use std::io::Write;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    writeln!(std::io::stdout(), "{}", keyward_api::document().to_pretty_json()?)?;
    Ok(())
}
