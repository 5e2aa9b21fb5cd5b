//! What kernels print: the driver writes it to the standard output and error of this process, which lead here, and the guest
//! takes it.
//!
//! The driver writes when a call of the host waits for work, and when it launches something. So whoever is about to publish
//! that work is done first has the driver wait for what has ended already, and takes in what has come of that. A thread of
//! its own takes in what comes at other times: a pipe that is full would stop the driver.

use std::io::{self, PipeReader, Read};
use std::os::fd::{AsFd, AsRawFd};
use std::sync::Arc;

use memchr::memmem;
use parking_lot::Mutex;
use vgpu_core::fatbin::{Compression, Container, Entry};
use vgpu_core::host::output::{Displacing, Printed};
use vgpu_core::wire::messages::{ImageKind, OutputTakeReply};
use vgpu_core::wire::{Answer, Completions};

/// No pipe holds more, and so nobody has left more in one before he came to look.
const PIPE_MAX_BYTES: usize = 1 << 20;
const PIECE_BYTES: usize = 64 << 10;

/// Names that the code of a kernel has that prints or asserts something, whether as text or linked.
const PRINTING: [&[u8]; 2] = [b"vprintf", b"__assertfail"];

/// Where this process's standard output and error lead.
#[derive(Debug)]
pub struct Standard {
    /// The output.
    pub stdout: PipeReader,
    /// The errors.
    pub stderr: PipeReader,
}

/// What has come from there.
pub(crate) struct Output {
    completions: Arc<dyn Completions>,
    standard: Option<Standard>,
    printed: Mutex<Printed>,
}

impl Output {
    /// Begins to take in what is printed; nothing is, without a `standard` to take it from. The thread ends when nobody has
    /// the other ends any more.
    ///
    /// # Errors
    /// The system's, without room for a thread.
    pub(crate) fn start(completions: Arc<dyn Completions>, standard: Option<Standard>) -> io::Result<Arc<Self>> {
        for pipe in standard.iter().flat_map(Standard::pipes) {
            set_nonblocking(pipe)?;
        }
        let output = Arc::new(Self { completions, standard, printed: Mutex::default() });
        if output.standard.is_some() {
            let takes = Arc::clone(&output);
            std::thread::Builder::new().name("vgpu-output".to_owned()).spawn(move || takes.run())?;
        }
        Ok(output)
    }

    /// Takes in all that the driver has printed before this is called.
    pub(crate) fn take_in(&self) {
        if self.standard.is_some() {
            // Should the driver print by way of the C library, this is where the rest of it is.
            // SAFETY: null stands for all of the library's streams.
            unsafe { libc::fflush(std::ptr::null_mut()) };
            self.read();
        }
    }

    /// Some of what has been printed.
    pub(crate) fn take(&self, room_bytes: u64) -> Answer<OutputTakeReply> {
        self.printed.lock().take(room_bytes)
    }

    /// Reads what is in the pipes; whether there may be more to come.
    fn read(&self) -> bool {
        let Some(Standard { stdout, stderr }) = &self.standard else {
            return false;
        };
        // One reads at a time, so that what others have found is in its place when this one has found nothing.
        let printed = &mut *self.printed.lock();
        let found = [read_into(stdout, &mut printed.stdout), read_into(stderr, &mut printed.stderr)];
        if found.iter().any(|found| found.is_news) {
            self.completions.output_waits();
        }
        !found.iter().all(|found| found.is_end)
    }

    fn run(&self) {
        let pipes = self.standard.iter().flat_map(Standard::pipes);
        let mut polls: Vec<libc::pollfd> =
            pipes.map(|pipe| libc::pollfd { fd: pipe.as_fd().as_raw_fd(), events: libc::POLLIN, revents: 0 }).collect();
        loop {
            // SAFETY: the first argument leads to as many entries as the second says.
            unsafe { libc::poll(polls.as_mut_ptr(), polls.len() as libc::nfds_t, -1) };
            if !self.read() {
                return;
            }
            // One that has ended would be ready for ever.
            polls
                .iter_mut()
                .filter(|poll| poll.revents & libc::POLLIN == 0 && poll.revents != 0)
                .for_each(|poll| poll.fd = -1);
        }
    }
}

impl Standard {
    fn pipes(&self) -> [&PipeReader; 2] {
        [&self.stdout, &self.stderr]
    }
}

/// Whether kernels of an image may print something. Those that cannot be read may.
pub(crate) fn may_print(kind: ImageKind, image: &[u8]) -> bool {
    let is_plain = |entry: Entry| entry.compression() == Compression::None;
    let is_readable = match kind {
        ImageKind::Ptx | ImageKind::Cubin => true,
        ImageKind::FatbinEntry => Entry::parse(image).is_ok_and(is_plain),
        ImageKind::Fatbin => {
            Container::parse(image).is_ok_and(|container| container.entries().all(|entry| entry.is_ok_and(is_plain)))
        }
    };
    !is_readable || PRINTING.iter().any(|name| memmem::find(image, name).is_some())
}

struct Found {
    is_news: bool,
    is_end: bool,
}

fn read_into(mut pipe: &PipeReader, texts: &mut Displacing) -> Found {
    let mut piece = [0; PIECE_BYTES];
    let mut found_bytes = 0;
    while found_bytes < PIPE_MAX_BYTES {
        match pipe.read(&mut piece) {
            Ok(0) => return Found { is_news: found_bytes > 0, is_end: true },
            Ok(len) => {
                found_bytes += len;
                texts.push(piece[..len].into());
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // There is nothing more now.
            Err(_) => break,
        }
    }
    Found { is_news: found_bytes > 0, is_end: false }
}

fn set_nonblocking(pipe: &PipeReader) -> io::Result<()> {
    let fd = pipe.as_fd().as_raw_fd();
    // SAFETY: the descriptor is open; the call takes no pointers.
    let flags = unsafe { libc::fcntl(fd, libc::F_GETFL) };
    // SAFETY: as above.
    let set = flags >= 0 && unsafe { libc::fcntl(fd, libc::F_SETFL, flags | libc::O_NONBLOCK) } >= 0;
    if set { Ok(()) } else { Err(io::Error::last_os_error()) }
}
