// confide prove: plays the attacker from where it stands, against stand-ins that it sets up, and says what the kernel
// answered, layer by layer, and which assurance level that makes.
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "agents/listeners.h"
#include "agents/prove.h"
#include "base/sys.h"
#include "base/text.h"
#include "broker/programs.h"
#include "cli/print.h"
#include "cli/prove_stage.h"
#include "cli/run_program.h"
#include "cli/verbs.h"

namespace confide::cli {
namespace {

using agents::Attempt;
using agents::Outcome;
using agents::ProveScene;
using agents::Standing;
using nlohmann::ordered_json;

constexpr const char* kHelp =
    "usage: confide prove [--json] [--at-least LEVEL] [-- PREFIX...]\n\n"
    "Plays the attacker from where it stands, or, with PREFIX, from inside a command that runs another one: a victim, "
    "files,\n"
    "sockets and a port with a canary are set up outside, and each attempt to reach them is made with the kernel's "
    "answer\n"
    "shown. `confide run` is called with each option that widens. Services on loopback and tools outside are "
    "listed.\n\n"
    "  --json            as JSON\n"
    "  --at-least LEVEL  exit status 1 also where the assurance level is lower\n\n"
    "Exit status 1 if something leaks that this place's level forbids.\n\n"
    "examples:\n"
    "  confide prove\n"
    "  confide prove -- confide shell --\n"
    "  confide prove -- confide agent --quiet --\n"
    "  confide prove -- codex sandbox --\n";

constexpr int kAttemptMs = 3000;
constexpr int kPrefixMs = 30'000;

struct Options {
  Form form = Form::kText;
  std::optional<unsigned long> at_least;
  std::optional<ProveScene> play;  // inside PREFIX: what stands outside
  std::vector<std::string> prefix;
};

Result<Options> parse(Arguments arguments) {
  Options options;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view word = arguments[i];
    const bool more = i + 1 < arguments.size();
    if (word == "--") {
      options.prefix.assign(arguments.begin() + static_cast<std::ptrdiff_t>(i) + 1, arguments.end());
      break;
    }
    if (word == "--json") {
      options.form = Form::kJson;
    } else if (word == "--at-least" && more) {
      options.at_least = parse_number(arguments[++i]);
      if (!options.at_least || *options.at_least > 3)
        return Error{ErrorKind::kUsage, 0, "--at-least takes a level from 0 to 3"};
    } else if (word == "--play" && more) {
      options.play = agents::decode_scene(arguments[++i]);
      if (!options.play) return Error{ErrorKind::kUsage, 0, "--play is for confide prove itself"};
    } else {
      return Error{ErrorKind::kUsage, 0, cat("prove does not know `", printable(word), "` (confide prove --help)")};
    }
  }
  return options;
}

// ---- where this is

std::string namespace_of(const char* kind) {
  char buffer[64];
  const ssize_t size = ::readlink(cat("/proc/self/ns/", kind).c_str(), buffer, sizeof buffer);
  return size <= 0 ? std::string() : std::string(buffer, static_cast<size_t>(size));
}

// A field of /proc/self/status; 0 where there is none.
unsigned long status_field(std::string_view name) {
  const auto text = sys::read_file("/proc/self/status", 1U << 16);
  if (!text) return 0;
  for (const std::string_view line : split(*text, '\n'))
    if (line.starts_with(name)) return parse_number(trim(line.substr(name.size()))).value_or(0);
  return 0;
}

// Pid 1 of a sandbox of ours is a clone of the launcher, and shows its command line.
std::vector<std::string> words_of_pid_one() {
  const auto text = sys::read_file("/proc/1/cmdline", 1U << 16);
  std::vector<std::string> words;
  if (text)
    for (const std::string_view word : split(*text, '\0')) words.emplace_back(word);
  return words;
}

std::string client_around() {
  for (const auto& [variable, client] :
       {std::pair("CLAUDECODE", "claude"), std::pair("CODEX_THREAD_ID", "codex"), std::pair("CODEX_SANDBOX", "codex")})
    if (std::getenv(variable) != nullptr) return client;
  return {};
}

Standing look_around() {
  Standing standing{.client = client_around()};
  const bool ours = ::access("/run/confide/empty", F_OK) == 0 || ::access("/dev/.confide/empty", F_OK) == 0;
  const bool filtered = status_field("Seccomp:") == 2 && status_field("NoNewPrivs:") == 1;
  // PROC_USER_INIT_INO, linux/proc_ns.h
  const bool own_user_namespace = namespace_of("user") != "user:[4026531837]";
  if (ours && filtered) {
    const std::vector<std::string> words = words_of_pid_one();
    const bool whole = words.size() > 1 && words[1] == "agent";
    standing.place = whole ? Standing::Place::kAgent : Standing::Place::kCommand;
    const UniqueFd fd(::open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC));
    uid_t owner = ::getuid();
    if (fd.valid() && ::ioctl(fd.get(), NS_GET_OWNER_UID, &owner) == 0) standing.made_by_root = owner != ::getuid();
  } else if (filtered || own_user_namespace) {
    standing.place = Standing::Place::kForeignSandbox;
  }
  return standing;
}

// ---- attempts

Outcome judge(const Attempt& attempt, const Finished& finished) {
  Outcome outcome{.attempt = std::string(attempt.probe),
                  .about = std::string(attempt.about),
                  .layer = std::string(attempt.layer),
                  .stake = attempt.stake,
                  .answer = {},
                  .detail = {}};
  const auto said = nlohmann::json::parse(finished.output, nullptr, false);
  if (finished.timed_out || !said.is_object()) {
    outcome.answer = finished.timed_out ? "no answer in time" : cat("exit status ", finished.exit_code);
    return outcome;
  }
  const std::string what = said.value("outcome", "");
  outcome.what = what == "leak"                         ? Outcome::What::kLeak
                 : what == "denied" || what == "absent" ? Outcome::What::kRefused
                                                        : Outcome::What::kUntried;
  outcome.answer = said.value("errno", "");
  outcome.detail = printable(said.value("detail", ""));
  if (outcome.answer.empty()) outcome.answer = outcome.what == Outcome::What::kLeak ? "succeeded" : "refused";
  return outcome;
}

std::vector<Outcome> make_attempts(const std::string& helper, const ProveScene& scene, const Standing& standing) {
  std::vector<Outcome> outcomes;
  const bool confined = standing.place != Standing::Place::kUnconfined;
  for (const Attempt& attempt : agents::attempts()) {
    if (attempt.where == Attempt::Where::kOnlyConfined && !confined) continue;
    const auto words = agents::words_of(attempt, scene);
    // Without something outside, a search for it would find nothing anywhere.
    if (!words || (attempt.probe == "proc-scan" && scene.pid.empty())) continue;
    if (attempt.probe == "key-session" && scene.needle.empty()) continue;
    std::vector<std::string> argv = {helper};
    // Where memory lies is told without the canary.
    if (!scene.needle.empty() && attempt.probe != "proc-maps") argv.insert(argv.end(), {"--needle-hex", scene.needle});
    argv.emplace_back(attempt.probe);
    argv.insert(argv.end(), words->begin(), words->end());
    const auto finished = run_program(argv, kAttemptMs);
    if (finished) outcomes.push_back(judge(attempt, *finished));
  }
  return outcomes;
}

// What an agent could call if a client's rule let it: `confide run` with an option that widens.
std::vector<Outcome> widen(const std::string& helper, const ProveScene& scene, const Standing& standing) {
  std::vector<Outcome> outcomes;
  if (standing.place == Standing::Place::kUnconfined) return outcomes;  // a person's own
  const auto add = [&](const std::vector<std::string>& options, std::vector<std::string> command, const char* about) {
    std::vector<std::string> argv = {"/proc/self/exe", "run"};
    argv.insert(argv.end(), options.begin(), options.end());
    argv.emplace_back("--");
    argv.insert(argv.end(), command.begin(), command.end());
    const auto finished = run_program(argv, kAttemptMs);
    if (!finished) return;
    Outcome outcome{.attempt = cat("confide run ", options.front()),
                    .about = about,
                    .layer = "nothing widens from inside",
                    .what = finished->exit_code == 0 ? Outcome::What::kLeak : Outcome::What::kRefused,
                    .answer = finished->exit_code == 0 ? "succeeded" : cat("exit status ", finished->exit_code),
                    .detail = printable(finished->errors.substr(0, finished->errors.find('\n')))};
    outcomes.push_back(std::move(outcome));
  };
  const std::string own = cat("/tmp/confide-prove-own-", ::getpid());
  std::ofstream(own) << "x";
  add({"--secret", "PROVE=file://" + own}, {"/bin/sh", "-c", "test -n \"$PROVE\""}, "have a broker deliver a secret");
  add({"--env-file", own}, {"/bin/sh", "-c", "true"}, "have a broker read an environment file");
  (void)::unlink(own.c_str());
  if (scene.home_file.empty()) return outcomes;
  const auto read = [&](const std::string& path) {
    return std::vector<std::string>{helper, "--needle-hex", scene.needle, "read", path};
  };
  const std::string home = scene.home_file.substr(0, scene.home_file.rfind('/'));
  add({"--read", scene.home_file}, read(scene.home_file), "be shown a file of the home");
  add({"--write", home}, read(scene.home_file), "be shown the home, writable");
  add({"--profile", "bench"}, read(scene.home_file), "be shown the whole disk");
  add({"--read", scene.tmp_file}, read(scene.tmp_file), "be shown a file of /tmp");
  add({"--network", "host"}, {helper, "unix-path", scene.socket}, "be given the host's network and its sockets");
  return outcomes;
}

// ---- the rest of the picture

// Names of MCP servers that clients' configurations in view start. They run where the client runs.
std::vector<std::string> mcp_servers() {
  std::vector<std::string> names;
  const auto from_json = [&](const std::string& path) {
    const auto text = sys::read_file(path, 4U << 20);
    const auto root = text ? nlohmann::json::parse(*text, nullptr, false) : nlohmann::json();
    if (!root.is_object() || !root.contains("mcpServers") || !root["mcpServers"].is_object()) return;
    for (const auto& [name, value] : root["mcpServers"].items())
      names.push_back(cat(printable(name), " (", printable(path), ")"));
  };
  const auto from_toml = [&](const std::string& path) {
    constexpr std::string_view kTable = "[mcp_servers.";
    const auto text = sys::read_file(path, 4U << 20);
    if (!text) return;
    for (const std::string_view line : split(*text, '\n')) {
      if (!line.starts_with(kTable)) continue;
      const std::string_view name = line.substr(kTable.size(), line.find_first_of(".]", kTable.size()) - kTable.size());
      const std::string row = cat(printable(name), " (", printable(path), ")");
      if (std::ranges::find(names, row) == names.end()) names.push_back(row);
    }
  };
  const char* home = std::getenv("HOME");
  const std::string base = home != nullptr ? home : "";
  from_json(".mcp.json");
  from_json(base + "/.claude.json");
  from_toml(base + "/.codex/config.toml");
  from_toml(".codex/config.toml");
  return names;
}

const char* name_of(Outcome::What what) {
  switch (what) {
    case Outcome::What::kLeak: return "leak";
    case Outcome::What::kRefused: return "refused";
    case Outcome::What::kUntried: return "untried";
  }
  return "";
}

ordered_json report_of(const Standing& standing, const std::vector<Outcome>& outcomes) {
  ordered_json rows = ordered_json::array();
  for (const Outcome& outcome : outcomes)
    rows.push_back({{"attempt", outcome.attempt},
                    {"about", outcome.about},
                    {"outcome", name_of(outcome.what)},
                    {"answer", outcome.answer},
                    {"layer", outcome.layer},
                    {"stake", agents::name_of(outcome.stake)},
                    {"detail", outcome.detail}});
  ordered_json ports = ordered_json::array();
  for (const agents::Listener& listener : agents::listeners_here()) ports.push_back(listener.port);
  const agents::Assurance assurance = agents::assure(standing, outcomes);
  return {{"place", agents::name_of(standing.place)},
          {"client", standing.client},
          {"level", assurance.level},
          {"why", assurance.why},
          {"leaks", assurance.leaks},
          {"attempts", std::move(rows)},
          {"loopback_ports", std::move(ports)},
          {"mcp_servers", mcp_servers()},
          {"notes", agents::notes_on(standing, outcomes)}};
}

std::string padded(std::string text, size_t width) {
  text.resize(std::max(text.size() + 1, width), ' ');
  return text;
}

std::string text_of(const ordered_json& report) {
  std::string out = cat("from ", report["place"].get<std::string>(), "\n\n");
  for (const auto& row : report["attempts"]) {
    const std::string outcome = row["outcome"];
    const std::string stake = row["stake"];
    const char* mark = outcome == "refused"   ? "refused"
                       : outcome == "untried" ? "untried"
                       : stake == "value"     ? "LEAK"
                                              : "open";
    const std::string layer = row["layer"];
    out += cat(padded(mark, 9), padded(row["about"], 52), padded(row["answer"], 14), layer, "\n");
  }
  const auto list = [&](const char* head, const ordered_json& values, const char* none) {
    std::string line;
    for (const auto& value : values)
      line += cat(line.empty() ? "" : ", ", value.is_string() ? value.get<std::string>() : cat(value.get<unsigned>()));
    out += cat(head, line.empty() ? none : line, "\n");
  };
  out += '\n';
  list("services on loopback: ", report["loopback_ports"], "none in view");
  list("MCP servers in view:  ", report["mcp_servers"], "none");
  for (const auto& note : report["notes"]) out += cat("note: ", note.get<std::string>(), "\n");
  out += cat("\nassurance level ", report["level"].get<int>(), ": ", report["why"].get<std::string>(), "\n");
  return out;
}

int finish(const ordered_json& report, const Options& options) {
  const std::string text = options.form == Form::kJson
                               ? report.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n"
                               : text_of(report);
  if (!put(text)) return 125;
  const bool low = options.at_least && static_cast<unsigned long>(report.value("level", 0)) < *options.at_least;
  return report.value("leaks", 0) != 0 || low ? 1 : 0;
}

ordered_json play(const std::string& helper, const ProveScene& scene) {
  const Standing standing = look_around();
  std::vector<Outcome> outcomes = make_attempts(helper, scene, standing);
  std::ranges::move(widen(helper, scene, standing), std::back_inserter(outcomes));
  return report_of(standing, outcomes);
}

// PREFIX runs this program again, which says as JSON what it found.
Result<ordered_json> play_through(const std::vector<std::string>& prefix, const ProveScene& scene) {
  char self[4096];
  const ssize_t size = ::readlink("/proc/self/exe", self, sizeof self);
  if (size <= 0) return sys::errno_error("readlink", "/proc/self/exe");
  std::vector<std::string> words = {std::string(self, static_cast<size_t>(size)), "prove", "--json", "--play",
                                    agents::encode(scene)};
  std::vector<std::string> argv = prefix;
  // A verb that takes one string for a shell.
  const size_t count = prefix.size();
  if (count >= 2 && prefix[count - 1] == "--" && prefix[count - 2] == "shell") {
    std::string line;
    for (const std::string& word : words) line += cat(line.empty() ? "" : " ", shell_quote(word));
    words = {line};
  }
  argv.insert(argv.end(), words.begin(), words.end());
  const Finished finished = TRY(run_program(argv, kPrefixMs, Input::kInherited));
  ordered_json report = ordered_json::parse(finished.output, nullptr, false);
  if (report.is_object() && report.contains("attempts")) return report;
  const std::string_view errors = trim(finished.errors);
  const size_t last = errors.rfind('\n');  // npos + 1 is 0
  return Error{ErrorKind::kLaunch, 0,
               cat(printable(prefix.front()), " did not run confide prove inside (exit status ", finished.exit_code,
                   "): ", printable(errors.substr(last + 1)), "; is ", printable(self), " shown inside?")};
}

Result<int> prove(const Options& options) {
  const std::string helper = TRY(broker::find_program("confide-probe"));
  if (options.play) return finish(play(helper, *options.play), options);
  const bool confined = look_around().place != Standing::Place::kUnconfined;
  if (confined && !options.prefix.empty())
    return Error{ErrorKind::kRefused, 0,
                 "what is set up for PREFIX must stand outside: call it from an unconfined shell"};
  // From inside nothing can be started outside: what is already there is looked for.
  if (confined) return finish(play(helper, {}), options);
  const ProveStage stage = TRY(ProveStage::set(helper));
  if (options.prefix.empty()) return finish(play(helper, stage.scene()), options);
  return finish(TRY(play_through(options.prefix, stage.scene())), options);
}

}  // namespace

int prove_verb(Arguments arguments) {
  if (asks_for_help(arguments)) return put(kHelp) ? 0 : 125;
  const auto options = parse(arguments);
  if (!options) return fail(options.error());
  const auto code = prove(*options);
  return code ? *code : fail(code.error(), options->form);
}

}  // namespace confide::cli
