//! One guest's executor: makes its window and device, serves until the guest is gone.

use std::io::Write;
use std::os::fd::{AsFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use rustix::process::Signal;
use vgpu_core::host::{self, HostWindow, ImageStore, MemoryLedger, Quota, ServeError};
use vgpu_core::transport::handshake::{self, ConnectionKind, Introduction};
use vgpu_core::transport::monitor;
use vgpu_core::transport::socket::Socket;
use vgpu_core::window::layout::PAGE_BYTES;
use vgpu_core::window::mapping::sealed_len;
use vgpu_core::window::{Arena, WindowConfig};
use vgpu_core::wire::messages::StatisticsReply;
use vgpu_core::wire::{Completions, Executor, Span};

use crate::cli::{EXECUTOR, ExecutorOptions};
use crate::environment::{self, JitCache};
use crate::gpu::{Device, Gpu};
use crate::ledger::{Account, Ledger};
use crate::module_cache::ModuleCache;
use crate::observer::Observer;
use crate::probe;
use crate::settings::{Bytes, Choice, DeviceSettings};
use crate::standard;
use crate::watch;

/// How long a program waits for the driver to say which GPUs it has, before it gets the software GPU.
const EMBEDDED_ANSWER_MAX: Duration = Duration::from_secs(10);

/// Serves the guest at the other end of an inherited connection.
///
/// # Errors
/// When the guest is no guest, or there is no room for it; it has been told.
pub(crate) fn run(options: &ExecutorOptions) -> Result<()> {
    // The kernel takes it from the name that the program was started under, which may be `exe`.
    rustix::thread::set_name(c"vgpud").context("the process's name")?;
    let daemon = options.ledger_fd.and_then(|_| parent());
    if daemon.is_some() {
        // So that not even a stopped one writes to memory that the next daemon has wiped. The thread that starts an
        // executor stays for as long as that lives.
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).context("the daemon's end")?;
    }
    if options.detach {
        detach()?;
    }
    let mut settings = DeviceSettings::new(&options.device);
    if !options.own_environment {
        settings = settings.and_then(|settings| match settings.device {
            // This process opens it itself, and says why it cannot.
            Choice::Driver(_) => Ok(settings),
            Choice::Soft | Choice::Auto => Ok(probe::look(&settings, EMBEDDED_ANSWER_MAX)?.settle(settings, "vgpu")),
        });
        if let Ok(settings) = &settings
            && settings.device != Choice::Soft
        {
            return Err(start_anew(options, settings));
        }
    }
    let socket = inherit_socket(options.socket_fd)?;
    let introduction = handshake::receive_hello(&socket, false).context("the guest's greeting")?;
    log::info!("serving process {} of the guest ({:?})", introduction.pid, introduction.kind);
    let served = settings.and_then(|settings| match introduction.kind {
        ConnectionKind::Compute => prepare(&socket, &introduction, options, &settings, daemon),
        ConnectionKind::Monitor => {
            let devices = Gpu::open(&settings)?.describe(&settings)?;
            let ledger = Arc::new(Ledger::create(1, u32::try_from(devices.len())?)?.0);
            let observer = Observer::new(&settings, devices, ledger);
            watch::end_with_process(&socket)?;
            handshake::welcome(&socket, None)?;
            monitor::serve(&socket, &observer).context("the monitor's connection")?;
            Ok(None)
        }
    });
    match served {
        Ok(Some(Prepared { _arena, window, mut executor, is_drivers })) => {
            let served = host::serve(&window, &mut *executor);
            if is_drivers {
                leave(&served);
            }
            served.map_err(|error| anyhow!(error))
        }
        Ok(None) => Ok(()),
        Err(error) => {
            handshake::refuse(&socket, &format!("{error:#}"));
            Err(error)
        }
    }
}

/// What serves a guest, in the order in which it goes.
struct Prepared {
    executor: Box<dyn Executor>,
    window: Arc<HostWindow>,
    is_drivers: bool,
    /// The addresses of the device's memory, where nobody else keeps them.
    _arena: Option<Arena>,
}

fn prepare(
    socket: &Socket,
    introduction: &Introduction,
    options: &ExecutorOptions,
    settings: &DeviceSettings,
    daemon: Option<u32>,
) -> Result<Option<Prepared>> {
    let arena = Arena::take_first(&introduction.arenas)
        .context("no addresses for device memory that are free in the guest and here")?;
    let standard = match settings.device {
        Choice::Soft => None,
        // Before the driver is opened, as it may keep what it finds.
        Choice::Driver(_) | Choice::Auto => Some(standard::divert()?),
    };
    let addresses = arena.range();
    let (gpu, arena) = open(settings, arena)?;
    let part = inherit_window(options)?;
    // A guest in a VM has the memory already; another gets it with the welcome.
    let sends_object = part.is_none();
    let window = Arc::new(match part {
        Some((object, span)) => HostWindow::create_within(object, span, addresses)?,
        None => {
            let config = WindowConfig { pinned_bytes: settings.pinned_bytes(), ..WindowConfig::default() };
            HostWindow::create(&config, addresses)?
        }
    });
    let completions = Arc::clone(&window) as Arc<dyn Completions>;
    let ledgers = accounts(options, gpu.memory_bytes(settings)?)?;
    let Device { executor, counts, arena } =
        gpu.start(settings, ledgers, images(options)?, completions, standard, arena)?;
    let is_drivers = matches!(gpu, Gpu::Driver(_));
    watch::end_with(socket, daemon, move || {
        report(&counts());
        if is_drivers {
            leave(&Ok(()));
        }
    })?;
    handshake::welcome(socket, sends_object.then(|| window.object()))?;
    Ok(Some(Prepared { executor, window, is_drivers, _arena: arena }))
}

/// Ends this process at once. The driver's own ending waits for kernels, and one may never end.
fn leave(served: &Result<(), ServeError>) -> ! {
    if let Err(error) = served {
        // There is nobody to tell that this cannot be told.
        let _ = writeln!(standard::Operator, "vgpud: {error}");
    }
    // SAFETY: the kernel takes back all that this process holds.
    unsafe { libc::_exit(served.is_err().into()) }
}

/// Opens the GPU, and keeps the addresses of its memory from then on: whatever lies somewhere when a driver is opened, it maps
/// nothing there later, even if that has gone (driver 580, on an H200).
fn open(settings: &DeviceSettings, arena: Arena) -> Result<(Gpu, Option<Arena>)> {
    let range = arena.range();
    drop(arena);
    if settings.nested {
        // Our own libcuda may be the driver. It keeps the addresses itself, as a guest does, and has its memory there.
        // SAFETY: nothing has started a thread yet.
        unsafe { std::env::set_var(Arena::VARIABLE, range.to_string()) };
    }
    let gpu = Gpu::open(settings)?;
    let is_kept = settings.nested && matches!(gpu, Gpu::Driver(_));
    let arena = if is_kept { None } else { Some(Arena::at(range).context("addresses for device memory")?) };
    Ok((gpu, arena))
}

/// Becomes the same executor in an environment that is made for the driver; returns only why it could not.
fn start_anew(options: &ExecutorOptions, settings: &DeviceSettings) -> anyhow::Error {
    let mut command = Command::new("/proc/self/exe");
    command.arg0("vgpud");
    environment::make(&mut command, settings, JitCache::Own);
    command.args([EXECUTOR, "--own-environment"]).arg(format!("--socket-fd={}", options.socket_fd));
    command.args(settings.to_flags());
    anyhow::Error::new(command.exec()).context("an environment for the driver")
}

/// What a guest had executed, for the log.
fn report(counts: &StatisticsReply) {
    log::info!(
        "executed: {} kernels in {} ms, {} graph launches, {} thread instructions, {} bytes copied, {} modules loaded, \
         {} bytes of images received, {} images found",
        counts.launches,
        counts.kernel_ns / 1_000_000,
        counts.graph_launches,
        counts.thread_instructions,
        counts.copied_bytes,
        counts.modules_loaded,
        counts.blob_bytes,
        counts.blobs_found
    );
}

/// Who grants memory of each device.
fn accounts(options: &ExecutorOptions, memory_bytes: Vec<u64>) -> Result<Vec<Arc<dyn MemoryLedger>>> {
    let (Some(fd), Some(slot)) = (options.ledger_fd, options.ledger_slot) else {
        return Ok(memory_bytes.into_iter().map(|bytes| Arc::new(Quota::new(bytes)) as _).collect());
    };
    let ledger = Arc::new(Ledger::inherit(fd, u32::try_from(memory_bytes.len())?)?);
    let account = |(device, bytes)| Ok(Arc::new(Account::new(Arc::clone(&ledger), slot, device, bytes)?) as _);
    (0..).zip(memory_bytes).map(account).collect()
}

/// Where images are kept; an embedded executor keeps none.
fn images(options: &ExecutorOptions) -> Result<Option<Arc<dyn ImageStore>>> {
    match (options.module_cache_fd, options.module_cache) {
        (Some(fd), Some(Bytes(capacity_bytes))) => Ok(Some(Arc::new(ModuleCache::inherit(fd, capacity_bytes)?))),
        _ => Ok(None),
    }
}

/// Takes over the connection, and leaves nothing of it where a kernel's output or a library might find it.
fn inherit_socket(fd: RawFd) -> Result<Socket> {
    ensure!(fd >= 0, "descriptor {fd} is no connection");
    // SAFETY: the parent passed the number of a descriptor that nothing else in this process uses.
    let inherited = unsafe { OwnedFd::from_raw_fd(fd) };
    // The copy is not inherited further.
    let socket = Socket::from(inherited.try_clone().context("the guest's connection")?);
    if fd == 0 {
        // Standard input stays open, as everybody expects, but leads nowhere.
        let nothing = std::fs::File::open("/dev/null").context("/dev/null")?;
        rustix::stdio::dup2_stdin(&nothing).context("replacing standard input")?;
        std::mem::forget(inherited);
    }
    socket.set_timeout(Some(vgpu_core::transport::socket::TIMEOUT)).context("descriptor of the guest's connection")?;
    Ok(socket)
}

/// Takes over the memory in which the window shall lie, if the daemon gave any.
fn inherit_window(options: &ExecutorOptions) -> Result<Option<(OwnedFd, Span)>> {
    let Some(fd) = options.window_fd else {
        return Ok(None);
    };
    ensure!(fd > 2, "descriptor {fd} is no window");
    // SAFETY: the daemon passed the number of a descriptor that nothing else in this process uses; if it is not open, the
    // next call fails.
    let object = unsafe { OwnedFd::from_raw_fd(fd) };
    rustix::io::fcntl_setfd(&object, rustix::io::FdFlags::CLOEXEC).context("descriptor of the window")?;
    let object_bytes = sealed_len(object.as_fd()).context("descriptor of the window")?;
    let span =
        Span { offset: options.window_offset.unwrap_or(0), len_bytes: options.window_bytes.unwrap_or(object_bytes) };
    let end = span.offset.checked_add(span.len_bytes);
    ensure!(
        end.is_some_and(|end| end <= object_bytes) && span.offset.is_multiple_of(PAGE_BYTES),
        "a window of {} bytes at {} does not lie in {object_bytes} bytes",
        span.len_bytes,
        span.offset
    );
    Ok(Some((object, span)))
}

fn parent() -> Option<u32> {
    rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get().cast_unsigned())
}

/// Goes on in a process that is nobody's child and hears no terminal.
fn detach() -> Result<()> {
    // SAFETY: nothing has started a thread yet, so the child has all that the parent had.
    match unsafe { libc::fork() } {
        -1 => bail!("fork: {}", std::io::Error::last_os_error()),
        0 => {
            rustix::process::setsid().context("setsid")?;
            Ok(())
        }
        // SAFETY: ends the parent at once; all of its state lives on in the child.
        _ => unsafe { libc::_exit(0) },
    }
}
