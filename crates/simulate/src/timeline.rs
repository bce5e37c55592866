//! Virtual time and the tasks that live in it: one thread, one step at a time, in an order that the dice decide.
//!
//! Invariant: time moves only when nothing can be done at the present, and then straight to the next moment for
//! which somebody waits. No step sleeps, spawns a thread or asks what time it really is, so the same dice give the
//! same course.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use futures_util::future::{BoxFuture, Either, select};
use jiff::Timestamp;

use crate::dice::Dice;

/// To whom a task belongs: `None` is the world, which never dies; a number is one life of the bot's process.
pub(crate) type Life = Option<u64>;

/// The present, shared by all who ask. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Timeline(Arc<Shared>);

struct Shared {
    /// Nanoseconds since the Unix epoch.
    now: AtomicI64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Moments for which somebody waits, soonest first; of two at once, in the order in which they were asked for.
    alarms: BinaryHeap<Reverse<(i64, u64)>>,
    wakers: BTreeMap<u64, Waker>,
    /// In order of their numbers, not of their waking: tokio's `watch` wakes whoever waits in an order drawn by lot.
    ready: BTreeSet<u64>,
    spawned: Vec<(Life, BoxFuture<'static, ()>)>,
    counter: u64,
}

impl Timeline {
    pub(crate) fn new(start: Timestamp) -> Self {
        let now = i64::try_from(start.as_nanosecond()).unwrap_or_default();
        Self(Arc::new(Shared { now: AtomicI64::new(now), state: Mutex::default() }))
    }

    /// The present.
    pub(crate) fn now(&self) -> Timestamp {
        instant(self.0.now.load(Ordering::Relaxed))
    }

    /// Adds a task; it takes its first step when the dice say so.
    pub(crate) fn spawn(&self, life: Life, task: impl Future<Output = ()> + Send + 'static) {
        self.state().spawned.push((life, Box::pin(task)));
    }

    /// Resolves after some time.
    pub(crate) fn sleep(&self, time: Duration) -> Sleep {
        let span = i64::try_from(time.as_nanos()).unwrap_or(i64::MAX / 4);
        let at = self.0.now.load(Ordering::Relaxed).saturating_add(span);
        Sleep { timeline: self.clone(), at, alarm: None }
    }

    /// Resolves at a moment.
    pub(crate) fn sleep_until(&self, at: Timestamp) -> Sleep {
        self.sleep(Duration::try_from(at.duration_since(self.now())).unwrap_or(Duration::ZERO))
    }

    /// What comes of something within a time; `None` if nothing does.
    pub(crate) async fn within<T>(&self, time: Duration, task: impl Future<Output = T>) -> Option<T> {
        match select(std::pin::pin!(task), self.sleep(time)).await {
            Either::Left((value, _)) => Some(value),
            Either::Right(_) => None,
        }
    }

    /// Lets whoever else can act go first, or not, as the dice say.
    pub(crate) fn pause(&self) -> Pause {
        Pause(false)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves time to the next moment for which somebody waits, but not beyond `limit`. `false` if there is none.
    fn advance(&self, limit: Timestamp) -> bool {
        let limit = nanoseconds(limit);
        loop {
            let (at, waker) = {
                let mut state = self.state();
                let Some(Reverse((at, _))) = state.alarms.peek().copied() else { return false };
                if at > limit {
                    return false;
                }
                let Some(Reverse((_, alarm))) = state.alarms.pop() else { return false };
                (at, state.wakers.remove(&alarm))
            };
            // Whoever waited for it may be gone.
            if let Some(waker) = waker {
                self.0.now.fetch_max(at, Ordering::Relaxed);
                waker.wake();
                return true;
            }
        }
    }

    /// Moves time on; there is nothing to do on the way.
    fn arrive(&self, at: Timestamp) {
        self.0.now.fetch_max(nanoseconds(at), Ordering::Relaxed);
    }
}

fn instant(nanoseconds: i64) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(nanoseconds)).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn nanoseconds(at: Timestamp) -> i64 {
    i64::try_from(at.as_nanosecond()).unwrap_or(i64::MAX)
}

/// A wait for a moment.
pub(crate) struct Sleep {
    timeline: Timeline,
    at: i64,
    alarm: Option<u64>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.timeline.0.now.load(Ordering::Relaxed) >= self.at {
            return Poll::Ready(());
        }
        let timeline = self.timeline.clone();
        let mut state = timeline.state();
        let alarm = match self.alarm {
            Some(alarm) => alarm,
            None => {
                state.counter += 1;
                let alarm = state.counter;
                state.alarms.push(Reverse((self.at, alarm)));
                alarm
            }
        };
        self.alarm = Some(alarm);
        state.wakers.insert(alarm, cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(alarm) = self.alarm {
            self.timeline.state().wakers.remove(&alarm);
        }
    }
}

/// A place at which others may go first.
pub(crate) struct Pause(bool);

impl Future for Pause {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

struct TaskWaker {
    id: u64,
    queued: AtomicBool,
    timeline: Timeline,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.queued.swap(true, Ordering::Relaxed) {
            self.timeline.state().ready.insert(self.id);
        }
    }
}

struct Task {
    life: Life,
    future: BoxFuture<'static, ()>,
    waker: Arc<TaskWaker>,
}

/// The tasks, and whose turn it is. Owned by whoever drives.
pub(crate) struct Tasks {
    timeline: Timeline,
    dice: Dice,
    tasks: BTreeMap<u64, Task>,
    last: u64,
}

/// What one step was.
pub(crate) enum Step {
    /// A task of this life did something.
    Done(Life),
    /// Nothing could be done, and time has moved.
    Waited,
    /// Nothing can be done before the limit, to which time has moved.
    Over,
}

impl Tasks {
    pub(crate) fn new(timeline: Timeline, dice: Dice) -> Self {
        Self { timeline, dice, tasks: BTreeMap::new(), last: 0 }
    }

    /// Lets one task that can act take one step, or else moves time on, at most to `limit`.
    pub(crate) fn step(&mut self, limit: Timestamp) -> Step {
        self.adopt();
        let next = {
            let mut state = self.timeline.state();
            let next = match state.ready.len() {
                0 => None,
                ready => state.ready.iter().nth(self.dice.below(ready)).copied(),
            };
            if let Some(id) = &next {
                state.ready.remove(id);
            }
            next
        };
        let Some(id) = next else {
            if self.timeline.advance(limit) {
                return Step::Waited;
            }
            self.timeline.arrive(limit);
            return Step::Over;
        };
        // A task that is gone may have been woken once more.
        let Some(task) = self.tasks.get_mut(&id) else { return Step::Waited };
        task.waker.queued.store(false, Ordering::Relaxed);
        let life = task.life;
        let waker = Waker::from(Arc::clone(&task.waker));
        if task.future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
            self.tasks.remove(&id);
        }
        Step::Done(life)
    }

    /// Ends every task of a life where it stands.
    pub(crate) fn kill(&mut self, life: u64) {
        self.adopt();
        let dead: Vec<u64> =
            self.tasks.iter().filter(|(_, task)| task.life == Some(life)).map(|(id, _)| *id).collect();
        for id in dead {
            self.tasks.remove(&id);
        }
        // What they started on their way out dies with them.
        self.timeline.state().spawned.retain(|(whose, _)| *whose != Some(life));
    }

    fn adopt(&mut self) {
        let spawned = std::mem::take(&mut self.timeline.state().spawned);
        for (life, future) in spawned {
            self.last += 1;
            let id = self.last;
            let waker =
                Arc::new(TaskWaker { id, queued: AtomicBool::new(true), timeline: self.timeline.clone() });
            self.tasks.insert(id, Task { life, future, waker });
            self.timeline.state().ready.insert(id);
        }
    }
}

/// Waits, really, for what another thread is about to answer: nothing of the simulation can happen meanwhile.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(std::thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = std::pin::pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return value;
        }
        std::thread::park();
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    fn start() -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap()
    }

    fn tasks(seed: u64) -> (Timeline, Tasks) {
        let timeline = Timeline::new(start());
        let tasks = Tasks::new(timeline.clone(), Dice::new(seed));
        (timeline, tasks)
    }

    fn finish(tasks: &mut Tasks, limit: Timestamp) {
        while !matches!(tasks.step(limit), Step::Over) {}
    }

    #[test]
    fn time_goes_straight_to_the_next_moment_and_no_further_than_the_limit() {
        let (timeline, mut tasks) = tasks(1);
        let heard = Arc::new(Mutex::new(Vec::new()));
        for seconds in [7_200, 60, 3] {
            let (timeline, heard) = (timeline.clone(), Arc::clone(&heard));
            timeline.clone().spawn(None, async move {
                timeline.sleep(Duration::from_secs(seconds)).await;
                heard.lock().unwrap().push((seconds, timeline.now()));
            });
        }
        let limit = start() + SignedDuration::from_secs(100);
        finish(&mut tasks, limit);
        let at = |seconds: u64| (seconds, start() + SignedDuration::from_secs(seconds as i64));
        assert_eq!(*heard.lock().unwrap(), [at(3), at(60)]);
        assert_eq!(timeline.now(), limit);
    }

    #[test]
    fn who_goes_first_is_up_to_the_dice_and_to_nothing_else() {
        let order = |seed| {
            let (timeline, mut tasks) = tasks(seed);
            let order = Arc::new(Mutex::new(Vec::new()));
            for name in 0..8 {
                let (timeline, order) = (timeline.clone(), Arc::clone(&order));
                timeline.clone().spawn(None, async move {
                    timeline.pause().await;
                    order.lock().unwrap().push(name);
                });
            }
            finish(&mut tasks, start());
            std::mem::take(&mut *order.lock().unwrap())
        };
        assert_eq!(order(1), order(1));
        assert_ne!(order(1), order(2));
    }

    #[test]
    fn a_life_ends_where_it_stands_and_the_world_goes_on() {
        let (timeline, mut tasks) = tasks(1);
        let done = Arc::new(Mutex::new(Vec::new()));
        for life in [None, Some(1), Some(2)] {
            let (timeline, done) = (timeline.clone(), Arc::clone(&done));
            timeline.clone().spawn(life, async move {
                timeline.sleep(Duration::from_secs(1)).await;
                done.lock().unwrap().push(life);
            });
        }
        finish(&mut tasks, start());
        tasks.kill(1);
        finish(&mut tasks, start() + SignedDuration::from_secs(2));
        let mut done = done.lock().unwrap().clone();
        done.sort();
        assert_eq!(done, [None, Some(2)]);
    }
}
