//! Links: what is added is kept in order, and the image is the names of it.

use std::ffi::c_uint;

use crate::call::{In, Link, Name, Out, done, exports};
use crate::cuda::Options;
use crate::state::{INVALID_HANDLE, INVALID_PTX, Kind, State, What};

/// `CU_JIT_INFO_LOG_BUFFER`, `CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES`.
const INFO_LOG: [c_uint; 2] = [3, 4];
/// The same for errors.
pub(crate) const ERROR_LOG: [c_uint; 2] = [5, 6];

/// What a link has.
pub(crate) struct Linked {
    options: Vec<c_uint>,
    /// Where the caller keeps the options' values, for as long as the link lives.
    values: usize,
    inputs: Vec<String>,
    /// What its log says: it grows.
    errors: String,
    image: Option<Box<[u8]>>,
}

exports! {
    fn cuLinkCreate_v2(count: c_uint, options: In<c_uint>, values: In<usize>, link: Out<usize>)
    shows(Options(options.first(count as usize))) [state] {
        let context = state.context()?;
        let options = options.first(count as usize);
        let values = values.0.expose_provenance();
        let linked = Linked { options, values, inputs: Vec::new(), errors: String::new(), image: None };
        let handle = state.insert(Kind::Link, context, What::Link(linked));
        link.put(handle);
        Ok(State::name(handle))
    }
    fn cuLinkAddData_v2(
        link: Link, kind: c_uint, data: In<u8>, len: usize, name: Name, count: c_uint, options: In<c_uint>,
        values: In<usize>,
    ) shows(
        link, kind, len, name, Options(options.first(count as usize)), format!("{:?}", values.first(count as usize))
    ) [state] {
        state.context()?;
        let What::Link(linked) = &mut state.object(Link::KIND, link.0)?.what else { return Err(INVALID_HANDLE) };
        if data.first(len).starts_with(b"bad") {
            linked.errors.push_str(&format!("line {}: it is bad\n", linked.errors.lines().count() + 1));
            let text = [linked.errors.as_bytes(), b"\0"].concat();
            say(ERROR_LOG, &text, &linked.options, In(std::ptr::with_exposed_provenance(linked.values)));
            return Err(INVALID_PTX);
        }
        linked.inputs.push(name.text());
        done()
    }
    fn cuLinkComplete(link: Link, image: Out<*const u8>, len: Out<usize>) [state] {
        state.context()?;
        let What::Link(linked) = &mut state.object(Link::KIND, link.0)?.what else { return Err(INVALID_HANDLE) };
        say(INFO_LOG, b"it was easy\0", &linked.options, In(std::ptr::with_exposed_provenance(linked.values)));
        let made = linked.image.insert(linked.inputs.join("+").into_bytes().into());
        image.put(made.as_ptr());
        len.put(made.len());
        done()
    }
    fn cuLinkDestroy(link: Link) [state] {
        state.remove(Link::KIND, link.0)?;
        done()
    }
}

/// Says something in the buffer that the options name.
pub(crate) fn say(log: [c_uint; 2], text: &[u8], options: &[c_uint], values: In<usize>) {
    let value = |option: c_uint| options.iter().position(|given| *given == option).map(|at| values.at(at));
    if let [Some(buffer), Some(len)] = log.map(value) {
        text.iter().take(len).enumerate().for_each(|(at, byte)| Out::leading_to(buffer).at(at).put(*byte));
    }
}
