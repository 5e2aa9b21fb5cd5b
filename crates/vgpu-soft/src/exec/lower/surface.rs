//! Reads and writes of surfaces.

use super::super::alu::Denormals;
use super::super::op::Op;
use super::super::surface::{ACCESS, Action, Form, QUERIES, QUERY};
use super::texture::take;
use super::{Lowering, Refusal};
use crate::ptx::ast::{Instruction, Operand, Width};
use crate::ptx::opcodes::Surface;
use crate::textures::coordinates::Geometry;
use crate::textures::surface::Outside;

impl<'s> Lowering<'_, 's> {
    pub(super) fn surface(&mut self, kind: Surface, instruction: &Instruction<'s>) -> Result<(), Refusal> {
        match (kind, instruction.operands.as_slice()) {
            (Surface::Suq, _) => self.surface_query(instruction),
            (Surface::Suld, [values, place]) => self.access_surface(form(instruction, Action::Load)?, values, place),
            (Surface::Sust, [place, values]) => {
                let is_formatted = instruction.opcode.has("p");
                let action = if is_formatted { Action::StoreTexel } else { Action::Store };
                self.access_surface(form(instruction, action)?, values, place)
            }
            (Surface::Sured, [place, value]) => {
                let reductions = [
                    ("add", Action::Add),
                    ("min", Action::Min),
                    ("max", Action::Max),
                    ("and", Action::And),
                    ("or", Action::Or),
                ];
                let action = reductions.iter().find(|(word, _)| instruction.opcode.has(word));
                let (_, action) = action.ok_or_else(|| "a reduction that there is not".to_owned())?;
                self.access_surface(form(instruction, *action)?, value, place)
            }
            _ => Err("operands that it does not have".to_owned()),
        }
    }

    fn access_surface(&mut self, form: Form, values: &Operand<'s>, place: &Operand<'s>) -> Result<(), Refusal> {
        let values = match values {
            Operand::Vector(values) => values.as_slice(),
            single => std::slice::from_ref(single),
        };
        if values.len() != form.count {
            return Err(format!("{} values where {} are needed", values.len(), form.count));
        }
        let width = match form.element_bytes {
            1 | 2 => Width::B16,
            4 => Width::B32,
            _ => Width::B64,
        };
        let (d, place) = self.object_and_place(place)?;
        let dimensions = form.geometry.dimensions() + usize::from(form.geometry.is_layered());
        let mut coordinates = Vec::new();
        take(place, dimensions, &mut coordinates)?;
        let mut list = Vec::new();
        let mut destinations = Vec::new();
        for value in values {
            if form.action == Action::Load {
                let destination = self.destination(value, width)?;
                list.push(destination.slot);
                destinations.push(destination);
            } else {
                list.push(self.source(value, width)?);
            }
        }
        for coordinate in coordinates {
            list.push(self.source(coordinate, Width::B32)?);
        }
        let ext = self.operand_list(&list);
        let op = Op { d, imm: form.packed(), ext, ..self.blank(ACCESS) };
        self.push(op, Denormals::Any);
        for destination in destinations {
            self.settle(destination, false)?;
        }
        Ok(())
    }

    fn surface_query(&mut self, instruction: &Instruction<'s>) -> Result<(), Refusal> {
        let word = instruction.opcode.modifiers().next().unwrap_or("");
        let query = QUERIES.iter().position(|(name, _)| *name == word);
        let query = query.ok_or_else(|| format!("the question for {word} is not implemented"))?;
        let [to, from] = instruction.operands.as_slice() else {
            return Err("operands that it does not have".to_owned());
        };
        let d = self.object(from)?;
        let to = self.destination(to, Width::B32)?;
        let op = Op { d, b: to.slot, imm: query as i64, ..self.blank(QUERY) };
        self.push(op, Denormals::Any);
        self.settle(to, false)
    }
}

/// Sorts the modifiers out.
fn form(instruction: &Instruction<'_>, action: Action) -> Result<Form, Refusal> {
    let mut geometry = None;
    let mut form = Form {
        action,
        geometry: Geometry::Line,
        // It is the default. **Source:** `suld` in the PTX ISA.
        outside: Outside::Trap,
        element_bytes: 0,
        count: 1,
        is_signed: false,
        is_in_texels: false,
    };
    for modifier in instruction.opcode.modifiers() {
        match modifier {
            "b" | "add" | "min" | "max" | "and" | "or" => {}
            "p" => form.is_in_texels = true,
            // Where caches are is not seen here.
            "ca" | "cg" | "cs" | "cv" | "wb" | "wt" => {}
            "v2" => form.count = 2,
            "v4" => form.count = 4,
            "b8" => form.element_bytes = 1,
            "b16" => form.element_bytes = 2,
            "b32" | "u32" | "s32" => form.element_bytes = 4,
            "b64" | "u64" | "s64" => form.element_bytes = 8,
            other => match (Geometry::named(other), Outside::named(other)) {
                (Some(named), _) if !named.is_cube() => geometry = Some(named),
                (_, Some(outside)) => form.outside = outside,
                _ => return Err(format!("{other} is not implemented")),
            },
        }
        form.is_signed |= matches!(modifier, "s32" | "s64");
    }
    form.geometry = geometry.ok_or_else(|| "a surface of no dimensions".to_owned())?;
    let is_formatted_reduction = form.is_in_texels && action != Action::StoreTexel;
    if is_formatted_reduction {
        return Err("reductions of formatted texels are not implemented".to_owned());
    }
    if form.element_bytes == 0 || action == Action::StoreTexel && form.element_bytes != 4 {
        return Err("values of no such type".to_owned());
    }
    Ok(form)
}
