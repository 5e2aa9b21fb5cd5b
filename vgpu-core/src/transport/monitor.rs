//! The read-only connection of libnvidia-ml: questions about devices, one packet each way, no window.

use parking_lot::Mutex;

use super::connect_error::ConnectError;
use super::connection::{self, Connection};
use super::exchange::Exchange;
use super::handshake::{Greeting, HandshakeError};
use super::pci::Places;
use super::selection::Selection;
use super::socket::Socket;
use crate::error::{CuError, CuResult};
use crate::pci::place::Place;
use crate::reading::{Reading, ReadingReply};
use crate::wire::Pod;
use crate::wire::messages::{DeviceInfoReply, MemInfoReply};

/// More devices than this are not believed.
const DEVICES_MAX: u32 = 64;
/// More processes than this do not fit an answer.
pub const PROCESSES_MAX: usize = 256;
const ANSWER_MAX_BYTES: usize = 4 + size_of::<DeviceInfoReply>() + PROCESSES_MAX * size_of::<ProcessUse>();

/// What a monitor asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
enum Question {
    Device = 1,
    Memory = 2,
    Processes = 3,
    Reading = 4,
}

#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
struct Request {
    question: u32,
    device: u32,
    /// Of a reading: its number, and what it is of.
    reading: u32,
    argument: u32,
}

// SAFETY: four u32 fields.
unsafe impl Pod for Request {}

/// A process that uses a device.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProcessUse {
    /// Process number as the host sees it; 0 when the guest is not visible there.
    pub pid: u32,
    /// Zero.
    pub reserved: u32,
    /// Device memory that it holds.
    pub used_bytes: u64,
}

// SAFETY: u32, u32, u64 leave no gap.
unsafe impl Pod for ProcessUse {}

/// What answers a monitor's questions.
pub trait Observed {
    /// As the message `DeviceInfo`.
    ///
    /// # Errors
    /// The status of the answer.
    fn device(&self, device: u32) -> CuResult<DeviceInfoReply>;
    /// As the message `MemInfo`, over all guests.
    ///
    /// # Errors
    /// The status of the answer.
    fn memory(&self, device: u32) -> CuResult<MemInfoReply>;
    /// The processes that hold the device.
    ///
    /// # Errors
    /// The status of the answer.
    fn processes(&self, device: u32) -> CuResult<Vec<ProcessUse>>;
    /// What the host's NVML says.
    fn reading(&self, _device: u32, _reading: Reading, _argument: u32) -> ReadingReply {
        ReadingReply::NOT_SUPPORTED
    }
}

/// Host: answers questions until the guest closes the connection.
///
/// # Errors
/// When the guest sends something else.
pub fn serve(socket: &Socket, observed: &dyn Observed) -> Result<(), HandshakeError> {
    socket.set_timeout(None)?;
    loop {
        let mut bytes = [0; size_of::<Request>()];
        let (len, _) = socket.receive(&mut bytes)?;
        if len == 0 {
            return Ok(());
        }
        socket.send(&answer(&bytes[..len], observed)?, None)?;
    }
}

/// Host: the answer to one packet of a monitor.
///
/// # Errors
/// [`HandshakeError::Garbage`] when it is no question.
pub fn answer(request: &[u8], observed: &dyn Observed) -> Result<Vec<u8>, HandshakeError> {
    let request = Request::from_bytes(request).ok_or(HandshakeError::Garbage)?;
    let mut payload: Vec<u8> = Vec::new();
    let result = match request.question {
        q if q == Question::Device as u32 => {
            observed.device(request.device).map(|reply| payload.extend(reply.as_bytes()))
        }
        q if q == Question::Memory as u32 => {
            observed.memory(request.device).map(|reply| payload.extend(reply.as_bytes()))
        }
        q if q == Question::Processes as u32 => observed.processes(request.device).map(|processes| {
            for process in processes.iter().take(PROCESSES_MAX) {
                payload.extend(process.as_bytes());
            }
        }),
        q if q == Question::Reading as u32 => {
            let reading = Reading::from_code(request.reading);
            let reply = reading.map(|reading| observed.reading(request.device, reading, request.argument));
            payload.extend(reply.unwrap_or(ReadingReply::NOT_SUPPORTED).as_bytes());
            Ok(())
        }
        _ => Err(CuError::NOT_SUPPORTED),
    };
    let mut packet = result.err().map_or(0, CuError::code).as_bytes().to_vec();
    packet.extend(payload);
    Ok(packet)
}

/// A read-only connection to a daemon.
pub struct MonitorLink {
    host: Mutex<Box<dyn Exchange + Send>>,
    /// Where the device sits on this machine's bus, if it does.
    place: Option<Place>,
}

impl MonitorLink {
    /// Connects to the GPU that `selection` names.
    ///
    /// # Errors
    /// [`ConnectError`], whose text says where was looked and what to do.
    pub fn connect(selection: &Selection) -> Result<Self, ConnectError> {
        Self::connect_among(selection, &Places::from_env())
    }

    pub(super) fn connect_among(selection: &Selection, places: &Places) -> Result<Self, ConnectError> {
        Ok(match connection::open(selection, &Greeting::monitor(), places)? {
            Connection::Socket(socket, _) | Connection::InProcess(socket, _) => Self::new(Box::new(socket), None),
            Connection::Pci(claim) => {
                let place = claim.place();
                Self::new(Box::new(claim), place)
            }
        })
    }

    /// A connection to somebody who serves such questions at the other end.
    pub fn over(socket: Socket) -> Self {
        Self::new(Box::new(socket), None)
    }

    fn new(host: Box<dyn Exchange + Send>, place: Option<Place>) -> Self {
        Self { host: Mutex::new(host), place }
    }

    fn ask(&self, question: Question, device: u32) -> CuResult<Vec<u8>> {
        self.request(Request { question: question as u32, device, ..Request::default() })
    }

    fn request(&self, request: Request) -> CuResult<Vec<u8>> {
        let mut answer = vec![0; ANSWER_MAX_BYTES];
        let gone = |error| {
            log::error!("the connection to vgpud failed: {error}");
            CuError::DEVICE_UNAVAILABLE
        };
        let (len, _) = self.host.lock().exchange(request.as_bytes(), &mut answer).map_err(gone)?;
        answer.truncate(len);
        let status = u32::from_bytes(&answer).ok_or(CuError::DEVICE_UNAVAILABLE)?;
        CuError::check(status)?;
        answer.drain(..4);
        Ok(answer)
    }

    /// Every device, in order.
    ///
    /// # Errors
    /// `DEVICE_UNAVAILABLE` when the daemon is gone or talks nonsense.
    pub fn devices(&self) -> CuResult<Vec<DeviceInfoReply>> {
        let mut devices: Vec<DeviceInfoReply> = Vec::new();
        loop {
            let answer = self.ask(Question::Device, devices.len() as u32)?;
            let mut info = DeviceInfoReply::from_bytes(&answer).ok_or(CuError::DEVICE_UNAVAILABLE)?;
            if info.device_count > DEVICES_MAX {
                return Err(CuError::DEVICE_UNAVAILABLE);
            }
            if devices.len() as u32 >= info.device_count {
                return Ok(devices);
            }
            if let Some(place) = self.place {
                place.move_here(devices.len() as u32, &mut info);
            }
            devices.push(info);
            if devices.len() as u32 == info.device_count {
                return Ok(devices);
            }
        }
    }

    /// Free and total memory of a device, over all its users.
    ///
    /// # Errors
    /// The daemon's answer, or `DEVICE_UNAVAILABLE` when it is gone.
    pub fn memory(&self, device: u32) -> CuResult<MemInfoReply> {
        let answer = self.ask(Question::Memory, device)?;
        MemInfoReply::from_bytes(&answer).ok_or(CuError::DEVICE_UNAVAILABLE)
    }

    /// What the host's NVML says of a device.
    ///
    /// # Errors
    /// `DEVICE_UNAVAILABLE` when the daemon is gone.
    pub fn reading(&self, device: u32, reading: Reading, argument: u32) -> CuResult<ReadingReply> {
        let request = Request { question: Question::Reading as u32, device, reading: reading as u32, argument };
        ReadingReply::from_bytes(&self.request(request)?).ok_or(CuError::DEVICE_UNAVAILABLE)
    }

    /// The processes that hold a device.
    ///
    /// # Errors
    /// The daemon's answer, or `DEVICE_UNAVAILABLE` when it is gone.
    pub fn processes(&self, device: u32) -> CuResult<Vec<ProcessUse>> {
        let answer = self.ask(Question::Processes, device)?;
        let entries = answer.chunks_exact(size_of::<ProcessUse>());
        Ok(entries.filter_map(ProcessUse::from_bytes).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::messages::DEVICE_ATTRIBUTE_COUNT;

    struct TwoDevices;

    impl Observed for TwoDevices {
        fn device(&self, device: u32) -> CuResult<DeviceInfoReply> {
            Ok(DeviceInfoReply {
                device_count: 2,
                driver_version: 12_040,
                uuid: [device as u8; 16],
                name: [0; 256],
                total_mem_bytes: 1 << 30,
                pci_domain: 0,
                pci_bus: 0,
                pci_device: device,
                wants: 0,
                attributes: [0; DEVICE_ATTRIBUTE_COUNT],
            })
        }

        fn memory(&self, device: u32) -> CuResult<MemInfoReply> {
            if device > 1 {
                return Err(CuError::INVALID_DEVICE);
            }
            Ok(MemInfoReply { free_bytes: 5, total_bytes: 7 })
        }

        fn processes(&self, _device: u32) -> CuResult<Vec<ProcessUse>> {
            Ok((0..PROCESSES_MAX as u32 + 9).map(|pid| ProcessUse { pid, reserved: 0, used_bytes: 1 }).collect())
        }

        fn reading(&self, device: u32, reading: Reading, argument: u32) -> ReadingReply {
            let values = [u64::from(device), u64::from(reading as u32 + argument)];
            ReadingReply { values, ..ReadingReply::refused(0) }
        }
    }

    #[test]
    fn questions_are_answered_in_turn() {
        let (guest, host) = Socket::pair().expect("a socket pair");
        let server = std::thread::spawn(move || serve(&host, &TwoDevices).is_ok());
        let link = MonitorLink::new(Box::new(guest), None);
        let devices = link.devices().expect("an answer");
        assert_eq!(devices.iter().map(|d| d.pci_device).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(link.memory(1).map(|m| m.free_bytes), Ok(5));
        assert_eq!(link.memory(2).map(|m| m.free_bytes), Err(CuError::INVALID_DEVICE));
        assert_eq!(link.processes(0).map(|list| list.len()), Ok(PROCESSES_MAX));
        let reading = link.reading(1, Reading::Serial, 5).map(|reply| (reply.code, reply.values));
        assert_eq!(reading, Ok((0, [1, Reading::Serial as u64 + 5])));
        drop(link);
        assert!(server.join().expect("no panic"));
    }

    #[test]
    fn a_host_that_talks_nonsense_is_an_error() {
        let (guest, host) = Socket::pair().expect("a socket pair");
        host.send(&[0; 11], None).expect("a send");
        host.send(&[], None).expect("a send");
        let link = MonitorLink::new(Box::new(guest), None);
        assert_eq!(link.devices().map(|d| d.len()), Err(CuError::DEVICE_UNAVAILABLE));
        drop(host);
        assert_eq!(link.memory(0).map(|m| m.free_bytes), Err(CuError::DEVICE_UNAVAILABLE));
    }
}
