//! The threads: where they get work, how they run it, what becomes of faults.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use vgpu_core::CuError;

use super::blas::Panels;
use super::engine::{Body, Engine, Job, Shared, Task};
use super::failure::{Failure, contained};
use super::statistics::Statistics;
use super::step::{LaunchStep, Step};
use crate::exec::{Fault, FaultKind, Launch, LaunchOptions, Worker};
use crate::memory::MemoryMap;

/// How long an idle worker looks for work before it sleeps: about what waking up costs.
const IDLE_SPIN: Duration = Duration::from_micros(15);

/// What a thread keeps between jobs.
#[derive(Default)]
struct Scratch {
    worker: Worker,
    panels: Panels,
    is_copy_engine: bool,
}

impl Engine {
    /// Prepares a step that workers share.
    fn body(&self, task: &Task) -> Result<Option<(Body, u64)>, Failure> {
        match &*task.step {
            Step::Launch(step) => {
                let launch = self.launch(step, &task.memory)?;
                let parts = launch.part_count();
                Ok(Some((Body::Launch(Box::new(launch)), parts)))
            }
            Step::Gemm(gemm) => {
                let run = gemm.start(&task.memory)?;
                let tiles = run.tile_count();
                Ok(Some((Body::Gemm(Box::new(run)), tiles)))
            }
            _ => Ok(None),
        }
    }

    fn launch(&self, step: &LaunchStep, memory: &Arc<MemoryMap>) -> Result<Launch, Failure> {
        Statistics::count(&self.statistics.launches);
        self.output.start_launch();
        let options = LaunchOptions {
            cooperative: step.is_cooperative,
            cluster: step.cluster,
            stack_bytes: step.stack_bytes,
            allocator: step.heap.as_ref().map(|heap| Arc::clone(&heap.allocator)),
            ..self.launch_options.clone()
        };
        Launch::new(step.kernel.clone(), step.shape, step.params.clone(), memory.clone(), options)
            .map_err(|error| (CuError::LAUNCH_FAILED, format!("launch of {}: {error}", step.kernel.name())))
    }

    fn run_task(&self, task: Task, scratch: &mut Scratch, workers: usize) {
        let mut prepared = None;
        let outcome = contained(
            || task.step.describe(),
            || {
                prepared = self.body(&task)?;
                if prepared.is_none() { task.step.run_alone(&task.memory, &self.statistics) } else { Ok(()) }
            },
        );
        match prepared {
            Some((body, parts)) => {
                let max_runners = usize::try_from(parts).unwrap_or(usize::MAX).min(workers);
                let runners = AtomicUsize::new(1);
                let is_drained = AtomicBool::new(false);
                let shared = Arc::new(Shared { task, body, runners, max_runners, is_drained });
                let mut state = self.state.lock();
                state.shared.push(shared.clone());
                state.beginning -= 1;
                if state.is_stopping || shared.task.context.is_failed() {
                    shared.cancel();
                }
                if max_runners > 1 {
                    self.additions.fetch_add(1, Ordering::Release);
                    // This worker is inside already: all that can be woken is of use.
                    self.wake(state, false);
                } else {
                    drop(state);
                }
                self.run_shared(shared, scratch);
            }
            None => {
                if !matches!(*task.step, Step::Transfer(_)) {
                    self.state.lock().beginning -= 1;
                }
                self.finish(task, outcome, !scratch.is_copy_engine);
            }
        }
    }

    /// Takes parts until none is left, or the launch has had its turn; the last worker to leave reports the outcome.
    fn run_shared(&self, shared: Arc<Shared>, scratch: &mut Scratch) {
        let start = Instant::now();
        let mut is_set_aside = false;
        let outcome = contained(
            || shared.task.step.describe(),
            || {
                match &shared.body {
                    Body::Launch(launch) => is_set_aside = launch.run_turn(&mut scratch.worker).is_none(),
                    Body::Gemm(run) => run.run(&mut scratch.panels),
                }
                Ok(())
            },
        );
        self.statistics.add_kernel_time(start.elapsed());
        if is_set_aside {
            self.queue_again(shared);
            return;
        }
        if let Err((error, detail)) = outcome {
            shared.cancel();
            // A worker's arenas may be half written after a panic.
            *scratch = Scratch { is_copy_engine: scratch.is_copy_engine, ..Scratch::default() };
            if self.set_failed(&shared.task.context) {
                log::error!("{detail}");
                self.completions.fail(error, &detail);
            }
        }
        let last = {
            let mut state = self.state.lock();
            shared.is_drained.store(true, Ordering::Relaxed);
            if shared.runners.fetch_sub(1, Ordering::Relaxed) == 1 {
                state.shared.retain(|other| !Arc::ptr_eq(other, &shared));
            }
            // Within the lock, so that nobody's reference outlives the last worker's.
            Arc::into_inner(shared)
        };
        if let Some(Shared { task, body, .. }) = last {
            let outcome = self.outcome(&body);
            drop(body);
            self.finish(task, outcome, true);
        }
    }

    fn outcome(&self, body: &Body) -> Result<(), Failure> {
        let Body::Launch(launch) = body else {
            return Ok(());
        };
        self.statistics.add_counters(launch.counters());
        self.output.end_launch();
        match launch.fault() {
            None => Ok(()),
            Some(Fault { kind, detail }) => Err((fault_code(kind), detail)),
        }
    }

    /// Waits for something to do; `None` when the engine stops.
    fn next_job(&self, is_copy_engine: bool) -> Option<Job> {
        let mut has_spun = is_copy_engine;
        let mut state = self.state.lock();
        loop {
            if state.is_stopping {
                return None;
            }
            if let Some(job) = state.take(is_copy_engine) {
                return Some(job);
            }
            if !has_spun {
                has_spun = true;
                let seen = self.additions.load(Ordering::Acquire);
                drop(state);
                self.spin(seen);
                state = self.state.lock();
                continue;
            }
            if is_copy_engine {
                state.copy_is_sleeping = true;
                self.copy_wake.wait(&mut state);
                state.copy_is_sleeping = false;
            } else {
                state.compute_sleeping += 1;
                self.compute_wake.wait(&mut state);
                state.compute_sleeping -= 1;
            }
        }
    }

    fn spin(&self, seen: u64) {
        let start = Instant::now();
        while start.elapsed() < IDLE_SPIN {
            if self.additions.load(Ordering::Acquire) != seen {
                return;
            }
            // On a machine of few processors whoever brings the work may need this one.
            std::thread::yield_now();
        }
    }
}

fn fault_code(kind: FaultKind) -> CuError {
    match kind {
        FaultKind::IllegalAddress => CuError::ILLEGAL_ADDRESS,
        FaultKind::MisalignedAddress => CuError::MISALIGNED_ADDRESS,
        FaultKind::Trap => CuError::LAUNCH_FAILED,
        FaultKind::Assert => CuError::ASSERT,
        FaultKind::Timeout => CuError::LAUNCH_TIMEOUT,
        FaultKind::IllegalInstruction => CuError::ILLEGAL_INSTRUCTION,
        FaultKind::InvalidPc => CuError::INVALID_PC,
        FaultKind::HardwareStackError => CuError::HARDWARE_STACK_ERROR,
    }
}

/// Starts `count` compute workers and the copy engine.
///
/// # Errors
/// What the system says about a new thread; those that were started are told to stop.
pub(super) fn start_workers(engine: &Arc<Engine>, count: usize) -> std::io::Result<Vec<JoinHandle<()>>> {
    let start = |name: String, is_copy_engine: bool| {
        let engine = engine.clone();
        std::thread::Builder::new().name(name).spawn(move || {
            let mut scratch = Scratch { is_copy_engine, ..Scratch::default() };
            while let Some(job) = engine.next_job(is_copy_engine) {
                match job {
                    Job::Run(task) => engine.run_task(task, &mut scratch, count),
                    Job::Join(shared) => engine.run_shared(shared, &mut scratch),
                }
            }
        })
    };
    let compute = (0..count).map(|index| start(format!("vgpu-sm-{index}"), false));
    let workers = compute.chain(std::iter::once_with(|| start("vgpu-copy".to_owned(), true))).collect();
    if let Err(error) = &workers {
        log::error!("cannot start a worker thread: {error}");
        engine.stop();
    }
    workers
}
