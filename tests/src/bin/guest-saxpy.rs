//! A guest: computes y = a·x + y on the device in rounds and checks every result. Prints `ready` after the first.
//!
//! usage: `guest-saxpy ROUNDS|forever [MIB]`. `GUEST_LIBCUDA` names the library (default: the one in dist/).

use std::{env, error::Error, path::PathBuf};

use vgpu_tests::{dist, driver::Driver};

const PTX: &str = "
.version 6.4
.target sm_61
.address_size 64
.visible .entry saxpy(.param .u64 x, .param .u64 y, .param .f32 a, .param .u32 n)
{
    .reg .pred %p<2>;
    .reg .f32 %f<5>;
    .reg .b32 %r<6>;
    .reg .b64 %rd<6>;
    ld.param.u64 %rd1, [x];
    ld.param.u64 %rd2, [y];
    ld.param.f32 %f1, [a];
    ld.param.u32 %r1, [n];
    mov.u32 %r2, %ctaid.x;
    mov.u32 %r3, %ntid.x;
    mov.u32 %r4, %tid.x;
    mad.lo.s32 %r5, %r2, %r3, %r4;
    setp.ge.u32 %p1, %r5, %r1;
    @%p1 bra DONE;
    cvta.to.global.u64 %rd1, %rd1;
    cvta.to.global.u64 %rd2, %rd2;
    mul.wide.u32 %rd3, %r5, 4;
    add.s64 %rd4, %rd1, %rd3;
    add.s64 %rd5, %rd2, %rd3;
    ld.global.f32 %f2, [%rd4];
    ld.global.f32 %f3, [%rd5];
    fma.rn.f32 %f4, %f1, %f2, %f3;
    st.global.f32 [%rd5], %f4;
DONE:
    ret;
}
";

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = env::args().skip(1);
    let rounds: u64 = match args.next().as_deref() {
        Some("forever") => u64::MAX,
        Some(count) => count.parse()?,
        None => return Err("usage: guest-saxpy ROUNDS|forever [MIB]".into()),
    };
    let mib: usize = args.next().map_or(Ok(1), |text| text.parse())?;
    let count = mib << 18;

    let library = env::var_os("GUEST_LIBCUDA").map_or_else(|| dist().join("lib/libcuda.so.1"), PathBuf::from);
    let driver = Driver::load(&library)?;
    driver.start()?;
    let saxpy = driver.kernel(PTX, "saxpy")?;
    let xs: Vec<f32> = (0..count).map(|i| (i % 1000) as f32).collect();
    let mut ys = vec![0f32; count];
    for round in 0..rounds {
        let (x, y) = (driver.alloc(count * 4)?, driver.alloc(count * 4)?);
        driver.write(x, &xs)?;
        driver.write(y, &vec![1f32; count])?;
        let (mut x_param, mut y_param) = (x.to_ne_bytes(), y.to_ne_bytes());
        let (mut a_param, mut n_param) = (3f32.to_ne_bytes(), (count as u32).to_ne_bytes());
        let mut params: [&mut [u8]; 4] = [&mut x_param, &mut y_param, &mut a_param, &mut n_param];
        driver.launch(saxpy, count.div_ceil(256) as u32, 256, &mut params)?;
        driver.read(y, &mut ys)?;
        if let Some(at) = (0..count).find(|&i| ys[i] != 3.0 * xs[i] + 1.0) {
            return Err(format!("element {at} is {}, not {}", ys[at], 3.0 * xs[at] + 1.0).into());
        }
        driver.free(x)?;
        driver.free(y)?;
        if round == 0 {
            println!("ready");
        }
    }
    Ok(())
}
