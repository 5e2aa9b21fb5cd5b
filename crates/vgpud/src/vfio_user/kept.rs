//! A VM whose connection outlived the daemon that served it: systemd has kept it, with the VM's memory and its record.

use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;

use anyhow::{Context, Result, anyhow, bail, ensure};
use rustix::net::{AddressFamily, SocketType, sockopt};
use vgpu_core::window::mapping::sealed_len;

use super::record::{RECORD_BYTES, Record, Saved};
use crate::systemd::{Kept, Stored};

const TOO_FEW: &str = "does the unit's FileDescriptorStoreMax= have room for three descriptors a VM?";

/// Such a VM, ready to be served.
#[derive(Debug)]
pub(crate) struct KeptVm {
    /// What keeps it.
    pub(crate) kept: Kept,
    /// The connection.
    pub(crate) stream: UnixStream,
    /// The function's memory, which the VM has mapped.
    pub(crate) bar: OwnedFd,
    /// Its record, to be written on.
    pub(crate) record: Record,
    /// What the record said.
    pub(crate) saved: Saved,
}

impl KeptVm {
    /// Finds out which descriptor is which.
    ///
    /// # Errors
    /// When something is missing, or not as it must be.
    pub(crate) fn new(stored: Stored, kept: Kept) -> Result<Self> {
        let (mut stream, mut bar, mut record) = (None, None, None);
        for descriptor in stored.descriptors {
            let place = match sealed_len(descriptor.as_fd()) {
                _ if sockopt::socket_type(&descriptor).is_ok() => &mut stream,
                Ok(len_bytes) if len_bytes == RECORD_BYTES as u64 => &mut record,
                Ok(_) => &mut bar,
                Err(error) => bail!("something else is kept with it: {error}"),
            };
            ensure!(place.replace(descriptor).is_none(), "something is kept with it twice");
        }
        // systemd lets go of a connection as soon as its other end is closed.
        let stream = stream.ok_or_else(|| anyhow!("its connection is closed"))?;
        let is_stream = sockopt::socket_domain(&stream)? == AddressFamily::UNIX
            && sockopt::socket_type(&stream)? == SocketType::STREAM
            && !sockopt::socket_acceptconn(&stream)?;
        ensure!(is_stream, "its connection is none");
        let (record, saved) = Record::adopt(record.ok_or_else(|| anyhow!("its record was not kept: {TOO_FEW}"))?)?;
        let bar = bar.ok_or_else(|| anyhow!("its memory was not kept: {TOO_FEW}"))?;
        let bar_bytes = sealed_len(bar.as_fd()).context("its memory")?;
        ensure!(bar_bytes == saved.bar1_bytes, "its memory has {bar_bytes} bytes, not {}", saved.bar1_bytes);
        Ok(Self { kept, stream: UnixStream::from(stream), bar, record, saved })
    }
}
