//! A guest: prints the device's free and total bytes.

use std::error::Error;

use vgpu_tests::{dist, driver::Driver};

fn main() -> Result<(), Box<dyn Error>> {
    let driver = Driver::load(&dist().join("lib/libcuda.so.1"))?;
    driver.start()?;
    let (free, total) = driver.memory()?;
    println!("{free} {total}");
    Ok(())
}
