//! Who has had a turn by what happened (P5).

use super::event::Event;
use super::state::Incident;
use crate::ids::UserId;

/// Who goes to the bottom of the queue because of an event that happens to `before`.
///
/// Being asked is a turn, and so is answering, late or for somebody else. Only an answer to one's own page while
/// it is waited for is the same turn as the page: were it another one, then with two incidents open whoever
/// answers slowly would take two turns for one page, and be asked half as often as whoever answers at once.
pub fn turn_of<'a>(before: Option<&Incident>, event: &'a Event) -> Option<&'a UserId> {
    match event {
        Event::Paged { responder, .. } => Some(responder),
        Event::Acknowledged { by, .. } => {
            let current = before.and_then(Incident::current_attempt);
            let own_page = current.is_some_and(|(_, attempt)| attempt.responder == *by);
            (!own_page).then_some(by)
        }
        _ => None,
    }
}
