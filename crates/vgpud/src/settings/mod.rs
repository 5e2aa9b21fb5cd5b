//! What the daemon was told: defaults, then the configuration file, then environment and flags.
//!
//! - [`options`]: every option, a row each. [`table`] makes flag, key and setting of a row.
//! - [`values`]: what an option can say; [`value`]: what that takes, [`value_error`]: what is none. [`checks`]: which values make sense.
//! - [`mod@file`]: reads the configuration file.
//! - [`device`], [`doors`], [`serve`]: what several options mean together.

mod checks;
mod device;
mod doors;
mod file;
mod options;
mod serve;
mod table;
mod value;
mod value_error;
mod values;

pub(crate) use doors::{DoorSettings, GuestSocket};
pub(crate) use options::{
    CacheOptions, CacheSettings, DeviceOptions, DeviceSettings, FunctionOptions, FunctionSettings, GuestOptions,
    GuestSettings,
};
pub(crate) use serve::ServeSettings;
pub(crate) use values::{Bytes, Choice, Mode, Owner, Schedule, Seconds};

/// What holds for every option, whichever there are.
#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::builder::Resettable;
    use clap::{Arg, ArgAction, Args, FromArgMatches};

    use super::options::File;
    use super::table::{Said, key};
    use super::values::Capability;
    use super::*;
    use crate::cli::ServeOptions;

    /// Flags that no file can say: what the file is, and what only tests need.
    const FLAGS_ONLY: [&str; 2] = ["config", "nested"];

    /// All options of a group of flags.
    pub(super) fn options_of<T: Args>() -> Vec<Arg> {
        T::augment_args(clap::Command::new("test")).get_arguments().cloned().collect()
    }

    /// Something that an option can say, and does not say by default.
    pub(super) fn sample(option: &Arg) -> &'static str {
        let kind = match option.get_action() {
            ArgAction::SetTrue => "BOOL",
            _ => option.get_value_names().and_then(|names| names.first()).expect("options name their kind of value"),
        };
        match kind {
            "DEVICE" => "driver:1",
            "PATH" | "FILE" => "/some/file",
            "BOOL" => "true",
            "HOW" => "words",
            "N" => "13",
            "SECONDS" => "9",
            "SIZE" => "512MiB",
            "MAJOR.MINOR" => "8.0",
            "ORDER" => "to-barrier",
            "MODE" => "0640",
            "OWNER" => "user:group",
            _ => panic!("{}: say here what a {kind} is", option.get_id()),
        }
    }

    /// What flags alone say: whoever runs the tests may have set variables.
    fn said_by_flags(flags: &[String]) -> Result<ServeOptions, clap::Error> {
        let command = ServeOptions::augment_args(clap::Command::new("test").no_binary_name(true));
        let command = command.mut_args(|option| option.env(Resettable::Reset));
        ServeOptions::from_arg_matches(&command.try_get_matches_from(flags)?)
    }

    fn settings(flags: &[String], file: &str) -> ServeSettings {
        let options = said_by_flags(flags).expect("sound flags");
        ServeSettings::merge(&options, toml::from_str(file).expect("a sound file")).expect("sound settings")
    }

    /// An option's sample as a flag, and as the line of a file.
    fn both_ways(option: &Arg) -> (String, String) {
        let (key, value) = (key(option.get_id().as_str()), sample(option));
        let is_bare = matches!(value.parse::<u32>(), Ok(number) if number.to_string() == value) || value == "true";
        let line = match option.get_action() {
            ArgAction::Append => format!("{key} = [\"{value}\"]"),
            _ if is_bare => format!("{key} = {value}"),
            _ => format!("{key} = \"{value}\""),
        };
        let is_switch = matches!(option.get_action(), ArgAction::SetTrue);
        (if is_switch { format!("--{key}") } else { format!("--{key}={value}") }, line)
    }

    #[test]
    fn the_file_says_what_flags_say_in_the_same_words() {
        let options = options_of::<ServeOptions>();
        for option in options.iter().filter(|option| !FLAGS_ONLY.contains(&option.get_id().as_str())) {
            let (flag, line) = both_ways(option);
            let told = settings(&[flag], "");
            let ServeSettings { guests, functions, cache, device } = &told;
            let said = [guests.said(), functions.said(), cache.said(), device.said()].concat();
            assert!(said.contains(&(option.get_id().as_str(), sample(option).into())), "{line}");
            assert_eq!(settings(&[], &line), told, "{line}");
        }
    }

    #[test]
    fn every_key_of_the_file_is_a_flag() {
        let error = toml::from_str::<File>("no-such-key = 1").expect_err("there is no such key").to_string();
        let (_, expected) = error.split_once("expected one of ").expect("the keys that there are");
        let keys: BTreeSet<_> = expected.trim().split(", ").map(|key| key.trim_matches('`').to_owned()).collect();
        let flags = options_of::<ServeOptions>().into_iter().map(|option| option.get_id().to_string());
        let flags = flags.filter(|name| !FLAGS_ONLY.contains(&name.as_str())).map(|name| key(&name)).collect();
        assert_eq!(keys, flags);
    }

    #[test]
    fn the_help_tells_the_default() {
        for option in options_of::<ServeOptions>() {
            let help = option.get_help().expect("options have a help text").to_string();
            let Some((_, default)) = help.trim_end_matches(']').split_once("[default: ") else { continue };
            let default = default.split(", ").next().unwrap_or_default();
            // Where the default is no value, it is told in words.
            let Ok(options) = said_by_flags(&[format!("--{}={default}", key(option.get_id().as_str()))]) else {
                continue;
            };
            let told = ServeSettings::merge(&options, File::default()).expect("sound settings");
            match option.get_id().as_str() {
                // It stays open until systemd has been asked.
                "socket" => assert_eq!(told.guests.socket, Some(vgpu_core::transport::DEFAULT_SOCKET.into())),
                name => assert_eq!(told, settings(&[], ""), "{name}: {default}"),
            }
        }
    }

    #[test]
    fn a_flag_overrides_the_file_which_overrides_the_default() {
        let file: File = toml::from_str("device-memory = \"3GiB\"\nmultiprocessors = 5").expect("a sound file");
        let options = DeviceOptions { multiprocessors: Some(7), ..Default::default() };
        let settings = DeviceSettings::complete(&options, &file).expect("sound settings");
        assert_eq!((settings.device_memory, settings.multiprocessors), (Some(Bytes(3 << 30)), 7));
        assert_eq!(settings.compute_capability, Capability(7, 5));
    }

    #[test]
    fn unknown_keys_and_bad_values_of_a_file_are_errors() {
        for text in ["device-ram = 1", "nested = true", "device-memory = \"x\"", "threads = -1", "schedule = \"any\""] {
            assert!(toml::from_str::<File>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn absurd_values_are_refused_by_name() {
        let refused = |flag: &str| {
            let options = said_by_flags(&[flag.to_owned()]).expect("a value");
            ServeSettings::merge(&options, File::default()).expect_err(flag).to_string()
        };
        assert_eq!(refused("--threads=0"), "threads: between 1 and 1024, not 0");
        assert_eq!(refused("--devices=0"), "devices: between 1 and 16, not 0");
        assert_eq!(refused("--devices=17"), "devices: between 1 and 16, not 17");
        assert_eq!(refused("--device-memory=1"), "device-memory: between 1MiB and 1TiB, not 1 bytes");
        assert_eq!(
            refused("--bar-size=300MiB"),
            "bar-size: a power of two between 256MiB and 16GiB, not 314572800 bytes"
        );
    }
}
