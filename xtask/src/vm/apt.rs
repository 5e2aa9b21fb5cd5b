//! apt with a configuration and a state of its own: the machine's sources, lists and installed packages stay as they are.
//!
//! apt itself checks signatures and checksums, with the machine's keyring.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail, ensure};

use crate::workspace;

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// A suite of packages at a mirror.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) base: String,
    pub(super) suite: String,
}

/// The machine's Debian suites, at the mirrors that its apt uses.
pub(super) fn machine_sources(codename: &str) -> Result<Vec<Source>> {
    let nothing = tempfile::tempdir().context("a temporary folder")?;
    let mut apt = Command::new("apt-get");
    apt.args(["update", "--print-uris", "-o", "Debug::NoLocking=1"]);
    // With no lists of its own, apt names every list that it would fetch.
    for name in ["Dir::State", "Dir::State::lists"] {
        apt.arg("-o").arg(format!("{name}={}", nothing.path().display()));
    }
    let sources = debian_sources(&workspace::output(&mut apt)?, codename);
    ensure!(
        sources.iter().any(|source| source.suite == codename),
        "apt's sources name no Debian mirror for {codename}; the virtual machine's parts come from there"
    );
    Ok(sources)
}

/// Reads `'BASE/dists/SUITE/main/binary-amd64/Packages.xz' ...` lines; other vendors' archives are left out.
fn debian_sources(listing: &str, codename: &str) -> Vec<Source> {
    let wanted = ["", "-updates", "-security"].map(|suffix| format!("{codename}{suffix}"));
    let mut sources = Vec::new();
    for line in listing.lines() {
        let Some(uri) = line.strip_prefix('\'').and_then(|rest| rest.split('\'').next()) else { continue };
        let Some((base, rest)) = uri.split_once("/dists/") else { continue };
        let Some((suite, _)) = rest.split_once("/main/binary-amd64/") else { continue };
        let of_debian = base.rsplit('/').next().is_some_and(|name| name.contains("debian"));
        let source = Source { base: base.to_owned(), suite: suite.to_owned() };
        if of_debian && wanted.iter().any(|name| name == suite) && !sources.contains(&source) {
            sources.push(source);
        }
    }
    sources
}

/// An apt that knows `sources` and no installed package.
pub(super) struct Apt {
    dir: PathBuf,
}

impl Apt {
    /// Sets it up in the new folder `dir`, and fetches the lists.
    pub(super) fn new(dir: &Path, sources: &[Source]) -> Result<Self> {
        Self::of(dir, sources, "main")
    }

    /// The same for another component of the archive.
    pub(super) fn of(dir: &Path, sources: &[Source], component: &str) -> Result<Self> {
        for name in ["sources", "nothing", "state/lists/partial", "cache/archives/partial", "log"] {
            fs::create_dir_all(dir.join(name)).with_context(|| format!("cannot create {}", dir.display()))?;
        }
        ensure!(Path::new(KEYRING).exists(), "{KEYRING} is missing: the package debian-archive-keyring has it");
        let mut list = String::new();
        for Source { base, suite } in sources {
            write!(
                list,
                "Types: deb\nURIs: {base}\nSuites: {suite}\nComponents: {component}\nArchitectures: amd64\n\
                 Signed-By: {KEYRING}\n\n"
            )?;
        }
        fs::write(dir.join("sources/vm.sources"), list)?;
        fs::write(dir.join("status"), "")?;
        fs::write(dir.join("apt.conf"), configuration(dir)?)?;
        let apt = Self { dir: dir.to_owned() };
        workspace::check(apt.get().arg("update")).context("cannot fetch the lists of packages")?;
        Ok(apt)
    }

    /// The name of the package that `package`, a meta package, stands for: its dependency that starts with `prefix`.
    pub(super) fn dependency(&self, package: &str, prefix: &str) -> Result<String> {
        let listing = workspace::output(self.command("apt-cache").args(["depends", package]))?;
        let named = |line: &str| line.trim().strip_prefix("Depends: ").map(str::to_owned);
        match listing.lines().filter_map(named).find(|name| name.starts_with(prefix)) {
            Some(name) => Ok(name),
            None => bail!("{package} depends on no {prefix}*"),
        }
    }

    /// Downloads one package.
    pub(super) fn download(&self, package: &str) -> Result<Vec<PathBuf>> {
        let dir = self.dir.join("download");
        fs::create_dir_all(&dir)?;
        workspace::check(self.get().current_dir(&dir).args(["download", package]))?;
        take(&dir)
    }

    /// Downloads packages and all that they depend on; `suite` wins where several have one.
    pub(super) fn closure(&self, suite: &str, packages: &[&str]) -> Result<Vec<PathBuf>> {
        workspace::check(
            self.get()
                .args(["install", "--download-only", "--yes", "--no-install-recommends", "--target-release", suite])
                .args(packages),
        )?;
        take(&self.dir.join("cache/archives"))
    }

    fn get(&self) -> Command {
        let mut command = self.command("apt-get");
        command.arg("-qq");
        command
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("APT_CONFIG", self.dir.join("apt.conf")).env("LC_ALL", "C");
        command
    }
}

/// The packages in `dir`, in order of their names.
fn take(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut packages = Vec::new();
    for entry in fs::read_dir(dir)? {
        packages.extend(Some(entry?.path()).filter(|path| path.extension().is_some_and(|it| it == "deb")));
    }
    packages.sort();
    ensure!(!packages.is_empty(), "apt downloaded nothing into {}", dir.display());
    Ok(packages)
}

/// apt.conf: every folder is ours but the ones with passwords and programs; how to reach the network is the machine's.
fn configuration(dir: &Path) -> Result<String> {
    let dir = dir.to_str().filter(|dir| !dir.contains(['"', '\\', '\n', '%'])).context("the cache folder's name")?;
    let mut text = format!(
        r#"Dir::Etc::parts "{dir}/nothing";
Dir::Etc::main "/dev/null";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "{dir}/sources";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "{dir}/nothing";
Dir::State "{dir}/state";
Dir::State::lists "{dir}/state/lists";
Dir::State::status "{dir}/status";
Dir::Cache "{dir}/cache";
Dir::Cache::archives "{dir}/cache/archives";
Dir::Log "{dir}/log";
APT::Architecture "amd64";
APT::Architectures "amd64";
APT::Install-Recommends "false";
Acquire::Languages "none";
Acquire::Retries "3";
"#
    );
    // As root, apt fetches as a user that cannot reach into a home folder.
    text += "APT::Sandbox::User \"root\";\n";
    let settings = workspace::output(Command::new("apt-config").arg("dump"))?;
    let network = ["Acquire::http", "Acquire::https", "Acquire::Check-", "Acquire::Force"];
    for line in settings.lines().filter(|line| network.iter().any(|prefix| line.starts_with(prefix))) {
        writeln!(text, "{line}")?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_the_releases_own_suites_at_debian_mirrors() {
        let listing = "\
'http://mirror/debian/dists/old/InRelease' mirror_debian_dists_old_InRelease 0 
'http://mirror/debian/dists/old/main/binary-amd64/Packages.xz' a 0 
'http://mirror/debian/dists/old/main/binary-all/Packages.xz' a 0 
'http://mirror/debian/dists/old/main/dep11/Components-amd64.yml.xz' a 0 
'http://mirror/debian/dists/old/contrib/binary-amd64/Packages.xz' a 0 
'http://mirror/debian/dists/old-backports/main/binary-amd64/Packages.xz' a 0 
'https://else/debian-security/dists/old-security/main/binary-amd64/Packages.xz' a 0 
'https://vendor/dists/old/main/binary-amd64/Packages.xz' a 0 
garbage
";
        let source = |base: &str, suite: &str| Source { base: base.into(), suite: suite.into() };
        let expected = [source("http://mirror/debian", "old"), source("https://else/debian-security", "old-security")];
        assert_eq!(debian_sources(listing, "old"), expected);
    }
}
