//! Faults on demand: what Slack and the network do on bad days.

use jiff::SignedDuration;

/// A fault that waits for a matching call or delivery.
#[derive(Debug, Clone)]
pub struct Fault {
    /// A Web API method, `response_url`, or for deliveries an event type, a command or `block_actions`;
    /// everything when absent.
    pub method: Option<String>,
    /// How many matches pass unharmed first.
    pub skip: u32,
    /// How many matches are hit; until cleared when absent.
    pub times: Option<u32>,
    /// What happens.
    pub kind: FaultKind,
}

impl Fault {
    /// Hits the next match, once.
    #[must_use]
    pub fn once(method: &str, kind: FaultKind) -> Self {
        Self { method: Some(method.to_owned()), skip: 0, times: Some(1), kind }
    }

    /// Hits every match until cleared.
    #[must_use]
    pub fn always(method: &str, kind: FaultKind) -> Self {
        Self { times: None, ..Self::once(method, kind) }
    }

    /// Hits every call, or every delivery, until cleared.
    #[must_use]
    pub fn everything(kind: FaultKind) -> Self {
        Self { method: None, skip: 0, times: None, kind }
    }

    /// As often as this.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { times: Some(times), ..self }
    }

    /// After this many matches have passed.
    #[must_use]
    pub fn after(self, skip: u32) -> Self {
        Self { skip, ..self }
    }
}

/// What a fault does. "After" means that the call takes effect and only the answer is harmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultKind {
    /// HTTP 429; the method then stays closed for these seconds (1 when absent).
    RateLimited {
        /// Seconds in `Retry-After`; without them the header is missing.
        retry_after: Option<u32>,
    },
    /// HTTP 404 without a Slack body, and no effect.
    Http404,
    /// HTTP 500 and no effect.
    Http500,
    /// HTTP 500 although it took effect.
    Http500AfterEffect,
    /// HTTP 200 with a page of HTML, and no effect.
    Garbage,
    /// `ok: false` with this error, and no effect.
    Error(String),
    /// `ok: false` with this error although it took effect.
    ErrorAfterEffect(String),
    /// No effect, and no answer until the client gives up.
    HangBefore,
    /// Takes effect, and no answer until the client gives up.
    HangAfter,
    /// No effect, and the connection closes without an answer.
    CloseBefore,
    /// Takes effect, and the connection closes without an answer.
    CloseAfter,
    /// A delivery is lost.
    Drop,
    /// A delivery comes twice with the same `event_id`.
    Double,
    /// A delivery comes twice with two `event_id`s.
    DoubleFreshId,
    /// A delivery comes later.
    Delay(SignedDuration),
}

impl FaultKind {
    fn is_of_delivery(&self) -> bool {
        matches!(self, Self::Drop | Self::Double | Self::DoubleFreshId | Self::Delay(_))
    }
}

/// The faults that still wait.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn for_call(&mut self, method: &str) -> Option<FaultKind> {
        self.take(|fault| !fault.kind.is_of_delivery() && matches(fault, method))
    }

    pub(crate) fn for_delivery(&mut self, name: &str) -> Option<FaultKind> {
        self.take(|fault| fault.kind.is_of_delivery() && matches(fault, name))
    }

    fn take(&mut self, is_match: impl Fn(&Fault) -> bool) -> Option<FaultKind> {
        let mut hit = None;
        for (at, fault) in self.0.iter_mut().enumerate().filter(|(_, fault)| is_match(fault)) {
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            hit = Some(at);
            break;
        }
        let at = hit?;
        let kind = self.0[at].kind.clone();
        if let Some(times) = self.0[at].times.as_mut() {
            *times = times.saturating_sub(1);
            if *times == 0 {
                self.0.remove(at);
            }
        }
        Some(kind)
    }
}

fn matches(fault: &Fault, name: &str) -> bool {
    fault.method.as_deref().is_none_or(|method| method == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skips_then_hits_so_many_times() {
        let mut faults = Faults::default();
        faults.add(Fault::once("chat.postMessage", FaultKind::Http500).after(1).times(2));
        let hits: Vec<bool> = (0..4).map(|_| faults.for_call("chat.postMessage").is_some()).collect();
        assert_eq!(hits, [false, true, true, false]);
    }

    #[test]
    fn calls_and_deliveries_do_not_take_each_others() {
        let mut faults = Faults::default();
        faults.add(Fault::everything(FaultKind::Drop));
        assert_eq!(faults.for_call("auth.test"), None);
        assert_eq!(faults.for_delivery("reaction_added"), Some(FaultKind::Drop));
    }
}
