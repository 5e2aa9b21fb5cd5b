//! The check of a running server: its verdict, with what was seen as evidence.

use super::models::Model;
use super::moments::show;
use super::running::Running;
use super::verdict::{self, Verdict};
use crate::doctor::check::Check;
use crate::ollama::server::Server;

/// What leads a server to devices and libraries, or away from them.
const VARIABLES: [&str; 5] = ["VGPU", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "OLLAMA_LLM_LIBRARY", "OLLAMA_HOST"];

impl Running {
    /// The check of it. `is_well` says whether a server that is started now would find a GPU, as far as was looked.
    pub(in crate::doctor) fn check(&self, is_well: bool) -> Check {
        let Server { pid, service, .. } = &self.server;
        let title = match service {
            Some(service) => format!("the server that runs: process {pid} of {service}"),
            None => format!("the server that runs: process {pid}, `{}`", self.command),
        };
        let check = Check::ok(format!("server.{pid}"), title).saw_all(self.evidence());
        match verdict::of(self, is_well) {
            Verdict::Fine(remark) => check.saw_all(remark),
            Verdict::Doubtful { cause, fix } => check.warning(cause, fix),
            Verdict::WithoutGpu { cause, fix } => check.failed(cause, fix),
        }
    }

    fn evidence(&self) -> Vec<String> {
        let mut all = vec![format!("it has run for {}, as user {}", show(self.age), self.user)];
        if self.server.is_replaced {
            all.push("its program has been replaced or removed since it was started".to_owned());
        }
        match &self.variables {
            Some(variables) => {
                let set = VARIABLES.iter().filter(|name| variables.value(name).is_some());
                all.extend(set.map(|name| variables.show(name)));
            }
            None => all.push("its environment is not for this user to see".to_owned()),
        }
        all.extend(self.look.lines().iter().map(|line| format!("it logged: {line}")));
        match &self.models {
            Ok(models) if models.is_empty() => all.push("it has no model loaded".to_owned()),
            Ok(models) => all.extend(models.iter().map(Model::to_string)),
            Err(why) => all.push(format!("it did not say which models it has loaded: {why}")),
        }
        for runner in &self.runners {
            let state = match &runner.connection {
                Some(Some(connection)) => connection.to_string(),
                Some(None) => "is connected to no GPU".to_owned(),
                None => "is not for this user to look into".to_owned(),
            };
            all.push(format!("its process {} {state}", runner.pid));
        }
        all
    }
}
