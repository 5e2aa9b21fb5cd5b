//! The fence between C callers and safe code. Raw caller pointers go no further than here.
//!
//! Generated exports build these views and hand them to hand-written bodies. A null where CUDA demands a pointer is
//! `INVALID_VALUE`; a panic in a body is `UNKNOWN`, never an unwind into C.

use std::cell::Cell;
use std::ffi::{CStr, c_char};
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::{CuError, CuResult};

unsafe extern "C" {
    #[link_name = "stdout"]
    static STDOUT: *mut libc::FILE;
    #[link_name = "stderr"]
    static STDERR: *mut libc::FILE;
}

/// One of the program's own two streams, as C knows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standard {
    /// `stdout`.
    Output,
    /// `stderr`.
    Error,
}

impl Standard {
    /// Writes as the program's own `printf` does: what it has printed before stands before this, buffered or not, and redirecting
    /// the stream redirects this too.
    pub fn write(self, text: &[u8]) {
        // SAFETY: the C library has set its streams up before it runs anybody's code.
        let stream = unsafe { if self == Self::Output { STDOUT } else { STDERR } };
        // SAFETY: the text is readable for its length, and the stream locks itself. A closed stream takes nothing.
        unsafe { libc::fwrite(text.as_ptr().cast(), 1, text.len(), stream) };
    }
}

/// A caller's output slot, known to be non-null.
pub struct Out<'a, T>(*mut T, PhantomData<&'a mut T>);

impl<T> Out<'_, T> {
    /// Accepts any non-null pointer.
    ///
    /// # Errors
    /// `INVALID_VALUE` when `ptr` is null.
    ///
    /// # Safety
    /// A non-null `ptr` is valid for one write of `T` for the life of the result.
    pub unsafe fn new(ptr: *mut T) -> CuResult<Self> {
        if ptr.is_null() { Err(CuError::INVALID_VALUE) } else { Ok(Self(ptr, PhantomData)) }
    }

    /// Fills the slot.
    pub fn write(self, value: T) {
        // SAFETY: `new` was promised one valid write, and `self` is consumed.
        unsafe { self.0.write_unaligned(value) }
    }
}

impl<'a, T> From<&'a mut T> for Out<'a, T> {
    fn from(slot: &'a mut T) -> Self {
        Self(slot, PhantomData)
    }
}

/// An output slot that the caller may leave null.
pub struct OutOpt<'a, T>(Option<Out<'a, T>>);

impl<T> OutOpt<'_, T> {
    /// Accepts any pointer.
    ///
    /// # Errors
    /// None; the result keeps the shape of its siblings.
    ///
    /// # Safety
    /// As [`Out::new`].
    pub unsafe fn new(ptr: *mut T) -> CuResult<Self> {
        // SAFETY: the caller's promise is passed on.
        Ok(Self(unsafe { Out::new(ptr) }.ok()))
    }

    /// Fills the slot if there is one.
    pub fn write(self, value: T) {
        if let Some(out) = self.0 {
            out.write(value);
        }
    }

    /// Whether the caller wants the value.
    pub fn is_some(&self) -> bool {
        self.0.is_some()
    }
}

/// A caller's value that is read and then replaced.
pub struct InOut<'a, T>(*mut T, PhantomData<&'a mut T>);

impl<T: Copy> InOut<'_, T> {
    /// Accepts any non-null pointer.
    ///
    /// # Errors
    /// `INVALID_VALUE` when `ptr` is null.
    ///
    /// # Safety
    /// A non-null `ptr` is valid for reads and writes of `T`, and holds a `T`, for the life of the result.
    pub unsafe fn new(ptr: *mut T) -> CuResult<Self> {
        if ptr.is_null() { Err(CuError::INVALID_VALUE) } else { Ok(Self(ptr, PhantomData)) }
    }

    /// The current value.
    pub fn read(&self) -> T {
        // SAFETY: `new` was promised a readable value.
        unsafe { self.0.read_unaligned() }
    }

    /// Replaces the value.
    pub fn write(&mut self, value: T) {
        // SAFETY: `new` was promised a writable slot.
        unsafe { self.0.write_unaligned(value) }
    }
}

/// A caller's struct, read in place.
pub struct In<'a, T>(&'a T);

impl<'a, T> In<'a, T> {
    /// Accepts any non-null pointer.
    ///
    /// # Errors
    /// `INVALID_VALUE` when `ptr` is null.
    ///
    /// # Safety
    /// A non-null `ptr` is aligned and readable as a `T` that nobody writes for the life of the result.
    pub unsafe fn new(ptr: *const T) -> CuResult<Self> {
        // SAFETY: the caller promises that a non-null pointer is readable.
        unsafe { ptr.as_ref() }.map(Self).ok_or(CuError::INVALID_VALUE)
    }

    /// The struct.
    pub fn get(&self) -> &'a T {
        self.0
    }
}

/// A caller's struct that may be missing, read in place.
pub struct InOpt<'a, T>(Option<&'a T>);

impl<'a, T> InOpt<'a, T> {
    /// Accepts any pointer.
    ///
    /// # Errors
    /// None; the result keeps the shape of its siblings.
    ///
    /// # Safety
    /// As [`In::new`].
    pub unsafe fn new(ptr: *const T) -> CuResult<Self> {
        // SAFETY: the caller promises that a non-null pointer is readable.
        Ok(Self(unsafe { ptr.as_ref() }))
    }

    /// The struct, if there is one.
    pub fn get(&self) -> Option<&'a T> {
        self.0
    }
}

/// A caller's array of known length, read in place.
pub struct InSlice<'a, T>(&'a [T]);

impl<'a, T> InSlice<'a, T> {
    /// Accepts any pointer for no items, a non-null one otherwise.
    ///
    /// # Errors
    /// `INVALID_VALUE` when `ptr` is null and `len` is not 0, or the length overflows the address space.
    ///
    /// # Safety
    /// `ptr` is readable for `len` items that nobody writes for the life of the result.
    pub unsafe fn new(ptr: *const T, len: usize) -> CuResult<Self> {
        let fits = len.checked_mul(size_of::<T>()).is_some_and(|bytes| bytes <= isize::MAX as usize);
        match (ptr.is_null(), len) {
            (_, 0) => Ok(Self(&[])),
            (true, _) => Err(CuError::INVALID_VALUE),
            _ if !fits => Err(CuError::INVALID_VALUE),
            // SAFETY: the caller promises `len` readable items, and the length fits an allocation.
            _ => Ok(Self(unsafe { std::slice::from_raw_parts(ptr, len) })),
        }
    }

    /// The items.
    pub fn as_slice(&self) -> &'a [T] {
        self.0
    }
}

/// A caller's output array of known length.
pub struct OutSlice<'a, T>(*mut T, usize, PhantomData<&'a mut T>);

impl<T: Copy> OutSlice<'_, T> {
    /// Accepts any pointer for no items, a non-null one otherwise.
    ///
    /// # Errors
    /// `INVALID_VALUE` when `ptr` is null and `len` is not 0.
    ///
    /// # Safety
    /// `ptr` is writable for `len` items for the life of the result.
    pub unsafe fn new(ptr: *mut T, len: usize) -> CuResult<Self> {
        if ptr.is_null() && len != 0 { Err(CuError::INVALID_VALUE) } else { Ok(Self(ptr, len, PhantomData)) }
    }

    /// How many items there is room for.
    pub fn len(&self) -> usize {
        self.1
    }

    /// Whether there is room for nothing.
    pub fn is_empty(&self) -> bool {
        self.1 == 0
    }

    /// Copies as many items as fit from `items` to position `at` onwards.
    pub fn write_at(&mut self, at: usize, items: &[T]) {
        let room = self.1.saturating_sub(at).min(items.len());
        if room > 0 {
            // SAFETY: `at + room` does not pass the length that `new` was promised; a caller's buffer cannot overlap ours.
            unsafe { std::ptr::copy_nonoverlapping(items.as_ptr(), self.0.add(at), room) }
        }
    }
}

impl OutSlice<'_, c_char> {
    /// Writes as much of `text` as fits, always NUL-terminated when there is any room.
    pub fn write_str(&mut self, text: &str) {
        let keep = text.len().min(self.1.saturating_sub(1));
        for (at, byte) in text.as_bytes()[..keep].iter().chain(std::iter::once(&0)).enumerate() {
            self.write_at(at, &[byte.cast_signed()]);
        }
    }
}

/// A caller's NUL-terminated string.
pub struct Str<'a>(&'a CStr);

impl<'a> Str<'a> {
    /// Accepts any non-null pointer.
    ///
    /// # Errors
    /// `INVALID_VALUE` when `ptr` is null.
    ///
    /// # Safety
    /// A non-null `ptr` leads to a NUL-terminated string that nobody writes for the life of the result.
    pub unsafe fn new(ptr: *const c_char) -> CuResult<Self> {
        if ptr.is_null() {
            return Err(CuError::INVALID_VALUE);
        }
        // SAFETY: the caller promises a terminated string.
        Ok(Self(unsafe { CStr::from_ptr(ptr) }))
    }

    /// The string's bytes without the NUL.
    pub fn to_bytes(&self) -> &'a [u8] {
        self.0.to_bytes()
    }

    /// The string, if it is UTF-8.
    ///
    /// # Errors
    /// `INVALID_VALUE` when it is not.
    pub fn to_str(&self) -> CuResult<&'a str> {
        self.0.to_str().map_err(|_| CuError::INVALID_VALUE)
    }
}

/// Runs one API call's body and keeps panics out of C frames. Returns `panicked` if the body panics.
///
/// `describe` turns the result into text for the trace log, which is the only cost besides the body when tracing is on.
pub fn guard<R>(name: &'static str, panicked: R, body: impl FnOnce() -> R) -> R {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|_| {
        log::error!("{name}: internal error (a panic was caught); this is a bug in vgpu");
        panicked
    })
}

/// Runs a driver API call's body: panic boundary, trace line, result code.
pub fn entry(name: &'static str, body: impl FnOnce() -> CuResult) -> u32 {
    let result = guard(name, Err(CuError::UNKNOWN), body);
    log::trace!("{name} -> {result:?}");
    match result {
        Ok(()) => 0,
        Err(error) => error.code(),
    }
}

/// The exports of a library that are not done, a signature each: they are traced, and answer what `$refuse` does with their name;
/// or, where C has another result than a status, the value behind it.
///
/// Arguments are marked for the trace as in [`traced!`](crate::traced), but for text: what they lead to is not read.
#[macro_export]
macro_rules! refused {
    ($library:expr, $refuse:path, $status:ty; $(
        fn $export:ident($($arg:ident $(as $kind:ident)?: $ty:ty),*) $(-> $result:ty = $value:expr)?;
    )*) => {
        $($crate::refused! {
            @export $library, $refuse, $status, $export ($($arg $(as $kind)?),*) ($($arg: $ty),*) $($result = $value)?
        })*
    };
    (@export $library:expr, $refuse:path, $status:ty, $export:ident ($($traced:tt)*) ($($arg:ident: $ty:ty),*)) => {
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $export($($arg: $ty),*) -> $status {
            $crate::traced!($library, $export($($traced)*));
            $refuse(stringify!($export))
        }
    };
    (@export $library:expr, $refuse:path, $status:ty, $export:ident ($($traced:tt)*) ($($arg:ident: $ty:ty),*)
        $result:ty = $value:expr) => {
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $export($($arg: $ty),*) -> $result {
            $crate::traced!($library, $export($($traced)*));
            $refuse(stringify!($export));
            $value
        }
    };
}

thread_local! {
    static PER_THREAD_DEFAULT: Cell<bool> = const { Cell::new(false) };
}

/// Runs `body` with the null stream meaning this thread's own default stream (the `_ptds` and `_ptsz` entry points).
pub fn per_thread_default<R>(body: impl FnOnce() -> R) -> R {
    let before = PER_THREAD_DEFAULT.replace(true);
    let result = body();
    PER_THREAD_DEFAULT.set(before);
    result
}

/// Whether the null stream means this thread's own default stream just now.
pub fn is_per_thread_default() -> bool {
    PER_THREAD_DEFAULT.get()
}
