//! A device that a libcuda has: the cases' kernels run there as they run in the interpreter.

use std::cell::RefCell;
use std::collections::HashMap;
use std::env;
use std::fmt;
use std::path::Path;
use std::sync::OnceLock;

use vgpu_soft::exec::{Fault, FaultKind};
use vgpu_tests::driver::{Driver, Failure, Function};

/// Names the library.
const VARIABLE: &str = "VGPU_TEST_LIBCUDA";
/// Names the target of the PTX, such as `sm_80`, where the device is of an older architecture than the cases'.
const TARGET_VARIABLE: &str = "VGPU_TEST_TARGET";
const TARGET: &str = ".target sm_90";

/// What faults are called where they become result codes.
const FAULTS: [(&str, FaultKind); 7] = [
    ("CUDA_ERROR_ILLEGAL_ADDRESS", FaultKind::IllegalAddress),
    ("CUDA_ERROR_MISALIGNED_ADDRESS", FaultKind::MisalignedAddress),
    ("CUDA_ERROR_LAUNCH_FAILED", FaultKind::Trap),
    ("CUDA_ERROR_ASSERT", FaultKind::Assert),
    ("CUDA_ERROR_LAUNCH_TIMEOUT", FaultKind::Timeout),
    ("CUDA_ERROR_ILLEGAL_INSTRUCTION", FaultKind::IllegalInstruction),
    ("CUDA_ERROR_HARDWARE_STACK_ERROR", FaultKind::HardwareStackError),
];

thread_local! {
    /// What this test has loaded, by its text: a driver takes milliseconds to compile, and cases come again with other data.
    static LOADED: RefCell<HashMap<String, Function>> = RefCell::default();
}

/// An open device.
pub(crate) struct Gpu(Driver);

impl fmt::Debug for Gpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gpu")
    }
}

impl Gpu {
    /// The device that the variable asks for, ready for this thread.
    pub(crate) fn asked_for() -> Option<&'static Self> {
        static GPU: OnceLock<Option<Gpu>> = OnceLock::new();
        let open = || {
            let path = env::var_os(VARIABLE)?;
            let driver = Driver::load(Path::new(&path));
            Some(Gpu(driver.unwrap_or_else(|error| panic!("{VARIABLE}: {error}"))))
        };
        let gpu = GPU.get_or_init(open).as_ref()?;
        gpu.0.start().unwrap_or_else(|failure| panic!("{VARIABLE}: {failure}"));
        Some(gpu)
    }

    pub(crate) fn load(&self, text: &str, name: &str) -> Function {
        let target = env::var(TARGET_VARIABLE).map_or_else(|_| TARGET.to_owned(), |name| format!(".target {name}"));
        let text = text.replace(TARGET, &target);
        LOADED.with_borrow_mut(|loaded| {
            if let Some(function) = loaded.get(&text) {
                return *function;
            }
            let function = self.0.kernel(&text, name).unwrap_or_else(|failure| panic!("{failure}\n{text}"));
            loaded.insert(text, function);
            function
        })
    }

    /// Runs a kernel on a copy of the data, whose address is its first parameter, and brings the data back.
    pub(crate) fn launch<T: Copy>(
        &self,
        function: Function,
        blocks: u32,
        threads: u32,
        data: &mut [T],
        more: &[u8],
    ) -> Option<Fault> {
        let len_bytes = size_of_val(data);
        let memory = self.0.alloc(len_bytes).and_then(|memory| self.0.write(memory, data).map(|()| memory));
        let memory = memory.unwrap_or_else(|failure| panic!("{failure}"));
        let params = [&memory.to_le_bytes(), more].concat();
        let launched = self.0.launch_packed(function, blocks, threads, &params);
        let done = launched.and_then(|()| self.0.synchronize());
        let done = done.and_then(|()| self.0.read(memory, data)).and_then(|()| self.0.free(memory));
        done.err().map(|failure| fault(&failure))
    }
}

fn fault(failure: &Failure) -> Fault {
    let known = FAULTS.iter().find(|(name, _)| *name == failure.error);
    let (_, kind) = known.unwrap_or_else(|| panic!("{failure}"));
    Fault { kind: *kind, detail: failure.to_string() }
}
