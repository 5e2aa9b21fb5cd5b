//! Reads of textures.

use super::super::alu::Denormals;
use super::super::op::{Op, Slot};
use super::super::texture::{FETCH, Form, Levels, QUERIES, QUERY, Result as Value};
use super::{Lowering, Refusal};
use crate::ptx::ast::{AddressBase, Instruction, Operand, Width};
use crate::ptx::opcodes::Texture;
use crate::textures::coordinates::Geometry;

impl<'s> Lowering<'_, 's> {
    pub(super) fn texture(&mut self, kind: Texture, instruction: &Instruction<'s>) -> Result<(), Refusal> {
        match kind {
            Texture::Tex => self.fetch(instruction),
            Texture::Tld4 => self.gather(instruction),
            Texture::Txq => self.texture_query(instruction),
        }
    }

    /// The number of a texture or a surface, in a register of 64 bits.
    pub(super) fn object(&mut self, operand: &Operand<'s>) -> Result<Slot, Refusal> {
        match operand {
            Operand::Address { base: AddressBase::Register(register), offset: 0 } => {
                self.source(&Operand::Register(*register), Width::B64)
            }
            Operand::Address { base: AddressBase::Symbol(name), .. } => {
                Err(format!("{name}: references to textures and surfaces are not implemented"))
            }
            _ => Err("a texture or a surface that is no register".to_owned()),
        }
    }

    /// `[texture, coordinates]`, taken apart.
    pub(super) fn object_and_place<'o>(
        &mut self,
        operand: &'o Operand<'s>,
    ) -> Result<(Slot, &'o [Operand<'s>]), Refusal> {
        let Operand::Vector(elements) = operand else {
            return Err("a texture or a surface without coordinates".to_owned());
        };
        match elements.as_slice() {
            [_, Operand::Address { .. }, ..] => Err("samplers apart from textures are not implemented".to_owned()),
            [object @ Operand::Address { .. }, place @ ..] => Ok((self.object(object)?, place)),
            _ => Err("coordinates without a texture or a surface".to_owned()),
        }
    }

    fn fetch(&mut self, instruction: &Instruction<'s>) -> Result<(), Refusal> {
        let mut form = Form {
            geometry: Geometry::Line,
            is_in_texels: false,
            levels: Levels::Base,
            has_offset: false,
            gathers: None,
            result: Value::Words,
        };
        let (mut geometry, mut types, mut vector) = (None, Vec::new(), None);
        for modifier in instruction.opcode.modifiers() {
            match modifier {
                "base" => form.levels = Levels::Base,
                "level" => form.levels = Levels::Given,
                "grad" => form.levels = Levels::Gradients,
                "v2" | "v4" => vector = Some(modifier),
                "u32" | "s32" | "f32" | "f16" | "f16x2" => types.push(modifier),
                other => geometry = Some(Geometry::named(other).ok_or_else(|| format!("{other} is not implemented"))?),
            }
        }
        form.geometry = geometry.ok_or_else(|| "a texture of no dimensions".to_owned())?;
        form.result = match (vector, types.first()) {
            (Some("v4"), Some(&("u32" | "s32" | "f32"))) => Value::Words,
            (Some("v4"), Some(&"f16")) => Value::Halves,
            (Some("v2"), Some(&"f16x2")) => Value::Pairs,
            _ => return Err("not implemented".to_owned()),
        };
        form.is_in_texels = match types.get(1) {
            Some(&"s32") => true,
            Some(&"f32") => false,
            _ => return Err("coordinates of no such type".to_owned()),
        };
        if form.levels == Levels::Gradients && form.geometry.is_cube() {
            return Err("gradients in a cube are not implemented".to_owned());
        }
        self.read_texture(form, instruction)
    }

    fn gather(&mut self, instruction: &Instruction<'s>) -> Result<(), Refusal> {
        let words: Vec<&str> = instruction.opcode.modifiers().collect();
        let [channel, geometry @ ("2d" | "a2d"), "v4", "u32" | "s32" | "f32", "f32"] = words[..] else {
            return Err("not implemented".to_owned());
        };
        let gathers = ["r", "g", "b", "a"].iter().position(|name| *name == channel);
        let gathers = gathers.ok_or_else(|| "a channel that there is not".to_owned())? as u8;
        let form = Form {
            geometry: if geometry == "2d" { Geometry::Plane } else { Geometry::Planes },
            is_in_texels: false,
            levels: Levels::Base,
            has_offset: false,
            gathers: Some(gathers),
            result: Value::Words,
        };
        self.read_texture(form, instruction)
    }

    /// Emits a read: `d, [texture, place], level or gradients, offset`.
    fn read_texture(&mut self, mut form: Form, instruction: &Instruction<'s>) -> Result<(), Refusal> {
        let [to, from, rest @ ..] = instruction.operands.as_slice() else {
            return Err("too few operands".to_owned());
        };
        let to = match to {
            Operand::Vector(to) => to.as_slice(),
            Operand::Pair(..) => return Err("whether texels are resident is not implemented".to_owned()),
            _ => return Err("a destination that is no vector".to_owned()),
        };
        if to.len() != form.destinations() {
            return Err(format!("{} destinations where {} are needed", to.len(), form.destinations()));
        }
        let (number, place) = self.object_and_place(from)?;
        let dimensions = form.geometry.dimensions();
        let (layer, place) = match (form.geometry.is_layered(), place) {
            (true, [layer, place @ ..]) => (Some(layer), place),
            (true, []) => return Err("no layer".to_owned()),
            (false, place) => (None, place),
        };
        let mut sources: Vec<&Operand<'s>> = layer.into_iter().collect();
        take(place, dimensions, &mut sources)?;
        let rest = match (form.levels, rest) {
            (Levels::Base, rest) => rest,
            (Levels::Given, [level, rest @ ..]) => {
                take(std::slice::from_ref(level), 1, &mut sources)?;
                rest
            }
            (Levels::Gradients, [across, down, rest @ ..]) => {
                take(elements(across), dimensions, &mut sources)?;
                take(elements(down), dimensions, &mut sources)?;
                rest
            }
            _ => return Err("too few operands".to_owned()),
        };
        match rest {
            [] => {}
            [offset] if !form.geometry.is_cube() && is_offset(offset, dimensions) => {
                form.has_offset = true;
                take(elements(offset), dimensions, &mut sources)?;
            }
            _ => return Err("comparisons of depths are not implemented".to_owned()),
        }
        let width = if form.result == Value::Halves { Width::B16 } else { Width::B32 };
        let mut list = Vec::new();
        let mut destinations = Vec::new();
        for operand in to {
            let destination = self.destination(operand, width)?;
            list.push(destination.slot);
            destinations.push(destination);
        }
        for source in sources {
            list.push(self.source(source, Width::B32)?);
        }
        let ext = self.operand_list(&list);
        let op = Op { d: number, imm: form.packed(), ext, ..self.blank(FETCH) };
        self.push(op, Denormals::Any);
        for destination in destinations {
            self.settle(destination, false)?;
        }
        Ok(())
    }

    fn texture_query(&mut self, instruction: &Instruction<'s>) -> Result<(), Refusal> {
        let has_level = instruction.opcode.has("level");
        let word = instruction.opcode.modifiers().find(|word| !matches!(*word, "level" | "b32")).unwrap_or("");
        let query = QUERIES.iter().position(|(name, _)| *name == word);
        let query = query.ok_or_else(|| format!("the question for {word} is not implemented"))?;
        let (to, from, level) = match (instruction.operands.as_slice(), has_level) {
            ([to, from], false) => (to, from, self.slots.constant(Width::B32, 0)),
            ([to, from, level], true) => (to, from, self.source(level, Width::B32)?),
            _ => return Err("operands that it does not have".to_owned()),
        };
        let d = self.object(from)?;
        let to = self.destination(to, Width::B32)?;
        let op = Op { d, a: level, b: to.slot, imm: query as i64, ..self.blank(QUERY) };
        self.push(op, Denormals::Any);
        self.settle(to, false)
    }
}

/// A vector's elements, or the only one.
fn elements<'o, 's>(operand: &'o Operand<'s>) -> &'o [Operand<'s>] {
    match operand {
        Operand::Vector(elements) => elements,
        single => std::slice::from_ref(single),
    }
}

/// Takes so many of a vector's elements: three-dimensional ones have a fourth that is nothing.
pub(super) fn take<'o, 's>(
    elements: &'o [Operand<'s>],
    count: usize,
    taken: &mut Vec<&'o Operand<'s>>,
) -> Result<(), Refusal> {
    // Vectors have one, two or four elements, and a layer may be one of them.
    if !(count..=4).contains(&elements.len()) {
        return Err(format!("{} coordinates where {count} are needed", elements.len()));
    }
    taken.extend(&elements[..count]);
    Ok(())
}

/// Whether an operand is a vector of offsets and not a depth to compare with.
fn is_offset(operand: &Operand<'_>, dimensions: usize) -> bool {
    match operand {
        Operand::Vector(elements) => elements.len() >= dimensions,
        _ => false,
    }
}
