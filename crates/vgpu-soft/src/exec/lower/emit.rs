//! One op with its guard, the conversions around it, and the denormal mode it needs.

use super::super::alu::{self, Denormals};
use super::super::code::{LaneMask, Special};
use super::super::op::{Op, OpFns, Slot};
use super::super::system;
use super::super::warp::NO_GUARD;
use super::slots::Place;
use super::variables::Symbol;
use super::{Lowering, Refusal};
use crate::ptx::CALL_STACK_END;
use crate::ptx::ast::{Immediate, Opcode, Operand, Width};

/// A destination that must be converted after the op has written it.
#[derive(Clone, Copy)]
pub(super) struct Destination {
    /// What the op writes.
    pub(super) slot: Slot,
    /// Where the value goes then, and how wide it was.
    pub(super) then: Option<(Place, Width)>,
}

impl<'s> Lowering<'_, 's> {
    /// An op of these functions with nothing in it but the instruction's guard.
    pub(super) fn blank(&self, fns: OpFns) -> Op {
        Op { fns, d: 0, a: 0, b: 0, c: 0, imm: 0, guard: self.guard, ext: 0 }
    }

    /// Adds an op.
    pub(super) fn push(&mut self, op: Op, denormals: Denormals) {
        match denormals {
            Denormals::Any => {}
            Denormals::Flush => self.switch_denormals(true),
            Denormals::Keep => self.switch_denormals(false),
        }
        self.push_raw(op, false);
    }

    /// Adds an op that all live lanes execute together.
    pub(super) fn push_collective(&mut self, op: Op, denormals: Denormals) {
        match denormals {
            Denormals::Any => {}
            Denormals::Flush => self.switch_denormals(true),
            Denormals::Keep => self.switch_denormals(false),
        }
        self.push_raw(op, true);
    }

    fn push_raw(&mut self, op: Op, is_collective: bool) {
        self.code.ops.push(op);
        self.code.is_collective.push(is_collective);
        self.code.flushes.push(self.flushes);
        self.code.source_of.push(self.source);
    }

    /// Adds an op that is never run: a terminator's place.
    pub(super) fn mark(&mut self) {
        let op = self.blank(system::NOTHING);
        self.push_raw(op, false);
    }

    fn switch_denormals(&mut self, flush: bool) {
        if self.flushes != flush {
            let fns = if flush { system::FLUSH_DENORMALS } else { system::KEEP_DENORMALS };
            let op = Op { guard: NO_GUARD, ..self.blank(fns) };
            self.push_raw(op, false);
            self.flushes = flush;
            self.code.has_mixed_denormals = true;
        }
    }

    /// Blocks begin in the kernel's own mode, so they end in it.
    pub(super) fn restore_denormals(&mut self) {
        self.switch_denormals(self.code.flush_denormals);
    }

    /// Adds an operand list; the result is for `Op::ext`.
    pub(super) fn operand_list(&mut self, list: &[u32]) -> u32 {
        let start = u32::try_from(self.code.operands.len()).expect("fewer operands than bytes of PTX");
        self.code.operands.extend_from_slice(list);
        start
    }

    /// Adds a one-operand op that is known to exist, as `cvt`, `mov` and `not` are.
    pub(super) fn convert(&mut self, opcode: &str, to: Slot, from: Slot) -> Result<(), Refusal> {
        let form = Opcode::parse(opcode).and_then(|opcode| alu::select(opcode, 2, self.options.isa));
        let form = form.ok_or_else(|| format!("{opcode} is not implemented"))?;
        let op = Op { d: to, a: from, ..self.blank(form.fns) };
        self.push(op, form.denormals);
        Ok(())
    }

    /// Copies a value between places of any width but a predicate's.
    pub(super) fn resize(&mut self, to: Place, from: Place, is_signed: bool) -> Result<(), Refusal> {
        let opcode = match (from.width, to.width, is_signed) {
            (Width::Pred, Width::Pred, _) => "mov.pred",
            (Width::B16, Width::B16, _) => "mov.b16",
            (Width::B32, Width::B32, _) => "mov.b32",
            (Width::B64, Width::B64, _) => "mov.b64",
            (Width::B32, Width::B16, _) => "cvt.u16.u32",
            (Width::B64, Width::B16, _) => "cvt.u16.u64",
            (Width::B64, Width::B32, _) => "cvt.u32.u64",
            (Width::B16, Width::B32, false) => "cvt.u32.u16",
            (Width::B16, Width::B32, true) => "cvt.s32.s16",
            (Width::B16, Width::B64, false) => "cvt.u64.u16",
            (Width::B16, Width::B64, true) => "cvt.s64.s16",
            (Width::B32, Width::B64, false) => "cvt.u64.u32",
            (Width::B32, Width::B64, true) => "cvt.s64.s32",
            (Width::Pred, _, _) | (_, Width::Pred, _) => {
                return Err(format!("a register of width {:?} where {:?} is needed", from.width, to.width));
            }
        };
        self.convert(opcode, to.slot, from.slot)
    }

    /// The slot where an op finds a source, as `width`.
    pub(super) fn source(&mut self, operand: &Operand<'s>, width: Width) -> Result<Slot, Refusal> {
        let place = match operand {
            Operand::Register(register) => self.slots.place(*register)?,
            Operand::Negated(register) => {
                let from = self.slots.register(*register, Width::Pred)?;
                let to = self.slots.temporary(Width::Pred);
                self.convert("not.pred", to, from)?;
                Place { slot: to, width: Width::Pred }
            }
            Operand::Immediate(immediate) => return Ok(self.immediate(*immediate, width)),
            Operand::Special(name) => self.special(name)?,
            Operand::Symbol { name, offset } => {
                let value = match self.variables.find(name)? {
                    Symbol::Shared(start) | Symbol::Local(start) | Symbol::Param(start) => u64::from(start),
                    Symbol::Linear(address) => address,
                    Symbol::CallParam | Symbol::CallMemory(_) => {
                        return Err(format!("the address of the call parameter {name}"));
                    }
                };
                return Ok(self.slots.constant(width, value.wrapping_add_signed(*offset)));
            }
            Operand::Address { .. } | Operand::Vector(_) | Operand::Label(_) | Operand::Pair(..) | Operand::Sink => {
                return Err("an operand that is not a value".to_owned());
            }
        };
        if place.width == width {
            return Ok(place.slot);
        }
        let to = Place { slot: self.slots.temporary(width), width };
        self.resize(to, place, false)?;
        Ok(to.slot)
    }

    fn immediate(&mut self, immediate: Immediate, width: Width) -> Slot {
        let value = match (immediate, width) {
            (Immediate::Integer(value), _) => value,
            (Immediate::F32(bits), Width::B64) => f64::from(f32::from_bits(bits)).to_bits(),
            (Immediate::F32(bits), _) => u64::from(bits),
            (Immediate::F64(bits), Width::B64) => bits,
            #[expect(clippy::cast_possible_truncation, reason = "the nearest f32 is what a decimal constant means")]
            (Immediate::F64(bits), _) => u64::from((f64::from_bits(bits) as f32).to_bits()),
        };
        self.slots.constant(width, value)
    }

    /// A special register: a slot that is filled already, or a temporary that an op of its own fills now.
    fn special(&mut self, name: &str) -> Result<Place, Refusal> {
        let reader = match name {
            "clock" => Some((system::CLOCK, Width::B32)),
            "clock_hi" => Some((system::CLOCK_HIGH, Width::B32)),
            "clock64" => Some((system::CLOCK64, Width::B64)),
            "globaltimer" => Some((system::TIMER, Width::B64)),
            "globaltimer_lo" => Some((system::TIMER_LOW, Width::B32)),
            "globaltimer_hi" => Some((system::TIMER_HIGH, Width::B32)),
            _ => None,
        };
        if let Some((fns, width)) = reader {
            let slot = self.slots.temporary(width);
            let op = Op { d: slot, ..self.blank(fns) };
            self.push(op, Denormals::Any);
            return Ok(Place { slot, width });
        }
        let is_zero_of = match name {
            // Performance counters: nothing is counted.
            _ if name.starts_with("pm") && name.ends_with("_64") => Some(Width::B64),
            _ if name.starts_with("pm") => Some(Width::B32),
            // Kernels launch no graphs.
            "current_graph_exec" => Some(Width::B64),
            _ => None,
        };
        if let Some(width) = is_zero_of {
            return Ok(Place { slot: self.slots.constant(width, 0), width });
        }
        if name == "is_explicit_cluster" {
            return self.explicit_cluster();
        }
        let special = special(name).ok_or_else(|| format!("special register %{name} is not implemented"))?;
        Ok(Place { slot: self.slots.special(special), width: Width::B32 })
    }

    /// The slot that an op writes as `width`, and what must follow.
    pub(super) fn destination(&mut self, operand: &Operand<'s>, width: Width) -> Result<Destination, Refusal> {
        match operand {
            Operand::Register(register) => {
                let place = self.slots.place(*register)?;
                if place.width == width {
                    return Ok(Destination { slot: place.slot, then: None });
                }
                if place.width == Width::Pred || width == Width::Pred {
                    return Err(format!("a destination of width {:?} where {width:?} is written", place.width));
                }
                Ok(Destination { slot: self.slots.temporary(width), then: Some((place, width)) })
            }
            Operand::Sink => Ok(Destination { slot: self.slots.temporary(width), then: None }),
            _ => Err("a destination that is not a register".to_owned()),
        }
    }

    /// Emits what a destination still needs after its op.
    pub(super) fn settle(&mut self, destination: Destination, is_signed: bool) -> Result<(), Refusal> {
        match destination.then {
            None => Ok(()),
            Some((place, width)) => self.resize(place, Place { slot: destination.slot, width }, is_signed),
        }
    }
}

/// Special registers that stay the same while a block runs.
fn special(name: &str) -> Option<Special> {
    let axis = |name: &str| match name {
        "x" => Some(0),
        "y" => Some(1),
        "z" => Some(2),
        _ => None,
    };
    if let Some((base, component)) = name.split_once('.') {
        // The fourth component has no axis and is always 0.
        if component == "w" {
            return Some(Special::Zero);
        }
        let axis = axis(component)?;
        return Some(match base {
            "tid" => Special::Tid(axis),
            "ntid" => Special::Ntid(axis),
            "ctaid" => Special::Ctaid(axis),
            "nctaid" => Special::Nctaid(axis),
            "clusterid" => Special::ClusterId(axis),
            "nclusterid" => Special::ClusterCount(axis),
            "cluster_ctaid" => Special::ClusterCtaid(axis),
            "cluster_nctaid" => Special::ClusterNctaid(axis),
            _ => return None,
        });
    }
    if let Some(number) = name.strip_prefix("envreg") {
        return number.parse().ok().filter(|number| *number < 32).map(Special::Environment);
    }
    Some(match name {
        "laneid" => Special::LaneId,
        "warpid" => Special::WarpId,
        "nwarpid" => Special::WarpCount,
        CALL_STACK_END => Special::LocalEnd,
        "smid" => Special::SmId,
        "nsmid" => Special::SmCount,
        "gridid" => Special::GridId,
        "lanemask_eq" => Special::LaneMask(LaneMask::Equal),
        "lanemask_lt" => Special::LaneMask(LaneMask::Less),
        "lanemask_le" => Special::LaneMask(LaneMask::LessEqual),
        "lanemask_gt" => Special::LaneMask(LaneMask::Greater),
        "lanemask_ge" => Special::LaneMask(LaneMask::GreaterEqual),
        "dynamic_smem_size" => Special::DynamicShared,
        "total_smem_size" | "aggr_smem_size" => Special::TotalShared,
        "cluster_ctarank" => Special::ClusterRank,
        "cluster_nctarank" => Special::ClusterSize,
        _ => return None,
    })
}
