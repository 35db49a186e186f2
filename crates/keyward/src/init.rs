//! `keyward init`: an organization and its owner without a browser.

use std::{
    io::{BufRead, Write},
    sync::Arc,
};

use anyhow::{Context, Result, bail};
use keyward_domain::{Name, organization::Email, password::Password};
use keyward_service::organization::{CreateOrganization, create};
use serde_json::json;

use crate::{config::Settings, installation, system::SystemClock};

/// Makes an organization, its owner and its first admin key.
#[derive(Debug, clap::Args)]
pub struct InitArgs {
    /// What the organization is called.
    #[arg(long, value_name = "NAME")]
    organization: String,
    /// The owner's e-mail address.
    #[arg(long, value_name = "ADDRESS")]
    email: String,
    /// Read the owner's password from standard input, one line.
    #[arg(long, required = true)]
    password_stdin: bool,
    /// Print one JSON object and nothing else.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub async fn run(settings: &Settings, args: InitArgs, out: &mut dyn Write) -> Result<()> {
    let name = Name::parse("organization", &args.organization)?;
    let email = Email::parse("email", &args.email)?;
    let mut password = zeroize::Zeroizing::new(String::new());
    std::io::stdin().lock().read_line(&mut password).context("the password can't be read from standard input")?;
    let password = Password::parse("password", password.trim_end_matches(['\r', '\n']))?;
    let keyward = installation::open(settings, Arc::new(SystemClock), None).await?;
    let created = create(&keyward, CreateOrganization { name, owner_email: email, password }).await;
    let made = match created {
        Ok(made) => made,
        Err(error) => bail!("the organization wasn't made: {error}"),
    };
    let (organization, owner, secret) = (made.organization.id, made.owner.id, made.secret.expose());
    if args.json {
        writeln!(
            out,
            "{}",
            json!({"organization_id": organization.to_string(), "user_id": owner.to_string(), "admin_key": secret})
        )?;
    } else {
        writeln!(
            out,
            "Organization  {organization}  {}\nOwner         {owner}  {}\nAdmin key     {secret}",
            made.organization.name, made.owner.email
        )?;
        writeln!(
            out,
            "\nImportant: copy this key now, it will not be shown again. Commands use it so:\n  export KEYWARD_ADMIN_KEY={secret}\n  keyward projects list"
        )?;
    }
    Ok(())
}
