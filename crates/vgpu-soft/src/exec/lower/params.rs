//! The kernel's parameters, and those of calls: registers of their own, or local memory where they are read in other pieces than
//! they are written in.

use super::super::alu::Denormals;
use super::super::memory::{self, Space};
use super::super::op::{Op, Slot};
use super::access::{Address, Element};
use super::slots::Place;
use super::variables::Symbol;
use super::{Lowering, Refusal};
use crate::ptx::ast::{AddressBase, Operand, Width};

impl<'s> Lowering<'_, 's> {
    /// Whether an access to parameters is one to memory.
    pub(super) fn is_call_memory(&self, address: &Operand<'s>) -> Result<bool, Refusal> {
        Ok(match address {
            Operand::Address { base: AddressBase::Symbol(name), .. } => {
                matches!(self.variables.find(name)?, Symbol::CallMemory(_))
            }
            _ => false,
        })
    }

    /// A load from a fixed place in the kernel's parameters, or of a call's result.
    pub(super) fn load_param(
        &mut self,
        element: Element,
        to: &[Operand<'s>],
        name: &'s str,
        offset: i64,
    ) -> Result<(), Refusal> {
        let symbol = self.variables.find(name)?;
        for (number, operand) in (0i64..).zip(to) {
            // An offset that wraps lies beyond the parameters on the other side.
            let offset = offset.wrapping_add(number * i64::from(element.len_bytes));
            let start = match symbol {
                Symbol::CallParam => {
                    let width = element.natural_width();
                    let from = self.call_param(name, offset, width);
                    let destination = self.destination(operand, width)?;
                    self.resize(Place { slot: destination.slot, width }, from, element.is_signed)?;
                    self.settle(destination, element.is_signed)?;
                    continue;
                }
                Symbol::Param(start) => i64::from(start),
                _ => return Err(format!("{name} is not a parameter")),
            };
            let imm = start.checked_add(offset).filter(|imm| *imm >= 0);
            let end = imm.and_then(|imm| imm.checked_add(i64::from(element.len_bytes)));
            let (Some(imm), true) = (imm, end.is_some_and(|end| end <= i64::from(self.kernel.param_bytes))) else {
                return Err(format!("an access beyond the parameters at {name}"));
            };
            let natural = element.natural_width();
            let wanted = match operand {
                Operand::Register(register) => self.slots.width(*register)?,
                _ => natural,
            };
            let param = |width: Width| memory::load::param(element.len_bytes, element.is_signed, width.lane_bytes());
            let (fns, width) = match param(wanted) {
                Some(fns) => (fns, wanted),
                None => (param(natural).ok_or_else(|| "not implemented".to_owned())?, natural),
            };
            let destination = self.destination(operand, width)?;
            let op = Op { d: destination.slot, imm, ..self.blank(fns) };
            self.push(op, Denormals::Any);
            self.settle(destination, element.is_signed)?;
        }
        Ok(())
    }

    /// A store to a call's parameter.
    pub(super) fn store_param(
        &mut self,
        element: Element,
        to: &Operand<'s>,
        from: &[Operand<'s>],
    ) -> Result<(), Refusal> {
        let Operand::Address { base: AddressBase::Symbol(name), offset } = to else {
            return Err("a store to a parameter that is not a call's".to_owned());
        };
        if self.variables.find(name)? != Symbol::CallParam {
            return Err("a store to a parameter that is not a call's".to_owned());
        }
        for (number, operand) in (0i64..).zip(from) {
            let width = element.natural_width();
            let slot = self.source(operand, width)?;
            let to = self.call_param(name, offset.wrapping_add(number * i64::from(element.len_bytes)), width);
            self.resize(to, Place { slot, width }, element.is_signed)?;
        }
        Ok(())
    }

    /// The place of a call's parameter or result.
    fn call_param(&mut self, name: &'s str, offset: i64, width: Width) -> Place {
        let slots = &mut self.slots;
        let slot = *self.call_params.entry((name, offset, width)).or_insert_with(|| slots.fresh(width));
        Place { slot, width }
    }

    /// The slot where a function of ours finds its argument.
    pub(super) fn call_argument(&mut self, name: &'s str, width: Width) -> Result<Slot, Refusal> {
        let Symbol::CallMemory(start) = self.variables.find(name)? else {
            return Ok(self.call_param(name, 0, width).slot);
        };
        let (len_bytes, isa) = (width.lane_bytes(), self.options.isa);
        let fns = memory::load::scalar(len_bytes, false, len_bytes, Space::Local, isa);
        let fns = fns.ok_or_else(|| "not implemented".to_owned())?;
        let slot = self.slots.temporary(width);
        let address = self.call_memory(start);
        let op = Op { d: slot, ..self.access_op(fns, address) };
        self.push(op, Denormals::Any);
        Ok(slot)
    }

    /// Takes the result of a function of ours.
    pub(super) fn put_call_result(&mut self, name: &'s str, from: Place) -> Result<(), Refusal> {
        let Symbol::CallMemory(start) = self.variables.find(name)? else {
            let to = self.call_param(name, 0, from.width);
            return self.resize(to, from, false);
        };
        let (len_bytes, isa) = (from.width.lane_bytes(), self.options.isa);
        let fns = memory::store::scalar(len_bytes, len_bytes, Space::Local, isa);
        let fns = fns.ok_or_else(|| "not implemented".to_owned())?;
        let address = self.call_memory(start);
        let op = Op { b: from.slot, ..self.access_op(fns, address) };
        self.push(op, Denormals::Any);
        Ok(())
    }

    fn call_memory(&mut self, start: u32) -> Address {
        let slot = self.slots.constant(Width::B64, u64::from(start));
        Address { space: Space::Local, slot, imm: 0, is_narrow: false }
    }
}
