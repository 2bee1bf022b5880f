// confide policy check FILE | schema
#include <string_view>

#include "base/sys.h"
#include "base/text.h"
#include "cli/print.h"
#include "cli/verbs.h"
#include "policy/parse.h"
#include "policy/schema.h"

namespace confide::cli {
namespace {

constexpr const char* kHelp =
    "usage: confide policy check FILE\n"
    "       confide policy schema\n\n"
    "check says everything that is wrong with a policy file, with line and column (exit status 123), or nothing (0).\n"
    "schema prints the JSON Schema of policy files, for editors.\n\n"
    "A file named config.toml is read as the user's, one below /etc/confide/policy.d as an administrator's, any other "
    "as\n"
    "a project's confide.toml.\n\n"
    "example:\n  confide policy check confide.toml\n";

policy::Role role_of(std::string_view path) {
  if (path.starts_with("/etc/confide/policy.d/")) return policy::Role::kAdministrator;
  if (path == "config.toml" || path.ends_with("/config.toml")) return policy::Role::kUser;
  return policy::Role::kProject;
}

int check(const std::string& path) {
  const auto text = sys::read_file(path, policy::kMaxPolicyBytes);
  if (!text) return fail({ErrorKind::kRefused, text.error().errnum, text.error().what});
  const auto complaints = policy::check(*text, printable(path), {.role = role_of(path)});
  std::string out;
  for (const policy::Diagnostic& complaint : complaints) out += policy::to_text(complaint) + "\n";
  if (!put(out)) return 125;
  return complaints.empty() ? 0 : exit_code(ErrorKind::kRefused);
}

}  // namespace

int policy_verb(Arguments arguments) {
  const std::string_view word = arguments.empty() ? "" : arguments[0];
  if (asks_for_help(arguments)) return put(kHelp) ? 0 : 125;
  if (word == "check" && arguments.size() == 2) return check(arguments[1]);
  if (word == "schema" && arguments.size() == 1) return put(policy::schema_json()) ? 0 : 125;
  if (word != "check" && word != "schema" && nearest(word, {"check", "schema"})) {
    return fail({ErrorKind::kUsage, 0,
                 cat("unknown word `", printable(word), "`", did_you_mean(word, {"check", "schema"}),
                     " (confide policy --help)")});
  }
  return fail({ErrorKind::kUsage, 0, "policy takes `check FILE` or `schema` (confide policy --help)"});
}

}  // namespace confide::cli
