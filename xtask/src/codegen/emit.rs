//! The C exports of one library, from its spec.

use std::fmt::Write;

use anyhow::{Context, Result};
use quote::ToTokens;
use syn::Type;

use super::{
    files::HEADER,
    spec::{Function, Kind, Library, Param, Returns, Role, Twin},
};

/// The text of `crates/<library>/src/generated/exports.rs`.
pub(super) fn exports(library: Library, functions: &[Function]) -> Result<String> {
    let mut body = String::new();
    for function in functions.iter().filter(|function| !function.is_refused()) {
        export(&mut body, library, functions, function, None)?;
        for twin in &function.twins {
            export(&mut body, library, functions, function, Some(twin))?;
        }
    }
    let mut out = format!(
        "{HEADER}\n//!\n//! Every function that {} exports and that works, from headers/spec/{}; [`super::refused`] has the others.\n\n",
        library.soname(),
        library.name()
    );
    out += &types(library, &body)?;
    let uses: Vec<_> = ["Out", "OutOpt", "InOut", "In", "InOpt", "InSlice", "OutSlice", "Str"]
        .into_iter()
        .filter(|role| body.contains(&format!("unsafe {{ {role}::new(")))
        .collect();
    if !uses.is_empty() {
        writeln!(out, "use vgpu_core::ffi::{{{}}};", uses.join(", "))?;
    }
    writeln!(out, "\nuse super::LIBRARY;\nuse crate::entry::entry;")?;
    Ok(out + &body)
}

/// What the exports of a library say of it in a trace.
pub(super) fn itself(library: Library) -> String {
    format!(
        "static LIBRARY: Library = Library {{ soname: \"{}\", has_channel: {} }};\n",
        library.soname(),
        matches!(library, Library::Driver | Library::Nvml)
    )
}

/// The imports of the C types that `body` names.
pub(super) fn types(library: Library, body: &str) -> Result<String> {
    let mut out = String::new();
    if body.contains("c_") {
        out += "use core::ffi::*;\n\n";
    }
    let itself = if body.contains("abi::") { "self, " } else { "" };
    writeln!(out, "use vgpu_core::abi::{{{itself}{}}};", abi_modules(library, body))?;
    Ok(out)
}

fn abi_modules(library: Library, body: &str) -> &'static str {
    match library {
        Library::Driver => "driver::*",
        Library::Runtime => "driver::*, runtime::*",
        Library::Nvml => "nvml::*",
        Library::Cublas if body.contains("cudaStream_t") => "cublas::*, runtime::*",
        Library::Cublas => "cublas::*",
    }
}

impl Library {
    /// The name by which programs load the library.
    pub(crate) fn soname(self) -> &'static str {
        match self {
            Self::Driver => "libcuda.so.1",
            Self::Runtime => "libcudart.so.12",
            Self::Nvml => "libnvidia-ml.so.1",
            Self::Cublas => "libcublas.so.12",
        }
    }
}

fn export(
    out: &mut String,
    library: Library,
    all: &[Function],
    function: &Function,
    twin: Option<&Twin>,
) -> Result<()> {
    let name = twin.map_or_else(|| function.name.clone(), |twin| function.twin_name(twin));
    out.push('\n');
    document(out, function)?;
    let result = match &function.result {
        Returns::Status => format!(" -> {}", library.status()),
        Returns::Nothing => String::new(),
        Returns::Value(ty) => format!(" -> {}", ty.to_token_stream()),
    };
    let params: Vec<_> =
        function.params.iter().map(|p| format!("{}: {}", p.name, p.erased().to_token_stream())).collect();
    writeln!(out, "#[unsafe(no_mangle)]\npub unsafe extern \"C\" fn {name}({}){result} {{", params.join(", "))?;
    out.push_str(&traced(function, &name));
    let call = match &function.kind {
        Kind::Unsupported { .. } => unreachable!("only what works has a body"),
        Kind::Alias(target) => {
            let target =
                all.iter().find(|f| f.name == *target).context("aliases were checked when the spec was read")?;
            call(target, function)
        }
        Kind::Custom | Kind::CustomRaw { .. } => call(function, function),
    };
    let mut inner = String::new();
    for param in &function.params {
        if let Some(line) = open(param, function) {
            writeln!(
                inner,
                "// SAFETY: a C caller passes null or a pointer valid for what the parameter's type says."
            )?;
            writeln!(inner, "{line}")?;
        }
    }
    inner += &call;
    if let Some(twin) = twin {
        inner = per_thread(twin, function, inner);
    }
    match &function.kind {
        Kind::CustomRaw { fallback } => {
            let panicked = match fallback {
                Some(expr) => expr.clone(),
                None => default_value(&function.result)?,
            };
            writeln!(out, "vgpu_core::ffi::guard(\"{name}\", {panicked}, || {{ {inner} }})\n}}")?;
        }
        _ => writeln!(out, "entry(\"{name}\", || {{ {inner} }})\n}}")?,
    }
    Ok(())
}

/// What an export does, and what it returns when it does not.
fn document(out: &mut String, function: &Function) -> Result<()> {
    for line in &function.doc {
        writeln!(out, "/// {line}")?;
    }
    let Some(errors) = &function.errors else { return Ok(()) };
    writeln!(out, "///\n/// # Errors")?;
    if errors.cases.is_empty() {
        writeln!(out, "/// Those that any function may return.")?;
    }
    for case in &errors.cases {
        writeln!(out, "/// - `{}`: {}.", case.code, case.when)?;
    }
    Ok(())
}

/// The first statement of an export. It needs to know which arguments are more than a number or an address.
fn traced(function: &Function, name: &str) -> String {
    let args: Vec<_> = function
        .params
        .iter()
        .map(|param| match param.role {
            Role::Str => format!("{} as text", param.name),
            _ => shown(param),
        })
        .collect();
    format!("vgpu_core::traced!(LIBRARY, {name}({}));\n", args.join(", "))
}

/// An argument that is shown without reading what it leads to.
pub(super) fn shown(Param { name, role, ty }: &Param) -> String {
    match (role, ty.to_token_stream().to_string().as_str()) {
        (Role::Raw, "dim3") => format!("{name} as dimensions"),
        (Role::Raw, "f32" | "f64") => format!("{name} as float"),
        _ => name.clone(),
    }
}

/// The call of the body of `target` with the arguments of `function`.
fn call(target: &Function, function: &Function) -> String {
    let args: Vec<_> = function.params.iter().map(|p| p.name.as_str()).collect();
    let call = format!("crate::api::{}::{}({})", target.chapter, target.name, args.join(", "));
    if function.params.iter().any(Param::is_raw_pointer) {
        format!("// SAFETY: the caller's pointers are passed through unchanged.\nunsafe {{ {call} }}")
    } else {
        call
    }
}

/// The statement that turns a raw pointer into the view its role names.
fn open(param: &Param, function: &Function) -> Option<String> {
    let name = &param.name;
    let view = match &param.role {
        Role::Raw => return None,
        Role::Out => format!("Out::new({name})"),
        Role::OutOpt => format!("OutOpt::new({name})"),
        Role::InOut => format!("InOut::new({name})"),
        Role::In => format!("In::new({name})"),
        Role::InOpt => format!("InOpt::new({name})"),
        Role::Str => format!("Str::new({name})"),
        // A length that no buffer can have is refused for input and leaves no room for output.
        Role::InSlice(len) => format!("InSlice::new({name}, {})", length(len, function, "usize::MAX")),
        Role::OutSlice(len) => format!("OutSlice::new({name}, {})", length(len, function, "0")),
    };
    Some(format!("let {name} = unsafe {{ {view} }}?;"))
}

fn length(len: &syn::Expr, function: &Function, impossible: &str) -> String {
    let text = len.to_token_stream().to_string();
    let is_usize =
        function.params.iter().find(|p| p.name == text).is_none_or(|p| p.ty.to_token_stream().to_string() == "usize");
    if is_usize { text } else { format!("usize::try_from({text}).unwrap_or({impossible})") }
}

/// Makes the null stream mean the thread's own: in the stream argument, else for everything the body does.
fn per_thread(twin: &Twin, function: &Function, inner: String) -> String {
    let streams: Vec<_> = function
        .params
        .iter()
        .filter(|p| {
            let ty = p.ty.to_token_stream().to_string();
            matches!(p.role, Role::Raw) && (ty == "CUstream" || ty == "cudaStream_t")
        })
        .map(|p| format!("let {0} = abi::or_per_thread({0});\n", p.name))
        .collect();
    if twin.suffix == "ptsz" && !streams.is_empty() {
        streams.concat() + &inner
    } else {
        format!("vgpu_core::ffi::per_thread_default(|| {{ {inner} }})")
    }
}

/// What a function returns that has nothing to say.
pub(super) fn default_value(result: &Returns) -> Result<String> {
    Ok(match result {
        Returns::Nothing => "()".to_owned(),
        Returns::Status => anyhow::bail!("name the code after a panic with raw = \"..\""),
        Returns::Value(ty) => {
            if let Type::Ptr(pointer) = &**ty {
                let null = if pointer.mutability.is_some() { "core::ptr::null_mut()" } else { "core::ptr::null()" };
                return Ok(null.to_owned());
            }
            let ty = ty.to_token_stream().to_string();
            anyhow::ensure!(ty.starts_with("c_") || ty == "usize", "name a value for {ty} with raw = \"..\"");
            "0".to_owned()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codegen::{files::rustfmt, spec};

    fn exports_of(entry: &str) -> String {
        let text = format!("extern \"driver\" {{ {entry} }}");
        let functions = spec::parse(Library::Driver, "memory", &text).unwrap();
        let text = rustfmt(&exports(Library::Driver, &functions).unwrap()).unwrap();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn typed_parameters_are_opened_before_the_body_is_called() {
        let text = exports_of("/// Allocates.\n#[custom] fn cuMemAlloc_v2(dptr: Out<CUdeviceptr>, bytesize: usize);");
        assert!(text.contains("let dptr = unsafe { Out::new(dptr) }?;"));
        assert!(text.contains("crate::api::memory::cuMemAlloc_v2(dptr, bytesize)"));
    }

    #[test]
    fn a_body_with_a_raw_pointer_is_unsafe() {
        let text = exports_of("/// Frees.\n#[custom] fn cuMemFreeHost(p: *mut c_void);");
        assert!(text.contains("unsafe { crate::api::memory::cuMemFreeHost(p) }"));
    }

    #[test]
    fn a_ptsz_twin_replaces_its_stream_argument() {
        let text = exports_of("/// Waits.\n#[custom] #[ptsz(7_000)] fn cuStreamSynchronize(hStream: CUstream);");
        assert!(text.contains("pub unsafe extern \"C\" fn cuStreamSynchronize_ptsz("));
        assert!(text.contains("let hStream = abi::or_per_thread(hStream);"));
    }

    #[test]
    fn a_twin_without_a_stream_argument_runs_in_per_thread_mode() {
        let text = exports_of("/// Copies.\n#[custom] #[ptds(7_000)] fn cuMemcpy(a: CUdeviceptr, n: usize);");
        assert!(text.contains("vgpu_core::ffi::per_thread_default(||"));
    }

    #[test]
    fn lengths_that_are_not_sizes_are_converted() {
        let text = exports_of("/// Names.\n#[custom] fn cuX(name: Out<[c_char; len]>, len: c_int);");
        assert!(text.contains("OutSlice::new(name, usize::try_from(len).unwrap_or(0))"));
    }

    #[test]
    fn an_alias_calls_the_other_body() {
        let text = exports_of(
            "/// Frees.\n#[custom] fn cuMemFree_v2(p: CUdeviceptr);\n
             /// Frees.\n#[alias(cuMemFree_v2)] fn cuMemFree_v3(p: CUdeviceptr);",
        );
        assert!(text.contains("entry(\"cuMemFree_v3\", || crate::api::memory::cuMemFree_v2(p)"));
    }

    #[test]
    fn an_export_and_its_twin_say_what_they_return_and_when() {
        let text = exports_of("/// Does.\n#[custom] #[ptsz] #[errors(INVALID_VALUE = \"`n` is 0\")] fn cuX(n: u32);");
        assert_eq!(
            text.matches("/// Does. /// /// # Errors /// - `INVALID_VALUE`: `n` is 0. #[unsafe").count(),
            2,
            "{text}"
        );
    }

    #[test]
    fn an_export_says_how_its_trace_line_shows_its_arguments() {
        let text = exports_of("/// Gets.\n#[custom] fn cuX(value: Out<c_int>, name: Str, f: f32);");
        assert!(text.contains("{ vgpu_core::traced!(LIBRARY, cuX(value, name as text, f as float)); entry("), "{text}");
    }
}
