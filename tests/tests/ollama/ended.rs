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

/// How many signals must come in time, where `VGPU_TEST_ROUNDS` does not say.
const IN_TIME: u32 = 5;
/// About every fourth does; where none does, something is wrong.
const TRIES_FOR_EACH: u32 = 50;

#[test]
#[ignore = "needs the prebuilt client: cargo xtask ollama"]
fn a_server_that_is_told_to_end_while_it_gives_its_kernels_back_ends() {
    let bare = Bare::new(&Parts::find());
    let daemon = Daemon::start(&["--threads", "1"]);
    let wanted = env::var("VGPU_TEST_ROUNDS").map_or(IN_TIME, |rounds| rounds.parse().expect("a number of rounds"));
    let (mut rounds, mut in_time) = (0, 0);
    while in_time < wanted {
        // Without a model it has the backend's fat binaries all the same, and starts quickly.
        let trace = bare.path("trace");
        let mut command = bare.llama_server(&daemon.device());
        command.env("VGPU_TRACE", &trace);
        let server = Server::start(command, &[], bare.path("server.log"));
        // The second signal's handler leaves the process while it is being left. Any sooner, llama-server itself may hang:
        // its handler then leaves in the middle of an allocation.
        let status = server.stop_twice(|| last_line(&trace).contains("__cudaUnregisterFatBinary"));
        in_time += u32::from(status.code() == Some(1));
        rounds += 1;
        assert!(rounds <= wanted * TRIES_FOR_EACH, "{in_time} of {rounds} second signals came in time");
        fs::remove_file(trace).expect("the trace is there");
    }
    println!("{in_time} of {rounds} second signals came in time");
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
