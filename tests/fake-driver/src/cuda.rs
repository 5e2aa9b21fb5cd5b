//! Devices, contexts, streams, events, modules and launches.

use std::ffi::{c_char, c_int, c_uint, c_void};

use crate::call::{Context, Event, Function, In, Module, Name, Out, Shown, Stream, done, exports};
use crate::state::{
    ILLEGAL_STATE, INVALID_CONTEXT, INVALID_HANDLE, INVALID_PTX, INVALID_VALUE, Kind, LEGACY, MEMORY_BYTES, NO_DEVICE,
    NOT_FOUND, NOT_READY, Object, State, What, set_current,
};
use crate::work::{self, Work};
use crate::{links, virtual_memory};

/// CUDA 12.4, like driver 550.
const VERSION: c_int = 12_040;
const NAME: &[u8] = b"Fake GPU";
const UUID: [u8; 16] = *b"a fake GPU's own";
/// `CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR`.
const CAPABILITY_MAJOR: c_uint = 75;

/// A device's UUID.
pub(crate) fn uuid_of(device: c_int) -> [u8; 16] {
    let mut uuid = UUID;
    uuid[15] ^= device as u8;
    uuid
}

/// Whether there is such a device.
pub(crate) fn known_device(state: &mut State, device: c_int) -> Result<(), c_uint> {
    if (0..state.gpu_count).contains(&device) {
        return Ok(());
    }
    state.offence(format!("there is no device {device}"));
    Err(101)
}

exports! {
    fn cuInit(flags: c_uint) [state] {
        state.found_in_use = virtual_memory::in_use();
        if state.gpu_count == 0 { Err(NO_DEVICE) } else { done() }
    }
    fn cuDriverGetVersion(version: Out<c_int>) [state] {
        version.put(VERSION);
        done()
    }
    fn cuGetExportTable(table: Out<*const c_void>, id: In<[u8; 16]>) shows(format!("{:x?}", &id.get()[..4])) [state] {
        table.put(std::ptr::null());
        Err(INVALID_VALUE)
    }
    fn cuDeviceGetCount(count: Out<c_int>) [state] {
        count.put(state.gpu_count);
        done()
    }
    fn cuDeviceGet(device: Out<c_int>, ordinal: c_int) [state] {
        known_device(state, ordinal)?;
        device.put(ordinal);
        done()
    }
    fn cuDeviceGetName(name: Out<c_char>, len: c_int, device: c_int) [state] {
        known_device(state, device)?;
        let with_nul = NAME.iter().chain([&0]).take(len as usize);
        with_nul.enumerate().for_each(|(index, byte)| name.at(index).put(*byte as c_char));
        done()
    }
    fn cuDeviceGetUuid_v2(uuid: Out<[u8; 16]>, device: c_int) [state] {
        known_device(state, device)?;
        uuid.put(uuid_of(device));
        done()
    }
    fn cuDeviceTotalMem_v2(bytes: Out<usize>, device: c_int) [state] {
        known_device(state, device)?;
        bytes.put(MEMORY_BYTES);
        done()
    }
    fn cuDeviceGetAttribute(value: Out<c_int>, attribute: c_uint, device: c_int) [state] {
        known_device(state, device)?;
        value.put(if attribute == CAPABILITY_MAJOR { state.capability_major } else { 1000 + attribute as c_int });
        done()
    }

    fn cuDevicePrimaryCtxSetFlags_v2(device: c_int, flags: c_uint) [state] {
        known_device(state, device)?;
        done()
    }
    fn cuDevicePrimaryCtxRetain(context: Out<usize>, device: c_int) [state] {
        known_device(state, device)?;
        let is_it = |object: &Object| matches!(object.what, What::Context { is_primary: true, device: of, .. } if of == device);
        if state.objects.values().any(is_it) {
            state.offence("a primary context is retained twice");
        }
        let handle = state.insert(Kind::Context, 0, What::Context { fault: 0, device, is_primary: true });
        context.put(handle);
        Ok(State::name(handle))
    }
    fn cuDevicePrimaryCtxRelease_v2(device: c_int) [state] {
        let is_it = |object: &Object| matches!(object.what, What::Context { is_primary: true, device: of, .. } if of == device);
        let context = state.objects.iter().find(|(_, object)| is_it(object)).map(|(handle, _)| *handle);
        state.end_context(context.ok_or(INVALID_CONTEXT)?);
        done()
    }
    fn cuCtxCreate_v2(context: Out<usize>, flags: c_uint, device: c_int) [state] {
        known_device(state, device)?;
        let handle = state.insert(Kind::Context, 0, What::Context { fault: 0, device, is_primary: false });
        set_current(handle);
        context.put(handle);
        Ok(State::name(handle))
    }
    fn cuCtxDestroy_v2(context: Context) [state] {
        state.object(Context::KIND, context.0)?;
        state.end_context(context.0);
        done()
    }
    fn cuCtxSetCurrent(context: Context) [state] {
        state.object(Context::KIND, context.0)?;
        set_current(context.0);
        done()
    }

    fn cuStreamCreateWithPriority(stream: Out<usize>, flags: c_uint, priority: c_int) [state] {
        let context = state.context()?;
        let handle = state.insert(Kind::Stream, context, What::Stream);
        stream.put(handle);
        Ok(State::name(handle))
    }
    fn cuStreamDestroy_v2(stream: Stream) [state] {
        let context = state.context()?;
        state.remove(Stream::KIND, stream.0)?;
        if work::is_busy(state, context, stream.0) {
            state.offence(format!("{} is ended while it works", State::name(stream.0)));
        }
        state.queues.remove(&(context, stream.0));
        done()
    }
    fn cuStreamQuery(stream: Stream) [state] {
        let context = state.context()?;
        state.stream(stream.0)?;
        if work::is_busy(state, context, stream.0) { Err(NOT_READY) } else { done() }
    }
    fn cuStreamWaitEvent(stream: Stream, event: Event, flags: c_uint) [state] {
        let What::Event { asked, .. } = state.object(Event::KIND, event.0)?.what else { return Err(INVALID_HANDLE) };
        work::queue(state, stream.0, Work::Wait { event: event.0, number: asked })
    }
    fn cuStreamBeginCapture_v2(stream: Stream, mode: c_uint) [state] {
        let queue = state.stream(stream.0)?;
        if stream.0 == LEGACY || queue.capturing.is_some() {
            return Err(ILLEGAL_STATE);
        }
        queue.capturing = Some(Vec::new());
        done()
    }
    fn cuStreamEndCapture(stream: Stream, graph: Out<usize>) [state] {
        let context = state.context()?;
        let captured = state.stream(stream.0)?.capturing.take().ok_or(ILLEGAL_STATE)?;
        let handle = state.insert(Kind::Graph, context, What::Graph(captured));
        graph.put(handle);
        Ok(State::name(handle))
    }

    fn cuEventCreate(event: Out<usize>, flags: c_uint) [state] {
        let context = state.context()?;
        let kind = if flags & EVENT_UNTIMED != 0 { Kind::Point } else { Kind::Event };
        let handle = state.insert(kind, context, What::Event { asked: 0, reached: 0, at_ms: 0 });
        event.put(handle);
        Ok(State::name(handle))
    }
    fn cuEventDestroy_v2(event: Event) [state] {
        state.remove(Event::KIND, event.0)?;
        done()
    }
    fn cuEventRecord(event: Event, stream: Stream) [state] {
        let context = state.context()?;
        if state.object(Event::KIND, event.0)?.context != context {
            return Err(INVALID_HANDLE);
        }
        state.stream(stream.0)?;
        let number = work::ask(state, event.0)?;
        work::queue(state, stream.0, Work::Record { event: event.0, number })
    }
    fn cuEventQuery(event: Event) [state] {
        state.context()?;
        match state.object(Event::KIND, event.0)?.what {
            What::Event { asked, reached, .. } if reached < asked => Err(NOT_READY),
            _ => done(),
        }
    }
    fn cuEventElapsedTime(ms: Out<f32>, start: Event, end: Event) [state] {
        state.context()?;
        let mut at = [0, 0];
        for (event, at) in [start, end].into_iter().zip(&mut at) {
            if event.0 >> 32 == Kind::Point as usize {
                return Err(INVALID_HANDLE);
            }
            match state.object(Event::KIND, event.0)?.what {
                What::Event { asked, reached, .. } if reached < asked => return Err(NOT_READY),
                What::Event { at_ms, .. } => *at = at_ms,
                _ => return Err(INVALID_HANDLE),
            }
        }
        let between = at[1] as f32 - at[0] as f32;
        ms.put(between);
        Ok(between.to_string())
    }

    fn cuModuleLoadDataEx(
        module: Out<usize>, image: In<u8>, count: c_uint, options: In<c_uint>, values: In<usize>,
    ) shows(String::from_utf8_lossy(&image_bytes(image)).len(), Options(options.first(count as usize))) [state] {
        let context = state.context()?;
        let image = image_bytes(image);
        if image.starts_with(b"bad") {
            links::say(links::ERROR_LOG, b"line 1: it is bad\0", &options.first(count as usize), values);
            return Err(INVALID_PTX);
        }
        let handle = state.insert(Kind::Module, context, What::Module { image });
        module.put(handle);
        Ok(State::name(handle))
    }
    fn cuModuleUnload(module: Module) [state] {
        state.remove(Module::KIND, module.0)?;
        let of_module = |what: &What| matches!(what, What::Function { module: of, .. } if *of == module.0);
        state.objects.retain(|_, object| !of_module(&object.what));
        let variable = format!("{}.variable", State::name(module.0));
        state.memory.retain(|_, stretch| stretch.name != variable);
        done()
    }
    fn cuModuleGetFunction(function: Out<usize>, module: Module, name: Name) [state] {
        let context = state.context()?;
        let What::Module { image } = &state.object(Module::KIND, module.0)?.what else { return Err(INVALID_HANDLE) };
        if !kernels(image).contains(&name.text()) {
            return Err(NOT_FOUND);
        }
        let handle = state.insert(Kind::Function, context, What::Function { module: module.0, name: name.text() });
        function.put(handle);
        Ok(State::name(handle))
    }
    fn cuModuleGetFunctionCount(count: Out<c_uint>, module: Module) [state] {
        state.context()?;
        let What::Module { image } = &state.object(Module::KIND, module.0)?.what else { return Err(INVALID_HANDLE) };
        count.put(kernels(image).len() as c_uint);
        done()
    }
    fn cuModuleEnumerateFunctions(functions: Out<usize>, count: c_uint, module: Module) [state] {
        let context = state.context()?;
        let What::Module { image } = &state.object(Module::KIND, module.0)?.what else { return Err(INVALID_HANDLE) };
        for (index, name) in kernels(image).into_iter().take(count as usize).enumerate() {
            let handle = state.insert(Kind::Function, context, What::Function { module: module.0, name });
            functions.at(index).put(handle);
        }
        done()
    }
    fn cuFuncGetName(name: Out<*const c_char>, function: Function) [state] {
        state.context()?;
        let What::Function { name: text, .. } = &state.object(Function::KIND, function.0)?.what else {
            return Err(INVALID_HANDLE);
        };
        // A driver's names live as long as their function: these live longer.
        name.put(std::ffi::CString::new(text.as_str()).map_err(|_| INVALID_VALUE)?.into_raw());
        done()
    }
    fn cuModuleGetGlobal_v2(address: Out<u64>, len: Out<usize>, module: Module, name: Name) [state] {
        let context = state.context()?;
        state.object(Module::KIND, module.0)?;
        if name.text() != "variable" {
            return Err(NOT_FOUND);
        }
        let name = format!("{}.variable", State::name(module.0));
        let start = match state.memory.iter().find(|(_, stretch)| stretch.name == name) {
            Some((start, _)) => *start,
            None => crate::copies::take(state, name.clone(), VARIABLE_BYTES, context),
        };
        address.put(start);
        len.put(VARIABLE_BYTES);
        Ok(name)
    }
    fn cuFuncGetAttribute(value: Out<c_int>, attribute: c_uint, function: Function) [state] {
        state.context()?;
        state.object(Function::KIND, function.0)?;
        value.put(100 + attribute as c_int);
        done()
    }
    fn cuFuncSetAttribute(function: Function, attribute: c_uint, value: c_int) [state] {
        state.context()?;
        state.object(Function::KIND, function.0)?;
        done()
    }
    fn cuFuncGetParamInfo(function: Function, index: usize, offset: Out<usize>, len: Out<usize>) [state] {
        state.context()?;
        let What::Function { name, .. } = &state.object(Function::KIND, function.0)?.what else {
            return Err(INVALID_HANDLE);
        };
        let (at, bytes) = *params(name).get(index).ok_or(INVALID_VALUE)?;
        offset.put(at);
        len.put(bytes);
        done()
    }
    fn cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(
        blocks: Out<c_int>, function: Function, block_threads: c_int, dynamic_shared_bytes: usize, flags: c_uint,
    ) [state] {
        state.context()?;
        state.object(Function::KIND, function.0)?;
        blocks.put(7);
        done()
    }
    fn cuLaunchHostFunc(stream: Stream, function: usize, data: usize) shows(stream) [state] {
        work::queue(state, stream.0, Work::Host { function, data })
    }
    fn cuLaunchKernel(
        function: Function, grid_x: c_uint, grid_y: c_uint, grid_z: c_uint, block_x: c_uint, block_y: c_uint,
        block_z: c_uint, dynamic_shared_bytes: c_uint, stream: Stream, params: In<usize>, extra: In<usize>,
    ) shows(
        function, format!("{grid_x}x{grid_y}x{grid_z}"), format!("{block_x}x{block_y}x{block_z}"),
        dynamic_shared_bytes, stream, Params { function, one_by_one: params, extra }
    ) [state] {
        state.printed.flush();
        let context = state.context()?;
        if state.object(Function::KIND, function.0)?.context != context {
            return Err(INVALID_HANDLE);
        }
        work::queue(state, stream.0, Work::Kernel { function: function.0 })
    }
}

/// `CU_EVENT_DISABLE_TIMING`.
const EVENT_UNTIMED: c_uint = 2;
const VARIABLE_BYTES: usize = 16;
/// The options of a loading, by number.
pub(crate) struct Options(pub(crate) Vec<c_uint>);

impl Shown for Options {
    fn shown(&self, _: &State) -> Option<String> {
        Some(format!("{:?}", self.0))
    }
}

/// A kernel's parameters: one by one, or packed.
pub(crate) struct Params {
    pub(crate) function: Function,
    pub(crate) one_by_one: In<usize>,
    pub(crate) extra: In<usize>,
}

impl Shown for Params {
    fn shown(&self, state: &State) -> Option<String> {
        if !self.one_by_one.0.is_null() {
            let What::Function { name, .. } = &state.objects.get(&self.function.0)?.what else {
                return Some("of no kernel".to_owned());
            };
            let param = |(index, (_, len))| work::read(self.one_by_one.at(index) as u64, len);
            let params: Vec<_> = params(name).into_iter().enumerate().map(param).collect();
            return Some(format!("one by one {params:?}"));
        }
        let mut bytes = (0, 0);
        for at in (0..).step_by(2) {
            match self.extra.at(at) {
                0 => break,
                1 => bytes.0 = self.extra.at(at + 1),
                2 => bytes.1 = In(std::ptr::with_exposed_provenance::<usize>(self.extra.at(at + 1))).get(),
                _ => return Some("nonsense".to_owned()),
            }
        }
        Some(format!("{:?}", work::read(bytes.0 as u64, bytes.1)))
    }
}

/// An image, whose kind says how long it is.
fn image_bytes(image: In<u8>) -> Vec<u8> {
    let word = |at: usize, len: usize| {
        image.first(at + len)[at..].iter().rev().fold(0, |value, byte| value << 8 | usize::from(*byte))
    };
    let len = match image.first(4).as_slice() {
        b"\x7fELF" => word(0x28, 8) + word(0x3a, 2) * word(0x3c, 2),
        [0x50, 0xed, 0x55, 0xba] => word(6, 2) + word(8, 8),
        _ => (0..).take_while(|at| image.at(*at) != 0).count(),
    };
    image.first(len)
}

/// The kernels of an image: in text by their declarations, in machine code by their sections.
fn kernels(image: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(image);
    let marks = [".entry ", ".nv.info."];
    let names = marks.iter().flat_map(|mark| text.split(mark).skip(1));
    let name = |rest: &str| rest.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
    names.map(name).collect()
}

/// The parameters of a kernel, whose lengths stand in its name, `add__8_4`, each at a multiple of its length.
fn params(name: &str) -> Vec<(usize, usize)> {
    let lens =
        name.split_once("__").map_or("", |(_, lens)| lens).split('_').filter_map(|len| len.parse::<usize>().ok());
    let mut end: usize = 0;
    lens.map(|len| {
        let at = end.next_multiple_of(len);
        end = at + len;
        (at, len)
    })
    .collect()
}
