//! Forms that make something carry its id, so that a form that was sent twice makes one thing.

use uuid::Uuid;

use super::form::Form;
use super::operator::{Operator, Visit};

/// The field.
const FIELD: &str = "once";

/// Within so many milliseconds two presses of a button are one.
pub const SAME_PRESS_MS: i64 = 2000;

/// Signed along, with the browser's session.
fn purpose(visit: &Visit) -> String {
    let session = visit.signed_in.as_ref().map(|own| own.session.id);
    session.map_or_else(String::new, |id| format!("once:{id}"))
}

/// What a form carries that is shown now.
#[must_use]
pub fn seal(visit: &Visit) -> String {
    let id = visit.state.clock.uuid().to_string();
    visit.state.signer.seal(&id, &purpose(visit))
}

/// The id of what the form makes; a fresh one where it carries none that was given to this browser.
#[must_use]
pub fn id(operator: &Operator, form: &Form) -> Uuid {
    let signer = &operator.state.signer;
    let carried = signer.open(form.value(FIELD), &purpose(operator));
    let carried = carried.and_then(|id| Uuid::try_parse(id).ok());
    carried.unwrap_or_else(|| operator.state.clock.uuid())
}
