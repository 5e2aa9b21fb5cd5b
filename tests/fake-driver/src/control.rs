//! What a test says to the driver and asks of it. Names are those that notes have.

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};

use crate::state::{CHANGED, Failure, State, lock};
use crate::{virtual_memory, work};

/// Takes text, with what the test has given for it.
type Take = extern "C" fn(to: *mut c_void, text: *const u8, len: usize);

/// Begins anew, as a driver that has just been loaded.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn fake_reset() {
    let before = std::mem::replace(&mut *lock(), State::new());
    virtual_memory::forget(&before);
    CHANGED.notify_all();
}

/// Hands the notes so far over, and forgets them: for each call the executor's thread (`ring`, `retirer` or `reaper`), a
/// space, and what was asked and answered.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn fake_take_log(to: *mut c_void, take: Take) {
    let log = std::mem::take(&mut lock().log);
    give(log.into_iter().map(|(thread, line)| format!("{thread} {line}")), to, take);
}

/// Tells the names of all that is alive.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn fake_living(to: *mut c_void, take: Take) {
    let living: Vec<String> = lock().living().collect();
    give(living.into_iter(), to, take);
}

/// Tells what was done that must not be.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn fake_offences(to: *mut c_void, take: Take) {
    let offences = lock().offences.clone();
    give(offences.into_iter(), to, take);
}

/// Has a call fail whose note begins so, in one of the executor's threads, after `skip` that go well.
///
/// # Safety
/// Both names are strings.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn fake_fail(thread: *const c_char, call: *const c_char, skip: u32, code: c_uint) {
    // SAFETY: the caller vouches for the strings.
    let (thread, call) = unsafe { (text(thread), text(call)) };
    lock().failures.push(Failure { thread, call, skip, code });
}

/// Has a stream stand still, or go on.
///
/// # Safety
/// The name is a string.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn fake_hold(stream: *const c_char, is_held: bool) {
    // SAFETY: the caller vouches for the string.
    let stream = unsafe { text(stream) };
    let mut state = lock();
    if is_held {
        state.held.insert(stream);
    } else {
        state.held.remove(&stream);
    }
    work::go_on(&mut state);
    CHANGED.notify_all();
}

/// Has calls of a function not return, or return after all.
///
/// # Safety
/// The name is a string.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn fake_block(function: *const c_char, is_blocked: bool) {
    // SAFETY: the caller vouches for the string.
    let function = unsafe { text(function) };
    let mut state = lock();
    if is_blocked {
        state.blocked.insert(function);
    } else {
        state.blocked.remove(&function);
    }
    CHANGED.notify_all();
}

/// Has every call answer that code, as when the GPU has fallen off the bus.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn fake_lose(code: c_uint) {
    let mut state = lock();
    state.lost = code;
    CHANGED.notify_all();
}

/// How many GPUs there are, and their capability's major number.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn fake_gpus(count: i32, capability_major: i32) {
    let mut state = lock();
    (state.gpu_count, state.capability_major) = (count, capability_major);
}

/// Which descriptors are the driver's standard output and error.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn fake_output(stdout: c_int, stderr: c_int) {
    lock().printed.set_targets([stdout, stderr]);
}

/// Has addresses reserved where nobody wants them.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn fake_reserve_elsewhere() {
    lock().reserves_elsewhere = true;
}

/// Whether no stream does anything: none has anything to do, but for those of contexts that have failed.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn fake_is_idle() -> bool {
    let state = lock();
    state.queues.keys().all(|(context, stream)| !work::is_working(&state, *context, *stream))
}

fn give(lines: impl Iterator<Item = String>, to: *mut c_void, take: Take) {
    let text: String = lines.map(|line| line + "\n").collect();
    take(to, text.as_ptr(), text.len());
}

/// # Safety
/// It is a string.
unsafe fn text(text: *const c_char) -> String {
    // SAFETY: the caller vouches for it.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}
