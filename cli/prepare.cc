#include "cli/prepare.h"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "base/sys.h"
#include "base/text.h"
#include "cli/project_policy.h"
#include "policy/parse.h"
#include "policy/paths.h"

namespace confide::cli {
namespace {

constexpr const char* kAdministratorFolder = "/etc/confide/policy.d";

Result<policy::Document> read_document(const std::string& path, policy::Role role) {
  auto text = sys::read_file(path, policy::kMaxPolicyBytes);
  if (!text) return Error{ErrorKind::kRefused, text.error().errnum, cat("policy file ", printable(path))};
  return policy::parse(*text, printable(path), {.role = role});
}

// Nothing where there is no file.
Result<std::optional<policy::Document>> read_if_there(const std::string& path, policy::Role role) {
  if (::access(path.c_str(), F_OK) != 0) return std::optional<policy::Document>();
  return std::optional(TRY(read_document(path, role)));
}

Result<std::vector<policy::Document>> read_administrators() {
  std::vector<std::string> paths;
  DIR* folder = ::opendir(kAdministratorFolder);
  if (folder == nullptr) {
    // A folder that is there but cannot be read would be bounds that nobody sees.
    if (errno != ENOENT && errno != ENOTDIR) return Error{ErrorKind::kRefused, errno, kAdministratorFolder};
    return std::vector<policy::Document>();
  }
  while (const dirent* entry = ::readdir(folder)) {
    const std::string_view name = entry->d_name;
    if (name.ends_with(".toml")) paths.push_back(cat(kAdministratorFolder, "/", name));
  }
  ::closedir(folder);
  std::ranges::sort(paths);
  std::vector<policy::Document> documents;
  for (const std::string& path : paths) documents.push_back(TRY(read_document(path, policy::Role::kAdministrator)));
  return documents;
}

std::string user_file(const launcher::Caller& caller, Asker asker) {
  const char* config = asker == Asker::kPerson ? std::getenv("XDG_CONFIG_HOME") : nullptr;
  if (config != nullptr && config[0] == '/') return cat(config, "/confide/config.toml");
  return cat(caller.home.requested, "/.config/confide/config.toml");
}

bool is_shown(std::string_view path, const launcher::Caller& caller, const policy::Policy& policy) {
  if (policy.system == policy::System::kWholeRoot || policy::is_within(path, caller.home.requested)) return true;
  if (caller.project && policy::is_within(path, caller.project->canonical)) return true;
  return std::ranges::any_of(policy.paths,
                             [&](const policy::PathRule& rule) { return policy::is_within(path, rule.path); });
}

// What exists inside, under its own name.
std::vector<policy::InsideVariable> inside_variables(const launcher::Caller& caller, const policy::Policy& policy) {
  std::vector<policy::InsideVariable> variables = {{"HOME", caller.home.requested}, {"TMPDIR", "/tmp"}};
  for (const char* name : {"XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"}) {
    const char* value = std::getenv(name);
    if (value != nullptr && !is_shown(value, caller, policy)) variables.push_back({name, {}});
  }
  return variables;
}

std::span<const char* const> caller_environment() {
  size_t count = 0;
  while (environ[count] != nullptr) ++count;
  return {environ, count};
}

}  // namespace

Result<Prepared> prepare(const RunOptions& options, Asker asker, policy::CarriesSecrets secrets) {
  Prepared prepared{.secrets = secrets};
  launcher::LaunchRequest& request = prepared.request;
  request.caller = TRY(asker == Asker::kPerson ? launcher::look_at_caller_from_environment()
                                               : launcher::look_at_caller_from_account());
  request.host = launcher::host_facts();

  policy::ResolveInput input{.administrators = TRY(read_administrators()),
                             .user = TRY(read_if_there(user_file(request.caller, asker), policy::Role::kUser)),
                             .project_file = {},
                             .flags = options.flags,
                             .place = {},
                             .for_agents = asker == Asker::kAgent || options.for_agents == policy::ForAgents::kYes
                                               ? policy::ForAgents::kYes
                                               : policy::ForAgents::kNo};
  if (options.policy_file) {
    input.project_file = TRY(read_document(*options.policy_file, policy::Role::kProject));
  } else if (request.caller.project) {
    auto project = TRY(allowed_policy(request.caller.project->canonical));
    input.project_file = std::move(project.document);
    if (!project.remark.empty()) prepared.remarks.push_back(std::move(project.remark));
  }
  input.place.home = request.caller.home.requested == "/" ? "" : request.caller.home.requested;
  input.place.cwd = request.caller.cwd.canonical;
  if (request.caller.project) input.place.project = request.caller.project->canonical;
  const char* path = std::getenv("PATH");
  input.place.path_variable = path != nullptr ? path : "";
  input.place.uid = request.caller.ids.uid;
  request.policy = TRY(policy::resolve(input));
  if (input.project_file) prepared.environments = std::move(input.project_file->environments);

  auto decision = policy::decide_environment(caller_environment(), request.policy.environment, secrets,
                                             inside_variables(request.caller, request.policy));
  request.command = {options.command, std::move(decision.passed)};
  prepared.removed = std::move(decision.removed);
  return prepared;
}

}  // namespace confide::cli
