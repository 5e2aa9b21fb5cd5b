//! A guest: measures what the calls of libcuda.so.1 cost it. Prints `name<TAB>value<TAB>unit` lines.
//!
//! Values are medians and 99th percentiles over batches, so that the clock's own cost does not count.

use std::{
    env,
    error::Error,
    fs::File,
    hint::black_box,
    io,
    os::fd::AsRawFd,
    path::PathBuf,
    ptr,
    time::{Duration, Instant},
};

use vgpu_tests::{
    dist,
    driver::{Driver, Failure},
};

const PTX: &str = "
.version 6.4
.target sm_61
.address_size 64
.visible .entry nothing() { ret; }
.visible .entry arithmetic(.param .u64 out, .param .u32 rounds)
{
    .reg .pred %p<2>;
    .reg .f32 %f<9>;
    .reg .b32 %r<4>;
    .reg .b64 %rd<4>;
    ld.param.u64 %rd1, [out];
    ld.param.u32 %r1, [rounds];
    mov.u32 %r2, %tid.x;
    cvt.rn.f32.u32 %f1, %r2;
    mov.f32 %f2, 0f3F800000;
    mov.f32 %f3, 0f3F000000;
    mov.u32 %r3, 0;
LOOP:
    fma.rn.ftz.f32 %f1, %f1, %f3, %f2;
    fma.rn.ftz.f32 %f4, %f1, %f3, %f2;
    fma.rn.ftz.f32 %f5, %f4, %f3, %f1;
    fma.rn.ftz.f32 %f6, %f5, %f3, %f4;
    mul.ftz.f32 %f1, %f6, %f3;
    add.u32 %r3, %r3, 1;
    setp.lt.u32 %p1, %r3, %r1;
    @%p1 bra LOOP;
    cvta.to.global.u64 %rd2, %rd1;
    mul.wide.u32 %rd3, %r2, 4;
    add.s64 %rd2, %rd2, %rd3;
    st.global.f32 [%rd2], %f1;
    ret;
}
";

/// Instructions of one round of `arithmetic`.
const ROUND_INSTRUCTIONS: u64 = 8;

fn main() -> Result<(), Box<dyn Error>> {
    let driver = Driver::load(&dist().join("lib/libcuda.so.1"))?;
    let started = Instant::now();
    driver.start()?;
    report("ready", started.elapsed().as_secs_f64() * 1e3, "ms");

    batches("guest call", 200, 1000, || driver.current(), || Ok(()))?;
    let nothing = driver.kernel(PTX, "nothing")?;
    batches("launch", 200, 200, || driver.launch(nothing, 1, 32, &mut []), || driver.synchronize())?;
    batches("idle stream sync", 200, 1000, || driver.synchronize_stream(), || Ok(()))?;
    batches(
        "launch and sync",
        100,
        20,
        || driver.launch(nothing, 1, 32, &mut []).and_then(|()| driver.synchronize_stream()),
        || Ok(()),
    )?;
    batches("blocking call", 100, 50, || driver.memory().map(drop), || Ok(()))?;
    let word = driver.alloc(4)?;
    batches(
        "copy in and sync 4 B",
        100,
        50,
        || driver.write_async(word, &[1f32]).and_then(|()| driver.synchronize_stream()),
        || Ok(()),
    )?;
    driver.free(word)?;
    if let Some(registers) = Registers::map()? {
        batches(
            "register read",
            100,
            10,
            || {
                registers.read();
                Ok(())
            },
            || Ok(()),
        )?;
    }

    for len_bytes in [4, 4 << 10, 64 << 10, 1 << 20, 64 << 20] {
        copies(&driver, len_bytes)?;
    }
    instructions(&driver)?;
    Ok(())
}

/// The page of a PCI function's registers that means something, if this guest has a function.
struct Registers(*const u32);

impl Registers {
    fn map() -> Result<Option<Self>, Box<dyn Error>> {
        let devices = env::var_os("VGPU_SYSFS").map_or_else(|| "/sys/bus/pci/devices".into(), PathBuf::from);
        let Ok(file) = File::options().read(true).write(true).open(devices.join("0000:00:05.0/resource0")) else {
            return Ok(None);
        };
        let page_offset = i64::try_from(file.metadata()?.len())? - 4096;
        // SAFETY: a new shared mapping of the last page of a file that stays.
        let base = unsafe {
            libc::mmap(ptr::null_mut(), 4096, libc::PROT_READ, libc::MAP_SHARED, file.as_raw_fd(), page_offset)
        };
        if base == libc::MAP_FAILED {
            return Err(io::Error::last_os_error().into());
        }
        Ok(Some(Self(base.cast_const().cast())))
    }

    fn read(&self) {
        // SAFETY: the page stays mapped, and the first register may be read at any time.
        black_box(unsafe { self.0.read_volatile() });
    }
}

fn report(name: &str, value: f64, unit: &str) {
    println!("{name}\t{value:.4}\t{unit}");
}

/// Times batches of calls; `settle` runs between batches and is not timed.
fn batches(
    name: &str,
    count: usize,
    calls: u32,
    mut call: impl FnMut() -> Result<(), Failure>,
    mut settle: impl FnMut() -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut costs = Vec::with_capacity(count);
    for _ in 0..count {
        let started = Instant::now();
        for _ in 0..calls {
            call()?;
        }
        costs.push(started.elapsed() / calls);
        settle()?;
    }
    let (p50, p99) = percentiles(&mut costs);
    report(&format!("{name} p50"), p50, "us");
    report(&format!("{name} p99"), p99, "us");
    Ok(())
}

fn percentiles(costs: &mut [Duration]) -> (f64, f64) {
    costs.sort_unstable();
    let at = |percent: usize| costs[(costs.len() - 1) * percent / 100].as_secs_f64() * 1e6;
    (at(50), at(99))
}

/// Copies to and from the device beside the same copy by this thread's memcpy, in one loop.
fn copies(driver: &Driver, len_bytes: usize) -> Result<(), Failure> {
    let address = driver.alloc(len_bytes)?;
    let source = vec![1.5f32; len_bytes / 4];
    let mut target = vec![0f32; len_bytes / 4];
    let rounds = ((256 << 20) / len_bytes).clamp(5, 300);
    let (mut to, mut from, mut plain) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let started = Instant::now();
        target.copy_from_slice(black_box(&source));
        black_box(&mut target);
        plain.push(started.elapsed());

        let started = Instant::now();
        driver.write(address, &source)?;
        driver.synchronize()?;
        to.push(started.elapsed());

        let started = Instant::now();
        driver.read(address, &mut target)?;
        from.push(started.elapsed());
    }
    driver.free(address)?;
    let name = if len_bytes >= 1 << 20 { format!("{} MiB", len_bytes >> 20) } else { format!("{len_bytes} B") };
    report(&format!("memcpy {name}"), percentiles(&mut plain).0, "us");
    report(&format!("copy to device {name}"), percentiles(&mut to).0, "us");
    report(&format!("copy from device {name}"), percentiles(&mut from).0, "us");
    Ok(())
}

/// Thread-instructions per second of arithmetic on full warps.
fn instructions(driver: &Driver) -> Result<(), Failure> {
    const THREADS: u32 = 256;
    const BLOCKS: u32 = 64;
    const ROUNDS: u32 = 2000;
    let arithmetic = driver.kernel(PTX, "arithmetic")?;
    let out = driver.alloc(THREADS as usize * 4)?;
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let (mut out_param, mut rounds_param) = (out.to_ne_bytes(), ROUNDS.to_ne_bytes());
        let started = Instant::now();
        driver.launch(arithmetic, BLOCKS, THREADS, &mut [&mut out_param, &mut rounds_param])?;
        driver.synchronize()?;
        best = best.min(started.elapsed());
    }
    let total = u64::from(THREADS) * u64::from(BLOCKS) * u64::from(ROUNDS) * ROUND_INSTRUCTIONS;
    report("thread instructions", total as f64 / best.as_secs_f64() / 1e9, "G/s");
    driver.free(out)
}
