//! vgpu-core/src/abi: types, constants and result codes, from the headers.

use std::{collections::BTreeSet, fmt::Write};

use anyhow::Result;
use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::Item;

use super::{
    files::{HEADER, Output},
    view::View,
};

const DIR: &str = "vgpu-core/src/abi";

/// bindgen's views of the three libraries whose headers are public.
pub(super) struct Views {
    pub(super) driver: View,
    pub(super) runtime: View,
    pub(super) nvml: View,
}

/// Writes the type files and the code table.
pub(super) fn write(views: &Views, output: &mut Output) -> Result<()> {
    output.rust(
        &format!("{DIR}/driver.rs"),
        &types(
            &views.driver,
            "Types and constants of the driver API, from cuda.h 13.5 and its GL, EGL, VDPAU and profiler companions.",
            "",
        ),
    )?;
    output.rust(
        &format!("{DIR}/runtime.rs"),
        &types(
            &views.runtime,
            "Types and constants of the runtime API, from cuda_runtime_api.h 12.9 and its companions.",
            &shared_types(views),
        ),
    )?;
    output
        .rust(&format!("{DIR}/nvml.rs"), &types(&views.nvml, "Types and constants of NVML, from nvml.h 13.5.", ""))?;
    output.rust(&format!("{DIR}/codes.rs"), &codes(views)?)
}

/// One header's types as source text.
fn types(view: &View, about: &str, imports: &str) -> String {
    let items = view.types.iter().filter(|item| !matches!(item, Item::Macro(_))).cloned().map(|mut item| {
        // The module allows these once, with a reason.
        if let Item::Const(constant) = &mut item {
            constant.attrs.clear();
        }
        item
    });
    let file = syn::File { shebang: None, attrs: Vec::new(), items: items.collect() };
    let text = prettyplease::unparse(&file)
        .replace("::core::option::Option", "Option")
        .replace("::core::mem::size_of", "size_of")
        .replace("::core::mem::align_of", "align_of")
        .replace("::core::mem::offset_of", "offset_of")
        .replace("self::", "")
        .replace("pub use ", "pub use self::");
    let names: Vec<_> = text
        .split("::core::ffi::")
        .skip(1)
        .filter_map(|rest| rest.split(|c: char| c != '_' && !c.is_alphanumeric()).next())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .map(str::to_owned)
        .collect();
    let text = text.replace("::core::ffi::", "");
    format!(
        "{HEADER}\n//!\n//! {about}\n\nuse core::ffi::{{{}}};\nuse core::mem::offset_of;\n{imports}\n{text}",
        names.join(", ")
    )
}

/// The import of those driver types that the runtime's types are made of.
fn shared_types(views: &Views) -> String {
    let mut names: Vec<String> = Vec::new();
    for item in &views.runtime.types {
        collect_names(item.to_token_stream(), &mut names);
    }
    names.sort();
    names.dedup();
    names.retain(|name| {
        ["CU", "EGL", "GL", "Vdp"].iter().any(|prefix| name.starts_with(prefix))
            && views.driver.defines(name)
            && !views.runtime.defines(name)
    });
    format!("use super::driver::{{{}}};\n", names.join(", "))
}

fn collect_names(tokens: TokenStream, names: &mut Vec<String>) {
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => names.push(ident.to_string()),
            TokenTree::Group(group) => collect_names(group.stream(), names),
            _ => {}
        }
    }
}

/// Names and short texts of the driver's and the runtime's result codes.
fn codes(views: &Views) -> Result<String> {
    let driver = views.driver.enum_values("cudaError_enum")?;
    let runtime = views.runtime.enum_values("cudaError")?;
    let mut out = format!(
        "{HEADER}\n//!\n//! Result codes: names as the headers give them, texts derived from the names.\n\n\
         use std::ffi::CStr;\n\nuse crate::error::CuError;\n\nimpl CuError {{\n"
    );
    for (name, value) in &driver {
        if let Some(short) = name.strip_prefix("CUDA_ERROR_") {
            writeln!(out, "/// `{name}`: {}.", snake_words(name))?;
            writeln!(out, "pub const {short}: Self = Self::from_code({value});")?;
        }
    }
    out += "}\n";
    for (function, about, values, words) in [
        ("name", "driver result", &driver, None),
        ("text", "driver result", &driver, Some(snake_words as fn(&str) -> String)),
        ("runtime_name", "runtime result", &runtime, None),
        ("runtime_text", "runtime result", &runtime, Some(camel_words as fn(&str) -> String)),
    ] {
        let what = if words.is_some() { "A short description" } else { "The name" };
        writeln!(
            out,
            "\n/// {what} of a {about}, for C callers; `None` when there is no such code.\n\
             pub const fn {function}_cstr(code: u32) -> Option<&'static CStr> {{\nSome(match code {{"
        )?;
        for (name, value) in values {
            let text = words.map_or_else(|| name.clone(), |words| words(name));
            writeln!(out, "{value} => c\"{text}\",")?;
        }
        out += "_ => return None,\n})\n}\n";
        writeln!(
            out,
            "\n/// {what} of a {about}; `None` when there is no such code.\n\
             pub const fn {function}(code: u32) -> Option<&'static str> {{\n\
             match {function}_cstr(code) {{\nSome(text) => match text.to_str() {{\nOk(text) => Some(text),\n\
             Err(_) => None,\n}},\nNone => None,\n}}\n}}"
        )?;
    }
    Ok(out)
}

/// `CUDA_ERROR_INVALID_VALUE` as "invalid value".
fn snake_words(name: &str) -> String {
    if name == "CUDA_SUCCESS" {
        return "no error".to_owned();
    }
    name.trim_start_matches("CUDA_ERROR_").to_lowercase().replace('_', " ")
}

/// `cudaErrorInvalidValue` as "invalid value".
fn camel_words(name: &str) -> String {
    if name == "cudaSuccess" {
        return "no error".to_owned();
    }
    let mut words = String::new();
    for letter in name.trim_start_matches("cudaError").chars() {
        let starts_word = letter.is_uppercase() && words.chars().last().is_some_and(char::is_lowercase);
        if starts_word {
            words.push(' ');
        }
        words.push(letter);
    }
    words.to_lowercase()
}
