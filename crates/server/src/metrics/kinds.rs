//! The kinds of metrics, each with its unit and its way into the registry.

use std::marker::PhantomData;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use jiff::SignedDuration;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::{counter, gauge, histogram};
use prometheus_client::registry::{Registry, Unit};

/// What can be registered under a name.
pub trait Kind: Sized {
    /// Registers it. Units are base units, and stand in the name: <https://prometheus.io/docs/practices/naming/>.
    fn register(registry: &mut Registry, name: &'static str, help: &str) -> Self;
}

/// What each series of a labelled metric is.
pub trait Series: Sized {
    /// What the library keeps.
    type Inner: Clone + prometheus_client::encoding::EncodeMetric + prometheus_client::metrics::TypedMetric;
    /// Its unit.
    const UNIT: Option<Unit>;
    /// A new one.
    fn inner() -> Self::Inner;
    /// The same as we use it.
    fn wrap(inner: Self::Inner) -> Self;
}

/// A number that only rises.
#[derive(Clone, Debug)]
pub struct Counter(counter::Counter);

impl Counter {
    /// One more.
    pub fn count(&self) {
        self.0.inc();
    }

    /// How many so far.
    pub fn get(&self) -> u64 {
        self.0.get()
    }
}

impl Series for Counter {
    type Inner = counter::Counter;
    const UNIT: Option<Unit> = None;

    fn inner() -> Self::Inner {
        counter::Counter::default()
    }

    fn wrap(inner: Self::Inner) -> Self {
        Self(inner)
    }
}

/// Seconds that add up.
#[derive(Clone, Debug)]
pub struct Seconds(counter::Counter<f64, AtomicU64>);

impl Seconds {
    /// Some more. A clock that was put back takes none away.
    pub fn add(&self, time: SignedDuration) {
        self.0.inc_by(time.as_secs_f64().max(0.0));
    }
}

impl Series for Seconds {
    type Inner = counter::Counter<f64, AtomicU64>;
    const UNIT: Option<Unit> = Some(Unit::Seconds);

    fn inner() -> Self::Inner {
        Self::Inner::default()
    }

    fn wrap(inner: Self::Inner) -> Self {
        Self(inner)
    }
}

/// A number that rises and falls.
#[derive(Clone, Debug)]
pub struct Gauge(gauge::Gauge);

impl Gauge {
    /// What it is now.
    pub fn set(&self, value: usize) {
        self.0.set(i64::try_from(value).unwrap_or(i64::MAX));
    }
}

impl Series for Gauge {
    type Inner = gauge::Gauge;
    const UNIT: Option<Unit> = None;

    fn inner() -> Self::Inner {
        gauge::Gauge::default()
    }

    fn wrap(inner: Self::Inner) -> Self {
        Self(inner)
    }
}

/// A time that rises and falls.
#[derive(Clone, Debug)]
pub struct SecondsGauge(gauge::Gauge<f64, AtomicU64>);

impl SecondsGauge {
    /// What it is now.
    pub fn set(&self, time: SignedDuration) {
        self.0.set(time.as_secs_f64().max(0.0));
    }
}

impl Series for SecondsGauge {
    type Inner = gauge::Gauge<f64, AtomicU64>;
    const UNIT: Option<Unit> = Some(Unit::Seconds);

    fn inner() -> Self::Inner {
        Self::Inner::default()
    }

    fn wrap(inner: Self::Inner) -> Self {
        Self(inner)
    }
}

/// Where the steps of a histogram lie, in seconds.
pub trait Steps {
    /// Rising.
    const AT: &'static [f64];
}

/// What people take.
#[derive(Clone, Debug)]
pub struct Minutes;

impl Steps for Minutes {
    const AT: &'static [f64] =
        &[1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 180.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0, 14_400.0];
}

/// What machines take.
#[derive(Clone, Debug)]
pub struct Moments;

impl Steps for Moments {
    const AT: &'static [f64] =
        &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];
}

/// How long something takes.
#[derive(Clone, Debug)]
pub struct Timing<S>(histogram::Histogram, PhantomData<S>);

impl<S> Timing<S> {
    /// It took so long. What a clock that was put back makes negative took no time.
    pub fn took(&self, time: impl Into<TimeTaken>) {
        self.0.observe(time.into().0.max(0.0));
    }
}

/// A time in seconds.
pub struct TimeTaken(f64);

impl From<Duration> for TimeTaken {
    fn from(time: Duration) -> Self {
        Self(time.as_secs_f64())
    }
}

impl From<SignedDuration> for TimeTaken {
    fn from(time: SignedDuration) -> Self {
        Self(time.as_secs_f64())
    }
}

impl<S: Steps> Series for Timing<S> {
    type Inner = histogram::Histogram;
    const UNIT: Option<Unit> = Some(Unit::Seconds);

    fn inner() -> Self::Inner {
        histogram::Histogram::new(S::AT.iter().copied())
    }

    fn wrap(inner: Self::Inner) -> Self {
        Self(inner, PhantomData)
    }
}

impl<T: Series> Kind for T
where
    T::Inner: Send + Sync + std::fmt::Debug + 'static,
{
    fn register(registry: &mut Registry, name: &'static str, help: &str) -> Self {
        let inner = T::inner();
        match T::UNIT {
            Some(unit) => registry.register_with_unit(name, help, unit, inner.clone()),
            None => registry.register(name, help, inner.clone()),
        }
        T::wrap(inner)
    }
}

/// One series for each set of labels.
pub struct Labelled<L, T: Series>(Family<L, T::Inner, fn() -> T::Inner>);

impl<L: Clone + std::hash::Hash + Eq, T: Series> Labelled<L, T> {
    /// The series with these labels.
    pub fn of(&self, labels: L) -> T {
        T::wrap(self.0.get_or_create_owned(&labels))
    }
}

impl<L, T: Series + 'static> Kind for Labelled<L, T>
where
    L: EncodeLabelSet + Clone + std::hash::Hash + Eq + Send + Sync + std::fmt::Debug + 'static,
    T::Inner: Send + Sync + std::fmt::Debug + 'static,
{
    fn register(registry: &mut Registry, name: &'static str, help: &str) -> Self {
        let family = Family::new_with_constructor(T::inner as fn() -> T::Inner);
        match T::UNIT {
            Some(unit) => registry.register_with_unit(name, help, unit, family.clone()),
            None => registry.register(name, help, family.clone()),
        }
        Self(family)
    }
}
