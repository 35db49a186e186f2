//! A new password, typed twice: nobody sees what they type.

use keyward_domain::{Invalid, password::Password};

use crate::form::Form;

/// The field for the second time.
pub const AGAIN: &str = "password_again";

/// What a field asks for.
pub const HINT: &str =
    "At least 12 characters, and not easily guessed: a few words that don't belong together are good.";

/// The new password that stands in the field `name`.
pub fn new_password(form: &Form, name: &str) -> Result<Password, Invalid> {
    let password = Password::parse(name, form.text(name))?;
    if form.text(AGAIN) == form.text(name) {
        Ok(password)
    } else {
        Err(Invalid::new(AGAIN, "This isn't the same password. Type both once more."))
    }
}
