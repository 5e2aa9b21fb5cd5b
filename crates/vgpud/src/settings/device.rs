//! The device's settings: where they come from, what follows from them, and how they are handed on.

use std::ffi::OsString;

use anyhow::Result;

use super::table::{Said, key};
use super::values::Bytes;
use super::{DeviceSettings, file};
use crate::cli::DeviceArgs;
use crate::host;

/// In which pinned memory is counted.
const PAGE_BYTES: u64 = 4096;

impl DeviceSettings {
    /// Completes options by their file and the defaults.
    ///
    /// # Errors
    /// When the file cannot be read, or a value makes no sense.
    pub(crate) fn new(args: &DeviceArgs) -> Result<Self> {
        Self::complete(&args.options, &file::read(args.config.as_deref())?)
    }

    /// Memory of each software GPU, as far as this machine has it.
    pub(crate) fn soft_memory_bytes(&self) -> u64 {
        match self.device_memory {
            Some(Bytes(asked_bytes)) => host::at_most_there_is(asked_bytes, self.devices),
            None => host::default_memory(self.devices),
        }
    }

    /// Pinned heap of each guest.
    pub(crate) fn pinned_bytes(&self) -> u64 {
        self.pinned_memory.0.next_multiple_of(PAGE_BYTES)
    }

    /// Flags that give an executor the same settings.
    pub(crate) fn to_flags(&self) -> Vec<OsString> {
        let flag = |(name, value): (&str, OsString)| {
            let mut flag = OsString::from(format!("--{}=", key(name)));
            flag.push(value);
            flag
        };
        self.said().into_iter().map(flag).collect()
    }

    /// Variables that do so, for an executor whose flags somebody else makes.
    pub(crate) fn to_variables(&self) -> impl Iterator<Item = (String, OsString)> {
        self.said().into_iter().map(|(name, value)| (format!("VGPU_{}", name.to_ascii_uppercase()), value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{EXECUTOR, ExecutorCli};
    use crate::settings::DeviceOptions;
    use crate::settings::tests::{options_of, sample};
    use clap::Parser;

    fn executors(flags: impl IntoIterator<Item = OsString>) -> DeviceSettings {
        let flags = [EXECUTOR, "--socket-fd=3"].map(OsString::from).into_iter().chain(flags);
        let executor = ExecutorCli::try_parse_from(flags).expect("sound flags");
        DeviceSettings::new(&executor.options.device).expect("sound settings")
    }

    #[test]
    fn an_executor_gets_every_setting() {
        for option in options_of::<DeviceOptions>() {
            let (name, sample) = (option.get_id().as_str(), sample(&option));
            let settings = executors([format!("--{}={sample}", key(name)).into()]);
            assert!(settings.said().contains(&(name, sample.into())), "{name}");
            assert_eq!(executors(settings.to_flags()), settings, "{name}");
        }
        assert_eq!(executors(DeviceSettings::default().to_flags()), DeviceSettings::default());
    }

    #[test]
    fn an_executor_gets_a_path_that_is_no_text() {
        use std::os::unix::ffi::OsStringExt;
        let library = Some(OsString::from_vec(b"/\xff/libcuda.so.1".to_vec()).into());
        let settings = DeviceSettings { driver_library: library, ..Default::default() };
        assert_eq!(executors(settings.to_flags()), settings);
    }

    #[test]
    fn every_option_has_the_variable_of_its_name() {
        for option in options_of::<DeviceOptions>() {
            let name = option.get_id().as_str().to_ascii_uppercase();
            assert_eq!(option.get_env().and_then(|name| name.to_str()), Some(format!("VGPU_{name}").as_str()));
        }
    }

    #[test]
    fn pinned_memory_is_whole_pages() {
        let settings = DeviceSettings { pinned_memory: Bytes((1 << 20) + 1), ..Default::default() };
        assert_eq!(settings.pinned_bytes(), (1 << 20) + 4096);
    }
}
