// confide hook codex|claude: a client asks before a tool call. One event on standard input, one answer on standard
// output.
//
// Clients go on where a hook fails, so this one answers "no" in every way that is left to it: errors, crashes and its
// own deadline deny. Exit status 2 denies too (both clients), for when nothing can be written.
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <unistd.h>

#include <climits>
#include <cstdio>
#include <cstdlib>

#include "agents/hook.h"
#include "agents/hook_files.h"
#include "agents/hook_json.h"
#include "base/overloaded.h"
#include "base/sys.h"
#include "base/text.h"
#include "cli/prepare.h"
#include "cli/print.h"
#include "cli/verbs.h"

namespace confide::cli {
namespace {

using agents::Client;
using agents::Event;

constexpr int kBlocked = 2;
// Well below the 30 s that `confide setup` has the clients wait.
constexpr time_t kDeadlineSeconds = 5;

constexpr const char* kHelp =
    "usage: confide hook codex|claude\n\n"
    "Answers a client's PreToolUse event: JSON on standard input, JSON on standard output. Commands are rewritten to "
    "run in\n"
    "`confide shell`; file tools are kept to the project. `confide setup` makes a client call it.\n\n"
    "example:\n"
    "  echo "
    "'{\"hook_event_name\":\"PreToolUse\",\"tool_name\":\"Bash\",\"cwd\":\"'\"$PWD\"'\",\"tool_input\":{\"command\":"
    "\"make\"}}' |\n"
    "    confide hook claude\n";

constexpr char kLate[] =
    "{\"hookSpecificOutput\":{\"hookEventName\":\"PreToolUse\",\"permissionDecision\":\"deny\","
    "\"permissionDecisionReason\":"
    "\"confide: the hook could not decide in time or ended early; nothing was run. Try again, or tell the person\"}}\n";

// Only what signal-safety(7) allows.
void deny_and_end(int) {
  const ssize_t written = ::write(STDOUT_FILENO, kLate, sizeof kLate - 1);
  ::_exit(written == static_cast<ssize_t>(sizeof kLate - 1) ? 0 : kBlocked);
}

constexpr int kEnds[] = {SIGALRM, SIGTERM, SIGINT, SIGHUP, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGXCPU};

// `stack`: also after this thread's own has overflowed.
void deny_at_any_end(char* stack, size_t size) {
  stack_t other{};
  other.ss_sp = stack;
  other.ss_size = size;
  (void)::sigaltstack(&other, nullptr);
  struct sigaction action {};
  action.sa_handler = deny_and_end;
  action.sa_flags = SA_ONSTACK;
  sigfillset(&action.sa_mask);
  for (const int signal : kEnds) (void)::sigaction(signal, &action, nullptr);
  sigset_t none;
  sigemptyset(&none);
  (void)::sigprocmask(SIG_SETMASK, &none, nullptr);  // a client may have blocked them
  const itimerval deadline{.it_interval = {}, .it_value = {kDeadlineSeconds, 0}};
  (void)::setitimer(ITIMER_REAL, &deadline, nullptr);
}

// Whole or not at all: from here on no signal adds a second answer.
int say(std::string_view answer) {
  sigset_t all;
  sigfillset(&all);
  (void)::sigprocmask(SIG_SETMASK, &all, nullptr);
  if (sys::write_all(STDOUT_FILENO, answer)) return 0;
  warn("the answer could not be written");
  return kBlocked;
}

bool nobody_listens() {
  struct stat out {};
  return ::fstat(STDOUT_FILENO, &out) != 0 || (S_ISCHR(out.st_mode) && out.st_rdev == makedev(1, 3));
}

Result<std::string> own_program() {
  char buffer[PATH_MAX];
  const ssize_t size = ::readlink("/proc/self/exe", buffer, sizeof buffer);
  if (size <= 0 || size == PATH_MAX) return sys::errno_error("readlink", "/proc/self/exe");
  return std::string(buffer, static_cast<size_t>(size));
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && value[0] == '/' ? value : "";
}

// To where the client was started. Claude Code says so, and may have moved its hooks elsewhere; Codex starts hooks
// there.
Status go_to_session_folder(Client client) {
  const std::string folder = client == Client::kClaude ? variable("CLAUDE_PROJECT_DIR") : "";
  if (!folder.empty() && ::chdir(folder.c_str()) != 0) return sys::errno_error("the session's folder", folder);
  return {};
}

void add_real(std::vector<std::string>& paths, const std::string& path) {
  const std::string real = agents::real_path(path);
  paths.push_back(real.empty() ? path : real);
}

// Where confide and the clients keep settings, credentials and transcripts.
std::vector<std::string> own_places(const launcher::Caller& caller) {
  std::vector<std::string> places;
  for (const char* place : {"/etc/confide", "/etc/codex", "/etc/claude-code"}) places.emplace_back(place);
  for (const std::string& home : {caller.home.canonical, variable("HOME")}) {
    if (home.size() < 2) continue;
    for (const char* name : {"/.config/confide", "/.local/state/confide", "/.cache/confide", "/.local/share/confide",
                             "/.claude", "/.claude.json", "/.codex"})
      add_real(places, home + name);
  }
  for (const char* name : {"CLAUDE_CONFIG_DIR", "CODEX_HOME"})
    if (const std::string place = variable(name); !place.empty()) add_real(places, place);
  for (const char* name : {"XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"})
    if (const std::string place = variable(name); !place.empty()) add_real(places, place + "/confide");
  return places;
}

// Claude Code writes the output of background commands, and output that is too long for a message, to files that the
// model is told to read: …/projects/FOLDER/SESSION/tool-results and TMP/FOLDER/SESSION/tasks.
std::vector<std::string> kept_places(Client client, const Event& event, uint32_t uid) {
  std::vector<std::string> places;
  const std::string_view transcript = event.transcript;
  if (client != Client::kClaude || !transcript.starts_with('/') || !transcript.ends_with(".jsonl")) return places;
  const std::string session(transcript.substr(0, transcript.size() - std::string_view(".jsonl").size()));
  const auto parts = split(session, '/');
  if (parts.size() < 3 || parts.back().empty()) return places;
  add_real(places, session + "/tool-results");
  std::string temporary = variable("CLAUDE_CODE_TMPDIR");
  if (temporary.empty()) temporary = cat("/tmp/claude-", uid);
  for (const std::string& top : {temporary, cat(temporary, "/claude-", uid)})
    add_real(places, cat(top, "/", parts[parts.size() - 2], "/", parts.back(), "/tasks"));
  return places;
}

void describe_view(const Prepared& prepared, agents::Surroundings& around) {
  const policy::Policy& policy = prepared.request.policy;
  const auto writable = [](bool yes) { return yes ? agents::Writable::kYes : agents::Writable::kNo; };
  if (policy.project != policy::Project::kAbsent)
    around.shown.push_back(
        {around.folder, writable(around.is_project && policy.project == policy::Project::kWritable)});
  for (const policy::PathRule& rule : policy.paths) {
    const std::string real = agents::real_path(rule.path);
    if (real.empty()) continue;
    if (rule.access == policy::Access::kHide)
      around.hidden.push_back(real);
    else
      around.shown.push_back({real, writable(rule.access == policy::Access::kWrite)});
  }
}

Status look_at_files(const agents::FileCall& call, Client client, const Event& event, agents::Surroundings& around) {
  const Prepared prepared = TRY(prepare({}, Asker::kAgent, policy::CarriesSecrets::kNo));
  const launcher::LaunchRequest& request = prepared.request;
  describe_view(prepared, around);
  around.own = own_places(request.caller);
  around.kept = kept_places(client, event, request.caller.ids.uid);
  const std::string home = variable("HOME").empty() ? request.caller.home.requested : variable("HOME");
  for (const agents::NamedFile& file : call.files) {
    agents::FileFact fact = agents::locate(file.text, around.cwd, home);
    if (!fact.real.empty()) {
      fact.masked = launcher::would_mask(request, fact.real);
      if (file.use == agents::FileUse::kSearch) fact.masked_below = launcher::masked_file_in(request, fact.real);
    }
    around.files.push_back(std::move(fact));
  }
  return {};
}

Result<std::string> answer(Client client) {
  const std::string text = TRY(sys::read_all(STDIN_FILENO, agents::kMaxEventBytes, "the client's event"));
  agents::ClientEvent sent = TRY(agents::ClientEvent::decode(text));
  const Event& event = sent.event();
  const agents::Call call = TRY(agents::interpret(event));
  if (std::holds_alternative<agents::OtherCall>(call)) return std::string();
  TRY(go_to_session_folder(client));
  const launcher::Caller caller = TRY(launcher::look_at_caller_from_account());
  agents::Surroundings around{.program = TRY(own_program()), .is_project = caller.project.has_value()};
  around.folder = caller.project ? caller.project->canonical : caller.cwd.canonical;
  around.cwd = event.cwd.empty() ? caller.cwd.canonical : agents::real_path(event.cwd);
  if (const auto* files = std::get_if<agents::FileCall>(&call)) TRY(look_at_files(*files, client, event, around));
  return std::visit(Overloaded{
                        [&](const agents::Rewrite& rewrite) {
                          return std::move(sent).rewritten(rewrite.command, rewrite.permission);
                        },
                        [](const agents::Deny& deny) { return agents::deny_answer(deny.reason); },
                        [](const agents::NoOpinion&) { return std::string(); },
                    },
                    agents::decide(event, call, around));
}

}  // namespace

int hook_verb(Arguments arguments) {
  const std::string_view word = arguments.size() == 1 ? arguments[0] : "";
  if (asks_for_help(arguments)) return put(kHelp) ? 0 : 125;
  const auto client = agents::client_named(word);
  if (!client) return fail({ErrorKind::kUsage, 0, "hook takes the client's name, as in: confide hook claude"});
  if (nobody_listens()) {
    warn("nobody reads the hook's answer");
    return kBlocked;
  }
  char stack[16384];
  deny_at_any_end(stack, sizeof stack);
  const auto said = answer(*client);
  return say(said ? *said : agents::deny_answer(cat(to_text(said.error()), "; nothing was run")));
}

}  // namespace confide::cli
