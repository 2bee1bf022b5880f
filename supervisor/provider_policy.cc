#include "supervisor/provider_policy.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "launcher/host/survey.h"
#include "policy/paths.h"
#include "policy/resolve.h"

namespace confide::supervisor {
namespace {

const char* const kRow = "the provider's row";

bool others_may_write(const std::string& path, const launcher::Ids& own) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return true;
  if (found.st_uid != 0 && found.st_uid != own.uid) return true;
  // A group with its user's number is that user's alone (useradd(8), USERGROUPS_ENAB); any other may have members.
  const bool groups_own = found.st_gid == 0 || (found.st_gid == own.gid && own.gid == own.uid);
  // A sticky folder is no better: anybody can put a link into it.
  const mode_t others = groups_own ? S_IWOTH : S_IWOTH | S_IWGRP;
  return (found.st_mode & others) != 0;
}

bool is_program(const std::string& path) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0 && S_ISREG(found.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

std::string folder_of(const std::string& path) { return path.substr(0, std::max<size_t>(path.rfind('/'), 1)); }

// A program of the home comes with files beside it: …/google-cloud-sdk/bin/gcloud needs …/google-cloud-sdk/lib.
void show_program(const std::string& file, const std::string& home, policy::Policy& policy) {
  for (const std::string& path : {file, launcher::look_at(file).canonical}) {
    if (path.empty()) continue;
    std::string folder = folder_of(path);
    const std::string above = folder_of(folder);
    const bool may_show_above = above != home && above != "/" && !policy::is_within(home, above) &&
                                !above.ends_with("/.local") && folder.ends_with("/bin");
    if (may_show_above) folder = above;
    if (!policy::is_within(home, folder))
      policy.paths.push_back({folder, policy::Access::kRead, policy::IfMissing::kSkip, {kRow}});
    else
      policy.paths.push_back({path, policy::Access::kRead, policy::IfMissing::kSkip, {kRow}});
  }
}

}  // namespace

Result<std::string> find_provider_program(const ProviderOrder& order, const launcher::Caller& caller) {
  if (order.program.starts_with('/')) {
    if (!is_program(order.program)) return Error{ErrorKind::kNotExecutable, 0, order.program};
    return order.program;
  }
  for (const std::string_view entry : split(order.path, ':')) {
    const std::string folder(entry);
    if (!folder.starts_with('/')) continue;
    const std::string file = cat(folder, "/", order.program);
    if (!is_program(file)) continue;
    const std::string canonical = launcher::look_at(folder).canonical;
    const bool in_project = caller.project && policy::is_within(canonical, caller.project->canonical);
    const bool in_cwd = caller.cwd.canonical != "/" && policy::is_within(canonical, caller.cwd.canonical);
    if (in_project || in_cwd) continue;
    if (others_may_write(folder, caller.ids) || others_may_write(file, caller.ids)) continue;
    return file;
  }
  return Error{ErrorKind::kNotFound, 0, order.program};
}

Result<policy::Policy> provider_policy(const ProviderOrder& order, const launcher::Caller& caller,
                                       const std::string& program_file) {
  policy::ResolveInput input;
  input.place.home = order.home == "/" ? "" : order.home;
  input.place.cwd = caller.cwd.canonical;
  input.place.uid = caller.ids.uid;
  input.flags.profile = policy::Flag{"tool", kRow};
  policy::Policy policy = TRY(policy::resolve(input));
  policy.profile = "provider";
  policy.profile_origin = {kRow};
  policy.project = policy::Project::kAbsent;
  policy.masks = {.untracked_env_files = false, .globs = {}, .exceptions = {}, .always = {}, .origin = {kRow}};
  policy.environment = {.start = policy::Environment::Start::kMinimal, .pass = {}, .set = {}};
  policy.network = order.network ? policy::Network::kHost : policy::Network::kNone;
  if (order.timeout_ms > 0) policy.limits.timeout_ms = order.timeout_ms;
  policy.limits.grace_ms = 500;
  // A person who is root keeps what only root may read of the home; without any capability.
  if (caller.privilege == launcher::Privilege::kRoot) policy.powers.host_root = policy::HostRoot{{kRow}};
  for (const std::string& path : order.reads)
    policy.paths.push_back({path, policy::Access::kRead, policy::IfMissing::kSkip, {kRow}});
  for (const std::string& path : order.writes)
    policy.paths.push_back({path, policy::Access::kWrite, policy::IfMissing::kSkip, {kRow}});
  const bool of_system = program_file.starts_with("/usr/") || program_file.starts_with("/bin/") ||
                         program_file.starts_with("/opt/") || program_file.starts_with("/etc/");
  if (!of_system) show_program(program_file, order.home, policy);
  return policy;
}

}  // namespace confide::supervisor
