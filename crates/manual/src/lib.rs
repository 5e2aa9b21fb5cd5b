//! Man pages and shell completions of a program, out of the command line that it declares.
//!
//! Programs that go into dist/ have a hidden subcommand that calls [`write()`].

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::Command;
use clap_complete::Shell;
use clap_mangen::{
    Man,
    roff::{Roff, roman},
};

/// Shells that completions are written for, each with its file name's start and end.
const SHELLS: [(Shell, &str, &str); 3] =
    [(Shell::Bash, "", ".bash"), (Shell::Zsh, "_", ""), (Shell::Fish, "", ".fish")];

/// What precedes the examples in a command's help.
const EXAMPLES: &str = "Examples:";

/// The hidden subcommand's arguments.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The folder that gets man/man1 and completions.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// Writes `man/man1/NAME.1`, one more for each subcommand, and `completions/` for bash, zsh and fish.
///
/// # Errors
/// When a file cannot be written; it is named.
pub fn write(program: Command, args: &Args) -> io::Result<()> {
    let pages = args.folder.join("man/man1");
    let completions = args.folder.join("completions");
    for folder in [&pages, &completions] {
        fs::create_dir_all(folder).map_err(|error| named(folder, &error))?;
    }
    // Hidden subcommands are the program's own business.
    let mut program = without_hidden(&program.disable_help_subcommand(true));
    for (shell, start, end) in SHELLS {
        let name = program.get_name().to_owned();
        let mut text = Vec::new();
        clap_complete::generate(shell, &mut program, name.as_str(), &mut text);
        put(&completions.join(format!("{start}{name}{end}")), &text)?;
    }
    program.build();
    let source = format!("{} {}", program.get_name(), program.get_version().unwrap_or_default());
    write_pages(&program, source.trim_end(), &pages)
}

fn write_pages(command: &Command, source: &str, folder: &Path) -> io::Result<()> {
    let man = Man::new(command.clone()).source(source);
    put(&folder.join(man.get_filename()), &page(command, &man)?)?;
    command.get_subcommands().try_for_each(|command| write_pages(command, source, folder))
}

/// The page of one command. Examples keep their lines; clap's own layout of a page would fill them.
fn page(command: &Command, man: &Man) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    if command.get_arguments().any(|argument| !argument.is_hide_set()) {
        man.render_options_section(&mut page)?;
    }
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let (examples, notes): (Vec<&str>, Vec<&str>) =
        help.split("\n\n").partition(|paragraph| paragraph.starts_with(EXAMPLES));
    let mut more = Roff::new();
    for text in examples {
        more.control("SH", ["EXAMPLES"]).control("nf", []);
        for line in text.lines().skip(1) {
            more.text([roman(line)]);
        }
        more.control("fi", []);
    }
    for (number, paragraph) in notes.iter().filter(|paragraph| !paragraph.is_empty()).enumerate() {
        more.control(if number == 0 { "SH" } else { "PP" }, (number == 0).then_some("NOTES"));
        for line in paragraph.lines() {
            more.text([roman(line)]);
        }
    }
    more.to_writer(&mut page)?;
    Ok(page)
}

/// The command as its users see it.
fn without_hidden(command: &Command) -> Command {
    let mut seen = Command::new(command.get_name().to_owned());
    let texts = [command.get_about(), command.get_long_about(), command.get_after_help()].map(Option::<&_>::cloned);
    let [about, long_about, after_help] = texts;
    if let Some(version) = command.get_version() {
        seen = seen.version(version.to_owned());
    }
    if let Some(long_about) = long_about {
        seen = seen.long_about(long_about);
    }
    if let Some(about) = about {
        seen = seen.about(about);
    }
    if let Some(after_help) = after_help {
        seen = seen.after_help(after_help);
    }
    let subcommands = command.get_subcommands().filter(|subcommand| !subcommand.is_hide_set());
    seen.args(command.get_arguments().cloned())
        .groups(command.get_groups().cloned())
        .subcommand_required(command.is_subcommand_required_set())
        .args_conflicts_with_subcommands(command.is_args_conflicts_with_subcommands_set())
        .disable_help_subcommand(true)
        .subcommands(subcommands.map(without_hidden))
}

fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::write(path, bytes).map_err(|error| named(path, &error))
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot write {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use clap::Arg;

    use super::*;

    fn program() -> Command {
        Command::new("tool")
            .about("Does it")
            .subcommand_required(true)
            .version("1.2")
            .after_help("Examples:\n  tool go")
            .subcommands([
                Command::new("go")
                    .about("Goes")
                    .arg(Arg::new("far").long("far").help("As far as it gets"))
                    .after_help("Examples:\n  tool go\n  tool go --far 3\n\nIt is slow.\nReally.\n\n.Late."),
                Command::new("probe").hide(true),
            ])
    }

    fn written() -> (tempfile::TempDir, impl Fn(&str) -> String) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        write(program(), &Args { folder: folder.path().to_owned() }).expect("the folder can be written");
        let path = folder.path().to_owned();
        (folder, move |name| fs::read_to_string(path.join(name)).unwrap_or_else(|error| panic!("{name}: {error}")))
    }

    #[test]
    fn each_visible_command_has_a_page() {
        let (folder, read) = written();
        let pages = fs::read_dir(folder.path().join("man/man1")).expect("the folder is there");
        let mut names: Vec<_> = pages.map(|page| page.expect("an entry").file_name()).collect();
        names.sort();
        assert_eq!(names, ["tool-go.1", "tool.1"]);
        assert!(read("man/man1/tool.1").contains("tool\\-go(1)"));
    }

    #[test]
    fn examples_keep_their_lines_and_notes_follow() {
        let (_folder, read) = written();
        let page = read("man/man1/tool-go.1");
        let examples = ".SH EXAMPLES\n.nf\n  tool go\n  tool go \\-\\-far 3\n.fi\n";
        // A dot at a line's start would be a command to the formatter.
        let notes = ".SH NOTES\nIt is slow.\nReally.\n.PP\n\\&.Late.\n";
        assert!(page.contains(&format!("{examples}{notes}")), "{page}");
    }

    #[test]
    fn every_shell_completes_what_is_visible() {
        let (_folder, read) = written();
        for name in ["tool.bash", "_tool", "tool.fish"] {
            let text = read(&format!("completions/{name}"));
            assert!(text.contains("far") && !text.contains("probe"), "{text}");
        }
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let args = Args { folder: "/dev/null/dist".into() };
        let error = write(program(), &args).expect_err("there is no such folder");
        assert!(error.to_string().contains("/dev/null/dist"), "{error}");
    }
}
