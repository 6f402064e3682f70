//! `entrypass user`

use std::io::{BufRead as _, IsTerminal as _};

use clap::Subcommand;
use serde::Serialize;

use super::{Context, Failure, output};
use crate::domain::id::PersonId;
use crate::domain::password::{hash_password, parse_password};
use crate::domain::person::{Person, Role, parse_email, parse_person_name};
use crate::domain::secret::Secret;
use crate::domain::timestamp::Timestamp;
use crate::store::people::PeopleRefusal;

pub const EXAMPLES: &str = "Examples:
  entrypass user create ana@example.com --role admin
  entrypass user list
  entrypass user set-password ana@example.com < password.txt
  entrypass user delete ana@example.com";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Let somebody into the dashboard; asks for the password, or reads it from stdin
    #[command(after_help = "Examples:
  entrypass user create ana@example.com --role admin
  entrypass user create bo@example.com --name 'Bo Lind' --role editor < password.txt")]
    Create {
        /// Signs in with it
        email: String,
        /// viewer, editor or admin
        #[arg(long, default_value = "viewer")]
        role: String,
        /// What colleagues call this person [default: what is before the @]
        #[arg(long)]
        name: Option<String>,
    },
    /// List people, newest first
    #[command(after_help = "Examples:\n  entrypass user list\n  entrypass user list --json")]
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Give somebody another password; asks for it, or reads it from stdin. Signs all of the person's browsers out
    #[command(after_help = "Examples:
  entrypass user set-password ana@example.com
  entrypass user set-password ana@example.com --drop-second-factor < password.txt")]
    SetPassword {
        /// Whose
        email: String,
        /// Ask for no code any more: when the phone and the recovery codes are lost
        #[arg(long)]
        drop_second_factor: bool,
    },
    /// Remove somebody
    #[command(after_help = "Examples:
  entrypass user delete ana@example.com
  entrypass user delete ana@example.com --yes")]
    Delete {
        /// Whom
        email: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Serialize)]
struct PersonDocument {
    id: String,
    email: String,
    name: String,
    role: &'static str,
    second_factor: bool,
    created_at: Timestamp,
    last_login_at: Option<Timestamp>,
}

pub async fn run(context: Context, command: Command) -> Result<(), Failure> {
    let done = match command {
        Command::Create { email, role, name } => {
            create(&context, &email, &role, name.as_deref()).await
        }
        Command::List { json } => list(&context, json).await,
        Command::SetPassword {
            email,
            drop_second_factor,
        } => set_password(&context, &email, drop_second_factor).await,
        Command::Delete { email, yes } => delete(&context, &email, yes).await,
    };
    context.store.close().await;
    done
}

async fn create(
    context: &Context,
    email: &str,
    role: &str,
    name: Option<&str>,
) -> Result<(), Failure> {
    let refused =
        |field: &'static str| move |message: String| Failure::new(format!("{field}: {message}"));
    let email = parse_email(email).map_err(refused("email"))?;
    let role = Role::parse(role).map_err(refused("--role"))?;
    let name = name.or_else(|| email.split('@').next()).unwrap_or_default();
    let name = parse_person_name(name).map_err(refused("--name"))?;
    let taken = || Failure::new("somebody with this email is there already");
    if context.store.person_of_email(&email).await?.is_some() {
        return Err(taken());
    }
    let hash = read_password(&[&email, &name])?;
    let id = PersonId::new(context.clock.uuid());
    let person = Person::new(id, email, name, role, context.clock.now());
    let added = context.store.insert_person(&person, Some(&hash)).await?;
    added.map_err(|_| taken())?;
    println!("{}", person.id);
    Ok(())
}

async fn list(context: &Context, json: bool) -> Result<(), Failure> {
    let page = async |last: Option<&Person>| {
        let before = last.map(|person| person.id);
        context.store.people(before, output::PAGE).await
    };
    let people = output::all(page).await?;
    if json {
        let documents = people.into_iter().map(|person| PersonDocument {
            id: person.id.to_string(),
            email: person.email,
            name: person.name,
            role: person.role.as_str(),
            second_factor: person.has_second_factor,
            created_at: person.created_at,
            last_login_at: person.last_login_at,
        });
        return output::json(&documents.collect::<Vec<_>>());
    }
    let time = |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), Timestamp::to_rfc3339);
    let rows: Vec<Vec<String>> = people
        .into_iter()
        .map(|person| {
            vec![
                person.email,
                person.role.as_str().to_owned(),
                if person.has_second_factor {
                    "on"
                } else {
                    "off"
                }
                .to_owned(),
                time(person.last_login_at),
                person.name,
            ]
        })
        .collect();
    output::table(
        &["EMAIL", "ROLE", "SECOND FACTOR", "LAST SIGNED IN", "NAME"],
        &rows,
    );
    Ok(())
}

async fn set_password(
    context: &Context,
    email: &str,
    drop_second_factor: bool,
) -> Result<(), Failure> {
    let person = person(context, email).await?;
    if context.store.has_identity(person.id).await? {
        return Err(Failure::new(
            "this person signs in by the identity provider and has no password here",
        ));
    }
    let hash = read_password(&[&person.email, &person.name])?;
    context
        .store
        .set_password(person.id, &hash, drop_second_factor)
        .await?;
    println!("changed");
    Ok(())
}

async fn delete(context: &Context, email: &str, yes: bool) -> Result<(), Failure> {
    let person = person(context, email).await?;
    output::confirm(&format!("Remove {} ({})?", person.name, person.email), yes)?;
    let removed = context.store.delete_person(person.id).await?;
    if removed == Err(PeopleRefusal::LastAdministrator) {
        let told = "the last administrator cannot be removed; make somebody else one first";
        return Err(Failure::new(told));
    }
    println!("deleted");
    Ok(())
}

async fn person(context: &Context, email: &str) -> Result<Person, Failure> {
    let found = context.store.person_of_email(email).await?;
    found.ok_or_else(|| Failure::new("nobody has this email"))
}

/// Asks for a new password on a terminal, twice; elsewhere reads a line. Gives what is kept of it.
fn read_password(about: &[&str]) -> Result<String, Failure> {
    let typed = if std::io::stdin().is_terminal() {
        let typed = rpassword::prompt_password("New password: ")?;
        if rpassword::prompt_password("Once more: ")? != typed {
            return Err(Failure::new("these are two different passwords"));
        }
        typed
    } else {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line)?;
        line.trim_end_matches(['\r', '\n']).to_owned()
    };
    let password: Secret = parse_password(&typed, about)
        .map_err(|message| Failure::new(format!("password: {message}")))?;
    Ok(hash_password(&password))
}
