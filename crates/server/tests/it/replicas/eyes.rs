//! A 👀 reaches a replica that knows nothing of the message.

use pagerslack_core::Event;
use pagerslack_core::incident::Via;
use pagerslack_store::{Redis, Store};
use redis_servers::Plain;
use slack_sim::Mention;

use super::balancer::Refused;
use super::{LONG, Replicas};
use crate::killed::people::key;
use crate::service::eventually_within;

/// How many incidents there are: each 👀 comes to the next replica, and most come to one that did not post.
const INCIDENTS: usize = 9;

/// Given pages that have hours to be answered, when people put 👀 in the very moment in which they appear, before
/// whoever posted has recorded that they stand, or a little later, then whichever replica hears of it takes it at once:
/// nothing is read back, and no deadline is waited for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reaction_is_recognised_by_whichever_replica_hears_of_it() {
    let redis = Plain::start().await.unwrap();
    let mut replicas = Replicas::prepare(&redis.url(), Some(Refused::Told), "2 h").await;
    replicas.start_all(|command| command).await;
    let slack = &replicas.service.slack;
    for number in 0..INCIDENTS {
        let url = format!("https://incident.example/{number}");
        slack.with(|world, now| world.slash_command(now, "R1", "C1", "/devoncall", &url)).unwrap();
        // Every other one on the root message, as a volunteer.
        let kind = if number % 2 == 0 { "/send/page/" } else { "/send/root" };
        let stands = || async {
            slack.read(|world| {
                let messages = world.messages("C1");
                let root = messages.iter().find(|message| message.text.contains(&url))?;
                let is_it = |message: &&&slack_sim::Message| {
                    key(message).is_some_and(|key| key.contains(kind))
                        && (message.ts == root.ts || message.thread_ts.as_ref() == Some(&root.ts))
                };
                let message = messages.iter().find(is_it)?;
                let user = match message.mentions.as_slice() {
                    [Mention::User(user)] if kind == "/send/page/" => user.clone(),
                    _ => "V1".to_owned(),
                };
                Some((root.ts.clone(), message.ts.clone(), user))
            })
        };
        let (root, message, user) = eventually_within(LONG, "the message stands", stands).await;
        slack.with(|world, now| world.react(now, &user, "C1", &message, "eyes")).unwrap();
        let taken = || async {
            slack.read(|world| world.message("C1", &root)?.text.contains("Taken by").then_some(()))
        };
        eventually_within(LONG, "it is taken", taken).await;
    }
    let store = Redis::connect(&redis.url()).await.unwrap();
    let rotation = pagerslack_core::RotationId::new("T1".into(), "C1".into());
    let incidents = store.recent(&rotation, usize::MAX).await.unwrap();
    assert_eq!(incidents.len(), INCIDENTS);
    for id in incidents {
        let log = store.load(&rotation.team, &id).await.unwrap().unwrap().log;
        let via = log.iter().find_map(|recorded| match &recorded.event {
            Event::Acknowledged { via, .. } => Some(*via),
            _ => None,
        });
        assert_eq!(via, Some(Via::Reaction), "{log:#?}");
    }
}
