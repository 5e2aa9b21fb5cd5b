//! The macro that makes an option of a row: the flag, the key of the configuration file, the setting, and the text that
//! hands it on to an executor. The rows are in [`options`](super::options).

use std::ffi::OsString;

use anyhow::{Result, anyhow};

use super::value::Value;

/// What somebody may have said, or not: flags and the file hold it.
pub(crate) trait Given: Clone {
    /// What it is once it is known.
    type Known;

    /// This; or, where nothing is said here, the other.
    fn over(&self, other: &Self) -> Self;
}

impl<T: Clone> Given for Option<T> {
    type Known = T;

    fn over(&self, other: &Self) -> Self {
        self.as_ref().or(other.as_ref()).cloned()
    }
}

impl<T: Clone> Given for Vec<T> {
    type Known = Self;

    fn over(&self, other: &Self) -> Self {
        if self.is_empty() { other.clone() } else { self.clone() }
    }
}

/// A switch, which nobody can say off.
impl Given for bool {
    type Known = Self;

    fn over(&self, other: &Self) -> Self {
        *self || *other
    }
}

/// What a setting holds: a value, or as many as were said.
#[diagnostic::on_unimplemented(
    message = "no option can say `{Self}`",
    note = "values are listed in settings/value.rs; they may stand in an `Option` or a `Vec`"
)]
pub(super) trait Setting {
    /// Of what kind.
    type Value: Value;

    /// All of them.
    fn values(&self) -> &[Self::Value];
}

impl<T: Value> Setting for T {
    type Value = T;

    fn values(&self) -> &[T] {
        std::slice::from_ref(self)
    }
}

impl<T: Value> Setting for Option<T> {
    type Value = T;

    fn values(&self) -> &[T] {
        self.as_slice()
    }
}

impl<T: Value> Setting for Vec<T> {
    type Value = T;

    fn values(&self) -> &[T] {
        self
    }
}

/// A group's settings as text.
pub(super) trait Said {
    /// The Rust name of each setting that is not left open, and its value as the flag takes it.
    fn said(&self) -> Vec<(&'static str, OsString)>;
}

/// An option's name in flags and in the file, by its Rust name.
pub(super) fn key(name: &str) -> String {
    name.replace('_', "-")
}

/// All values of a setting, as the flag takes them.
pub(super) fn texts(setting: &impl Setting) -> impl Iterator<Item = OsString> {
    setting.values().iter().map(Value::to_text)
}

/// Applies a check to all values of a setting.
pub(super) fn check<S: Setting>(
    name: &str,
    setting: &S,
    check: impl Fn(&S::Value) -> Result<(), String>,
) -> Result<()> {
    setting.values().iter().try_for_each(check).map_err(|complaint| anyhow!("{}: {complaint}", key(name)))
}

/// A setting's type: as it is given, if nothing is put in its place.
macro_rules! setting {
    ($given:ty) => {
        $given
    };
    ($given:ty, $default:expr) => {
        <$given as $crate::settings::table::Given>::Known
    };
}

/// Makes of each group of rows `FLAGS => SETTINGS { ... }`
/// - `FLAGS`, a struct of flags for clap, in which nothing needs to be said;
/// - `SETTINGS`, the same when all is known, with `complete(flags, file)` and the defaults;
///
/// and of all groups together `File`, the configuration file. A row is
///
/// ```text
/// /// The help text.
/// #[arg(what else clap shall know)]
/// #[serde(skip)]
/// name: TYPE, else DEFAULT, check CHECK;
/// ```
///
/// `TYPE` is an `Option`, a `Vec` of what may be said several times, or `bool` for a switch. `#[serde(skip)]` keeps it out of
/// the file. Without `else` the setting may stay open, and has that type; otherwise it is what is in the `Option`. `CHECK` is
/// one of [`checks`](super::checks), for each value.
macro_rules! options {
    ($(
        $(#[doc = $about:tt])+
        $flags:ident => $settings:ident {
            $(
                $(#[doc = $help:tt])+
                #[arg($($arg:tt)*)]
                $(#[serde($($serde:tt)*)])?
                $name:ident: $given:ty $(, else $default:expr)? $(, check $check:expr)?;
            )+
        }
    )+) => {
        $(
            $(#[doc = $about])+
            #[derive(Clone, Debug, Default, clap::Args)]
            #[group(skip)]
            pub(crate) struct $flags {
                $(
                    $(#[doc = $help])+
                    #[arg(long, $($arg)*)]
                    pub(crate) $name: $given,
                )+
            }

            $(#[doc = $about])+
            #[doc = ""]
            #[doc = " Complete."]
            #[derive(Clone, Debug, PartialEq, Eq)]
            pub(crate) struct $settings {
                $(
                    $(#[doc = $help])+
                    pub(crate) $name: setting!($given $(, $default)?),
                )+
            }

            impl $settings {
                /// Completes flags by the file and the defaults.
                ///
                /// # Errors
                /// When a value makes no sense.
                pub(super) fn complete(flags: &$flags, file: &File) -> anyhow::Result<Self> {
                    let settings = Self::merge(flags, file);
                    $($($crate::settings::table::check(stringify!($name), &settings.$name, $check)?;)?)+
                    Ok(settings)
                }

                fn merge(flags: &$flags, file: &File) -> Self {
                    use $crate::settings::table::Given;
                    Self { $($name: flags.$name.over(&file.$name)$(.unwrap_or_else(|| $default))?,)+ }
                }
            }

            /// What they are when nobody says anything.
            impl Default for $settings {
                fn default() -> Self {
                    Self::merge(&$flags::default(), &File::default())
                }
            }

            impl $crate::settings::table::Said for $settings {
                fn said(&self) -> Vec<(&'static str, std::ffi::OsString)> {
                    use $crate::settings::table::texts;
                    let mut said = Vec::new();
                    $(said.extend(texts(&self.$name).map(|text| (stringify!($name), text)));)+
                    said
                }
            }
        )+

        /// The configuration file's keys: those of the flags.
        #[derive(Clone, Debug, Default, serde::Deserialize)]
        #[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
        pub(super) struct File {
            $($($(#[serde($($serde)*)])? pub(super) $name: $given,)+)+
        }
    };
}

pub(super) use {options, setting};
