//! The events of a run.

use super::model::ITEMS;

/// How DynamoDB treats the requests of one process for some time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Spell {
    Calm,
    /// Each request takes up to this many milliseconds longer.
    Slow(u64),
    /// This percentage of requests is throttled.
    Throttled(u8),
    /// This percentage of connections breaks before the request arrives.
    Reset(u8),
    /// This percentage of answers is lost after the request took effect.
    LostAnswers(u8),
    /// This percentage of requests is never answered.
    Hanging(u8),
    /// Reads, writes or both are denied.
    Denied {
        reads: bool,
        writes: bool,
    },
    /// DynamoDB can't be reached.
    Down,
    /// This percentage of the rows in batches is left unprocessed.
    Unprocessed(u8),
}

#[derive(Clone, Debug)]
pub enum Action {
    Get {
        process: usize,
        item: usize,
    },
    All {
        process: usize,
        kind: &'static str,
    },
    Initialized {
        process: usize,
    },
    /// An item changes in LaunchDarkly.
    Publish {
        item: usize,
        delete: bool,
        refer: bool,
    },
    /// A process learns of the changes and hands them over, one after the other or all at once.
    Deliver {
        process: usize,
        in_turn: bool,
    },
    /// A process reconnects and hands over the whole data set.
    Init {
        process: usize,
    },
    /// An SDK looks whether an outage is over, and if so hands over the whole data set.
    Recover {
        process: usize,
    },
    /// A process ends, and another one takes its place.
    Restart {
        process: usize,
    },
    Spell {
        process: usize,
        spell: Spell,
    },
    /// The wall clock of a process jumps by this many milliseconds.
    Jump {
        process: usize,
        by: i64,
    },
}

/// A deliberate defect, to check that the oracle detects it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Defect {
    /// Reads return the table as it was up to a minute earlier.
    OldReads,
    /// Writes of segments are acknowledged at once and take effect a second later.
    LateSegments,
    /// JavaScript repeats answers of an earlier generation.
    IgnoredGeneration,
    /// Batches do not write flags.
    LostFlags,
    /// The table lost its marker.
    LostMarker,
    /// A request panics.
    Panic,
    /// The store's read time-out is ten times longer than the oracle allows.
    LongWaits,
    /// The store serves stale data while it refreshes it.
    OldAnswers,
    /// The store says that it is available, whatever waits.
    EarlyRecovery,
    /// The store does not cache: each read sends a request.
    NoCaching,
    /// The faults of the first process do not end with the plan.
    Refused,
    /// A task continues after the end.
    EndlessTask,
    /// A call is never answered.
    EndlessCall,
}

#[derive(Clone, Debug)]
pub struct Plan {
    pub seed: u64,
    pub defect: Option<Defect>,
    /// Processes that write and read.
    pub writers: usize,
    /// Processes that only read.
    pub readers: usize,
    pub ttl_ms: f64,
    pub consistent_read: bool,
    /// The maximum lag of an eventually consistent read, in milliseconds.
    pub lag_ms: u64,
    /// The maximum time of a request without faults, in milliseconds.
    pub latency_ms: u64,
    /// The actions, each with the pause before it in milliseconds.
    pub actions: Vec<(u64, Action)>,
}

impl Plan {
    /// Returns the sum of all backward clock jumps, in milliseconds.
    pub fn set_back_ms(&self) -> u64 {
        let set_back = self.actions.iter().map(|(_, action)| match action {
            Action::Jump { by, .. } if *by < 0 => by.unsigned_abs(),
            _ => 0,
        });
        set_back.sum()
    }

    pub fn processes(&self) -> usize {
        self.writers + self.readers
    }

    pub fn from_seed(seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let (writers, readers) = ([1, 1, 1, 2][random.usize(..4)], random.usize(0..=2));
        let mut plan = Self {
            seed,
            defect: None,
            writers,
            readers,
            ttl_ms: [0.0, 50.0, 1_000.0, 15_000.0, f64::INFINITY][random.usize(..5)],
            consistent_read: random.u8(..4) == 0,
            lag_ms: [0, 0, 500][random.usize(..3)],
            latency_ms: [10, 10, 150][random.usize(..3)],
            actions: Vec::new(),
        };
        let is_faulty = random.u8(..4) > 0;
        let length = random.usize(10..80);
        let longest = [5, 100, 2_000][random.usize(..3)];
        // The fewer items there are, the more happens to each.
        let items = random.usize(1..=ITEMS.len());
        for item in (0..ITEMS.len()).rev() {
            let action = Action::Publish { item, delete: false, refer: random.bool() };
            plan.actions.push((0, action));
        }
        plan.actions.extend((0..writers).map(|process| (0, Action::Init { process })));
        for _ in 0..length {
            let pause = if random.u8(..3) == 0 { 0 } else { random.u64(..longest) };
            let action = plan.action(&mut random, items, is_faulty);
            plan.actions.push((pause, action));
        }
        plan
    }

    fn action(&self, random: &mut fastrand::Rng, items: usize, is_faulty: bool) -> Action {
        let process = random.usize(..self.processes());
        let (writer, item) = (random.usize(..self.writers), random.usize(..items));
        match random.u8(..100) {
            0..25 => Action::Get { process, item },
            25..30 => Action::Recover { process: writer },
            30..45 => Action::All { process, kind: ITEMS[item].0 },
            45..47 => Action::Initialized { process },
            47..65 => {
                Action::Publish { item, delete: random.u8(..4) == 0, refer: random.u8(..3) > 0 }
            }
            65..83 => Action::Deliver { process: writer, in_turn: random.bool() },
            83..86 => Action::Init { process: writer },
            86..88 => Action::Restart { process },
            88..90 => Action::Jump { process, by: [3_600_000, -60_000][random.usize(..2)] },
            _ if !is_faulty => Action::Get { process, item },
            _ => Action::Spell { process, spell: spell(random) },
        }
    }
}

fn spell(random: &mut fastrand::Rng) -> Spell {
    let share = random.u8(10..=100);
    match random.u8(..12) {
        0..4 => Spell::Calm,
        4 => Spell::Slow(random.u64(10..1_000)),
        5 => Spell::Throttled(share),
        6 => Spell::Reset(share),
        7 => Spell::LostAnswers(share),
        8 => Spell::Hanging(share),
        9 => Spell::Denied { reads: random.bool(), writes: random.bool() },
        10 => Spell::Down,
        _ => Spell::Unprocessed(share),
    }
}
