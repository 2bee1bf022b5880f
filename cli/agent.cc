// confide agent: a whole coding agent in a sandbox of its own. A person's verb: it supervises by itself, says at the
// start what the agent keeps and loses, and after the run what changed of that which runs later outside.
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "agents/listeners.h"
#include "agents/wrap.h"
#include "agents/wrap_watch.h"
#include "base/sys.h"
#include "base/text.h"
#include "broker/client.h"
#include "cli/agent_options.h"
#include "cli/prepare.h"
#include "cli/print.h"
#include "cli/run_record.h"
#include "cli/secret_run.h"
#include "cli/show_plan.h"
#include "cli/status.h"
#include "cli/verbs.h"
#include "policy/paths.h"

namespace confide::cli {
namespace {

using agents::Opening;

Result<const agents::Client*> chosen_client(const AgentOptions& options) {
  if (!options.client) return &agents::client_of(options.command.front());
  const agents::Client* client = agents::find_client(*options.client);
  if (client != nullptr) return client;
  std::vector<std::string> names;
  for (const agents::Client& known : agents::clients()) names.emplace_back(known.name);
  return Error{ErrorKind::kUsage, 0, cat("--for ", printable(*options.client), ": there are ", join(names, ", "))};
}

// Where the agent keeps its state. An agent that starts for the first time would write it into the sandbox's private
// home and lose its login with the run, so what is missing is made.
struct State {
  std::string folder;             // empty: none is known
  std::vector<std::string> made;  // what did not exist
};

Status make_folder(const std::string& path, State& state) {
  if (::mkdir(path.c_str(), 0700) == 0)
    state.made.push_back(path);
  else if (errno != EEXIST)
    return with_context("the agent's state", sys::errno_error("mkdir", path));
  return {};
}

Result<State> prepare_state(const agents::Client& client, policy::Overrides& flags) {
  State state;
  if (client.state_folder.empty()) return state;
  const std::string variable(client.state_variable);
  const char* moved = std::getenv(variable.c_str());
  const char* home = std::getenv("HOME");
  const bool has_home = home != nullptr && home[0] == '/' && home[1] != '\0';
  const std::string usual = has_home ? cat(home, "/", client.state_folder) : std::string();
  if (moved != nullptr && *moved != '\0' && moved != usual) {
    state.folder = moved;
    flags.writes.push_back({state.folder, variable});
    // Another account's, perhaps.
    if (has_home && !policy::is_within(state.folder, usual)) flags.hides.push_back({usual, variable});
    if (has_home && !client.state_file.empty()) flags.hides.push_back({cat(home, "/", client.state_file), variable});
    TRY(make_folder(state.folder, state));
    return state;
  }
  if (!has_home) return state;
  state.folder = usual;
  TRY(make_folder(state.folder, state));
  if (client.state_file.empty()) return state;
  const std::string file = cat(home, "/", client.state_file);
  const UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (fd.valid()) {
    state.made.push_back(file);
    TRY(sys::write_all(fd.get(), std::string_view("{}\n")));
  }
  return state;
}

// What decides which commands run later outside: the profile's protected paths, and the agent's own configuration.
std::vector<std::string> watched_paths(const policy::Policy& policy, const agents::Client& client,
                                       const std::string& state_folder) {
  std::vector<std::string> paths;
  for (const policy::PathRule& rule : policy.paths)
    if (rule.access == policy::Access::kProtect) paths.push_back(rule.path);
  if (!state_folder.empty())
    for (const std::string_view name : client.configuration) paths.push_back(cat(state_folder, "/", name));
  return paths;
}

void drop_dead_variables(Prepared& prepared) {
  const policy::Policy& policy = prepared.request.policy;
  std::erase_if(prepared.request.command.environment, [&](const std::string& variable) {
    const std::string name = variable.substr(0, variable.find('='));
    const bool wanted = std::ranges::find(policy.environment.pass, name) != policy.environment.pass.end();
    return !wanted && agents::names_what_is_outside(name, policy.powers);
  });
}

// The broker reads the files: this process never holds a value.
Opening::Masked look_into(const std::string& file, int environ_fd) {
  Opening::Masked masked{.file = file, .names = {}};
  struct stat found {};
  if (::stat(file.c_str(), &found) == 0 && found.st_size == 0) return masked;
  const auto described = broker::describe({.secrets = {}, .env_files = {file}, .launch_request = {}}, environ_fd);
  masked.holds = Opening::Masked::Holds::kUnknown;
  if (!described) return masked;
  masked.holds = described->warnings.empty() ? Opening::Masked::Holds::kNothing : Opening::Masked::Holds::kValues;
  for (const supervisor::SlotText& slot : described->secrets) {
    const bool named = std::ranges::any_of(
        described->warnings, [&](const std::string& warning) { return warning.starts_with(cat(slot.origin, ": ")); });
    if (named) masked.names.push_back(printable(slot.name));
  }
  return masked;
}

void tell_of_masks(const launcher::LaunchPlan& plan, int environ_fd, Opening& opening) {
  for (const launcher::Step& step : plan.steps) {
    const auto* mask = std::get_if<launcher::MaskStep>(&step.action);
    if (mask != nullptr && mask->reason == launcher::MaskReason::kMasked)
      opening.masked.push_back(look_into(mask->path, environ_fd));
  }
}

void tell_of_powers(const policy::Powers& powers, Opening& opening) {
  const auto add = [&](const auto& power, const char* name) {
    if (power) opening.powers.emplace_back(name);
  };
  add(powers.ssh_agent, "ssh-agent");
  add(powers.docker, "docker");
  add(powers.host_root, "host-root");
  add(powers.host_proc, "host-proc");
  add(powers.host_sys, "host-sys");
  add(powers.writable_system, "writable-system");
}

// A worktree or submodule keeps its repository elsewhere, and a name in a file of the project is no reason to show
// that.
void tell_of_git(const launcher::Caller& caller, Opening& opening) {
  if (!caller.project) return;
  struct stat found {};
  const std::string git = caller.project->canonical + "/.git";
  if (::lstat(git.c_str(), &found) == 0 && !S_ISDIR(found.st_mode))
    opening.notes.push_back(cat(printable(git),
                                " is no folder (a worktree or submodule): git works inside only with "
                                "--write on the repository that it names"));
}

Opening opening_of(const Prepared& prepared, const agents::Client& client, const State& state,
                   const launcher::LaunchPlan& plan, int environ_fd) {
  const policy::Policy& policy = prepared.request.policy;
  const launcher::Caller& caller = prepared.request.caller;
  Opening opening{.client = &client,
                  .profile = policy.profile,
                  .level = caller.privilege == launcher::Privilege::kRoot && !policy.powers.host_root ? 3 : 2,
                  .project = caller.project ? caller.project->canonical : std::string(),
                  .state = {},
                  .made = state.made,
                  .removed = prepared.removed,
                  .passed = {},
                  .masked = {},
                  .host_network = policy.network == policy::Network::kHost,
                  .loopback_ports = {},
                  .inner_sandbox = policy.inner_sandbox == policy::InnerSandbox::kAllowed,
                  .powers = {},
                  .lost = {},
                  .notes = plan.remarks};
  for (const std::string& remark : prepared.remarks) opening.notes.push_back(remark);
  for (const launcher::Step& step : plan.steps) {
    const auto* bind = std::get_if<launcher::BindStep>(&step.action);
    if (bind != nullptr && bind->access == policy::Access::kWrite && !opening.project.empty() &&
        bind->target.starts_with(opening.project))
      continue;
    if (bind != nullptr && bind->access == policy::Access::kWrite) opening.state.push_back(bind->target);
  }
  for (const std::string& variable : prepared.request.command.environment) {
    const std::string name = variable.substr(0, variable.find('='));
    const bool asked = std::ranges::find(policy.environment.pass, name) != policy.environment.pass.end();
    if (asked && !policy::looks_like_credential(name, std::string_view(variable).substr(name.size() + 1)).empty())
      opening.passed.push_back(name);
  }
  if (opening.host_network)
    for (const agents::Listener& listener : agents::listeners_here()) opening.loopback_ports.push_back(listener.port);
  for (const launcher::LayerState& layer : plan.layers)
    if (!layer.applied) opening.lost.push_back(cat(policy::name_of(layer.layer), ": ", layer.note));
  tell_of_powers(policy.powers, opening);
  tell_of_git(caller, opening);
  tell_of_masks(plan, environ_fd, opening);
  return opening;
}

const char* name_of(agents::Change::Kind kind) {
  switch (kind) {
    case agents::Change::Kind::kMade: return "was made";
    case agents::Change::Kind::kChanged: return "was changed";
    case agents::Change::Kind::kRemoved: return "was removed";
  }
  return "";
}

void tell_of_changes(const agents::Look& before, const std::vector<std::string>& paths) {
  for (const agents::Change& change : agents::changes(before, agents::look_at_all(paths)))
    warn(cat("during the run ", printable(change.path), " ", name_of(change.kind),
             ": what it says is run outside this sandbox; look at it before you go on"));
}

// An agent whose commands go through the hook as well needs confide inside, and may ask `confide prove` about its
// place. What lies in the working directory is there anyway, and may be what is being built.
void show_own_programs(policy::Overrides& flags) {
  char self[4096];
  const ssize_t size = ::readlink("/proc/self/exe", self, sizeof self);
  if (size <= 0 || size == sizeof self) return;
  const std::string path(self, static_cast<size_t>(size));
  const std::string folder = path.substr(0, path.rfind('/'));
  char cwd[4096];
  if (policy::is_within(folder, "/usr") || ::getcwd(cwd, sizeof cwd) == nullptr || policy::is_within(folder, cwd))
    return;
  for (const char* name : {"confide", "confide-broker", "confide-supervisor", "confide-probe"}) {
    const std::string program = cat(folder, "/", name);
    if (::access(program.c_str(), X_OK) == 0) flags.reads.push_back({program, "confide itself"});
  }
}

RunOptions run_options(const AgentOptions& options, const agents::Client& client) {
  RunOptions run;
  run.flags = options.flags;
  if (!run.flags.profile) run.flags.profile = policy::Flag{std::string(client.profile), "confide agent"};
  run.policy_file = options.policy_file;
  run.command = options.command;
  run.form = options.form;
  return run;
}

Result<int> run(AgentOptions& options, const UniqueFd& own_environ, StatusWriter& status) {
  const agents::Client& client = *TRY(chosen_client(options));
  for (const policy::Flag& power : options.flags.powers) {
    if (power.text == "ssh-agent") options.flags.env.push_back({"SSH_AUTH_SOCK", "--power ssh-agent"});
    if (power.text == "docker") options.flags.env.push_back({"DOCKER_HOST", "--power docker"});
  }
  show_own_programs(options.flags);
  State state;
  if (!options.dry_run) state = TRY(prepare_state(client, options.flags));
  const RunOptions as_run = run_options(options, client);
  Prepared prepared = TRY(prepare(as_run, Asker::kPerson, carries_secrets(as_run)));
  drop_dead_variables(prepared);
  if (prepared.request.policy.syscalls != policy::SyscallProfile::kAgent) {
    return Error{ErrorKind::kUsage, 0,
                 cat("profile ", printable(prepared.request.policy.profile),
                     " is not for whole agents; name one that extends agent")};
  }
  if (options.dry_run) return show_plan(std::move(prepared), as_run, -1);

  if (!options.quiet) {
    const launcher::LaunchPlan plan = TRY(launcher::plan_launch(prepared.request));
    for (const std::string& line : agents::lines_of(opening_of(prepared, client, state, plan, own_environ.get())))
      warn(line);
  }
  const std::vector<std::string> paths = watched_paths(prepared.request.policy, client, state.folder);
  const agents::Look before = agents::look_at_all(paths);
  // Remarks of the plan were said above.
  bool started = false;
  RunRecorder recorder("agent", prepared, Asker::kPerson);
  const auto on_event = [&](const launcher::Event& event) {
    recorder.on_event(event);
    if (std::holds_alternative<launcher::Started>(event)) started = true;
    const auto* remark = std::get_if<launcher::Remark>(&event);
    if (remark != nullptr && (started || options.quiet)) warn(remark->text);
    status.write(event);
  };
  const auto outcome = launcher::launch(prepared.request, {.on_event = on_event});
  tell_of_changes(before, paths);
  if (!outcome) {
    recorder.failed(outcome.error());
    return outcome.error();
  }
  if (outcome->time_limit) return Error{ErrorKind::kTimeLimit, 0, "the time limit ended the run"};
  return outcome->exit_code;
}

}  // namespace

int agent_verb(Arguments arguments) {
  auto options = parse_agent_options(arguments);
  if (!options) return fail(options.error());
  if (const auto& help = options->help) return put(*help) ? 0 : 125;
  auto own_environ = broker::open_own_environ();
  if (!own_environ) return fail(own_environ.error(), options->form);
  (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  auto status = StatusWriter::create(options->status_fd, Concealing::kNothing);
  if (!status) return fail(status.error(), options->form);
  const auto code = run(*options, *own_environ, *status);
  if (code) return *code;
  if (code.error().kind != ErrorKind::kTimeLimit) status->failed(code.error());
  return fail(code.error(), options->form);
}

}  // namespace confide::cli
