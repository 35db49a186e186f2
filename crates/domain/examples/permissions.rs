//! Prints the page that stands in `docs/permissions.md`.

use std::io::Write;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    std::io::stdout().write_all(keyward_domain::permission_matrix::page().as_bytes())?;
    Ok(())
}
