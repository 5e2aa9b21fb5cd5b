//! Tables of a library's functions, found by their exact exported names.
//!
//! `cuGetProcAddress` is not asked: an old driver answers a new version's name with an older function of another signature.

use std::path::Path;

use libloading::os::unix::Library;

/// Whose symbols a library's own dependencies and successors see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Everybody, as libcuda: cuBLAS opens it by name and shall get this one.
    Global,
    /// Nobody.
    Local,
}

/// Opens a library for good: its functions stay in tables, and it has threads of its own.
///
/// # Errors
/// The loader's text.
pub(crate) fn open(path: &Path, scope: Scope) -> Result<Library, libloading::Error> {
    let scope = if scope == Scope::Global { libc::RTLD_GLOBAL } else { libc::RTLD_LOCAL };
    // SAFETY: the operator names the libraries that stand for the driver; loading one runs its constructors.
    unsafe { Library::open(Some(path), libc::RTLD_NOW | libc::RTLD_NODELETE | scope) }
}

/// Defines a table of functions under their C names, and a method for each.
///
/// Each line begins with what the function does with memory of ours:
/// - `plain`: nothing, its arguments are numbers and handles;
/// - `gives`: it writes a value to where its first argument, which is not listed, leads; the method returns it;
/// - `raw`: it is given pointers or unchecked addresses, and the method is unsafe.
///
/// A method returns `check` of the function's code, and `absent` where the library has no such function. `MISSABLE` are
/// the names that a library may lack.
macro_rules! functions {
    (
        $(#[$doc:meta])* $visibility:vis struct $table:ident: $error:ty, check $check:path, absent $absent:expr;
        required { $($kind:ident $name:ident($($arg:ident: $ty:ty),* $(,)?) $(-> $out:ty)?;)* }
        optional { $($okind:ident $oname:ident($($oarg:ident: $oty:ty),* $(,)?) $(-> $oout:ty)?;)* }
    ) => {
        $(#[$doc])*
        $visibility struct $table {
            $($name: Option<$crate::library::functions!(@pointer [$($out)?] $($ty),*)>,)*
            $($oname: Option<$crate::library::functions!(@pointer [$($oout)?] $($oty),*)>,)*
        }

        impl $table {
            /// The names that a library has to have.
            $visibility const REQUIRED: &[&str] = &[$(stringify!($name)),*];

            /// Looks all functions up.
            ///
            /// # Errors
            /// The required names that the library lacks.
            $visibility fn find(library: &libloading::os::unix::Library) -> Result<Self, Vec<&'static str>> {
                let table = Self {
                    // SAFETY: the public header declares the function with this signature.
                    $($name: unsafe { library.get(concat!(stringify!($name), "\0").as_bytes()) }.ok().map(|symbol| *symbol),)*
                    // SAFETY: as above.
                    $($oname: unsafe { library.get(concat!(stringify!($oname), "\0").as_bytes()) }.ok().map(|symbol| *symbol),)*
                };
                let found = [$(table.$name.is_some()),*];
                let missing: Vec<_> =
                    Self::REQUIRED.iter().zip(found).filter(|(_, found)| !found).map(|(name, _)| *name).collect();
                if missing.is_empty() { Ok(table) } else { Err(missing) }
            }

            $($crate::library::functions!(@method $visibility $kind $name ($($arg: $ty),*) [$($out)?] $error, $check, $absent);)*
            $($crate::library::functions!(@method $visibility $okind $oname ($($oarg: $oty),*) [$($oout)?] $error, $check, $absent);)*
        }
    };
    (@pointer [] $($ty:ty),*) => { unsafe extern "C" fn($($ty),*) -> std::ffi::c_uint };
    (@pointer [$out:ty] $($ty:ty),*) => { unsafe extern "C" fn(*mut $out, $($ty),*) -> std::ffi::c_uint };
    (@method $visibility:vis plain $name:ident ($($arg:ident: $ty:ty),*) [] $error:ty, $check:path, $absent:expr) => {
        $visibility fn $name(&self, $($arg: $ty),*) -> Result<(), $error> {
            let function = self.$name.ok_or($absent)?;
            // SAFETY: the arguments are numbers, and handles that this library gave and that nobody has ended.
            $check(unsafe { function($($arg),*) })
        }
    };
    (@method $visibility:vis gives $name:ident ($($arg:ident: $ty:ty),*) [$out:ty] $error:ty, $check:path, $absent:expr) => {
        $visibility fn $name(&self, $($arg: $ty),*) -> Result<$out, $error> {
            let function = self.$name.ok_or($absent)?;
            let mut given = <$out>::default();
            // SAFETY: the first argument leads to a local; the others are numbers and living handles.
            $check(unsafe { function(&raw mut given, $($arg),*) })?;
            Ok(given)
        }
    };
    (@method $visibility:vis raw $name:ident ($($arg:ident: $ty:ty),*) [] $error:ty, $check:path, $absent:expr) => {
        #[allow(clippy::too_many_arguments, reason = "the library's own signature")]
        $visibility unsafe fn $name(&self, $($arg: $ty),*) -> Result<(), $error> {
            let function = self.$name.ok_or($absent)?;
            // SAFETY: the caller vouches for what pointers and addresses lead to.
            $check(unsafe { function($($arg),*) })
        }
    };
}

/// Defines a library's handles: numbers to us, never addresses.
macro_rules! handles {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[repr(transparent)]
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub(crate) struct $name(pub(crate) usize);

        impl $name {
            /// The handle as C code holds it.
            #[allow(dead_code, reason = "few handles stand in structs")]
            pub(crate) fn pointer<T>(self) -> *mut T {
                std::ptr::without_provenance_mut(self.0)
            }
        }
    )*};
}

pub(crate) use {functions, handles};
