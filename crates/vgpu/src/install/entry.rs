//! One file or link of ours in a place that others may have used: put there, and taken away again.

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};

use super::tree::{Found, Print, READABLE, Tree, split};

/// A place, what stood there, and what we put there.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Entry {
    pub(super) path: String,
    /// What stood there; `None` if nothing did.
    pub(super) before: Option<Before>,
    /// What may stand there by our doing. The last is what shall stand there; the others are from runs that were cut off.
    pub(super) ours: Vec<Content>,
}

/// What stood in a place before us.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Before {
    /// Its name in the folder of kept files.
    pub(super) kept: String,
    #[serde(flatten)]
    pub(super) print: Print,
}

/// What we put somewhere.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Content {
    Link(String),
    Text(String),
}

/// What stands in an entry's place.
#[derive(Debug, PartialEq)]
pub(super) enum State {
    /// What shall stand there.
    Aim,
    /// Ours, from an earlier run.
    Ours,
    /// What stood there before us.
    Before,
    Missing,
    /// Somebody has put it there since.
    Foreign(Print),
}

impl Content {
    /// Whether it is what stands under a path.
    pub(super) fn stands_at(&self, tree: &Tree, path: &str, print: &Print) -> Result<bool> {
        Ok(match (self, &print.target) {
            (Self::Link(ours), Some(target)) => ours == target,
            (Self::Text(ours), None) if print.len_bytes == ours.len() as i64 => {
                tree.read(path)?.as_deref() == Some(ours.as_bytes())
            }
            _ => false,
        })
    }

    fn put(&self, tree: &Tree, path: &str) -> Result<()> {
        match self {
            Self::Link(target) => tree.write_link(path, target),
            Self::Text(text) => tree.write_file(path, &mut text.as_bytes(), READABLE),
        }
    }
}

impl Entry {
    /// What stands there now.
    pub(super) fn state(&self, tree: &Tree) -> Result<State> {
        let print = match tree.look(&self.path)? {
            None => return Ok(State::Missing),
            Some(Found::Folder) => bail!("{} is a folder: move it away first", tree.show(&self.path)),
            Some(Found::Thing(print)) => print,
        };
        if let Some((aim, older)) = self.ours.split_last() {
            if aim.stands_at(tree, &self.path, &print)? {
                return Ok(State::Aim);
            }
            for content in older {
                if content.stands_at(tree, &self.path, &print)? {
                    return Ok(State::Ours);
                }
            }
        }
        let is_before = self.before.as_ref().is_some_and(|before| before.print == print);
        Ok(if is_before { State::Before } else { State::Foreign(print) })
    }

    /// In words, what making it would do; `None` if nothing.
    pub(super) fn describe(&self, tree: &Tree) -> Result<Option<String>> {
        if matches!(self.state(tree)?, State::Aim) {
            return Ok(None);
        }
        let path = tree.show(&self.path);
        let kept =
            self.before.as_ref().map_or(String::new(), |before| format!(" (what is there is kept as {})", before.kept));
        Ok(self.ours.last().map(|aim| match aim {
            Content::Link(target) => format!("link {path} -> {target}{kept}"),
            Content::Text(text) => {
                let text: String = text.lines().map(|line| format!("\n    {line}")).collect();
                format!("write {path}{kept}{text}")
            }
        }))
    }

    /// Puts ours in its place and keeps what is there. Never is there a moment with nothing.
    pub(super) fn make(&self, tree: &Tree, kept: &str) -> Result<()> {
        let Some(aim) = self.ours.last() else {
            return Ok(());
        };
        match self.state(tree)? {
            State::Aim => return Ok(()),
            // What stood there when it was planned is `Before`.
            State::Foreign(_) => {
                bail!("{} has just been changed by somebody else: run it again", tree.show(&self.path))
            }
            State::Before => self.keep(tree, kept)?,
            State::Ours | State::Missing => {}
        }
        aim.put(tree, &self.path)
    }

    fn keep(&self, tree: &Tree, kept: &str) -> Result<()> {
        let Some(before) = &self.before else {
            return Ok(());
        };
        let place = format!("{kept}/{}", before.kept);
        match tree.look(&place)? {
            Some(Found::Thing(print)) if print == before.print => return Ok(()),
            Some(Found::Thing(_)) => tree.remove(&place)?,
            Some(Found::Folder) => bail!("{} is a folder: move it away first", tree.show(&place)),
            None => {}
        }
        tree.keep(&self.path, &place)
    }

    /// Puts back what stood there. Returns what the user should know.
    ///
    /// Where somebody has put something else in its place since, that stays: without us it would have replaced what we have kept.
    pub(super) fn undo(&self, tree: &Tree, kept: &str) -> Result<Option<String>> {
        let place = self.before.as_ref().map(|before| format!("{kept}/{}", before.kept));
        let is_kept = match &place {
            Some(place) => tree.look(place)?.is_some(),
            None => false,
        };
        let state = self.state(tree)?;
        let path = tree.show(&self.path);
        let note = match (&state, &place) {
            (State::Foreign(_), _) => Some(format!("{path}: somebody has replaced it since, so it stays as it is")),
            (State::Aim | State::Ours | State::Missing, Some(_)) if !is_kept => {
                if state != State::Missing {
                    bail!("{path}: what stood there is gone from {}: put it back, or remove {path}", tree.show(kept));
                }
                Some(format!("{path}: what stood there is gone"))
            }
            (State::Aim | State::Ours | State::Missing, Some(place)) => {
                if tree.folder(split(&self.path)?.0)?.is_some() {
                    tree.bring_back(place, &self.path)?;
                    None
                } else {
                    Some(format!("{path}: its folder is gone, so nothing is put back there"))
                }
            }
            (State::Aim | State::Ours, None) => {
                tree.remove(&self.path)?;
                None
            }
            (State::Before | State::Missing, _) => None,
        };
        tree.remove_draft(&self.path)?;
        if let Some(place) = &place {
            tree.remove_with_draft(place)?;
        }
        Ok(note)
    }
}
