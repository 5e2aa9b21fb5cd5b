//! What is the same in every call: its note, and the failure that a test wants of it.

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};

use crate::state::{CHANGED, Failure, Guard, Kind, NOT_READY, State, lock};
use crate::work;

/// What is in the names of functions that end something.
const ENDS: [&str; 6] = ["Destroy", "Free", "Unload", "Unregister", "Unmap", "Release"];

/// What a call gives, as its note shows it, or its error.
pub(crate) type Answer = Result<String, c_uint>;

/// Nothing to show.
pub(crate) const fn done() -> Answer {
    Ok(String::new())
}

/// Defines exported functions. A note shows all arguments but those that lead to what is given, or those in `shows`; the
/// body has the state behind the name in brackets.
macro_rules! exports {
    ($(fn $name:ident($($arg:ident: $ty:ty),* $(,)?) $(shows($($shown:expr),*))? [$state:ident] $body:block)*) => {$(
        #[doc = concat!("`", stringify!($name), "`, as the public header declares it.")]
        ///
        /// # Safety
        /// The header's.
        #[unsafe(no_mangle)]
        #[allow(non_snake_case, reason = "the names are C's")]
        #[allow(clippy::too_many_arguments, reason = "the header's own signature")]
        pub(crate) unsafe extern "C" fn $name($($arg: $ty),*) -> std::ffi::c_uint {
            crate::call::call(
                stringify!($name),
                #[allow(unused_variables, reason = "some notes need no state")]
                |state| crate::call::exports!(@shown state [$($arg),*] $([$($shown),*])?),
                #[allow(unused_variables, reason = "some bodies need no state")]
                |$state| $body,
            )
        }
    )*};
    (@shown $state:ident [$($arg:ident),*]) => { vec![$(crate::call::Shown::shown(&$arg, $state)),*] };
    (@shown $state:ident [$($arg:ident),*] [$($shown:expr),*]) => { vec![$(crate::call::Shown::shown(&$shown, $state)),*] };
}

pub(crate) use exports;

/// Takes a call's note and carries it out.
pub(crate) fn call(
    name: &str,
    shown: impl FnOnce(&State) -> Vec<Option<String>>,
    body: impl FnOnce(&mut Guard) -> Answer,
) -> c_uint {
    let thread = thread();
    let mut guard = lock();
    while guard.blocked.contains(name) {
        CHANGED.wait(&mut guard);
    }
    let args: Vec<String> = shown(&guard).into_iter().flatten().collect();
    let call = format!("{name}({})", args.join(", "));
    let answer = match injected(&mut guard, thread, &call) {
        _ if guard.lost != 0 => Err(guard.lost),
        // What goes is gone, whatever is said of it: such calls report faults of earlier work, too.
        Some(code) if ENDS.iter().any(|end| name.contains(end)) => body(&mut guard).and(Err(code)),
        Some(code) => {
            work::cut_short(&mut guard, name);
            Err(code)
        }
        None => body(&mut guard),
    };
    if let Err(code) = answer
        && is_fault(name, code)
    {
        guard.fault_current(code);
    }
    let state = &mut *guard;
    let (code, result) = match answer {
        Ok(given) if given.is_empty() => (0, String::new()),
        Ok(given) => (0, format!(" -> {given}")),
        Err(code) => (code, format!(" !{code}")),
    };
    // How often somebody asks in vain is a matter of time.
    if code != NOT_READY {
        state.log.push((thread, call + &result));
    }
    work::go_on(state);
    CHANGED.notify_all();
    code
}

/// Which of the executor's threads this is.
fn thread() -> &'static str {
    let mut name = [0_u8; 16];
    // SAFETY: the name of a thread has 16 bytes.
    unsafe { libc::prctl(libc::PR_GET_NAME, name.as_mut_ptr()) };
    match &name {
        name if name.starts_with(b"vgpu-retirer\0") => "retirer",
        name if name.starts_with(b"vgpu-reaper\0") => "reaper",
        _ => "ring",
    }
}

fn injected(state: &mut State, thread: &str, call: &str) -> Option<c_uint> {
    let is_meant = |failure: &Failure| failure.thread == thread && call.starts_with(&failure.call);
    let at = state.failures.iter().position(is_meant)?;
    if state.failures[at].skip > 0 {
        state.failures[at].skip -= 1;
        return None;
    }
    Some(state.failures.remove(at).code)
}

/// What ends a real context is found by every later call, too.
fn is_fault(name: &str, code: c_uint) -> bool {
    name.starts_with("cu") && !name.starts_with("cublas") && (700..720).contains(&code)
}

/// How a note shows an argument; `None` for one that it leaves out.
pub(crate) trait Shown {
    fn shown(&self, state: &State) -> Option<String>;
}

macro_rules! numbers {
    ($($ty:ty)*) => {$(
        impl Shown for $ty {
            fn shown(&self, _: &State) -> Option<String> {
                Some(self.to_string())
            }
        }
    )*};
}

numbers!(u8 u16 c_int c_uint usize u64 i64 String);

/// Defines handles of a kind.
macro_rules! handles {
    ($($name:ident)*) => {$(
        /// A handle.
        #[repr(transparent)]
        #[derive(Clone, Copy)]
        pub(crate) struct $name(pub(crate) usize);

        impl $name {
            pub(crate) const KIND: Kind = Kind::$name;
        }

        impl Shown for $name {
            fn shown(&self, _: &State) -> Option<String> {
                Some(State::name(self.0))
            }
        }
    )*};
}

handles!(Context Stream Event Module Function Graph Exec Blas Link);

/// Where something is given to the caller.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub(crate) struct Out<T>(*mut T);

impl<T> Out<T> {
    pub(crate) fn leading_to(address: usize) -> Self {
        Self(std::ptr::with_exposed_provenance_mut(address))
    }

    pub(crate) fn put(self, value: T) {
        // SAFETY: the caller of the function vouches for the pointer.
        unsafe { self.0.write(value) }
    }

    pub(crate) fn at(self, index: usize) -> Self {
        // SAFETY: the caller of the function vouches for as many as it counts.
        Self(unsafe { self.0.add(index) })
    }
}

impl<T> Shown for Out<T> {
    fn shown(&self, _: &State) -> Option<String> {
        None
    }
}

/// Where something is read from.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub(crate) struct In<T>(pub(crate) *const T);

impl<T: Copy> In<T> {
    pub(crate) fn get(self) -> T {
        self.at(0)
    }

    pub(crate) fn at(self, index: usize) -> T {
        // SAFETY: the caller of the function vouches for as many as it counts.
        unsafe { self.0.add(index).read_unaligned() }
    }

    pub(crate) fn first(self, count: usize) -> Vec<T> {
        (0..count).map(|index| self.at(index)).collect()
    }
}

/// A device address, or a host's in a function that takes either.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub(crate) struct Address(pub(crate) u64);

impl Shown for Address {
    fn shown(&self, state: &State) -> Option<String> {
        Some(state.place(self.0))
    }
}

/// A host address.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub(crate) struct Host(pub(crate) *mut c_void);

impl Host {
    pub(crate) fn address(self) -> u64 {
        self.0.expose_provenance() as u64
    }
}

impl Shown for Host {
    fn shown(&self, state: &State) -> Option<String> {
        Some(state.place(self.address()))
    }
}

/// A name.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub(crate) struct Name(*const c_char);

impl Name {
    pub(crate) fn text(self) -> String {
        // SAFETY: the caller of the function vouches for the string.
        unsafe { CStr::from_ptr(self.0) }.to_string_lossy().into_owned()
    }
}

impl Shown for Name {
    fn shown(&self, _: &State) -> Option<String> {
        Some(self.text())
    }
}
