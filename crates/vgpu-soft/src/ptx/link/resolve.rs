//! Which definition each name of all units means.

use std::collections::HashMap;

use super::error::{Fault, LinkError};
use super::unit::{Kind, Symbol, Unit};
use crate::ptx::ast::Linkage;

/// Functions that every program has. **Source:** CUDA C++ Programming Guide, "Formatted Output", "Assertion", "Dynamic Global
/// Memory Allocation and Operations"; PTX Interoperability, "System Calls".
const BUILT_IN: [&str; 4] = ["vprintf", "__assertfail", "malloc", "free"];

/// What names of the device runtime begin with. **Source:** CUDA C++ Programming Guide, "Device-side Launch from PTX".
const DEVICE_RUNTIME: [&str; 4] = ["cudaLaunchDevice", "cudaGetParameterBuffer", "cudaDeviceSynchronize", "__cudaCDP2"];

/// More errors than that tell nobody more.
const MAX_ERRORS: usize = 64;

/// A definition: the unit, and which of its symbols.
pub(super) type Place = (usize, usize);

/// The definitions that all units see.
pub(super) struct Globals<'s> {
    pub(super) places: HashMap<&'s str, Place>,
}

impl<'s> Globals<'s> {
    /// Chooses one definition of each name.
    ///
    /// # Errors
    /// Names that are defined twice, declared as different things, or used and not defined.
    pub(super) fn choose(units: &[Unit<'s>]) -> Result<Self, Vec<LinkError>> {
        let mut errors = Vec::new();
        let mut globals = Self { places: HashMap::new() };
        for (unit, of) in units.iter().enumerate() {
            for (index, symbol) in of.symbols.iter().enumerate().filter(|(_, symbol)| symbol.is_global()) {
                globals.add(units, (unit, index), symbol, &mut errors);
            }
        }
        for unit in units {
            globals.check(units, unit, &mut errors);
        }
        errors.truncate(MAX_ERRORS);
        if errors.is_empty() { Ok(globals) } else { Err(errors) }
    }

    /// Takes one more definition, if it is a better one.
    fn add(&mut self, units: &[Unit<'s>], place: Place, symbol: &Symbol<'s>, errors: &mut Vec<LinkError>) {
        let chosen = self.places.entry(symbol.name).or_insert(place);
        if *chosen == place {
            return;
        }
        let first = &units[chosen.0].symbols[chosen.1];
        match strength(symbol).cmp(&strength(first)) {
            std::cmp::Ordering::Greater => *chosen = place,
            std::cmp::Ordering::Equal if strength(symbol) == STRONG => {
                let fault = Fault::Multiple(units[chosen.0].name.to_owned());
                errors.push(error(symbol.name, &units[place.0], fault));
            }
            // The longest of common ones is as long as any of them needs.
            std::cmp::Ordering::Equal if symbol.linkage == Linkage::Common && len(symbol) > len(first) => {
                *chosen = place;
            }
            std::cmp::Ordering::Equal | std::cmp::Ordering::Less => {}
        }
    }

    /// Whether what a unit declares is what it gets.
    fn check(&self, units: &[Unit<'s>], unit: &Unit<'s>, errors: &mut Vec<LinkError>) {
        let own: HashMap<_, _> = unit.symbols.iter().filter(|symbol| symbol.is_definition).map(named).collect();
        for symbol in &unit.symbols {
            if errors.len() >= MAX_ERRORS {
                return;
            }
            // What the unit keeps to itself is none of the others' business.
            if own.get(symbol.name).is_some_and(|own| !own.is_global()) {
                continue;
            }
            let Some(&(of, index)) = self.places.get(symbol.name) else {
                if unit.used.contains(symbol.name) && !symbol.is_dynamic_memory() && !is_built_in(symbol) {
                    let is_runtime = DEVICE_RUNTIME.iter().any(|start| symbol.name.starts_with(start));
                    let fault = if is_runtime { Fault::DeviceRuntime } else { Fault::Undefined };
                    errors.push(error(symbol.name, unit, fault));
                }
                continue;
            };
            let chosen = &units[of].symbols[index];
            let first = || units[of].name.to_owned();
            match (symbol.kind, chosen.kind) {
                (Kind::Variable(space, len_bytes), Kind::Variable(other, other_bytes)) if space == other => {
                    let is_same = len_bytes == other_bytes || len_bytes == 0 || symbol.linkage == Linkage::Common;
                    if !is_same {
                        errors.push(error(symbol.name, unit, Fault::Size(first())));
                    }
                }
                (kind, other) if kind == other => {}
                _ => errors.push(error(symbol.name, unit, Fault::Kind(first()))),
            }
        }
    }
}

/// The names that a unit uses and does not define.
pub(super) fn wanted<'a, 's>(unit: &'a Unit<'s>) -> impl Iterator<Item = &'s str> + use<'a, 's> {
    let declared = unit.symbols.iter().filter(|symbol| !symbol.is_definition);
    declared.filter(|symbol| unit.used.contains(symbol.name)).map(|symbol| symbol.name)
}

const STRONG: u8 = 2;

fn strength(symbol: &Symbol<'_>) -> u8 {
    match symbol.linkage {
        Linkage::Weak => 0,
        Linkage::Common => 1,
        Linkage::Private | Linkage::Visible | Linkage::Extern => STRONG,
    }
}

fn len(symbol: &Symbol<'_>) -> u64 {
    match symbol.kind {
        Kind::Variable(_, len_bytes) => len_bytes,
        _ => 0,
    }
}

fn is_built_in(symbol: &Symbol<'_>) -> bool {
    symbol.kind == Kind::Function && BUILT_IN.contains(&symbol.name)
}

fn named<'a, 's>(symbol: &'a Symbol<'s>) -> (&'s str, &'a Symbol<'s>) {
    (symbol.name, symbol)
}

fn error(symbol: &str, unit: &Unit<'_>, fault: Fault) -> LinkError {
    LinkError { symbol: symbol.to_owned(), input: unit.name.to_owned(), fault }
}
