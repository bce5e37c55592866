//! Whether the right person was asked: available (P3), next in turn (P5), and with reasons (P7), and whether whoever
//! cannot be read was given the benefit of the doubt (P6).

use jiff::{SignedDuration, Timestamp};
use pagerslack_core::incident::ManagersReason;
use pagerslack_core::{Candidate, UserId, Verdict};
use slack_sim::World;

use super::case::Case;
use super::people::Unfit;
use super::{Checker, Judged, Promise, broken};

/// An "away" or "do not disturb" that somebody's hunt has seen since the report counts for the hunt; what was heard a
/// minute before may have been remembered.
const REMEMBERED: SignedDuration = SignedDuration::from_secs(130);

impl Checker {
    pub(super) fn chosen_rightly(
        &self,
        now: Timestamp,
        world: &World,
        case: &Case,
        responder: &UserId,
        considered: &[Candidate],
    ) -> Judged {
        let chosen = considered.iter().find(|candidate| candidate.user == *responder);
        let Some(chosen) = chosen else {
            return broken(
                Promise::Explainable,
                format!("{responder} is asked, and the log does not say why"),
            );
        };
        self.is_available(now, world, case, responder, &chosen.verdict)?;
        self.is_next(case, responder, considered, &chosen.verdict)?;
        self.doubts_are_fair(now, case, considered)
    }

    /// P3.
    fn is_available(
        &self,
        now: Timestamp,
        world: &World,
        case: &Case,
        responder: &UserId,
        verdict: &Verdict,
    ) -> Judged {
        let user = responder.as_str();
        if world.user(user).is_none_or(|it| it.is_bot) || self.managers.contains(user) {
            return broken(Promise::OnlyTheAvailable, format!("{user} is asked, who is no engineer"));
        }
        match verdict {
            Verdict::Available => {}
            Verdict::Unknown { why } => {
                let calm = self.failures.is_empty() && self.conditions.disturbed_until.is_none();
                return match calm {
                    true => broken(
                        Promise::OnlyTheAvailable,
                        format!("{user} is asked as if Slack had not said whether they are there: {why}"),
                    ),
                    false => Ok(()),
                };
            }
            other => {
                return broken(Promise::OnlyTheAvailable, format!("{user} is asked in spite of {other:?}"));
            }
        }
        if self.was_disturbed_by_a_clock(now) {
            return Ok(());
        }
        let what = match self.people.unfit(now, user, case.channel()) {
            None => return Ok(()),
            Some(Unfit::Away) => "is away",
            Some(Unfit::DoNotDisturb) => "is not to be disturbed",
            Some(Unfit::NotInChannel) => "is not in the channel",
            Some(Unfit::NotAMember) => "is no full member of the workspace",
        };
        broken(Promise::OnlyTheAvailable, format!("{user} is asked, who {what}"))
    }

    /// P5, P7: everybody who had their last turn earlier is accounted for, and could not be asked.
    fn is_next(
        &self,
        case: &Case,
        responder: &UserId,
        considered: &[Candidate],
        verdict: &Verdict,
    ) -> Judged {
        let turn = |user: &str| self.turns.get(&(case.channel().to_owned(), user.to_owned())).copied();
        let Some(own) = turn(responder.as_str()) else { return Ok(()) };
        for user in self.people.engineers(case.channel()) {
            if user == responder.as_str()
                || self.managers.contains(user)
                || turn(user).is_some_and(|turn| turn > own)
            {
                continue;
            }
            let found = considered.iter().find(|candidate| candidate.user.as_str() == user);
            match found.map(|candidate| &candidate.verdict) {
                None => {
                    return broken(
                        Promise::Fair,
                        format!("{responder} is asked before {user}, whose last turn was earlier"),
                    );
                }
                Some(Verdict::Available) => {
                    return broken(
                        Promise::Fair,
                        format!(
                            "{responder} is asked before {user}, who was available and had their turn earlier"
                        ),
                    );
                }
                Some(Verdict::Unknown { .. }) if matches!(verdict, Verdict::Unknown { .. }) => {
                    return broken(
                        Promise::Fair,
                        format!("{responder} is asked before {user}, in doubt both"),
                    );
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// P5, P6: nobody is passed over for what is not so.
    fn doubts_are_fair(&self, now: Timestamp, case: &Case, considered: &[Candidate]) -> Judged {
        for candidate in considered {
            let user = candidate.user.as_str();
            match &candidate.verdict {
                Verdict::AskedAlready if !case.was_asked(user) && !case.gave_up(user) => {
                    return broken(
                        Promise::Explainable,
                        format!("{user} is said to have been asked already"),
                    );
                }
                Verdict::Away | Verdict::DoNotDisturb { .. } | Verdict::Deactivated | Verdict::Guest => {}
                _ => continue,
            }
            // Of what was true within the hour a clock set wrong may have made the present.
            let since = case.since() - REMEMBERED;
            if self.was_disturbed_by_a_clock(now) || !self.people.available_since(since, user) {
                continue;
            }
            let unreadable = ["users.getPresence", "dnd.teamInfo", "users.info"]
                .iter()
                .filter_map(|method| self.failures.get(*method))
                .any(|at| *at >= since)
                || self.conditions.disturbed_until.is_some_and(|until| until >= since);
            let promise = if unreadable { Promise::FailTowardsPaging } else { Promise::Fair };
            return broken(
                promise,
                format!("{user} is passed over as {:?}, but has been there all along", candidate.verdict),
            );
        }
        Ok(())
    }

    /// P6, P7: before the managers are called for want of anybody, everybody was looked at, and nobody was left who
    /// could have been asked or may have been.
    pub(super) fn nobody_left_out(&self, now: Timestamp, case: &Case, reason: &ManagersReason) -> Judged {
        let ManagersReason::NobodyAvailable { considered } = reason else { return Ok(()) };
        let left =
            considered.iter().find(|it| matches!(it.verdict, Verdict::Available | Verdict::Unknown { .. }));
        if let Some(left) = left {
            return broken(
                Promise::FailTowardsPaging,
                format!("the managers are called although {} could be asked: {:?}", left.user, left.verdict),
            );
        }
        for user in self.people.engineers(case.channel()) {
            if !self.managers.contains(user) && !considered.iter().any(|it| it.user.as_str() == user) {
                return broken(
                    Promise::Explainable,
                    format!("the managers are called, and the log does not say why not {user}"),
                );
            }
        }
        self.doubts_are_fair(now, case, considered)
    }

    /// A clock that is wrong, or was of late, makes what is remembered older than it looks.
    fn was_disturbed_by_a_clock(&self, now: Timestamp) -> bool {
        self.conditions.clock_wrong_until.is_some_and(|until| until >= now - SignedDuration::from_hours(2))
    }
}
