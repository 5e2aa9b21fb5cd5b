//! Graphs.

use std::ffi::{c_uint, c_void};

use vgpu_core::abi::{CUDA_HOST_NODE_PARAMS, CUDA_KERNEL_NODE_PARAMS_v2, CUDA_MEMCPY3D, CUDA_MEMSET_NODE_PARAMS};

use crate::call::{Address, Answer, Context, Event, Exec, Function, Graph, In, Out, Shown, Stream, done, exports};
use crate::copies::{Box, Rows, fill_work};
use crate::cuda::Params;
use crate::state::{Guard, INVALID_HANDLE, Kind, State, What};
use crate::work::{self, Work};

exports! {
    fn cuGraphCreate(graph: Out<usize>, flags: c_uint) [state] {
        let context = state.context()?;
        let handle = state.insert(Kind::Graph, context, What::Graph(Vec::new()));
        graph.put(handle);
        Ok(State::name(handle))
    }
    fn cuGraphDestroy(graph: Graph) [state] {
        state.remove(Graph::KIND, graph.0)?;
        done()
    }
    fn cuGraphAddKernelNode_v2(
        node: Out<usize>, graph: Graph, before: In<usize>, count: usize, params: In<CUDA_KERNEL_NODE_PARAMS_v2>,
    ) shows(graph, Before(before.first(count)), Kernel(params.get())) [state] {
        let function = params.get().func.expose_provenance();
        state.object(Function::KIND, function)?;
        add(state, node, graph, Work::Kernel { function })
    }
    fn cuGraphAddMemcpyNode(
        node: Out<usize>, graph: Graph, before: In<usize>, count: usize, copy: In<CUDA_MEMCPY3D>, context: Context,
    ) shows(graph, Before(before.first(count)), Box(copy.get()), context) [state] {
        state.object(Context::KIND, context.0)?;
        let lines = copy.get().lines(state);
        add(state, node, graph, Work::Lines(lines))
    }
    fn cuGraphAddMemsetNode(
        node: Out<usize>, graph: Graph, before: In<usize>, count: usize, params: In<CUDA_MEMSET_NODE_PARAMS>,
        context: Context,
    ) shows(graph, Before(before.first(count)), Fill(params.get()), context) [state] {
        state.object(Context::KIND, context.0)?;
        let CUDA_MEMSET_NODE_PARAMS { dst, pitch, value, elementSize, width, height } = params.get();
        let fill = fill_work(state, dst, pitch, &value.to_le_bytes()[..elementSize as usize], width, height)?;
        add(state, node, graph, fill)
    }
    fn cuGraphAddEmptyNode(node: Out<usize>, graph: Graph, before: In<usize>, count: usize) shows(
        graph, Before(before.first(count))
    ) [state] {
        add(state, node, graph, Work::Nothing)
    }
    fn cuGraphAddEventRecordNode(
        node: Out<usize>, graph: Graph, before: In<usize>, count: usize, event: Event,
    ) shows(graph, Before(before.first(count)), event) [state] {
        state.object(Event::KIND, event.0)?;
        add(state, node, graph, Work::Record { event: event.0, number: 0 })
    }
    fn cuGraphAddHostNode(
        node: Out<usize>, graph: Graph, before: In<usize>, count: usize, params: In<CUDA_HOST_NODE_PARAMS>,
    ) shows(graph, Before(before.first(count))) [state] {
        let CUDA_HOST_NODE_PARAMS { fn_, userData } = params.get();
        let function = fn_.map_or(0, |function| function as usize);
        add(state, node, graph, Work::Host { function, data: userData.expose_provenance() })
    }
    fn cuGraphAddChildGraphNode(
        node: Out<usize>, graph: Graph, before: In<usize>, count: usize, child: Graph,
    ) shows(graph, Before(before.first(count)), child) [state] {
        let works = works(state, child)?;
        add(state, node, graph, Work::Child(works))
    }
    fn cuGraphInstantiateWithFlags(exec: Out<usize>, graph: Graph, flags: u64) [state] {
        let context = state.context()?;
        let works = works(state, graph)?;
        let handle = state.insert(Kind::Exec, context, What::Exec(works));
        exec.put(handle);
        Ok(State::name(handle))
    }
    fn cuGraphExecUpdate_v2(exec: Exec, graph: Graph, result: Out<c_void>) [state] {
        state.context()?;
        let works = works(state, graph)?;
        state.object(Exec::KIND, exec.0)?.what = What::Exec(works);
        done()
    }
    fn cuGraphLaunch(exec: Exec, stream: Stream) [state] {
        let context = state.context()?;
        let object = state.object(Exec::KIND, exec.0)?;
        let What::Exec(works) = &object.what else { return Err(INVALID_HANDLE) };
        if object.context != context {
            return Err(INVALID_HANDLE);
        }
        let mut works = works.clone();
        work::number_records(state, &mut works)?;
        work::queue(state, stream.0, Work::Launch { exec: exec.0, works })
    }
    fn cuGraphExecDestroy(exec: Exec) [state] {
        state.remove(Exec::KIND, exec.0)?;
        done()
    }
}

fn works(state: &mut State, graph: Graph) -> Result<Vec<Work>, c_uint> {
    match &state.object(Graph::KIND, graph.0)?.what {
        What::Graph(works) => Ok(works.clone()),
        _ => Err(INVALID_HANDLE),
    }
}

fn add(state: &mut Guard, node: Out<usize>, graph: Graph, work: Work) -> Answer {
    state.context()?;
    match &mut state.object(Graph::KIND, graph.0)?.what {
        What::Graph(works) => works.push(work),
        _ => return Err(INVALID_HANDLE),
    }
    let handle = state.insert(Kind::Node, 0, What::Node);
    node.put(handle);
    Ok(State::name(handle))
}

/// The nodes that one waits for.
struct Before(Vec<usize>);

impl Shown for Before {
    fn shown(&self, _: &State) -> Option<String> {
        let names: Vec<String> = self.0.iter().map(|node| State::name(*node)).collect();
        Some(format!("[{}]", names.join(", ")))
    }
}

struct Kernel(CUDA_KERNEL_NODE_PARAMS_v2);

impl Shown for Kernel {
    fn shown(&self, state: &State) -> Option<String> {
        let node = &self.0;
        let params = Params {
            function: Function(node.func.expose_provenance()),
            one_by_one: In(node.kernelParams.cast_const().cast()),
            extra: In(node.extra.cast_const().cast()),
        };
        Some(format!(
            "{}, {}x{}x{}, {}x{}x{}, {}, {}",
            State::name(node.func.expose_provenance()),
            node.gridDimX,
            node.gridDimY,
            node.gridDimZ,
            node.blockDimX,
            node.blockDimY,
            node.blockDimZ,
            node.sharedMemBytes,
            params.shown(state)?
        ))
    }
}

struct Fill(CUDA_MEMSET_NODE_PARAMS);

impl Shown for Fill {
    fn shown(&self, state: &State) -> Option<String> {
        let CUDA_MEMSET_NODE_PARAMS { dst, pitch, value, elementSize, width, height } = self.0;
        let target = Address(dst).shown(state)?;
        Some(format!("{target}, {pitch}, {value} of {elementSize}, {width}, {height}"))
    }
}
