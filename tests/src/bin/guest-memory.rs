//! A guest: prints the device's free and total bytes. With `hold` it then has taken all of them but a little, and keeps them
//! until its input ends.

use std::{env, error::Error, io};

use vgpu_tests::{dist, driver::Driver};

/// What is left free, because the device rounds.
const LEFT_BYTES: usize = 64 << 10;

fn main() -> Result<(), Box<dyn Error>> {
    let driver = Driver::load(&dist().join("lib/libcuda.so.1"))?;
    driver.start()?;
    let (free, total) = driver.memory()?;
    if env::args().nth(1).as_deref() == Some("hold") {
        driver.alloc(free - LEFT_BYTES)?;
    }
    println!("{free} {total}");
    if env::args().nth(1).as_deref() == Some("hold") {
        io::copy(&mut io::stdin(), &mut io::sink())?;
    }
    Ok(())
}
