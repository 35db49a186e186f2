//! `/invitation/{token}`: what somebody is invited to, for whoever holds the
//! link. They accept or decline.

mod accept;
mod decline;

use askama::Template;
use axum::{
    Router,
    extract::{Path, State},
    http::{StatusCode, header},
    response::Response,
    routing::{get, post},
};
use keyward_domain::{actor::Identity, invitation::InvitedRole, organization::Email, secret::Token};
use keyward_service::{
    Error,
    invitation::{self, DescribedInvitation},
    session,
};
use keyward_web::{Problem, cookie};

use super::{new_password, notice::Notice, parts::counted, sign_in::SignInPage};
use crate::{
    Console,
    assets::{ASSETS, Assets},
    form::Form,
    problem_page::Refused,
    respond::{html_with, to},
    visit::{Look, Stranger},
    when::When,
};

pub fn routes() -> Router<Console> {
    Router::new()
        .route("/invitation/{token}", get(show).post(accept::accept))
        .route("/invitation/{token}/decline", get(decline::ask).post(decline::decline))
        .route("/invitation/{token}/sign-in", get(sign_in))
        .route("/invitation/{token}/sign-out", post(sign_out))
}

/// Who holds the link, as far as their browser says.
enum Holder {
    /// Nobody has an account with the invited address.
    New,
    /// Somebody has one, and hasn't signed in here.
    Known,
    /// They are signed in with that account.
    SignedIn,
    /// Somebody else is signed in, with that address.
    Another(String),
}

#[derive(Template)]
#[template(path = "invitation/show.html")]
struct InvitationPage {
    form: Form,
    /// The page itself.
    root: String,
    organization: String,
    inviter: String,
    email: String,
    /// As what they come in.
    role: &'static str,
    projects: Option<String>,
    expires: When,
    sso_required: bool,
    holder: Holder,
    password_hint: &'static str,
    look: Look,
    assets: &'static Assets,
}

/// An open invitation, and whoever holds its link.
struct Opened {
    token: Token,
    described: DescribedInvitation,
    holder: Holder,
}

impl Opened {
    /// What the link opens; `None` if it is nothing.
    async fn find(console: &Console, stranger: &Stranger, token: &str) -> Result<Option<Self>, Refused> {
        let Some(token) = Token::parse(token) else { return Ok(None) };
        let described = match invitation::describe(&console.keyward, &token).await {
            Err(Error::InvalidLink) => return Ok(None),
            other => other?,
        };
        let signed_in = signed_in_as(console, stranger).await?;
        let holder = match signed_in {
            Some(email) if email == described.details.invitation.email => Holder::SignedIn,
            Some(email) => Holder::Another(email.to_string()),
            None if described.account_exists => Holder::Known,
            None => Holder::New,
        };
        Ok(Some(Self { token, described, holder }))
    }

    fn root(&self) -> String {
        format!("/invitation/{}", self.token.expose())
    }

    fn page(self, console: &Console, look: Look, form: Form, status: StatusCode) -> Response {
        let root = self.root();
        let Self { described: DescribedInvitation { details, organization, sso_required, .. }, holder, .. } = self;
        let (invitation, inviter) = (details.invitation, details.inviter);
        let projects = i64::try_from(invitation.grants.projects.len()).unwrap_or(i64::MAX);
        let page = InvitationPage {
            form,
            root,
            organization: organization.name.to_string(),
            inviter: inviter.name.to_string(),
            email: invitation.email.to_string(),
            role: match invitation.grants.role {
                InvitedRole::Owner => "owner",
                InvitedRole::Reader => "member",
            },
            projects: (projects > 0).then(|| counted(projects, "project", "projects")),
            expires: When::new(invitation.expires_at, console.keyward.now()),
            sso_required: sso_required && invitation.grants.role != InvitedRole::Owner,
            holder,
            password_hint: new_password::HINT,
            look,
            assets: &ASSETS,
        };
        html_with(status, &page)
    }
}

/// The address of whoever is signed in.
async fn signed_in_as(console: &Console, stranger: &Stranger) -> Result<Option<Email>, Refused> {
    let Some(token) = &stranger.session else { return Ok(None) };
    match session::authenticate(&console.keyward, token, stranger.origin.clone()).await {
        Ok(actor) => Ok(match actor.identity {
            Identity::User { email, .. } => Some(email),
            _ => None,
        }),
        Err(Error::SignedOut) => Ok(None),
        Err(error) => Err(Problem::from(error).into()),
    }
}

/// For whoever comes with a link that opens nothing.
fn gone(look: Look) -> Response {
    Notice::new(look, "This invitation isn't good any more")
        .line("It was accepted, declined or withdrawn already, its seven days are over, or a newer one was sent.")
        .line("If you accepted it, just sign in. Otherwise ask whoever invited you to send it again.")
        .way("/login", "Sign in")
        .page(StatusCode::NOT_FOUND)
}

async fn show(
    State(console): State<Console>,
    stranger: Stranger,
    Path(token): Path<String>,
) -> Result<Response, Refused> {
    Ok(match Opened::find(&console, &stranger, &token).await? {
        Some(opened) => opened.page(&console, stranger.look, Form::default(), StatusCode::OK),
        None => gone(stranger.look),
    })
}

/// For whoever has a second factor: they sign in first, and come back. The link
/// stays out of every query.
async fn sign_in(
    State(console): State<Console>,
    stranger: Stranger,
    Path(token): Path<String>,
) -> Result<Response, Refused> {
    let Some(opened) = Opened::find(&console, &stranger, &token).await? else { return Ok(gone(stranger.look)) };
    if matches!(opened.holder, Holder::SignedIn) {
        return Ok(to(&opened.root()));
    }
    let email = opened.described.details.invitation.email.to_string();
    let form = Form::filled([("next", opened.root()), ("email", email)]);
    SignInPage::new(&console, stranger.look, form, false).await?.page(StatusCode::OK)
}

/// For whoever is signed in as somebody else.
async fn sign_out(
    State(console): State<Console>,
    stranger: Stranger,
    Path(token): Path<String>,
) -> Result<Response, Refused> {
    let back = Token::parse(&token).map_or_else(|| "/login".into(), |token| format!("/invitation/{}", token.expose()));
    if let Some(session) = &stranger.session {
        session::sign_out(&console.keyward, session, stranger.origin).await?;
    }
    let mut response = to(&back);
    response.headers_mut().append(header::SET_COOKIE, cookie::clear_session());
    Ok(response)
}
