//! The scripts, by which every change is one atomic step.

use std::sync::LazyLock;

use redis::{Cmd, Script};

/// A script and its name in errors.
pub(super) struct Named {
    pub(super) what: &'static str,
    text: &'static str,
    script: Script,
}

impl Named {
    /// The command that runs it where it is known.
    pub(super) fn by_hash(&self, keys: &[String], args: &[Vec<u8>]) -> Cmd {
        self.command("EVALSHA", self.script.get_hash(), keys, args)
    }

    /// The command that makes it known and runs it.
    pub(super) fn by_text(&self, keys: &[String], args: &[Vec<u8>]) -> Cmd {
        self.command("EVAL", self.text, keys, args)
    }

    fn command(&self, verb: &str, script: &str, keys: &[String], args: &[Vec<u8>]) -> Cmd {
        let mut cmd = redis::cmd(verb);
        cmd.arg(script);
        match keys {
            // While a slot moves to another node, some of a workspace's keys are here and some there, and a script on either
            // side would see a part. Of several keys one of which is nowhere Redis says to try again until it is over.
            [only] => cmd.arg(2).arg(only).arg(format!("{only}-nowhere")),
            keys => cmd.arg(keys.len()).arg(keys),
        };
        cmd.arg(args);
        cmd
    }
}

/// A first line of this kind makes Redis look before it runs the script, and not in the middle of it, whether there is
/// memory, a disk and the replicas that are asked for: a script either runs to its end or not at all.
macro_rules! scripts {
    ($($name:ident = $flags:literal, $what:literal, [$($file:literal),+];)+) => {
        $(pub(super) static $name: LazyLock<Named> = LazyLock::new(|| {
            let text = concat!("#!lua flags=", $flags, "\n", $(include_str!(concat!("scripts/", $file))),+);
            Named { what: $what, text, script: Script::new(text) }
        });)+
    };
}

scripts! {
    COMMIT = "", "making a change", ["prelude.lua", "commit.lua"];
    CLAIM = "", "leasing due jobs", ["prelude.lua", "claim.lua"];
    RENEW = "", "holding jobs for longer", ["prelude.lua", "renew.lua"];
    EARLIEST = "no-writes", "looking for the next job", ["prelude.lua", "earliest.lua"];
    JOBS_OF = "no-writes", "reading the jobs about an incident", ["prelude.lua", "jobs_of.lua"];
    OPEN_IN = "no-writes", "looking for open incidents", ["prelude.lua", "open_in.lua"];
    LAST_ABOUT = "no-writes", "looking for an incident by its address", ["prelude.lua", "last_about.lua"];
    HISTORY = "no-writes", "reading the history", ["prelude.lua", "history.lua"];
    PACK = "", "packing a log", ["prelude.lua", "pack.lua"];
    RETIRE = "", "taking an old incident out", ["prelude.lua", "retire.lua"];
    ADD_PAST = "", "adding what is left of old incidents", ["prelude.lua", "add_past.lua"];
    DUE = "no-writes", "looking for due jobs", ["due.lua"];
    DUE_FIRST = "no-writes", "looking for the next job", ["due_first.lua"];
    DUE_SOONER = "", "noting when a job is due", ["due_sooner.lua"];
    DUE_SEEN = "", "noting when a job is due", ["due_seen.lua"];
    RECORD_WRITE = "", "writing a record", ["record_write.lua"];
    RECORD_PAGE = "no-writes", "reading a shelf of records", ["record_page.lua"];
    RECORD_SWEEP = "", "sweeping a shelf of records", ["record_sweep.lua"];
}
