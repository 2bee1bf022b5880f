#include "launcher/host/survey.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <set>

#include "base/kernel_abi.h"
#include "base/sys.h"
#include "base/text.h"
#include "launcher/host/masks.h"
#include "launcher/plan/build.h"
#include "policy/paths.h"

namespace confide::launcher {
namespace {

constexpr const char* kSystemFolders[] = {"/usr",    "/bin", "/sbin", "/lib", "/lib32", "/lib64",
                                          "/libx32", "/etc", "/opt",  "/nix", "/gnu"};

std::string link_target(const std::string& path) {
  char buffer[PATH_MAX];
  const ssize_t size = ::readlink(path.c_str(), buffer, sizeof buffer);
  return size <= 0 ? std::string() : std::string(buffer, static_cast<size_t>(size));
}

// Whether this process's user namespace has the uid (user_namespaces(7)); where that cannot be read, setting it tells.
bool is_mapped(uint32_t uid) {
  const auto map = sys::read_file("/proc/self/uid_map", 65536);
  if (!map) return true;
  for (const std::string_view line : split(*map, '\n')) {
    std::vector<unsigned long> numbers;
    for (const std::string_view word : split(line, ' '))
      if (const auto number = parse_number(word)) numbers.push_back(*number);
    if (numbers.size() == 3 && uid >= numbers[0] && uid - numbers[0] < numbers[2]) return true;
  }
  return false;
}

Privilege privilege_of_process() {
  if (::geteuid() != 0) return Privilege::kOrdinary;
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  if (::syscall(SYS_capget, &header, data) != 0) return Privilege::kOrdinary;
  constexpr uint32_t kNeeded = 1U << CAP_SETUID | 1U << CAP_SETGID | 1U << CAP_SYS_ADMIN;
  return (data[0].effective & kNeeded) == kNeeded ? Privilege::kRoot : Privilege::kOrdinary;
}

std::optional<Ids> sudo_ids() {
  const char* uid = std::getenv("SUDO_UID");
  const char* gid = std::getenv("SUDO_GID");
  if (uid == nullptr || gid == nullptr) return {};
  const auto u = parse_number(uid);
  const auto g = parse_number(gid);
  constexpr unsigned long kMax = 0xFFFF'FFFE;
  if (!u || !g || *u == 0 || *u > kMax || *g == 0 || *g > kMax) return {};
  return Ids{static_cast<uint32_t>(*u), static_cast<uint32_t>(*g)};
}

// The path of a socket that a variable of the caller's names.
std::string socket_path(const char* variable, std::string_view scheme) {
  const char* text = std::getenv(variable);
  std::string_view value = text != nullptr ? text : "";
  if (!value.starts_with(scheme)) return {};
  value.remove_prefix(scheme.size());
  return value.starts_with('/') ? std::string(value) : std::string();
}

std::optional<PathFact> socket_at(const std::string& path) {
  PathFact fact = path.empty() ? PathFact{} : look_at(path);
  return fact.kind == FileKind::kOther ? std::optional(std::move(fact)) : std::nullopt;
}

// The folders below `project` and above `path`, outermost first.
std::vector<std::string> folders_between(const std::string& project, const std::string& path) {
  std::vector<std::string> found;
  if (!path.starts_with(project + "/")) return found;
  for (size_t at = path.find('/', project.size() + 1); at != std::string::npos; at = path.find('/', at + 1))
    found.push_back(path.substr(0, at));
  return found;
}

void look_above_protected(const policy::Policy& policy, Scene& scene) {
  if (!scene.caller.project) return;
  std::set<std::string> seen;
  for (const policy::PathRule& rule : policy.paths) {
    if (rule.access != policy::Access::kProtect) continue;
    for (const std::string& folder : folders_between(scene.caller.project->canonical, rule.path))
      if (seen.insert(folder).second) scene.above_protected.push_back(look_at(folder));
  }
}

bool is_or_holds(std::string_view folder, std::string_view path) {
  return !path.empty() && policy::is_within(path, folder);
}

// A normal path that leads through no link is canonical as it stands.
UniqueFd open_without_links(const std::string& path) {
  const abi::OpenHow how{.flags = O_PATH | O_CLOEXEC, .resolve = abi::kResolveNoSymlinks | abi::kResolveNoMagiclinks};
  return UniqueFd(static_cast<int>(::syscall(abi::kNrOpenat2, AT_FDCWD, path.c_str(), &how, sizeof how)));
}

bool is_there(const std::string& path) {
  struct stat found {};
  return ::lstat(path.c_str(), &found) == 0;
}

}  // namespace

PathFact look_at(const std::string& path) {
  PathFact fact{.requested = path};
  struct stat found {};
  const bool normal = policy::is_normal(path);
  UniqueFd fd = normal ? open_without_links(path) : UniqueFd();
  if (fd.valid()) {
    fact.canonical = path;
  } else {
    if (normal && errno == ENOENT) return fact;
    fd = UniqueFd(::open(path.c_str(), O_PATH | O_CLOEXEC));
    if (!fd.valid()) return fact;
    fact.canonical = link_target(cat("/proc/self/fd/", fd.get()));
    // No /proc here, or the file was removed meanwhile, which the kernel says behind its name: unless that is its name.
    const bool removed = fact.canonical.ends_with(" (deleted)") && !is_there(fact.canonical);
    if (!fact.canonical.starts_with('/') || removed) return PathFact{.requested = path};
  }
  if (::fstat(fd.get(), &found) != 0) return PathFact{.requested = path};
  const bool folder = S_ISDIR(found.st_mode) && !is_cover_folder(found.st_mode);  // another run's, and no folder
  fact.kind = folder ? FileKind::kFolder : S_ISREG(found.st_mode) ? FileKind::kFile : FileKind::kOther;
  fact.device = found.st_dev;
  fact.inode = found.st_ino;
  fact.owner = found.st_uid;
  fact.group = found.st_gid;
  return fact;
}

std::string account_home(uint32_t uid) {
  const auto text = sys::read_file("/etc/passwd", 4U << 20);
  if (!text) return {};
  for (const std::string_view line : split(*text, '\n')) {
    const auto fields = split(line, ':');
    if (fields.size() == 7 && parse_number(fields[2]) == uid) return std::string(fields[5]);
  }
  return {};
}

Result<Caller> look_at_caller(HomeFrom home_from) {
  if (::getuid() != ::geteuid() || ::getgid() != ::getegid()) {
    return Error{ErrorKind::kRefused, 0, "confide must not be setuid or setgid; remove the bit"};
  }
  Caller caller;
  caller.ids = {::getuid(), ::getgid()};
  caller.privilege = privilege_of_process();
  // An agent's environment carries no power.
  if (caller.privilege == Privilege::kRoot && home_from == HomeFrom::kEnvironment) caller.sudo_ids = sudo_ids();
  if (caller.privilege == Privilege::kRoot && !is_mapped(caller.sudo_ids ? caller.sudo_ids->uid : kReservedId))
    caller.privilege = Privilege::kRootAlone;
  const char* variable = home_from == HomeFrom::kEnvironment ? std::getenv("HOME") : nullptr;
  const std::string account = variable == nullptr ? account_home(caller.ids.uid) : std::string();
  const std::string home = variable != nullptr && variable[0] == '/' ? std::string(variable) : account;
  caller.home = home.empty() ? PathFact{.requested = "/"} : look_at(home);
  while (caller.home.requested.size() > 1 && caller.home.requested.ends_with('/')) caller.home.requested.pop_back();
  const char* cache = home_from == HomeFrom::kEnvironment ? std::getenv("XDG_CACHE_HOME") : nullptr;
  if (cache != nullptr && cache[0] == '/')
    caller.cache = cache;
  else if (caller.home.requested.size() > 1)
    caller.cache = caller.home.requested + "/.cache";

  if (home_from == HomeFrom::kEnvironment) {
    caller.ssh_agent = socket_path("SSH_AUTH_SOCK", "");
    caller.docker = socket_path("DOCKER_HOST", "unix://");
    if (caller.docker.empty()) caller.docker = "/var/run/docker.sock";
  }

  char cwd[PATH_MAX];
  if (::getcwd(cwd, sizeof cwd) == nullptr || cwd[0] != '/') {
    return Error{ErrorKind::kRefused, 0, "the working directory does not exist any more; change to one that does"};
  }
  caller.cwd = look_at(cwd);
  caller.project = find_project(caller, account);
  for (int n = 0; n < 3; ++n) {
    termios settings{};
    if (::tcgetattr(n, &settings) == 0) caller.terminals |= 1U << n;
  }
  return caller;
}

std::optional<PathFact> find_project(const Caller& caller, const std::string& account) {
  std::string folder = caller.cwd.canonical;
  while (folder.size() > 1) {
    if (is_or_holds(folder, caller.home.requested) || is_or_holds(folder, caller.home.canonical) ||
        is_or_holds(folder, account)) {
      return {};
    }
    if (is_there(folder + "/.git") || is_there(folder + "/confide.toml")) {
      PathFact found = folder == caller.cwd.canonical ? caller.cwd : look_at(folder);
      found.requested = folder;
      const bool own = found.owner == caller.ids.uid || caller.privilege != Privilege::kOrdinary;
      if (found.kind == FileKind::kFolder && own && folder != "/tmp") return found;
    }
    const size_t slash = folder.rfind('/');
    folder.resize(slash == 0 ? 1 : slash);
  }
  return {};
}

Scene survey(const policy::Policy& policy, Caller caller) {
  Scene scene{.caller = std::move(caller)};
  if (policy.system == policy::System::kReadOnly) {
    for (const char* path : kSystemFolders) {
      struct stat found {};
      if (::lstat(path, &found) != 0) continue;
      if (S_ISLNK(found.st_mode))
        scene.system.push_back({path, link_target(path)});
      else if (S_ISDIR(found.st_mode))
        scene.system.push_back({path, {}});
    }
    if (policy.network == policy::Network::kHost) {
      PathFact resolver = look_at("/etc/resolv.conf");
      const bool elsewhere = !resolver.canonical.starts_with("/etc/") && !resolver.canonical.starts_with("/usr/");
      if (resolver.kind == FileKind::kFile && elsewhere) {
        resolver.requested = resolver.canonical;
        scene.resolver = std::move(resolver);
      }
    }
  }
  scene.paths.reserve(policy.paths.size());
  for (const policy::PathRule& rule : policy.paths) {
    // Few of the toolchains' folders are there: the cheaper question first.
    const bool absent = rule.if_missing == policy::IfMissing::kSkip && !is_there(rule.path);
    scene.paths.push_back(absent ? PathFact{.requested = rule.path} : look_at(rule.path));
  }
  look_above_protected(policy, scene);
  if (policy.powers.ssh_agent) scene.ssh_agent = socket_at(scene.caller.ssh_agent);
  if (policy.powers.docker) scene.docker = socket_at(scene.caller.docker);
  if (const auto scope = mask_scope(policy, scene.caller)) {
    FoundMasks found = find_masks(scope->masks, scope->folder, scene.caller.cache);
    scene.masks = std::move(found.files);
    scene.mask_search = std::move(found.search);
    if (scope->of == MaskScope::Of::kProject) scene.mask_search.watched = scope->folder.canonical;
  }
  return scene;
}

}  // namespace confide::launcher
