//! Asking the bot, looking into its records, and starting it anew.

use std::sync::Arc;

use pagerslack::config::{RotationConfig, Settings};
use pagerslack_core::{Incident, Queue, RotationId, incident};

use slack_sim::WorldBuilder;

use super::{CHANNEL, InProcess, SEED, Stage};

impl Stage {
    /// Any world, with `M1` as the manager.
    pub async fn with_world(world: WorldBuilder) -> Self {
        Self::new(world, RotationConfig { managers: vec!["M1".into()], ..RotationConfig::default() }).await
    }

    /// Somebody writes to the bot; gives what it answers, as they read it.
    pub async fn asks(&self, user: &str, text: &str) -> String {
        let before = self.direct_texts(user).len();
        self.slack.with(|world, now| world.direct_message(now, user, text)).unwrap();
        self.settle().await;
        self.direct_texts(user).split_off(before).join("\n--- and ---\n")
    }

    /// The process ends and starts again on the same records, with these settings.
    pub async fn restarted(self, settings: impl Into<Settings>) -> Self {
        let (slack, clock, store) = (self.slack.clone(), Arc::clone(&self.clock), Arc::clone(&self.store));
        self.crash();
        let transport = Arc::new(InProcess(slack.clone()));
        Self::start(slack, clock, store, transport, settings).await
    }

    /// The channel's rotation.
    pub fn rotation(&self) -> RotationId {
        RotationId::new("T1".into(), CHANNEL.into())
    }

    /// The channel's last incident, as its log tells it.
    pub async fn incident(&self) -> Incident {
        let rotation = self.rotation();
        let id = self.store.recent(&rotation, 1).await.unwrap().pop().expect("an incident");
        incident::replay(&self.store.load(&rotation.team, &id).await.unwrap().unwrap().log).unwrap()
    }

    /// Every incident of the channel, newest first, with its name.
    pub async fn incidents(&self) -> Vec<(String, Incident)> {
        let rotation = self.rotation();
        let mut found = Vec::new();
        for id in self.store.recent(&rotation, 100).await.unwrap() {
            let stored = self.store.load(&rotation.team, &id).await.unwrap().unwrap();
            found.push((id.to_string(), incident::replay(&stored.log).unwrap()));
        }
        found
    }

    /// Who was considered for an attempt, with the verdicts of the time, as recorded (P7).
    pub async fn considered(&self, attempt: u32) -> Vec<String> {
        let incident = self.incident().await;
        let considered = &incident.attempt(attempt).expect("an attempt").considered;
        considered.iter().map(|it| format!("{} {:?}", it.user, it.verdict)).collect()
    }

    /// The people in the channel's queue, head first. The bot itself is in it until a hunt has read who it is.
    pub async fn queue(&self) -> Vec<String> {
        let queue = self.store.queue(&self.rotation()).await.unwrap();
        queue.places().iter().map(|place| place.user.to_string()).filter(|user| user != "UBOT").collect()
    }

    /// The order in which the channel's people join the queue with its first incident.
    pub fn order_to_come(&self) -> Vec<String> {
        let members = self.slack.read(|world| {
            let members = world.channel(CHANNEL).unwrap().members.clone();
            members.into_iter().filter(|user| user.starts_with("U") && user != "UBOT").collect::<Vec<_>>()
        });
        let members = members.iter().map(|user| user.as_str().into()).collect();
        let drawn = Queue::default().newcomers(&self.rotation(), &members, SEED);
        drawn.into_iter().map(|user| user.to_string()).collect()
    }

    /// The last thing that only this person sees.
    pub fn last_told(&self, user: &str) -> String {
        self.ephemerals(user).pop().unwrap_or_default()
    }
}

impl Stage {
    /// What runs beside the engine from time to time.
    pub async fn tend(&self) {
        self.bot.engine().tend(&"T1".into()).await.unwrap();
        self.settle().await;
    }

    /// The clock leaps, and nothing is done yet.
    pub async fn jump(&self, time: &str) {
        self.settle().await;
        self.clock.set(self.now() + time.parse::<jiff::SignedDuration>().unwrap());
    }
}
