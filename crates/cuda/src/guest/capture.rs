//! Stream capture: work becomes nodes of a graph instead of records, with whatever pointers it has.
//!
//! A capture starts on one stream; others join by waiting for an event that was recorded in it. Each stream in a
//! capture keeps its frontier: the nodes that its next node depends on. Work comes in through the `gate`, as [`Captured`].

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::ThreadId;

use parking_lot::Mutex;
use vgpu_core::abi::CUstreamCaptureMode;
use vgpu_core::{CuError, CuResult};

use super::graph::Graph;
use super::handle;
use super::process::Process;
use super::stream::Stream;
use super::work::Work;

/// The captures that are open anywhere in the process. No other lock is taken while this one is held.
static OPEN: Mutex<Vec<Arc<Capture>>> = Mutex::new(Vec::new());
/// How many there are.
static OPEN_COUNT: AtomicU32 = AtomicU32::new(0);

fn opened(capture: Arc<Capture>) {
    OPEN.lock().push(capture);
    OPEN_COUNT.fetch_add(1, Ordering::AcqRel);
}

fn closed(capture: &Arc<Capture>) {
    OPEN.lock().retain(|open| !Arc::ptr_eq(open, capture));
    OPEN_COUNT.fetch_sub(1, Ordering::AcqRel);
}

/// Whether any capture is open. While there is none, entering a stream is one load.
#[inline]
pub(super) fn are_open() -> bool {
    OPEN_COUNT.load(Ordering::Acquire) != 0
}

/// A capture.
pub(crate) struct Capture {
    /// What `cuStreamGetCaptureInfo` reports.
    pub(crate) id: u64,
    pub(crate) graph: Arc<Graph>,
    /// Whether the graph goes if the capture fails: it was made for it.
    owns_graph: bool,
    mode: CUstreamCaptureMode,
    started_by: ThreadId,
    state: Mutex<State>,
}

struct State {
    /// Why it can no longer give a graph.
    broken: Option<CuError>,
    /// Every stream in it; the first one started it.
    streams: Vec<Arc<Stream>>,
    closed: bool,
}

/// A stream's part in a capture.
pub(crate) struct Branch {
    capture: Arc<Capture>,
    /// Nodes that the next one depends on.
    frontier: Vec<u32>,
    is_origin: bool,
    /// Handles that [`Captured::lend`] gave out; they must outlive the call.
    lent: Box<[u64]>,
}

/// How a stream stands to capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    None,
    Active,
    Invalidated,
}

/// Starts to capture a stream into `graph`: after the nodes `frontier` of a graph that exists, or into one made for it.
///
/// # Errors
/// `STREAM_CAPTURE_UNSUPPORTED` for the legacy stream, `ILLEGAL_STATE` when the stream is captured already,
/// `INVALID_VALUE` for an unknown mode.
pub(crate) fn begin(
    process: &Process,
    stream: &Arc<Stream>,
    mode: CUstreamCaptureMode,
    graph: Arc<Graph>,
    frontier: Option<Vec<u32>>,
) -> CuResult {
    if mode.0 > CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_RELAXED.0 {
        return Err(CuError::INVALID_VALUE);
    }
    if stream.is_legacy() {
        return Err(CuError::STREAM_CAPTURE_UNSUPPORTED);
    }
    let mut branch = stream.branch.lock();
    if branch.is_some() {
        return Err(CuError::ILLEGAL_STATE);
    }
    let capture = Arc::new(Capture {
        id: process.new_id(),
        graph,
        owns_graph: frontier.is_none(),
        mode,
        started_by: std::thread::current().id(),
        state: Mutex::new(State { broken: None, streams: vec![stream.clone()], closed: false }),
    });
    *branch = Some(Branch {
        capture: capture.clone(),
        frontier: frontier.unwrap_or_default(),
        is_origin: true,
        lent: Box::default(),
    });
    opened(capture);
    stream.set_capturing(true);
    Ok(())
}

/// Ends the capture that started on `stream` and returns its graph.
///
/// # Errors
/// `ILLEGAL_STATE` when the stream is not captured, `STREAM_CAPTURE_UNMATCHED` on another stream than it started on,
/// `STREAM_CAPTURE_WRONG_THREAD`, `STREAM_CAPTURE_UNJOINED` when a joined stream has work that this one does not wait
/// for, or what broke the capture (`STREAM_CAPTURE_INVALIDATED`).
pub(crate) fn end(stream: &Stream) -> CuResult<Arc<Graph>> {
    let (capture, frontier) = {
        let branch = stream.branch.lock();
        let branch = branch.as_ref().ok_or(CuError::ILLEGAL_STATE)?;
        if !branch.is_origin {
            return Err(CuError::STREAM_CAPTURE_UNMATCHED);
        }
        (branch.capture.clone(), branch.frontier.clone())
    };
    let relaxed = capture.mode == CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_RELAXED;
    if !relaxed && capture.started_by != std::thread::current().id() {
        return Err(CuError::STREAM_CAPTURE_WRONG_THREAD);
    }
    let (broken, ends) = close(&capture);
    let unjoined = || {
        let leaves = capture.graph.leaves();
        let is_unjoined = |end: &u32| !frontier.contains(end) && leaves.contains(end);
        ends.iter().any(is_unjoined).then_some(CuError::STREAM_CAPTURE_UNJOINED)
    };
    match broken.map(|_| CuError::STREAM_CAPTURE_INVALIDATED).or_else(unjoined) {
        Some(error) => {
            capture.discard_graph();
            Err(error)
        }
        None => Ok(capture.graph.clone()),
    }
}

/// Takes every stream out of the capture; returns what broke it, and the last nodes of all streams.
fn close(capture: &Arc<Capture>) -> (Option<CuError>, Vec<u32>) {
    let (streams, broken) = {
        let mut state = capture.state.lock();
        if !state.closed {
            state.closed = true;
            closed(capture);
        }
        (std::mem::take(&mut state.streams), state.broken)
    };
    let mut ends = Vec::new();
    for stream in streams {
        let mut slot = stream.branch.lock();
        if let Some(branch) = slot.take_if(|branch| Arc::ptr_eq(&branch.capture, capture)) {
            ends.extend(branch.frontier);
            stream.set_capturing(false);
        }
    }
    (broken, ends)
}

/// Gives a capture up because its stream goes away.
pub(crate) fn abandon(stream: &Stream) {
    let branch = stream.branch.lock().take();
    stream.set_capturing(false);
    if let Some(branch) = branch {
        branch.capture.state.lock().broken.get_or_insert(CuError::STREAM_CAPTURE_INVALIDATED);
        if branch.is_origin {
            close(&branch.capture);
            branch.capture.discard_graph();
        }
    }
}

/// Breaks the capture that `stream` is in, if any; its end will say so.
fn invalidate(stream: &Stream, why: CuError) {
    if let Some(branch) = &*stream.branch.lock() {
        branch.capture.state.lock().broken.get_or_insert(why);
    }
}

/// The open capture of that id.
fn open(id: u64) -> Option<Arc<Capture>> {
    OPEN.lock().iter().find(|open| open.id == id).cloned()
}

/// Breaks the capture of that id with an error, for the call to return.
pub(crate) fn broken_by(id: u64, error: CuError) -> CuError {
    if let Some(capture) = open(id) {
        capture.state.lock().broken.get_or_insert(error);
    }
    error
}

/// The capture that a stream is in.
pub(super) fn of(stream: &Stream) -> Option<Arc<Capture>> {
    stream.branch.lock().as_ref().map(|branch| branch.capture.clone())
}

impl Capture {
    fn discard_graph(&self) {
        if self.owns_graph {
            self.graph.destroy();
        }
    }

    /// Breaks the capture if a call that is not safe meanwhile concerns it, made on that thread in that mode; returns whether it
    /// does.
    pub(super) fn break_by_unsafe_call(&self, thread: ThreadId, mode: CUstreamCaptureMode) -> bool {
        let global = CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_GLOBAL;
        let concerns = match self.mode {
            CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_RELAXED => false,
            own if own == global && mode == global => true,
            _ => self.started_by == thread,
        };
        if concerns {
            self.state.lock().broken.get_or_insert(CuError::STREAM_CAPTURE_UNSUPPORTED);
        }
        concerns
    }

    fn check(&self) -> CuResult {
        match self.state.lock().broken {
            Some(_) => Err(CuError::STREAM_CAPTURE_INVALIDATED),
            None => Ok(()),
        }
    }
}

/// A stream whose work becomes nodes of a graph.
#[derive(Clone, Copy)]
pub(crate) struct Captured<'a> {
    stream: &'a Stream,
}

impl<'a> Captured<'a> {
    /// For the gate, which knows that the stream is captured.
    pub(super) const fn new(stream: &'a Stream) -> Self {
        Self { stream }
    }

    /// Adds work as the stream's next node.
    ///
    /// # Errors
    /// `STREAM_CAPTURE_INVALIDATED` when the capture is broken.
    pub(crate) fn add(&self, work: Work) -> CuResult {
        self.add_node(|graph, after| graph.add(work, after))
    }

    /// Adds a graph as the stream's next node.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub(crate) fn add_child(&self, child: Arc<Graph>) -> CuResult {
        self.add_node(|graph, after| graph.add_child(child, after))
    }

    fn add_node(&self, add: impl FnOnce(&Graph, Vec<u32>) -> CuResult<u32>) -> CuResult {
        let mut branch = self.stream.branch.lock();
        let branch = branch.as_mut().ok_or(CuError::STREAM_CAPTURE_INVALIDATED)?;
        branch.capture.check()?;
        let node = add(&branch.capture.graph, std::mem::take(&mut branch.frontier))?;
        branch.frontier = vec![node];
        Ok(())
    }

    /// The capture and the nodes that the stream's next one depends on.
    ///
    /// # Errors
    /// `STREAM_CAPTURE_INVALIDATED` when the capture is broken.
    pub(crate) fn frontier(&self) -> CuResult<(Arc<Capture>, Vec<u32>)> {
        let branch = self.stream.branch.lock();
        let branch = branch.as_ref().ok_or(CuError::STREAM_CAPTURE_INVALIDATED)?;
        branch.capture.check()?;
        Ok((branch.capture.clone(), branch.frontier.clone()))
    }

    /// Has the stream's next node depend on these nodes of the capture's graph instead.
    pub(crate) fn set_frontier(&self, frontier: Vec<u32>) {
        if let Some(branch) = &mut *self.stream.branch.lock() {
            branch.frontier = frontier;
        }
    }

    /// The graph's handle and the frontier's, as an array that is there until the next time; `None` when the capture
    /// has just ended.
    pub(crate) fn lend(&self) -> Option<(u64, *const u64, usize)> {
        let mut branch = self.stream.branch.lock();
        let branch = branch.as_mut()?;
        let graph = branch.capture.graph.handle;
        branch.lent = branch.frontier.iter().map(|node| handle::node_handle(graph, *node)).collect();
        Some((graph, branch.lent.as_ptr(), branch.lent.len()))
    }

    /// Breaks the capture with an error, for the call to return; the capture's end will say that it is broken.
    pub(crate) fn broken_by(&self, error: CuError) -> CuError {
        invalidate(self.stream, error);
        error
    }

    /// How the capture stands, and its id.
    pub(crate) fn status(&self) -> (Status, u64) {
        match &*self.stream.branch.lock() {
            None => (Status::None, 0),
            Some(branch) if branch.capture.check().is_ok() => (Status::Active, branch.capture.id),
            Some(branch) => (Status::Invalidated, branch.capture.id),
        }
    }
}

/// Has a stream wait for `nodes` of the capture of that id: it joins the capture if it is not in it.
///
/// # Errors
/// `STREAM_CAPTURE_MERGE` when it is in another one, `STREAM_CAPTURE_IMPLICIT` for the legacy stream,
/// `STREAM_CAPTURE_INVALIDATED` when the capture is broken or over.
pub(crate) fn join(stream: &Arc<Stream>, capture: u64, nodes: &[u32]) -> CuResult {
    if stream.is_legacy() {
        return Err(CuError::STREAM_CAPTURE_IMPLICIT);
    }
    let mut slot = stream.branch.lock();
    match &mut *slot {
        Some(branch) if branch.capture.id != capture => {
            branch.capture.state.lock().broken.get_or_insert(CuError::STREAM_CAPTURE_MERGE);
            Err(CuError::STREAM_CAPTURE_MERGE)
        }
        Some(branch) => {
            branch.capture.check()?;
            for node in nodes {
                if !branch.frontier.contains(node) {
                    branch.frontier.push(*node);
                }
            }
            Ok(())
        }
        None => {
            let capture = open(capture).ok_or(CuError::STREAM_CAPTURE_INVALIDATED)?;
            let mut state = capture.state.lock();
            if state.closed || state.broken.is_some() {
                return Err(CuError::STREAM_CAPTURE_INVALIDATED);
            }
            state.streams.push(stream.clone());
            *slot = Some(Branch {
                capture: capture.clone(),
                frontier: nodes.to_vec(),
                is_origin: false,
                lent: Box::default(),
            });
            stream.set_capturing(true);
            Ok(())
        }
    }
}

/// A captured stream that keeps order with this one, which is the legacy stream: its capture cannot show that order.
fn implicated(legacy: &Stream) -> Option<Arc<Stream>> {
    let live = legacy.owner.live().ok().filter(|_| legacy.is_legacy())?;
    live.streams().into_iter().find(|stream| stream.is_blocking() && stream.is_capturing())
}

/// Whether the order of a stream's work with others would escape a capture.
///
/// # Errors
/// `STREAM_CAPTURE_IMPLICIT` for the legacy stream while a stream that keeps order with it is captured.
pub(super) fn check_implicit(stream: &Stream) -> CuResult {
    implicated(stream).map_or(Ok(()), |_| Err(CuError::STREAM_CAPTURE_IMPLICIT))
}

/// Breaks the capture that [`check_implicit`] spoke of.
pub(super) fn break_implicated(stream: &Stream) {
    if let Some(captured) = implicated(stream) {
        invalidate(&captured, CuError::STREAM_CAPTURE_IMPLICIT);
    }
}
