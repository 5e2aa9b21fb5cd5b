//! bindgen's output as data: the types to commit, and the signatures that the spec must agree with.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::Path,
};

use anyhow::{Context, Result};
use quote::ToTokens;
use syn::{ForeignItem, ImplItem, Item, ReturnType, Type, UseTree};

/// One header's functions, types and the names its types go by.
#[derive(Default)]
pub(super) struct View {
    /// Everything but the function declarations.
    pub(super) types: Vec<Item>,
    /// Function declarations by name.
    pub(super) functions: BTreeMap<String, Signature>,
    aliases: HashMap<String, Type>,
}

/// bindgen's views of the three libraries whose headers are public.
pub(super) struct Views {
    pub(super) driver: View,
    pub(super) runtime: View,
    pub(super) nvml: View,
}

/// A C function's parameters and result.
pub(super) struct Signature {
    pub(super) params: Vec<(String, Type)>,
    /// `None` is C's `void`.
    pub(super) result: Option<Type>,
}

impl View {
    /// Reads one of bindgen's files.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let file = syn::parse_file(&text).with_context(|| path.display().to_string())?;
        let mut view = Self::default();
        for item in file.items {
            match item {
                Item::ForeignMod(block) => view.add_functions(block.items),
                item => {
                    view.note_alias(&item);
                    view.types.push(item);
                }
            }
        }
        Ok(view)
    }

    fn add_functions(&mut self, items: Vec<ForeignItem>) {
        for item in items {
            let ForeignItem::Fn(function) = item else {
                continue;
            };
            let params = function.sig.inputs.iter().filter_map(|arg| match arg {
                syn::FnArg::Typed(arg) => Some((arg.pat.to_token_stream().to_string(), (*arg.ty).clone())),
                syn::FnArg::Receiver(_) => None,
            });
            let signature = Signature {
                params: params.collect(),
                result: match function.sig.output {
                    ReturnType::Default => None,
                    ReturnType::Type(_, ty) => Some(*ty),
                },
            };
            self.functions.insert(function.sig.ident.to_string(), signature);
        }
    }

    fn note_alias(&mut self, item: &Item) {
        match item {
            Item::Type(alias) => {
                self.aliases.insert(alias.ident.to_string(), (*alias.ty).clone());
            }
            // `pub use self::nvmlReturn_enum as nvmlReturn_t;`
            Item::Use(import) => {
                if let UseTree::Path(path) = &import.tree
                    && let UseTree::Rename(rename) = &*path.tree
                {
                    let ident = &rename.ident;
                    self.aliases.insert(rename.rename.to_string(), syn::parse_quote!(#ident));
                }
            }
            _ => {}
        }
    }

    /// The names that types defined here have.
    pub(super) fn defines(&self, name: &str) -> bool {
        self.aliases.contains_key(name)
            || self.types.iter().any(|item| match item {
                Item::Struct(s) => s.ident == name,
                Item::Union(u) => u.ident == name,
                _ => false,
            })
    }

    /// The values of a newtype enum, in the header's order.
    pub(super) fn enum_values(&self, name: &str) -> Result<Vec<(String, u32)>> {
        let mut values = Vec::new();
        for item in &self.types {
            let Item::Impl(block) = item else { continue };
            if block.self_ty.to_token_stream().to_string() != name {
                continue;
            }
            for item in &block.items {
                if let ImplItem::Const(constant) = item
                    && let syn::Expr::Call(call) = &constant.expr
                    && let Some(syn::Expr::Lit(value)) = call.args.first()
                    && let syn::Lit::Int(value) = &value.lit
                {
                    values.push((constant.ident.to_string(), value.base10_parse()?));
                }
            }
        }
        anyhow::ensure!(!values.is_empty(), "the headers define no enum {name}");
        Ok(values)
    }

    /// A spelling that equal C types share: aliases resolved, C integers by width, paths dropped.
    pub(super) fn canonical(&self, ty: &Type) -> String {
        match ty {
            Type::Ptr(pointer) => {
                let kind = if pointer.mutability.is_some() { "mut" } else { "const" };
                format!("*{kind} {}", self.canonical(&pointer.elem))
            }
            Type::Array(array) => format!("[{}; {}]", self.canonical(&array.elem), array.len.to_token_stream()),
            Type::Paren(inner) => self.canonical(&inner.elem),
            Type::BareFn(function) => {
                let inputs: Vec<_> = function.inputs.iter().map(|arg| self.canonical(&arg.ty)).collect();
                let output = match &function.output {
                    ReturnType::Default => "()".to_owned(),
                    ReturnType::Type(_, ty) => self.canonical(ty),
                };
                format!("fn({}) -> {output}", inputs.join(", "))
            }
            Type::Path(path) => self.canonical_path(path),
            other => other.to_token_stream().to_string(),
        }
    }

    fn canonical_path(&self, path: &syn::TypePath) -> String {
        let Some(last) = path.path.segments.last() else {
            return String::new();
        };
        if let syn::PathArguments::AngleBracketed(args) = &last.arguments
            && let Some(syn::GenericArgument::Type(inner)) = args.args.first()
        {
            // A nullable function pointer.
            return self.canonical(inner);
        }
        let name = last.ident.to_string();
        let fixed = match name.as_str() {
            "c_char" | "c_schar" => "i8",
            "c_uchar" => "u8",
            "c_short" => "i16",
            "c_ushort" => "u16",
            "c_int" => "i32",
            "c_uint" => "u32",
            "c_long" | "c_longlong" => "i64",
            "c_ulong" | "c_ulonglong" => "u64",
            "c_float" => "f32",
            "c_double" => "f64",
            _ => match self.aliases.get(&name) {
                Some(target) => return self.canonical(target),
                None => return name,
            },
        };
        fixed.to_owned()
    }
}
