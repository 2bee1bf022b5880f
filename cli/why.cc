// confide why: what held the last run that failed (or the last wrapped agent), by which layer and rule, and which key
// would allow it. It reads what runs leave (run_record.h); what the kernel refused call by call nobody wrote down.
#include <dirent.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <vector>

#include "base/sys.h"
#include "base/text.h"
#include "cli/print.h"
#include "cli/run_record.h"
#include "cli/verbs.h"
#include "policy/paths.h"

namespace confide::cli {
namespace {

using nlohmann::ordered_json;

constexpr const char* kHelp =
    "usage: confide why [--json] [--path PATH] [PID | last]\n\n"
    "Says what held the last run that ended with anything but 0, or the last wrapped agent: layers, what was shown of "
    "the\n"
    "disk, variables taken out, by which rule, and which key would allow it. With --path, what that path was "
    "inside.\n\n"
    "  --json       the record as JSON\n"
    "  --path PATH  what this path was inside\n\n"
    "System calls and files that the kernel refused one by one are not recorded: without root it tells nobody.\n\n"
    "examples:\n"
    "  confide why\n"
    "  confide why --path ~/.npmrc last\n";

struct Options {
  Form form = Form::kText;
  std::string path;
  std::optional<unsigned long> pid;
};

Result<Options> parse(Arguments arguments) {
  Options options;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view word = arguments[i];
    if (word == "--json") {
      options.form = Form::kJson;
    } else if (word == "--path" && i + 1 < arguments.size()) {
      options.path = arguments[++i];
    } else if (word == "last") {
      options.pid.reset();
    } else if (const auto pid = parse_number(word)) {
      options.pid = pid;
    } else {
      return Error{ErrorKind::kUsage, 0,
                   cat("why takes PID or last, not `", printable(word), "` (confide why --help)")};
    }
  }
  return options;
}

Result<ordered_json> find_record(const std::string& folder, const Options& options) {
  std::vector<std::string> names;
  if (DIR* open = folder.empty() ? nullptr : ::opendir(folder.c_str())) {
    const std::string end = options.pid ? cat("-", *options.pid, ".json") : std::string(".json");
    while (const dirent* entry = ::readdir(open)) {
      const std::string name = entry->d_name;
      if (name.ends_with(end)) names.push_back(name);
    }
    ::closedir(open);
  }
  if (names.empty()) {
    return Error{ErrorKind::kRefused, 0,
                 options.pid ? cat("no run of process ", *options.pid, " is recorded in ", printable(folder))
                             : cat("no run is recorded in ", printable(folder),
                                   ": runs that end with 0 leave nothing, but for wrapped agents")};
  }
  const std::string path = cat(folder, "/", *std::ranges::max_element(names));
  ordered_json record = ordered_json::parse(TRY(sys::read_file(path, 1U << 20)), nullptr, false);
  if (!record.is_object() || record.value("version", 0) != 1)
    return Error{ErrorKind::kRefused, 0, cat(printable(path), " is damaged; remove it")};
  return record;
}

std::string text(const ordered_json& object, const char* key) {
  const auto at = object.find(key);
  return at != object.end() && at->is_string() ? printable(at->get<std::string>()) : std::string();
}

const ordered_json& list(const ordered_json& object, const char* key) {
  static const ordered_json kNone = ordered_json::array();
  const auto at = object.find(key);
  return at != object.end() && at->is_array() ? *at : kNone;
}

// What an exit status says of who refused.
std::string meaning_of(const ordered_json& record) {
  switch (record.value("exit", 0)) {
    case 123: return "policy refused it before anything was launched";
    case 124: return "limits.timeout ended it";
    case 125: return "a layer or step failed, named above";
    case 126: return "found, and not executable inside: its interpreter, or a mount without it, may not be shown";
    case 127: return "the command was not found inside: show its folder with `read`, or name its toolchain";
    case 159: return "SIGSYS: the system call filter ended it (a foreign ABI, or a call that no program needs)";
    case 137: return "SIGKILL: out of limits.memory, or killed from outside";
    default: return "the command's own; below is what it could not see or do";
  }
}

// The rule that decides about a path: the longest that it lies in, the later of equal ones.
const ordered_json* rule_for(const ordered_json& record, const std::string& path) {
  const ordered_json* best = nullptr;
  for (const ordered_json& row : list(record, "paths")) {
    const std::string at = row.value("path", "");
    if (at.empty() || !policy::is_within(path, at)) continue;
    if (best == nullptr || at.size() >= best->value("path", "").size()) best = &row;
  }
  return best;
}

std::string cure_for(const std::string& as, const std::string& path) {
  const std::string name = printable(path);
  if (as == "masked") return cat("mask.exceptions = [\"", name.substr(name.rfind('/') + 1), "\"] shows it");
  if (as == "covered") return cat("it cannot be made; `write = [\"", name, "\"]` once it exists");
  if (as == "read-only") return cat("write = [\"", name, "\"], or --write ", shell_quote(name));
  if (as == "hidden") return cat("the rule that hides it; read = [\"", name, "\"] in a stronger file");
  return cat("read = [\"", name, "\"], or --read ", shell_quote(name));
}

std::string about_path(const ordered_json& record, const std::string& path) {
  const ordered_json* rule = rule_for(record, path);
  const std::string as = rule == nullptr ? "" : rule->value("as", "");
  const bool below_private = as == "private" && rule->value("path", "") != path;
  if (rule == nullptr || below_private)
    return cat(printable(path), ": not there inside (mount namespace); ", cure_for("", path));
  if (as == "writable") return cat(printable(path), ": there and writable (", text(*rule, "by"), ")");
  return cat(printable(path), ": ", as, " (", text(*rule, "by"), "); ", cure_for(as, path));
}

std::string names(const ordered_json& rows, const char* as) {
  std::string out;
  for (const ordered_json& row : rows)
    if (row.value("as", "") == as) out += cat(out.empty() ? "" : ", ", text(row, "path"));
  return out;
}

std::string text_of(const ordered_json& record, const std::string& path) {
  std::string out =
      cat("confide ", text(record, "verb"), ", process ", record.value("pid", 0), ": ", text(record, "command"),
          ", profile ", text(record, "profile"), "\n", text(record, "ended"), ": ", meaning_of(record), "\n\n");
  if (!path.empty()) return out + about_path(record, path) + "\n";
  const auto line = [&](const char* head, const std::string& what, const char* key) {
    if (!what.empty()) out += cat(head, what, "\n                  key: ", key, "\n");
  };
  for (const ordered_json& layer : list(record, "layers"))
    if (!layer.value("applied", true))
      out += cat("LOST              ", text(layer, "layer"), ": ", text(layer, "note"), "\n");
  const ordered_json& paths = list(record, "paths");
  line("writable          ", names(paths, "writable"), "write, --write");
  line("read-only         ", names(paths, "read-only"), "write, --write");
  line("masked            ", names(paths, "masked"), "mask.exceptions");
  line("not to be made    ", names(paths, "covered"), "protect; write of the path itself");
  line("hidden            ", names(paths, "hidden"), "hide");
  const bool whole_root =
      std::ranges::any_of(paths, [](const ordered_json& row) { return row.value("path", "") == "/"; });
  if (!paths.empty() && !whole_root)
    out += "every other path  not there (mount namespace)\n                  key: read, write\n";
  if (text(record, "network") == "none")
    line("network           none", cat(" (", text(record, "network_by"), ")"), "network = \"host\", --network host");
  std::string secrets;
  for (const ordered_json& name : list(record, "secrets"))
    if (name.is_string()) secrets += cat(secrets.empty() ? "" : ", ", printable(name.get<std::string>()));
  line("secrets           ", secrets, "--secret, --env-file, [environment.NAME]");
  std::string removed;
  for (const ordered_json& variable : list(record, "removed"))
    removed += cat(removed.empty() ? "" : ", ", text(variable, "name"), " (", text(variable, "reason"), ")");
  line("taken out         ", removed, "environment.pass, --env NAME (agent: --pass NAME)");
  line("system calls      filter ", text(record, "syscalls"), "syscalls, for what docs/seccomp.md says");
  return out + "\nWhat the kernel refused call by call is not recorded. --path PATH asks about one path.\n";
}

Result<int> why(const Options& options) {
  const launcher::Caller caller = TRY(launcher::look_at_caller_from_environment());
  const ordered_json record = TRY(find_record(runs_folder(Asker::kPerson, caller.home.requested), options));
  if (options.form == Form::kJson)
    return put(record.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n") ? 0 : 125;
  std::string path;
  if (!options.path.empty()) {
    const policy::Place place{
        .home = caller.home.requested, .cwd = caller.cwd.canonical, .project = {}, .path_variable = {}};
    const auto expanded = TRY(policy::expand_path(options.path, policy::PathSource::kFlag, place));
    path = expanded.value_or(options.path);
  }
  return put(text_of(record, path)) ? 0 : 125;
}

}  // namespace

int why_verb(Arguments arguments) {
  if (asks_for_help(arguments)) return put(kHelp) ? 0 : 125;
  const auto options = parse(arguments);
  if (!options) return fail(options.error());
  const auto code = why(*options);
  return code ? *code : fail(code.error(), options->form);
}

}  // namespace confide::cli
