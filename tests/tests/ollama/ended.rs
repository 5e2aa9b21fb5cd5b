//! A llama-server that is told to end while it ends.

use std::{
    env,
    fs::{self, File},
    io,
    os::unix::fs::FileExt,
    path::Path,
    time::Duration,
};

use vgpu_tests::{
    daemon::{Daemon, wait_until},
    ollama::{Parts, server::Server},
};

use crate::machine::Bare;

/// Rounds, where `VGPU_TEST_ROUNDS` does not say.
const ROUNDS: u32 = 20;

#[test]
#[ignore = "needs the prebuilt client: cargo xtask ollama"]
fn a_server_that_is_told_to_end_while_it_gives_its_kernels_back_ends() {
    let rounds = env::var("VGPU_TEST_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().expect("a number of rounds"));
    let bare = Bare::new(&Parts::find());
    let daemon = Daemon::start(&["--threads", "1"]);
    let mut in_time = 0;
    for round in 0..rounds {
        // Without a model it has the backend's fat binaries all the same, and starts quickly.
        let trace = bare.path(&format!("trace{round}"));
        let mut command = bare.llama_server(&daemon.device());
        command.env("VGPU_TRACE", &trace);
        let server = Server::start(command, &[], bare.path("server.log"));
        // The second signal's handler leaves the process while it is being left. Any sooner, llama-server itself may hang:
        // its handler then leaves in the middle of an allocation.
        let status = server.stop_twice(|| last_line(&trace).contains("__cudaUnregisterFatBinary"));
        in_time += u32::from(status.code() == Some(1));
        fs::remove_file(trace).expect("the trace is there");
    }
    println!("{in_time} of {rounds} second signals came in time");
    assert!(in_time > 0, "no second signal came in time");
    wait_until(Duration::from_secs(20), "the executors' ends", || daemon.executors() == 0);
}

/// Of a file that is being written.
fn last_line(path: &Path) -> String {
    const LINE_MAX_BYTES: u64 = 4096;
    let read = || -> io::Result<Vec<u8>> {
        let file = File::open(path)?;
        let mut end = vec![0; LINE_MAX_BYTES as usize];
        let len_bytes = file.read_at(&mut end, file.metadata()?.len().saturating_sub(LINE_MAX_BYTES))?;
        end.truncate(len_bytes);
        Ok(end)
    };
    let end = String::from_utf8_lossy(&read().unwrap_or_default()).into_owned();
    end.trim_end().rsplit('\n').next().unwrap_or("").to_owned()
}
