// confide setup codex|claude: writes into a client's settings what makes it ask confide, or takes that out again.
#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "agents/setup.h"
#include "base/text.h"
#include "cli/print.h"
#include "cli/run_options.h"
#include "cli/setup_files.h"
#include "cli/verbs.h"
#include "launcher/launcher.h"
#include "policy/paths.h"

namespace confide::cli {
namespace {

using agents::Act;
using agents::Client;
using agents::Scope;
using agents::Style;

constexpr const char* kHelp =
    "usage: confide setup codex|claude [OPTION]...\n\n"
    "Shows what has to change in the client's settings so that its tool calls go through `confide hook`, and changes "
    "it.\n"
    "Files that people wrote stay as they are everywhere else; a second run changes nothing.\n\n"
    "  --user      the account's own settings (the default)\n"
    "  --project   the project's settings\n"
    "  --managed   the machine's, below /etc, which no user can switch off; as root\n"
    "  --boxed     codex: all of its commands in one sandbox, instead of a hook\n"
    "  --print     show the changes and make none\n"
    "  --remove    take out what setup put in; files are then as they were\n"
    "  --json      the changes as JSON\n"
    "  --help      this text\n\n"
    "examples:\n"
    "  confide setup claude --print\n"
    "  confide setup claude\n"
    "  confide setup codex --boxed\n"
    "  confide setup claude --remove\n";

struct Options {
  Client client = Client::kClaude;
  Scope scope = Scope::kUser;
  Style style = Style::kHook;
  Act act = Act::kSet;
  enum class Writing : uint8_t { kYes, kShowOnly } writing = Writing::kYes;
  Form form = Form::kText;
};

Error usage(std::string what) { return {ErrorKind::kUsage, 0, what + " (confide setup --help)"}; }

Result<Options> parse(Arguments arguments) {
  Options options;
  bool named = false, scoped = false;
  for (const std::string_view argument : arguments) {
    const auto scope = [&](Scope value) -> Status {
      if (scoped) return usage("setup takes one of --user, --project and --managed");
      scoped = true;
      options.scope = value;
      return {};
    };
    if (argument == "--user") {
      TRY(scope(Scope::kUser));
    } else if (argument == "--project") {
      TRY(scope(Scope::kProject));
    } else if (argument == "--managed") {
      TRY(scope(Scope::kManaged));
    } else if (argument == "--boxed") {
      options.style = Style::kBoxed;
    } else if (argument == "--remove") {
      options.act = Act::kRemove;
    } else if (argument == "--print") {
      options.writing = Options::Writing::kShowOnly;
    } else if (argument == "--json") {
      options.form = Form::kJson;
    } else if (const auto client = agents::client_named(argument); client && !named) {
      options.client = *client;
      named = true;
    } else {
      return usage(cat("setup does not take `", printable(argument), "`"));
    }
  }
  if (!named) return usage("setup takes the client's name, as in: confide setup claude");
  return options;
}

Result<std::string> own_program() {
  char buffer[PATH_MAX];
  if (::realpath("/proc/self/exe", buffer) == nullptr) return Error{ErrorKind::kSystem, errno, "/proc/self/exe"};
  return std::string(buffer);
}

std::string folder_from(const char* variable, const std::string& otherwise) {
  const char* value = std::getenv(variable);
  if (value == nullptr || value[0] != '/') return otherwise;
  char buffer[PATH_MAX];
  std::string folder = ::realpath(value, buffer) != nullptr ? buffer : value;
  while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
  return folder;
}

bool is_program(const std::string& path) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0 && S_ISREG(found.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

// The native program behind the `codex` of PATH: npm installs a script of Node.js in front of it.
Result<std::string> find_codex() {
  const char* variable = std::getenv("PATH");
  for (const std::string_view folder : split(variable != nullptr ? variable : "", ':')) {
    char buffer[PATH_MAX];
    if (!folder.starts_with('/') || !is_program(cat(folder, "/codex")) ||
        ::realpath(cat(folder, "/codex").c_str(), buffer) == nullptr)
      continue;
    const std::string found = buffer;
    constexpr std::string_view kScript = "/codex/bin/codex.js";
    if (!found.ends_with(kScript)) return found;
    const std::string scope = found.substr(0, found.size() - kScript.size());
    for (const char* target : {"x64/vendor/x86_64", "arm64/vendor/aarch64"})
      for (const std::string& top : {scope, scope + "/codex/node_modules/@openai"})
        if (std::string native = cat(top, "/codex-linux-", target, "-unknown-linux-musl/bin/codex"); is_program(native))
          return native;
  }
  return Error{ErrorKind::kRefused, 0, "--boxed: no codex is in PATH; install it, or put its folder into PATH"};
}

struct Place {
  agents::SetupPlaces places;
  std::string records;
};

Result<Place> look_around(const Options& options) {
  const auto caller = TRY(launcher::look_at_caller_from_environment());
  const std::string& home = caller.home.requested;
  if (home.size() < 2) return Error{ErrorKind::kRefused, 0, "there is no home to keep settings in; set HOME"};
  Place place;
  place.places.claude_folder = folder_from("CLAUDE_CONFIG_DIR", home + "/.claude");
  place.places.codex_folder = folder_from("CODEX_HOME", home + "/.codex");
  if (caller.project) place.places.project = caller.project->canonical;
  place.records = options.scope == Scope::kManaged ? "/var/lib/confide/setup" : home + "/.local/state/confide/setup";
  if (options.scope == Scope::kManaged && options.writing == Options::Writing::kYes && caller.ids.uid != 0)
    return Error{ErrorKind::kRefused, 0, "--managed settings are root's: sudo confide setup … --managed"};
  return place;
}

std::string text_of(const Options& options, const agents::SetupPlan& plan) {
  std::string out;
  for (const agents::SetupChange& change : plan.changes)
    out += agents::show_difference(change.path, change.before, change.after);
  if (plan.changes.empty())
    out += options.act == Act::kSet ? "nothing to change: it is set up\n" : "nothing to take out\n";
  return out;
}

std::string json_of(const Options& options, const agents::SetupPlan& plan) {
  using nlohmann::ordered_json;
  ordered_json changes = ordered_json::array();
  for (const agents::SetupChange& change : plan.changes)
    changes.push_back({{"path", change.path},
                       {"exists", change.before.has_value()},
                       {"stays", change.after.has_value()},
                       {"difference", agents::show_difference(change.path, change.before, change.after)}});
  const ordered_json object = {
      {"changes", changes}, {"remarks", plan.remarks}, {"written", options.writing == Options::Writing::kYes}};
  return object.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

Result<int> set_up(const Options& options) {
  const Place place = TRY(look_around(options));
  agents::SetupRequest request{.client = options.client,
                               .scope = options.scope,
                               .style = options.style,
                               .program = TRY(own_program()),
                               .codex = {}};
  if (options.act == Act::kSet && options.style == Style::kBoxed && options.client == Client::kCodex &&
      options.scope == Scope::kUser) {
    request.codex = TRY(find_codex());
  }
  const auto paths = agents::files_to_read(request, place.places);
  const agents::Texts texts = TRY(read_settings(paths));
  auto plan =
      TRY(agents::plan_setup(options.act, request, place.places, texts, TRY(read_records(place.records, paths))));
  if (!place.places.project.empty() && policy::is_within(request.program, place.places.project))
    plan.remarks.push_back(cat(printable(request.program),
                               " lies in the project, where an agent could exchange it; install confide elsewhere"));
  // What is going to be changed is shown before it is.
  if (!put(options.form == Form::kJson ? json_of(options, plan) : text_of(options, plan))) return 125;
  if (options.form == Form::kText)
    for (const std::string& remark : plan.remarks) warn(remark);
  if (options.writing == Options::Writing::kYes)
    TRY(write_settings(options.act, plan.changes, place.records, options.scope == Scope::kManaged ? 0644 : 0600));
  return 0;
}

}  // namespace

int setup_verb(Arguments arguments) {
  if (asks_for_help(arguments)) return put(kHelp) ? 0 : 125;
  const auto options = parse(arguments);
  if (!options) return fail(options.error(), form_of(arguments));
  const auto code = set_up(*options);
  return code ? *code : fail(code.error(), options->form);
}

}  // namespace confide::cli
