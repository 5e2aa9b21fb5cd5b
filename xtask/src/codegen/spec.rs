//! The spec model: what one `fn` line in headers/spec means.
//!
//! | written | means |
//! | --- | --- |
//! | `#[custom]` | the body is `crate::api::<chapter>::<name>` and returns the library's result |
//! | `#[custom(raw)]`, `#[custom(raw = "expr")]` | as above, but the body's value is returned as it is; `expr` after a panic |
//! | `#[alias(other)]` | the body of `other` |
//! | `#[unsupported]`, `#[unsupported(raw = "expr")]` | warns once, returns NOT_SUPPORTED (or `expr`) |
//! | `#[errors(CODE = "when")]` | what it returns when it does not succeed; [`errors`](super::errors) has the rest |
//! | `#[since(3_020)]` | the CUDA version whose `cuGetProcAddress` first returns it; without it never |
//! | `#[ptsz(7_000)]`, `#[ptds(7_000)]` | there is a twin with that suffix whose null stream is the thread's own |
//! | `Out<T>`, `InOut<T>`, `In<T>`, `Str` | a pointer that must not be null |
//! | `OutOpt<T>`, `InOpt<T>` | a pointer that may be null |
//! | `In<[T; len]>`, `Out<[T; len]>` | an array; `len` is a parameter or a number |
//! | any other type | passed as it is; with a raw pointer among them the body is an `unsafe fn` |
//!
//! [`family`] has the words for functions that differ in their types only.

use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use quote::ToTokens;
use syn::{Attribute, Expr, FnArg, ForeignItem, Item, LitInt, Pat, ReturnType, Type};

use super::{errors::Errors, family};
use crate::workspace;

/// One of the shared libraries that we stand in for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Library {
    Driver,
    Runtime,
    Nvml,
    Cublas,
}

impl Library {
    pub(crate) const ALL: [Self; 4] = [Self::Driver, Self::Runtime, Self::Nvml, Self::Cublas];

    /// The folder below headers/spec, and the name after `extern`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Driver => "driver",
            Self::Runtime => "runtime",
            Self::Nvml => "nvml",
            Self::Cublas => "cublas",
        }
    }

    /// The crate's folder below crates/.
    pub(crate) fn crate_name(self) -> &'static str {
        match self {
            Self::Driver => "cuda",
            Self::Runtime => "cudart",
            Self::Nvml => "nvml",
            Self::Cublas => "cublas",
        }
    }

    /// The type that most of the library's functions return.
    pub(crate) fn status(self) -> &'static str {
        match self {
            Self::Driver => "CUresult",
            Self::Runtime => "cudaError_t",
            Self::Nvml => "nvmlReturn_t",
            Self::Cublas => "cublasStatus_t",
        }
    }

    /// The folder of the library's chapters.
    pub(crate) fn spec_dir(self) -> PathBuf {
        workspace::root().join("headers/spec").join(self.name())
    }
}

/// One function of a library.
pub(crate) struct Function {
    pub(crate) name: String,
    /// Reference chapter: the spec file, and the module with the hand-written body.
    pub(crate) chapter: String,
    pub(crate) doc: Vec<String>,
    pub(crate) kind: Kind,
    /// What it may return besides what any function of its library may; `None` where it does not work, or returns no result code.
    pub(crate) errors: Option<Errors>,
    /// As `cuGetProcAddress` counts: CUDA 3.2 is 3020. `None`: not to be found that way.
    pub(crate) since: Option<u32>,
    pub(crate) twins: Vec<Twin>,
    pub(crate) params: Vec<Param>,
    pub(crate) result: Returns,
}

impl Function {
    /// Whether it is not done.
    pub(crate) fn is_refused(&self) -> bool {
        matches!(self.kind, Kind::Unsupported { .. })
    }

    /// The name of one of its twins.
    pub(crate) fn twin_name(&self, twin: &Twin) -> String {
        format!("{}_{}", self.name, twin.suffix)
    }
}

/// What an export does.
pub(crate) enum Kind {
    Custom,
    CustomRaw { fallback: Option<String> },
    Alias(String),
    Unsupported { fallback: Option<String> },
}

impl Kind {
    /// The word in the status table.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Custom | Self::CustomRaw { .. } => "custom",
            Self::Alias(_) => "alias",
            Self::Unsupported { .. } => "unsupported",
        }
    }
}

/// A function's variant for programs compiled with per-thread default streams.
pub(crate) struct Twin {
    /// `ptsz` or `ptds`.
    pub(crate) suffix: &'static str,
    pub(crate) since: Option<u32>,
}

/// What a function returns.
pub(crate) enum Returns {
    /// The library's result code.
    Status,
    Nothing,
    Value(Box<Type>),
}

pub(crate) struct Param {
    pub(crate) name: String,
    pub(crate) role: Role,
    /// The type inside the role: `T` of `Out<T>` and of `In<[T; n]>`.
    pub(crate) ty: Type,
}

/// What is known about a parameter beyond its C type.
pub(crate) enum Role {
    Raw,
    Out,
    OutOpt,
    InOut,
    In,
    InOpt,
    InSlice(Expr),
    OutSlice(Expr),
    Str,
}

impl Param {
    /// The parameter's type in the C signature.
    pub(crate) fn erased(&self) -> Type {
        let ty = &self.ty;
        match self.role {
            Role::Raw => ty.clone(),
            Role::Out | Role::OutOpt | Role::InOut | Role::OutSlice(_) => {
                syn::parse_quote!(*mut #ty)
            }
            Role::In | Role::InOpt | Role::InSlice(_) => syn::parse_quote!(*const #ty),
            Role::Str => syn::parse_quote!(*const c_char),
        }
    }

    /// Whether the body sees a bare pointer.
    pub(crate) fn is_raw_pointer(&self) -> bool {
        matches!(self.role, Role::Raw) && matches!(self.ty, Type::Ptr(_))
    }
}

pub(super) fn parse(library: Library, chapter: &str, text: &str) -> Result<Vec<Function>> {
    let mut functions = Vec::new();
    for item in syn::parse_file(text)?.items {
        let Item::ForeignMod(block) = item else { bail!("only `extern` blocks belong here") };
        let abi = block.abi.name.map(|name| name.value());
        ensure!(abi.as_deref() == Some(library.name()), "the block should say extern \"{}\"", library.name());
        for item in block.items {
            let ForeignItem::Fn(item) = item else { bail!("only functions belong here") };
            let name = item.sig.ident.to_string();
            let items = family::expand(item).with_context(|| name.clone())?;
            for item in items {
                functions.push(function(chapter, item).with_context(|| name.clone())?);
            }
        }
    }
    Ok(functions)
}

fn function(chapter: &str, item: syn::ForeignItemFn) -> Result<Function> {
    let mut doc = Vec::new();
    let mut kind = None;
    let mut errors = None;
    let mut since = None;
    let mut twins = Vec::new();
    for attr in &item.attrs {
        let word = attr.path().get_ident().map(ToString::to_string);
        match word.as_deref() {
            Some("doc") => doc.push(doc_line(attr)?),
            Some("since") => since = Some(attr.parse_args::<LitInt>()?.base10_parse()?),
            Some("ptsz") => twins.push(twin("ptsz", attr)?),
            Some("ptds") => twins.push(twin("ptds", attr)?),
            Some("errors") => {
                ensure!(errors.is_none(), "its errors stand in two places");
                errors = Some(Errors::parse(attr)?);
            }
            Some("custom" | "unsupported" | "alias") => {
                ensure!(kind.is_none(), "more than one of custom, alias, unsupported");
                kind = Some(parse_kind(attr)?);
            }
            other => bail!("unknown attribute {other:?}"),
        }
    }
    let kind = kind.context("add #[custom], #[alias(..)] or #[unsupported]")?;
    ensure!(
        matches!(kind, Kind::Unsupported { .. }) || doc.iter().any(|line| !line.is_empty()),
        "say in one line what it does"
    );
    let mut params = Vec::new();
    for arg in item.sig.inputs {
        let FnArg::Typed(arg) = arg else { bail!("no receivers") };
        let Pat::Ident(name) = *arg.pat else { bail!("plain parameter names only") };
        let (role, ty) = role(*arg.ty)?;
        params.push(Param { name: name.ident.to_string(), role, ty });
    }
    let result = match item.sig.output {
        ReturnType::Default => Returns::Status,
        ReturnType::Type(_, ty) => match *ty {
            Type::Tuple(unit) if unit.elems.is_empty() => Returns::Nothing,
            ty => Returns::Value(Box::new(ty)),
        },
    };
    let function = Function {
        name: item.sig.ident.to_string(),
        chapter: chapter.to_owned(),
        doc,
        errors,
        kind,
        since,
        twins,
        params,
        result,
    };
    check_roles(&function)?;
    Ok(function)
}

fn check_roles(function: &Function) -> Result<()> {
    let typed = function.params.iter().any(|p| !matches!(p.role, Role::Raw));
    match function.kind {
        Kind::CustomRaw { .. } => {
            ensure!(!typed, "a raw function takes plain C types");
        }
        Kind::Custom | Kind::Alias(_) => ensure!(
            matches!(function.result, Returns::Status),
            "a function with a result of its own needs #[custom(raw)]"
        ),
        Kind::Unsupported { .. } => {}
    }
    for param in &function.params {
        let (Role::InSlice(len) | Role::OutSlice(len)) = &param.role else {
            continue;
        };
        let len_text = len.to_token_stream().to_string();
        let known = matches!(len, Expr::Lit(_))
            || function.params.iter().any(|p| p.name == len_text && matches!(p.role, Role::Raw));
        ensure!(known, "{}: no plain parameter {len_text}", param.name);
    }
    Ok(())
}

fn parse_kind(attr: &Attribute) -> Result<Kind> {
    let word = attr.path().require_ident()?.to_string();
    if word == "alias" {
        return Ok(Kind::Alias(attr.parse_args::<syn::Ident>()?.to_string()));
    }
    let mut raw = false;
    let mut fallback = None;
    if !matches!(attr.meta, syn::Meta::Path(_)) {
        attr.parse_nested_meta(|meta| {
            if !meta.path.is_ident("raw") {
                return Err(meta.error("only `raw` and `raw = \"expr\"`"));
            }
            raw = true;
            if let Ok(value) = meta.value() {
                fallback = Some(value.parse::<syn::LitStr>()?.value());
            }
            Ok(())
        })?;
    }
    Ok(match (word.as_str(), raw) {
        ("unsupported", _) => Kind::Unsupported { fallback },
        (_, true) => Kind::CustomRaw { fallback },
        _ => Kind::Custom,
    })
}

fn twin(suffix: &'static str, attr: &Attribute) -> Result<Twin> {
    let since = match attr.meta {
        syn::Meta::Path(_) => None,
        _ => Some(attr.parse_args::<LitInt>()?.base10_parse()?),
    };
    Ok(Twin { suffix, since })
}

fn role(ty: Type) -> Result<(Role, Type)> {
    let Type::Path(path) = &ty else {
        return Ok((Role::Raw, ty));
    };
    let Some(segment) = path.path.segments.last() else {
        return Ok((Role::Raw, ty));
    };
    let word = segment.ident.to_string();
    if word == "Str" {
        return Ok((Role::Str, syn::parse_quote!(c_char)));
    }
    let syn::PathArguments::AngleBracketed(args) = &segment.arguments else {
        return Ok((Role::Raw, ty));
    };
    let Some(syn::GenericArgument::Type(inner)) = args.args.first() else {
        return Ok((Role::Raw, ty));
    };
    Ok(match (word.as_str(), inner) {
        ("Option", _) => (Role::Raw, ty),
        ("Out", Type::Array(array)) => (Role::OutSlice(array.len.clone()), (*array.elem).clone()),
        ("In", Type::Array(array)) => (Role::InSlice(array.len.clone()), (*array.elem).clone()),
        ("Out", inner) => (Role::Out, inner.clone()),
        ("OutOpt", inner) => (Role::OutOpt, inner.clone()),
        ("InOut", inner) => (Role::InOut, inner.clone()),
        ("In", inner) => (Role::In, inner.clone()),
        ("InOpt", inner) => (Role::InOpt, inner.clone()),
        (other, _) => bail!("unknown role `{other}`"),
    })
}

fn doc_line(attr: &Attribute) -> Result<String> {
    let syn::Meta::NameValue(pair) = &attr.meta else { bail!("write the description as `///`") };
    let Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) = &pair.value else {
        bail!("write the description as `///`")
    };
    Ok(text.value().trim().to_owned())
}

/// Splits `cuMemcpyHtoD_v2_ptds` into base name, version and suffix: (`cuMemcpyHtoD`, 2, `ptds`).
pub(crate) fn split_name(name: &str) -> (&str, u32, &str) {
    let (rest, suffix) = ["ptsz", "ptds"]
        .into_iter()
        .find_map(|suffix| {
            let rest = name.strip_suffix(suffix)?.strip_suffix('_')?;
            Some((rest, suffix))
        })
        .unwrap_or((name, ""));
    match rest.rsplit_once("_v") {
        Some((base, digits)) => match digits.parse() {
            Ok(version) => (base, version, suffix),
            Err(_) => (rest, 1, suffix),
        },
        None => (rest, 1, suffix),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_driver(entry: &str) -> Result<Vec<Function>> {
        parse(Library::Driver, "memory", &format!("extern \"driver\" {{ {entry} }}"))
    }

    #[test]
    fn names_split_into_base_version_and_suffix() {
        assert_eq!(split_name("cuInit"), ("cuInit", 1, ""));
        assert_eq!(split_name("cuMemcpyHtoD_v2_ptds"), ("cuMemcpyHtoD", 2, "ptds"));
        assert_eq!(split_name("cuStreamQuery_ptsz"), ("cuStreamQuery", 1, "ptsz"));
    }

    #[test]
    fn a_custom_function_needs_a_description() {
        let error = parse_driver("#[custom] fn cuInit(Flags: c_uint);").err();
        assert!(format!("{:#}", error.unwrap()).contains("say in one line"));
    }

    #[test]
    fn a_length_must_be_a_parameter() {
        let entry = "/// Copies.\n#[custom] fn cuX(p: In<[u8; Count]>, count: usize);";
        let error = parse_driver(entry).err();
        assert!(format!("{:#}", error.unwrap()).contains("no plain parameter Count"));
    }

    #[test]
    fn roles_erase_to_pointers() {
        let entry = "/// Does.\n#[custom]
            fn cuX(a: Out<c_int>, b: In<[u8; n]>, n: usize, s: Str, d: CUdeviceptr, p: *mut c_void);";
        let functions = parse_driver(entry).unwrap();
        let erased: Vec<_> = functions[0].params.iter().map(|p| p.erased().to_token_stream().to_string()).collect();
        assert_eq!(erased, ["* mut c_int", "* const u8", "usize", "* const c_char", "CUdeviceptr", "* mut c_void"]);
    }

    #[test]
    fn a_function_has_one_kind() {
        let error = parse_driver("#[custom] #[unsupported] fn cuX();").err();
        assert!(format!("{:#}", error.unwrap()).contains("more than one"));
    }
}
