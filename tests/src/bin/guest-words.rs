//! What a library says of each result code: `code<TAB>name<TAB>text`, and `-` for what it does not say. The library may be
//! ours or the real one, which needs no GPU for it.
//!
//! usage: `guest-words driver|runtime|nvml|cublas LIBRARY`

use std::{
    env,
    error::Error,
    ffi::{CStr, c_char, c_int, c_uint},
    ptr,
};

use libloading::os::unix::Library;

/// Every code that has ever been given out, and then some.
const CODES: std::ops::RangeInclusive<c_int> = -2..=1100;
/// Codes far from all others.
const FAR: [c_int; 5] = [9_999, 10_000, 10_001, 65_536, c_int::MAX];

type Give = unsafe extern "C" fn(c_int, *mut *const c_char) -> c_uint;
type Return = unsafe extern "C" fn(c_int) -> *const c_char;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    let [kind, path] = args.as_slice() else {
        return Err("usage: guest-words driver|runtime|nvml|cublas LIBRARY".into());
    };
    // SAFETY: loading a library of CUDA does nothing until it is called.
    let library = unsafe { Library::open(Some(path), libc::RTLD_LAZY | libc::RTLD_LOCAL) }?;
    let functions: &[&[u8]] = match kind.as_str() {
        "driver" => &[b"cuGetErrorName\0", b"cuGetErrorString\0"],
        "runtime" => &[b"cudaGetErrorName\0", b"cudaGetErrorString\0"],
        // It has no names.
        "nvml" => &[b"nvmlErrorString\0"],
        "cublas" => &[b"cublasGetStatusName\0", b"cublasGetStatusString\0"],
        other => return Err(format!("there is no kind {other}").into()),
    };
    for code in CODES.chain(FAR) {
        print!("{code}");
        for function in functions {
            let said = if kind == "driver" {
                // SAFETY: the type is that of the public header.
                let give: Give = unsafe { *library.get(function)? };
                let mut said = c"untouched".as_ptr();
                // SAFETY: the slot is a local.
                match unsafe { give(code, &raw mut said) } {
                    0 => said,
                    1 if said.is_null() => ptr::null(),
                    other => return Err(format!("code {code}: the function answers {other}").into()),
                }
            } else {
                // SAFETY: the type is that of the public header.
                let give: Return = unsafe { *library.get(function)? };
                // SAFETY: takes a number.
                unsafe { give(code) }
            };
            if said.is_null() {
                print!("\t-");
            } else {
                // SAFETY: what is not null is a static, terminated string.
                print!("\t{}", unsafe { CStr::from_ptr(said) }.to_string_lossy());
            }
        }
        println!();
    }
    Ok(())
}
