//! Instantiated graphs: a plan that the executor holds too, launched by one small record.

use std::sync::Arc;

use parking_lot::Mutex;
use vgpu_core::abi::CUgraphExecUpdateResult;
use vgpu_core::guest::Link;
use vgpu_core::wire::messages::{GraphCreate, GraphDestroy, GraphLaunch, GraphUpdate};
use vgpu_core::wire::{Seq, StreamSlot};
use vgpu_core::{CuError, CuResult};

use super::context::Context;
use super::event::Point;
use super::gate::Arm;
use super::graph::{Graph, Plan};
use super::graph_wire::Encoded;
use super::handle::{Slab, Tag};
use super::host_call;
use super::process::Process;
use super::stream::Stream;
use super::work::Work;

/// Plans up to this length travel in the record itself.
const INLINE_BYTES: usize = 32 * 1024;

static GRAPH_EXECS: Slab<Arc<GraphExec>> = Slab::new(Tag::GraphExec);

/// An executable graph.
pub(crate) struct GraphExec {
    pub(crate) handle: u64,
    pub(crate) id: u64,
    pub(crate) flags: u64,
    /// The wire number of its context.
    pub(crate) context: u32,
    state: Mutex<State>,
}

struct State {
    /// The executor's handle.
    wire: u64,
    plan: Plan,
    encoded: Encoded,
    /// Launches of one executable graph follow each other, whatever their streams.
    last: Option<(StreamSlot, Seq)>,
}

/// Why an update was refused.
pub(crate) struct Refusal {
    pub(crate) result: CUgraphExecUpdateResult,
    /// The handle of the new graph's node that does not fit, 0 for none.
    pub(crate) node: u64,
}

/// Brings a plan's bytes over: in the tail if short, else as a blob.
fn send<R>(link: &Link, bytes: &[u8], call: impl FnOnce(u64, &[u8]) -> CuResult<R>) -> CuResult<R> {
    if bytes.len() <= INLINE_BYTES {
        return call(0, bytes);
    }
    let blob = link.send_blob(bytes)?;
    call(blob, &[])
}

/// Makes a graph at the executor; returns its handle.
fn make(link: &Link, context: u32, encoded: &Encoded) -> CuResult<u64> {
    let node_count = encoded.node_count;
    send(link, &encoded.bytes, |blob, tail| {
        Ok(link.call(&GraphCreate { context, node_count, blob }, tail)?.reply.graph)
    })
}

impl GraphExec {
    /// Prepares a graph for launches in a context.
    ///
    /// # Errors
    /// `INVALID_VALUE` for a cycle, else what the executor refuses it for.
    pub(crate) fn create(process: &Process, context: &Context, graph: &Graph, flags: u64) -> CuResult<Arc<Self>> {
        let context = context.live()?.number;
        let plan = graph.plan()?;
        let encoded = plan.encode()?;
        let wire = make(&process.link, context, &encoded)?;
        let state = Mutex::new(State { wire, plan, encoded, last: None });
        let exec = |handle| Arc::new(Self { handle, id: process.new_id(), flags, context, state });
        Ok(GRAPH_EXECS.insert_with(exec))
    }

    /// The executable graph that a program means.
    ///
    /// # Errors
    /// `INVALID_VALUE` when there is none of that handle.
    pub(crate) fn find(_process: &Process, handle: u64) -> CuResult<Arc<Self>> {
        GRAPH_EXECS.get(handle).ok_or(CuError::INVALID_VALUE)
    }

    /// Ends the handles of all of the context of that wire number: at the executor they end with it.
    pub(super) fn forget_all_of(context: u32) {
        for exec in GRAPH_EXECS.filtered(|exec| exec.context == context) {
            GRAPH_EXECS.remove(exec.handle);
        }
    }

    /// Ends the executable graph; launches made before are done still.
    ///
    /// # Errors
    /// Those of the link.
    pub(crate) fn destroy(&self, process: &Process) -> CuResult {
        GRAPH_EXECS.remove(self.handle);
        process.link.post(&GraphDestroy { graph: self.state.lock().wire }, &[]).map(drop)
    }

    fn replace(&self, process: &Process, state: &mut State, plan: Plan) -> CuResult {
        let encoded = plan.encode()?;
        if encoded.bytes != state.encoded.bytes {
            let (graph, node_count) = (state.wire, encoded.node_count);
            let updated = send(&process.link, &encoded.bytes, |blob, tail| {
                process.link.call(&GraphUpdate { graph, node_count, reserved: 0, blob }, tail)
            });
            match updated {
                // A copy's memory is of another kind now, and needs more steps or fewer.
                Err(CuError::GRAPH_EXEC_UPDATE_FAILURE) => {
                    state.wire = make(&process.link, self.context, &encoded)?;
                    process.link.post(&GraphDestroy { graph }, &[])?;
                }
                updated => drop(updated?),
            }
            state.encoded = encoded;
        }
        state.plan = plan;
        Ok(())
    }

    /// Takes over the nodes of `graph`, when it has the same shape.
    ///
    /// # Errors
    /// `GRAPH_EXEC_UPDATE_FAILURE` with the reason, else what the executor refuses it for.
    pub(crate) fn update(&self, process: &Process, graph: &Graph) -> Result<(), (CuError, Refusal)> {
        let failed = |error| (error, Refusal { result: CUgraphExecUpdateResult::CU_GRAPH_EXEC_UPDATE_ERROR, node: 0 });
        let mut state = self.state.lock();
        let plan = graph.plan().map_err(failed)?;
        if let Some(refusal) = difference(&state.plan, &plan) {
            return Err((CuError::GRAPH_EXEC_UPDATE_FAILURE, refusal));
        }
        self.replace(process, &mut state, plan).map_err(failed)
    }

    /// Gives the step that came from graph node `source` other work.
    ///
    /// # Errors
    /// `INVALID_VALUE` when there is no such step or the work is of another kind.
    pub(crate) fn set_work(
        &self,
        process: &Process,
        source: u64,
        work: impl FnOnce(&Work) -> CuResult<Work>,
    ) -> CuResult {
        let mut state = self.state.lock();
        let mut plan = state.plan.clone();
        let step = plan.steps.iter_mut().find(|step| step.source == source).ok_or(CuError::INVALID_VALUE)?;
        let work = work(&step.work)?;
        if !step.work.is_like(&work) {
            return Err(CuError::INVALID_VALUE);
        }
        step.work = work;
        self.replace(process, &mut state, plan)
    }

    /// Launches the graph on a stream; on a captured one it becomes a child graph.
    ///
    /// # Errors
    /// `INVALID_HANDLE` for a stream of another context, `CAPTURED_EVENT`, else those of the link.
    pub(crate) fn launch(&self, process: &Process, stream: &Stream) -> CuResult {
        if stream.context != self.context {
            return Err(CuError::INVALID_HANDLE);
        }
        let mut state = self.state.lock();
        let live = match stream.enter(process)? {
            Arm::Live(live) => live,
            Arm::Captured(captured) => return captured.add_child(state.plan.to_graph(process)?),
        };
        if let Some((slot, seq)) = state.last {
            live.wait_for(slot, seq)?;
        }
        for step in &state.plan.steps {
            if let Work::EventWait(event) = &step.work {
                match event.point() {
                    Point::Never => {}
                    Point::At { stream: slot, seq } => live.wait_for(slot, seq)?,
                    Point::Captured { .. } => return Err(CuError::CAPTURED_EVENT),
                }
            }
        }
        let seq = live.post(&GraphLaunch { graph: state.wire, stream: 0, reserved: 0 }, &[])?;
        state.last = Some((live.slot(), seq));
        if !state.encoded.calls.is_empty() {
            host_call::expect(live.slot(), seq, state.encoded.calls.clone());
        }
        for step in &state.plan.steps {
            if let Work::EventRecord(event) = &step.work {
                event.set(live.slot(), seq);
            }
        }
        Ok(())
    }
}

/// Why a plan cannot take another's place.
fn difference(old: &Plan, new: &Plan) -> Option<Refusal> {
    let topology = CUgraphExecUpdateResult::CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED;
    for (before, after) in old.steps.iter().zip(&new.steps) {
        if before.after != after.after {
            return Some(Refusal { result: topology, node: after.source });
        }
        if !before.work.is_like(&after.work) {
            let result = CUgraphExecUpdateResult::CU_GRAPH_EXEC_UPDATE_ERROR_NODE_TYPE_CHANGED;
            return Some(Refusal { result, node: after.source });
        }
        if let (Work::Kernel(before), Work::Kernel(later)) = (&before.work, &after.work)
            && before.function.context != later.function.context
        {
            let result = CUgraphExecUpdateResult::CU_GRAPH_EXEC_UPDATE_ERROR_FUNCTION_CHANGED;
            return Some(Refusal { result, node: after.source });
        }
    }
    (old.steps.len() != new.steps.len()).then_some(Refusal { result: topology, node: 0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guest::graph::Step;

    fn plan(after: &[&[u32]]) -> Plan {
        let step = |after: &&[u32]| Step { source: 9, work: Work::Empty, after: after.to_vec() };
        Plan { steps: after.iter().map(step).collect() }
    }

    #[test]
    fn the_same_shape_is_no_difference() {
        assert!(difference(&plan(&[&[], &[0]]), &plan(&[&[], &[0]])).is_none());
    }

    #[test]
    fn other_edges_and_counts_are_a_changed_topology() {
        let topology = CUgraphExecUpdateResult::CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED;
        let edges = difference(&plan(&[&[], &[0]]), &plan(&[&[], &[]])).expect("differs");
        assert_eq!((edges.result, edges.node), (topology, 9));
        let counts = difference(&plan(&[&[], &[0]]), &plan(&[&[]])).expect("differs");
        assert_eq!((counts.result, counts.node), (topology, 0));
    }

    #[test]
    fn another_kind_of_work_is_a_changed_type() {
        let mut new = plan(&[&[]]);
        new.steps[0].work = Work::Library { op: 56, fixed: Arc::from([]), tail: Arc::from([]) };
        let refusal = difference(&plan(&[&[]]), &new).expect("differs");
        assert_eq!(refusal.result, CUgraphExecUpdateResult::CU_GRAPH_EXEC_UPDATE_ERROR_NODE_TYPE_CHANGED);
    }
}
