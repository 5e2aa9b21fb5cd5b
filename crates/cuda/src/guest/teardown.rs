//! How a context ends, and what ends with it in which order.

use vgpu_core::CuResult;
use vgpu_core::wire::messages::{ContextDestroy, HostClose};

use super::allocation::Kind;
use super::array;
use super::context::Context;
use super::event::Event;
use super::graph_exec::GraphExec;
use super::link_state::LinkState;
use super::module::Module;
use super::output;
use super::process::Process;
use super::stream;
use super::texture;

impl Context {
    /// Ends the context: waits for its work, then drops all that belongs to it.
    ///
    /// # Errors
    /// The first error of the work it waited for; the context is gone all the same.
    pub(crate) fn kill(&self, process: &Process) -> CuResult {
        let Some(live) = self.take_live() else {
            return Ok(());
        };
        let waited = output::after(process, live.synchronize(process));
        let streams = live.streams().into_iter().chain([live.legacy.clone()]);
        let ended: Vec<_> = streams.filter(|stream| stream.forget()).collect();
        let of_it = live.number;
        for module in Module::all_of(process, of_it) {
            module.forget(process);
        }
        for event in Event::all_of(process, of_it) {
            event.destroy(process);
        }
        GraphExec::forget_all_of(of_it);
        LinkState::forget_all_of(of_it);
        array::forget_all_of(of_it);
        texture::forget_all_of(of_it);
        for allocation in process.allocations.drain(|allocation| allocation.context == of_it) {
            match allocation.kind {
                Kind::Pinned(_) | Kind::Managed => process.link.pinned().free(allocation.base)?,
                Kind::Mapped(_) => process.link.post(&HostClose { address: allocation.base }, &[]).map(drop)?,
                // The executor takes device memory back with the context.
                Kind::Device | Kind::Variable | Kind::Registered(_) => {}
            }
        }
        let destroy = ContextDestroy { context: of_it, reserved: 0 };
        let posted = process.link.post(&destroy, &[]);
        for stream in ended {
            stream::give_back_slot(stream.slot());
        }
        waited.and(posted.map(drop))
    }
}
