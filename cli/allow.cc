// confide allow [PATH] | deny [PATH]: a person says whether a project's confide.toml counts.
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <string_view>

#include "base/text.h"
#include "cli/print.h"
#include "cli/project_policy.h"
#include "cli/run_options.h"
#include "cli/verbs.h"
#include "launcher/launcher.h"
#include "policy/parse.h"
#include "trust/digest.h"
#include "trust/store.h"

namespace confide::cli {
namespace {

constexpr const char* kAllowHelp =
    "usage: confide allow [--json] [PATH]\n\n"
    "Allows the confide.toml of the project at PATH, else of the one around the working directory, as it is now: runs "
    "use\n"
    "it until it changes. Read it first; whoever can write the project can have written it.\n\n"
    "example:\n  confide allow ~/src/shop\n";
constexpr const char* kDenyHelp =
    "usage: confide deny [--json] [PATH]\n\n"
    "Takes back what confide allow said of the project at PATH, else of the one around the working directory.\n\n"
    "example:\n  confide deny ~/src/shop\n";

struct Request {
  Form form = Form::kText;
  std::string path = ".";
};

Result<Request> parse_request(std::string_view verb, Arguments arguments) {
  Request request;
  bool named = false;
  for (const std::string_view argument : arguments) {
    if (argument == "--json") {
      request.form = Form::kJson;
    } else if (argument.empty() || argument.starts_with('-') || named) {
      return Error{
          ErrorKind::kUsage, 0,
          cat(verb, " takes --json and one path; `", printable(argument), "` is neither (confide ", verb, " --help)")};
    } else {
      request.path = argument;
      named = true;
    }
  }
  return request;
}

// The real path of the project at or around a folder, or around a confide.toml that was named itself.
Result<std::string> project_of(std::string path) {
  const std::string shown = printable(path);
  if (path == "confide.toml") path = ".";
  if (path.ends_with("/confide.toml")) path.resize(path.size() - std::string_view("/confide.toml").size() + 1);
  if (::chdir(path.c_str()) != 0) return Error{ErrorKind::kRefused, errno, shown};
  const auto caller = TRY(launcher::look_at_caller_from_account());
  if (!caller.project)
    return Error{ErrorKind::kRefused, 0,
                 cat(shown, " is in no project: there is neither .git nor confide.toml, or it is a home")};
  return caller.project->canonical;
}

int say(const Request& request, const std::string& project, std::string_view digest, std::string_view text) {
  if (request.form == Form::kText) return put(cat(text, "\n")) ? 0 : 125;
  nlohmann::ordered_json object = {{"project", project}, {"allowed", !digest.empty()}};
  if (!digest.empty()) object["sha256"] = digest;
  return put(object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n") ? 0 : 125;
}

Result<int> allow(const Request& request) {
  const std::string project = TRY(project_of(request.path));
  const auto text = TRY(read_project_file(project));
  if (!text)
    return Error{ErrorKind::kRefused, 0, cat(printable(project), " has no confide.toml, so there is nothing to allow")};
  const std::string file = printable(project + "/confide.toml");
  TRY(policy::parse(*text, file, {.role = policy::Role::kProject}));
  const std::string digest = trust::sha256_hex(*text);
  TRY(trust::Store(launcher::home_of_account()).allow(project, digest));
  return say(request, project, digest, cat("allowed: ", file, ", sha256 ", digest));
}

Result<int> deny(const Request& request) {
  const std::string project = TRY(project_of(request.path));
  const bool was = TRY(trust::Store(launcher::home_of_account()).deny(project));
  return say(request, project, "", cat(was ? "no longer allowed: " : "was not allowed: ", printable(project)));
}

int carry_out(std::string_view verb, Arguments arguments, const char* help, Result<int> (*act)(const Request&)) {
  if (asks_for_help(arguments)) return put(help) ? 0 : 125;
  const auto request = parse_request(verb, arguments);
  if (!request) return fail(request.error(), form_of(arguments));
  const auto code = act(*request);
  return code ? *code : fail(code.error(), request->form);
}

}  // namespace

int allow_verb(Arguments arguments) { return carry_out("allow", arguments, kAllowHelp, allow); }
int deny_verb(Arguments arguments) { return carry_out("deny", arguments, kDenyHelp, deny); }

}  // namespace confide::cli
