//! One input as the linker sees it: the symbols at module scope, each with the text that declares it.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::words::{Token, Tokens};
use crate::ptx::ast::{Declaration, Declared, Linkage, Module, Space, Variable};
use crate::ptx::cursor::Cursor;
use crate::ptx::types::Prefix;

/// What a symbol is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Kernel,
    Function,
    /// Its length in bytes, 0 where that is left open.
    Variable(Space, u64),
    /// A texture, a surface or a sampler.
    Opaque,
}

/// A symbol that a unit declares or defines.
pub(super) struct Symbol<'s> {
    pub(super) name: &'s str,
    pub(super) linkage: Linkage,
    pub(super) kind: Kind,
    pub(super) is_definition: bool,
    /// Of a variable, what stands before its name.
    pub(super) prefix: &'s str,
    /// The declaration, or the rest of it, up to its `;` or with its `}`.
    pub(super) text: &'s str,
}

impl Symbol<'_> {
    /// Whether other units see the definition. Kernels are the program's to find by name.
    pub(super) fn is_global(&self) -> bool {
        self.is_definition && (self.linkage != Linkage::Private || self.kind == Kind::Kernel)
    }

    /// Whether it is there although nobody defines it: memory whose length a launch says.
    pub(super) fn is_dynamic_memory(&self) -> bool {
        self.linkage == Linkage::Extern && matches!(self.kind, Kind::Variable(Space::Shared, _))
    }
}

/// An input.
pub(super) struct Unit<'s> {
    pub(super) name: &'s str,
    pub(super) module: &'s Module<'s>,
    pub(super) symbols: Vec<Symbol<'s>>,
    /// Names of its symbols.
    pub(super) names: HashSet<&'s str>,
    /// Those of them that its definitions mention.
    pub(super) used: HashSet<&'s str>,
    /// Names of the memory that bodies declare for themselves, and of parameters.
    pub(super) inner: HashSet<&'s str>,
}

impl<'s> Unit<'s> {
    pub(super) fn read(name: &'s str, module: &'s Module<'s>) -> Self {
        let mut symbols = Vec::new();
        for declaration in &module.declarations {
            read(module, declaration, &mut symbols);
        }
        let names = symbols.iter().map(|symbol: &Symbol<'_>| symbol.name).collect();
        let (used, inner) = (HashSet::new(), HashSet::new());
        let mut unit = Self { name, module, symbols, names, used, inner };
        unit.link_aliases();
        unit.survey();
        unit
    }

    /// Another name of a function is seen by those who see what was declared under it.
    fn link_aliases(&mut self) {
        let is_declared = |symbol: &&Symbol<'_>| symbol.kind == Kind::Function && !symbol.is_definition;
        let declared = self.symbols.iter().filter(is_declared);
        let linkages: HashMap<_, _> = declared.map(|symbol| (symbol.name, symbol.linkage)).collect();
        for alias in self.symbols.iter_mut().filter(|symbol| symbol.text.starts_with(".alias")) {
            alias.linkage = linkages.get(alias.name).copied().unwrap_or(Linkage::Private);
        }
    }

    /// Finds out which names the definitions mention and declare.
    fn survey(&mut self) {
        for symbol in self.symbols.iter().filter(|symbol| symbol.is_definition) {
            let (mut declares, mut is_start, mut is_header) = (false, false, true);
            for (_, token) in Tokens::of(symbol.text) {
                match token {
                    Token::Directive("shared" | "local") if is_start => declares = true,
                    Token::Directive("param" | "reg") if is_header => declares = true,
                    Token::Directive(_) => {}
                    Token::End => (declares, is_header) = (false, false),
                    Token::Word(word) => {
                        if declares {
                            self.inner.insert(word);
                        }
                        if word != symbol.name && self.names.contains(word) {
                            self.used.insert(word);
                        }
                    }
                }
                is_start = token == Token::End;
            }
        }
    }
}

/// Adds what a statement declares.
fn read<'s>(module: &'s Module<'s>, declaration: &Declaration<'s>, symbols: &mut Vec<Symbol<'s>>) {
    let Declaration { linkage, text, ref declared } = *declaration;
    let symbol = |name, kind, is_definition| Symbol { name, linkage, kind, is_definition, prefix: "", text };
    match *declared {
        Declared::Kernel { name, has_body } => symbols.push(symbol(name, Kind::Kernel, has_body)),
        Declared::Function { name, has_body } => symbols.push(symbol(name, Kind::Function, has_body)),
        Declared::Alias { name } => symbols.push(symbol(name, Kind::Function, true)),
        Declared::Opaque { name } => symbols.push(symbol(name, Kind::Opaque, linkage != Linkage::Extern)),
        Declared::Variables(ref range) => variables(module, text, range.clone(), linkage, symbols),
    }
}

/// Takes a declaration of variables apart.
fn variables<'s>(
    module: &'s Module<'s>,
    text: &'s str,
    range: Range<usize>,
    linkage: Linkage,
    symbols: &mut Vec<Symbol<'s>>,
) {
    let mut cursor = Cursor::new(text);
    // The text has been read before: what stands here is a declaration.
    if cursor.directive().is_err() || Prefix::read(&mut cursor).is_err() {
        return;
    }
    let end = cursor.position();
    for Variable { name, space, len_bytes, .. } in &module.variables[range] {
        let start = cursor.position();
        let mut depth = 0_u32;
        while let Some(byte) = cursor.peek() {
            match byte {
                b'{' | b'(' | b'[' => depth += 1,
                b'}' | b')' | b']' => depth = depth.saturating_sub(1),
                b',' | b';' if depth == 0 => break,
                _ => {}
            }
            cursor.eat(byte);
        }
        symbols.push(Symbol {
            name,
            linkage,
            kind: Kind::Variable(*space, *len_bytes),
            is_definition: linkage != Linkage::Extern,
            prefix: &text[..end],
            text: cursor.since(start),
        });
        cursor.eat(b',');
    }
}
