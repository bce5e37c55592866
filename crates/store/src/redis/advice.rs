//! Whether a Redis will do: its version, and the settings on which it depends whether an incident can get lost (P1).

use redis::RedisError;

use super::convert::answer;
use super::link::Link;
use super::tls::unreachable;
use super::{RedisOpenError, failed};
use crate::StoreError;

/// The oldest Redis whose scripts look before they write.
const OLDEST: (u32, u32) = (7, 0);

/// Makes sure that Redis answers and is new enough.
pub(super) async fn look(link: &dyn Link) -> Result<(), RedisOpenError> {
    let mut cmd = redis::cmd("INFO");
    cmd.arg("server");
    let info = match link.ask(&cmd).await {
        Ok(value) => text(value),
        // A user without the right to ask may well have all others that matter.
        Err(error) if is_forbidden(&error) => return ping(link).await,
        Err(error) => return Err(unreachable(error)),
    };
    match line(&info, "redis_version") {
        Some(found) if line(&info, "server_name") != Some("valkey") && version(found) < OLDEST => {
            Err(RedisOpenError::TooOld { found: found.to_owned() })
        }
        _ => Ok(()),
    }
}

async fn ping(link: &dyn Link) -> Result<(), RedisOpenError> {
    link.ask(&redis::cmd("PING")).await.map(drop).map_err(unreachable)
}

/// How many replicas the server itself wants to have before it takes a change: then a change is to be on as many.
pub(super) async fn replicas_asked_for(link: &dyn Link) -> u32 {
    setting(link, "min-replicas-to-write").await.and_then(|count| count.parse().ok()).unwrap_or(0)
}

/// What is not as it should be.
pub(super) async fn advice(link: &dyn Link) -> Vec<String> {
    let (append_only, fsync, replicas, policy) = (
        setting(link, "appendonly").await,
        setting(link, "appendfsync").await,
        setting(link, "min-replicas-to-write").await,
        setting(link, "maxmemory-policy").await,
    );
    let mut info = redis::cmd("INFO");
    info.arg("replication");
    let has_replicas = match link.ask(&info).await {
        Ok(value) => line(&text(value), "connected_slaves").is_some_and(|count| count != "0"),
        Err(_) => false,
    };
    judge(append_only.as_deref(), fsync.as_deref(), has_replicas, replicas.as_deref(), policy.as_deref())
}

fn judge(
    append_only: Option<&str>,
    fsync: Option<&str>,
    has_replicas: bool,
    replicas: Option<&str>,
    policy: Option<&str>,
) -> Vec<String> {
    let mut advice = Vec::new();
    if append_only == Some("no") {
        advice.push(
            "Redis keeps nothing on disk (appendonly no): a restart loses every incident; set `appendonly yes` and \
             `appendfsync always`"
                .to_owned(),
        );
    } else if matches!(fsync, Some(other) if other != "always") {
        advice.push(format!(
            "Redis writes to disk after it has answered (appendfsync {}): a crash can lose an incident that was \
             confirmed; set `appendfsync always`",
            fsync.unwrap_or_default()
        ));
    }
    if has_replicas && replicas == Some("0") {
        advice.push(
            "Redis has replicas and does not wait for them (min-replicas-to-write 0): a failover can lose an incident \
             that was confirmed; set `min-replicas-to-write 1`"
                .to_owned(),
        );
    }
    if let Some(policy) = policy.filter(|policy| *policy != "noeviction") {
        advice.push(format!(
            "Redis throws data away when its memory is full (maxmemory-policy {policy}): incidents among it; set \
             `maxmemory-policy noeviction`"
        ));
    }
    advice
}

/// Whether it can be read and written.
pub(super) async fn probe(link: &dyn Link, key: &str) -> Result<(), StoreError> {
    let mut cmd = redis::cmd("SET");
    cmd.arg(key).arg("").arg("EX").arg(60);
    link.change(&cmd, key).await.map(drop).map_err(failed("trying to write"))
}

async fn setting(link: &dyn Link, name: &str) -> Option<String> {
    let mut cmd = redis::cmd("CONFIG");
    cmd.arg("GET").arg(name);
    let pairs: Vec<(String, String)> = answer("reading a setting", link.ask(&cmd).await.ok()?).ok()?;
    pairs.into_iter().find(|(found, _)| found == name).map(|(_, value)| value)
}

fn is_forbidden(error: &RedisError) -> bool {
    error.code() == Some("NOPERM")
}

/// A cluster answers for each of its nodes; one is as good as another here.
fn text(value: redis::Value) -> String {
    match value {
        redis::Value::Map(nodes) => nodes.into_iter().next().map(|(_, info)| text(info)).unwrap_or_default(),
        value => answer("reading about the server", value).unwrap_or_default(),
    }
}

fn line<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
}

fn version(text: &str) -> (u32, u32) {
    let mut numbers = text.split('.').map(|part| part.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_lose_an_incident_is_said() {
        let good = judge(Some("yes"), Some("always"), true, Some("1"), Some("noeviction"));
        assert_eq!(good, Vec::<String>::new());
        assert_eq!(
            judge(None, None, true, None, None),
            Vec::<String>::new(),
            "what is not told is not judged"
        );
        let bad = judge(Some("no"), Some("everysec"), true, Some("0"), Some("allkeys-lru"));
        let words = ["appendonly yes", "min-replicas-to-write 1", "noeviction"];
        assert_eq!(bad.len(), words.len());
        assert!(bad.iter().zip(words).all(|(said, word)| said.contains(word)), "{bad:?}");
        let late = judge(Some("yes"), Some("everysec"), false, Some("0"), Some("noeviction"));
        assert!(matches!(late.as_slice(), [said] if said.contains("appendfsync everysec")), "{late:?}");
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(version("7.0.15") >= OLDEST);
        assert!(version("10.1") >= OLDEST);
        assert!(version("6.2.14") < OLDEST);
        assert!(version("") < OLDEST);
    }
}
