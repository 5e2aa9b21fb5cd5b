//! Syntax tree to code: chooses an op for every instruction and places its operands.
//!
//! - this file: the walk over a kernel, blocks and branches. `slots`: registers, constants, temporaries.
//!   `variables`: where symbols lie. `emit`: one op with its guard, conversions and denormal mode.
//! - `registers`: instructions that touch registers only. `access`: loads, stores, atomics. `params`: those of kernels and calls.
//!   `mbarrier`: barriers in shared memory. `bulk`: copies that one counts. `cluster`: blocks of a cluster. `texture`, `surface`: what arrays are read
//!   and written through.
//!   `control`: branches, barriers, calls. `system`: address conversions, the stack, fences and the like.

mod access;
mod bulk;
mod cluster;
mod control;
mod emit;
mod mbarrier;
mod params;
mod refusal;
mod registers;
mod slots;
mod surface;
mod system;
#[cfg(test)]
mod tests;
mod texture;
mod variables;

use std::collections::HashMap;

use super::code::{Block, Code, Terminator};
use super::kernel::{CompileError, CompileOptions, Kernel, ParamLayout, Symbols};
use super::op::Slot;
use super::warp::NO_GUARD;
use crate::ir;
use crate::ptx::opcodes::{Access, Address, Arithmetic, Compare, Flow, Matrices, Mnemonic, Move, Policy};
use crate::ptx::{self, ast};
use refusal::Refusal;
use slots::Slots;
use variables::Variables;

/// The most memory that a warp's registers may take.
const REGISTERS_MAX_BYTES: u32 = 16 << 20;
/// The most local memory of a thread, as on a GPU.
const LOCAL_MAX_BYTES: u32 = 512 << 10;

/// A kernel on its way to code.
struct Lowering<'a, 's> {
    kernel: &'a ast::Kernel<'s>,
    options: &'a CompileOptions,
    variables: Variables<'a, 's>,
    slots: Slots<'a>,
    code: Code,
    /// Start of the block that is being written.
    block_start: u32,
    /// The denormal mode at this point of the block.
    flushes: bool,
    /// Guard of the instruction that is being lowered, as `Warp::guarded` takes it.
    guard: i32,
    /// Its place in `code.sources`.
    source: u32,
    /// Parameters of calls: slots by variable, offset and width. Functions of one name's parameters may have others.
    call_params: HashMap<(&'s str, i64, ast::Width), Slot>,
    /// Tables in `code.operands` that hold instruction positions yet.
    tables: Vec<u32>,
}

impl Kernel {
    /// Compiles one kernel of a scanned module.
    ///
    /// # Errors
    /// A syntax error in its body, an instruction form that is not implemented, an unknown symbol.
    pub fn compile(
        module: &ast::Module<'_>,
        text: &ast::KernelText<'_>,
        symbols: &dyn Symbols,
        options: &CompileOptions,
    ) -> Result<Self, CompileError> {
        let kernel = ptx::parse_kernel(module, text).map_err(|error| syntax(text, &error))?;
        let mut errors = Vec::new();
        let compiled = lower(module, text, &kernel, symbols, options, &mut |error| {
            errors.push(error);
            // The first is what the caller wants to know.
            false
        });
        match errors.into_iter().next() {
            Some(error) => Err(error),
            None => compiled.ok_or_else(|| refuse(&kernel, 0, "", "gave up without a reason".to_owned())),
        }
    }
}

/// All reasons why a kernel cannot run here, one per instruction; empty when it can. What cannot be parsed is the only
/// one, and an unknown instruction cannot.
pub fn supports(
    module: &ast::Module<'_>,
    text: &ast::KernelText<'_>,
    symbols: &dyn Symbols,
    options: &CompileOptions,
) -> Vec<CompileError> {
    let kernel = match ptx::parse_kernel(module, text) {
        Ok(kernel) => kernel,
        Err(error) => return vec![syntax(text, &error)],
    };
    let mut errors = Vec::new();
    lower(module, text, &kernel, symbols, options, &mut |error| {
        errors.push(error);
        true
    });
    errors
}

fn syntax(text: &ast::KernelText<'_>, error: &ptx::Error) -> CompileError {
    let kernel = text.name.to_owned();
    if error.opcode.is_empty() {
        // The text of other errors names the line.
        CompileError { kernel, line: 0, opcode: String::new(), reason: error.to_string() }
    } else {
        CompileError {
            kernel,
            line: error.line,
            opcode: error.opcode.clone(),
            reason: "the instruction is not known".to_owned(),
        }
    }
}

fn refuse(kernel: &ast::Kernel<'_>, line: u32, opcode: &str, reason: Refusal) -> CompileError {
    CompileError { kernel: kernel.name.to_owned(), line, opcode: opcode.to_owned(), reason }
}

/// Lowers a kernel; `report` is told of every refusal and says whether to look for more.
fn lower<'s>(
    module: &ast::Module<'s>,
    text: &ast::KernelText<'s>,
    kernel: &ast::Kernel<'s>,
    symbols: &dyn Symbols,
    options: &CompileOptions,
    report: &mut dyn FnMut(CompileError) -> bool,
) -> Option<Kernel> {
    let variables = match Variables::place(module, kernel, symbols) {
        Ok(variables) => variables,
        Err(reason) => {
            report(refuse(kernel, 0, "", reason));
            return None;
        }
    };
    let control = ir::control(kernel);
    let def_uses: Vec<_> = kernel.instructions.iter().map(ir::def_use).collect();
    let allocation = ir::allocate(&kernel.registers, &control, &def_uses);
    let register_bytes = allocation.register_bytes;
    if register_bytes > REGISTERS_MAX_BYTES {
        report(refuse(kernel, 0, "", format!("{register_bytes} bytes of registers per warp")));
        return None;
    }
    let flush_denormals = mostly_flushes(kernel);
    let mut lowering = Lowering {
        kernel,
        options,
        variables,
        slots: Slots::new(&kernel.registers, allocation),
        code: Code { flush_denormals, watches_races: options.race_check, ..Code::default() },
        block_start: 0,
        flushes: flush_denormals,
        guard: NO_GUARD,
        source: 0,
        call_params: HashMap::new(),
        tables: Vec::new(),
    };
    let mut is_complete = true;
    let pc_of = lowering.walk(&mut |error| {
        is_complete = false;
        report(error)
    })?;
    lowering.link(&pc_of);
    lowering.locate(&ptx::Locations::of(module, text));
    let finished = lowering.finish(module, register_bytes);
    match finished {
        Ok(kernel) => is_complete.then_some(kernel),
        Err(reason) => {
            report(refuse(kernel, 0, "", reason));
            None
        }
    }
}

/// Whether most of the instructions that care flush denormals: the others are then wrapped.
fn mostly_flushes(kernel: &ast::Kernel<'_>) -> bool {
    let (mut flush, mut keep) = (0u32, 0u32);
    for instruction in &kernel.instructions {
        let opcode = instruction.opcode;
        if opcode.has("ftz") {
            flush += 1;
        } else if cares_for_denormals(opcode.mnemonic()) && (opcode.has("f32") || opcode.has("f64")) {
            keep += 1;
        }
    }
    flush > keep
}

/// Whether denormals change what an instruction of floats gives, and its opcode says what becomes of them.
fn cares_for_denormals(mnemonic: Mnemonic) -> bool {
    use Arithmetic::{Add, Div, Fma, Mad, Mul, Rcp, Sqrt, Sub};
    matches!(
        mnemonic,
        Mnemonic::Arithmetic(Add | Sub | Mul | Fma | Mad | Div | Rcp | Sqrt)
            | Mnemonic::Compare(Compare::Setp)
            | Mnemonic::Move(Move::Cvt)
    )
}

impl<'s> Lowering<'_, 's> {
    /// Writes ops for all instructions. The result is the pc of each, and of the end; `None` when `report` had enough.
    fn walk(&mut self, report: &mut dyn FnMut(CompileError) -> bool) -> Option<Vec<u32>> {
        let kernel = self.kernel;
        let mut is_target = vec![false; kernel.instructions.len() + 1];
        for &position in &kernel.labels {
            if let Some(target) = is_target.get_mut(position as usize) {
                *target = true;
            }
        }
        let mut pc_of = Vec::with_capacity(kernel.instructions.len() + 1);
        for (instruction, is_target) in kernel.instructions.iter().zip(is_target) {
            if is_target {
                self.end_block(Terminator::Fall);
            }
            pc_of.push(self.pc());
            self.source = self.add_source(instruction.line, instruction.opcode.text());
            self.slots.next_instruction();
            if let Err(reason) = self.instruction(instruction)
                && !report(refuse(kernel, instruction.line, instruction.opcode.text(), reason))
            {
                return None;
            }
        }
        self.end_block(Terminator::Fall);
        pc_of.push(self.pc());
        self.guard = NO_GUARD;
        self.terminate(Terminator::Exit { guard: NO_GUARD });
        Some(pc_of)
    }

    fn instruction(&mut self, instruction: &ast::Instruction<'s>) -> Result<(), Refusal> {
        self.guard = match instruction.guard {
            None => NO_GUARD,
            Some(guard) => {
                let slot = self.slots.register(guard.register, ast::Width::Pred)?;
                i32::try_from(slot * 2 + u32::from(guard.negated)).map_err(|_| "too many registers".to_owned())?
            }
        };
        let opcode = instruction.opcode;
        match opcode.mnemonic() {
            Mnemonic::Access(Access::Ld | Access::Ldu) => self.load(instruction),
            Mnemonic::Access(Access::St) => self.store(instruction),
            Mnemonic::Access(Access::Atom | Access::Red) => self.atomic(instruction),
            Mnemonic::Access(Access::Ldmatrix | Access::Stmatrix) => self.matrix_rows(instruction),
            Mnemonic::Access(Access::Cp) if opcode.has("mbarrier") && opcode.has("arrive") => {
                self.mbarrier_of_copies(instruction)
            }
            Mnemonic::Access(Access::Cp) if opcode.has("bulk") => self.bulk_copy(instruction),
            Mnemonic::Access(Access::Cp) => self.copy(instruction),
            Mnemonic::Access(Access::Mbarrier) => self.mbarrier(instruction),
            Mnemonic::Matrices(Matrices::Wmma) if opcode.has("load") || opcode.has("store") => {
                self.wmma_access(instruction)
            }
            Mnemonic::Flow(Flow::Bra | Flow::Brx | Flow::Exit | Flow::Ret) => self.branch(instruction),
            Mnemonic::Flow(Flow::Bar | Flow::Barrier) => self.barrier(instruction),
            Mnemonic::Flow(Flow::Call) => self.call(instruction),
            Mnemonic::Address(Address::Cvta) => self.address_conversion(instruction),
            Mnemonic::Address(Address::Isspacep) => self.space_test(instruction),
            Mnemonic::Address(Address::Mapa) => self.mapped_address(instruction),
            Mnemonic::Address(Address::Getctarank) => self.rank_of_address(instruction),
            Mnemonic::Policy(Policy::Createpolicy) => self.cache_policy(instruction),
            Mnemonic::Texture(kind) => self.texture(kind, instruction),
            Mnemonic::Surface(kind) => self.surface(kind, instruction),
            Mnemonic::Stack(stack) => self.stack(stack, instruction),
            Mnemonic::System(system) => {
                self.system(system);
                Ok(())
            }
            Mnemonic::Arithmetic(_)
            | Mnemonic::Move(_)
            | Mnemonic::Compare(_)
            | Mnemonic::Bits(_)
            | Mnemonic::Carry(_)
            | Mnemonic::Dot(_)
            | Mnemonic::Approximation(_)
            | Mnemonic::Exchange(_)
            | Mnemonic::Video(_)
            | Mnemonic::Matrices(Matrices::Mma | Matrices::Wmma | Matrices::Movmatrix) => {
                self.registers_only(instruction)
            }
            Mnemonic::Undone(_) => {
                let section = opcode.mnemonic().facts().section;
                Err(format!("not implemented (PTX ISA, {})", section.title()))
            }
        }
    }

    /// The next op's position.
    fn pc(&self) -> u32 {
        u32::try_from(self.code.ops.len()).expect("fewer ops than bytes of PTX, which are counted in 32 bits")
    }

    fn add_source(&mut self, line: u32, opcode: &str) -> u32 {
        self.code.sources.push((line, opcode.into()));
        u32::try_from(self.code.sources.len() - 1).expect("as for ops")
    }

    /// Ends the block before the next op. Blocks of nothing are left out.
    fn end_block(&mut self, terminator: Terminator) {
        if matches!(terminator, Terminator::Fall) {
            self.restore_denormals();
        }
        let (start, end) = (self.block_start, self.pc());
        if start == end && matches!(terminator, Terminator::Fall) {
            return;
        }
        self.code.blocks.push(Block { start, end, terminator });
        self.block_start = end;
    }

    /// Ends the block with an op that only marks the place.
    fn terminate(&mut self, terminator: Terminator) {
        self.restore_denormals();
        self.end_block(terminator);
        self.mark();
        self.block_start = self.pc();
    }

    /// Turns instruction positions into pcs.
    fn link(&mut self, pc_of: &[u32]) {
        // A position beyond the end is the end.
        let pc_at = |position: u32| pc_of.get(position as usize).or(pc_of.last()).copied().unwrap_or(0);
        for block in &mut self.code.blocks {
            if let Terminator::Branch { target, .. } = &mut block.terminator {
                *target = pc_at(*target);
            }
        }
        for &table in &self.tables {
            let len = self.code.operands[table as usize];
            for target in &mut self.code.operands[table as usize + 1..][..len as usize] {
                *target = pc_at(*target);
            }
        }
        let mut block_of = vec![0; self.code.ops.len()];
        for (number, block) in (0u32..).zip(&self.code.blocks) {
            let last = if matches!(block.terminator, Terminator::Fall) { block.end } else { block.end + 1 };
            block_of[block.start as usize..last as usize].fill(number);
        }
        self.code.block_of = block_of;
    }

    /// Notes what the texts say of the lines that ops are from.
    fn locate(&mut self, locations: &ptx::Locations<'_, '_>) {
        let Code { sources, files, locations: found, .. } = &mut self.code;
        for &(line, _) in sources.iter() {
            let Some(location) = locations.find(line) else { continue };
            let file = files.iter().position(|known| **known == *location.file).unwrap_or_else(|| {
                files.push(location.file.into());
                files.len() - 1
            });
            found.insert(line, (file, location.line));
        }
    }

    fn finish(self, module: &ast::Module<'_>, allocated_bytes: u32) -> Result<Kernel, Refusal> {
        let Self { kernel, variables, slots, mut code, .. } = self;
        code.register_bytes = slots.finish(&mut code.constants, &mut code.specials);
        if code.register_bytes > REGISTERS_MAX_BYTES {
            return Err(format!("{} bytes of registers per warp", code.register_bytes));
        }
        if variables.local_bytes > LOCAL_MAX_BYTES {
            return Err(format!("{} bytes of local memory per thread", variables.local_bytes));
        }
        let required = kernel.required_threads;
        let threads = required.map(|[x, y, z]| x.saturating_mul(y).saturating_mul(z));
        let max_threads = threads.unwrap_or(kernel.max_threads);
        let layout =
            |param: &ast::Param<'_>| ParamLayout { offset_bytes: param.offset_bytes, len_bytes: param.len_bytes };
        Ok(Kernel {
            name: kernel.name.to_owned(),
            params: kernel.params.iter().map(layout).collect(),
            param_bytes: kernel.param_bytes,
            static_shared_bytes: variables.shared_bytes,
            local_bytes: variables.local_bytes.next_multiple_of(16),
            has_stack: kernel.variables.iter().any(|variable| variable.name == ptx::CALL_STACK),
            register_count: (allocated_bytes / ast::Width::B32.warp_bytes()).clamp(16, 255),
            max_threads: if max_threads == 0 { 1024 } else { max_threads.min(1024) },
            required_threads: required,
            arch: module.target,
            code,
        })
    }
}
