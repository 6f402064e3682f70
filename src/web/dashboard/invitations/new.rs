//! `/admin/invitations/new`: inviting one customer.

use actix_web::HttpResponse;
use askama::Template;
use serde_json::{Map, Value};

use super::{address, below, words};
use crate::domain::id::LinkId;
use crate::domain::invitation::Invited;
use crate::domain::locale::Locale;
use crate::domain::message::Channel;
use crate::domain::preset::PresetOptions;
use crate::web::api::bulk_input::kinds::invite;
use crate::web::api::fields::Fields;
use crate::web::api::invitation_input::{self, Common, OF_LINK, PERSONAL};
use crate::web::api::presets_known::Presets;
use crate::web::dashboard::flash::Flash;
use crate::web::dashboard::form::Form;
use crate::web::dashboard::links::presets::{preset_of, presets_to_choose};
use crate::web::dashboard::once;
use crate::web::dashboard::operator::Operator;
use crate::web::dashboard::page::{Page, show, show_wrong};
use crate::web::dashboard::refused::{Answer, Refused};

/// Fields about the person that are always to be seen, with label, kind of input and hint; then those under "More".
type Input = (&'static str, &'static str, &'static str, &'static str);

const MORE: [Input; 7] = [
    (
        "nationality",
        "Nationality",
        "text",
        "Two letters, such as LT.",
    ),
    ("sex", "Sex", "text", "M or F."),
    ("personal_number", "Personal number", "text", ""),
    ("document_number", "Number of the document", "text", ""),
    ("date_of_issue", "Document issued", "date", ""),
    ("date_of_expiry", "Document ends", "date", ""),
    ("address", "Address", "text", "For a proof of address."),
];

#[derive(Template)]
#[template(path = "dashboard/invitation_new.html")]
struct NewPage {
    page: Page,
    form: Form,
    /// Name and words of each.
    flows: [(&'static str, &'static str); 2],
    languages: [Locale; 35],
    more: [Input; 7],
    is_more_open: bool,
    /// Id and name of each, and whether it is chosen.
    presets: Vec<(String, String, bool)>,
    by_email: bool,
    by_sms: bool,
}

pub(in crate::web::dashboard) async fn ask(operator: Operator) -> Answer {
    let campaign = operator.asked("campaign").unwrap_or_default();
    let mut form = Form::of(&[("campaign", campaign)]);
    let asked = operator.asked("preset").filter(|id| !id.is_empty());
    let preset = match asked {
        Some(id) => Some(preset_of(&operator, id).await?),
        None => None,
    };
    let options = preset.as_ref().map(|preset| &preset.options);
    let flow = options.and_then(PresetOptions::flow).unwrap_or_default();
    form.add("flow", flow.as_str());
    let language = options.and_then(PresetOptions::language);
    form.add("language", language.map_or("", Locale::as_str));
    form.add("preset", asked.unwrap_or_default());
    Ok(show(&new_page(&operator, form).await?))
}

pub(in crate::web::dashboard) async fn create(operator: Operator, mut form: Form) -> Answer {
    let link = LinkId::new(once::id(&operator, &form));
    if operator.state.store.link(link).await?.is_some() {
        return Ok(made_already(&operator));
    }
    let asked = form.value("preset").to_owned();
    let asked = Map::from_iter([("preset".to_owned(), asked.into())]);
    let presets = Presets::named_in(&operator.state.store, &asked).await?;
    let Some((made, said)) = read(&operator, &mut form, link, &presets) else {
        return Ok(show_wrong(&new_page(&operator, form).await?));
    };
    let id = made.invitation.id;
    let (store, clock) = (operator.store(), &operator.state.clock);
    let kept = invite(&store, clock, said.campaign.as_deref(), &mut [made]).await?;
    if kept.is_err() && operator.state.store.link(link).await?.is_some() {
        return Ok(made_already(&operator));
    }
    // A slug that was drawn is taken once in ten million times.
    kept.map_err(|_| Refused::Busy)?;
    let told = match said.send {
        Some(_) => "The invitation is on its way. Its link is here, too.",
        None => "The link is ready, for this person alone. Copy it, send it, or show its code.",
    };
    Ok(operator.redirect_with(&Flash::done(told), &address(id)))
}

/// What the form describes; what is wrong is noted in it, field by field.
fn read(
    operator: &Operator,
    form: &mut Form,
    id: LinkId,
    presets: &Presets,
) -> Option<(Invited, Common)> {
    let mut map = Map::new();
    let names = PERSONAL.iter().map(|(own, _)| *own);
    for name in names.chain(["email", "phone"]).chain(OF_LINK) {
        let typed = form.value(name).trim();
        if !typed.is_empty() && name != "expires_at" {
            map.insert(name.to_owned(), typed.into());
        }
    }
    if !form.value("expires_at").is_empty() {
        let end = form.parse("expires_at", |text| operator.zone.parse(text));
        map.extend(end.map(|end| ("expires_at".to_owned(), end.to_rfc3339().into())));
    }
    let common = ["campaign", "send"].into_iter();
    let common = common.map(|name| (name.to_owned(), form.value(name).trim()));
    let common = common.filter(|(_, typed)| !typed.is_empty());
    let common: Map<String, Value> = common.map(|(name, typed)| (name, typed.into())).collect();
    let mut common = Fields::new(common);
    let said = Common::take(&mut common);
    form.extend(&common.end());
    if said
        .send
        .is_some_and(|by| !operator.state.dispatch.is_on(by))
    {
        form.wrong("send", "is not set up");
    }
    match invitation_input::parse(id, map, &said, presets, operator.now) {
        Ok(made) => (!form.is_wrong()).then_some((made, said)),
        Err(errors) => {
            form.extend(&errors);
            None
        }
    }
}

async fn new_page(operator: &Operator, form: Form) -> Result<NewPage, Refused> {
    let presets = presets_to_choose(operator, Some(form.value("preset"))).await?;
    let used = |name: &str| form.error(name).is_some() || !form.value(name).is_empty();
    let more = MORE.iter().map(|(name, ..)| *name);
    Ok(NewPage {
        presets,
        page: below(operator, "Invite one customer"),
        is_more_open: more.chain(["expires_at", "external_ref", "name"]).any(used),
        form,
        flows: words::flows(),
        languages: Locale::ALL,
        more: MORE,
        by_email: operator.state.dispatch.is_on(Channel::Email),
        by_sms: operator.state.dispatch.is_on(Channel::Sms),
    })
}

/// The form was sent twice.
fn made_already(operator: &Operator) -> HttpResponse {
    let flash = Flash::done("The invitation was made. It is the first in the list.");
    operator.redirect_with(&flash, "/admin/invitations")
}
