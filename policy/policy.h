// The resolved policy of one run: what the sandbox may see and do, with the origin of every part.
// Plain values; made by policy/resolve.h, turned into steps by launcher/plan. Nothing here touches the host.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace confide::policy {

// Where a part of a policy came from, as a person would look it up: "profile tool (built in)",
// "confide.toml:14", "--read".
struct Origin {
  std::string text;
  bool operator==(const Origin&) const = default;
};

// A layer of protection. A profile says of each whether a run may start without it.
enum class Layer : uint8_t {
  kNamespaces,  // user, pid, mount, ipc, uts, cgroup namespaces and a root of our own
  kOwnProc,     // a procfs of the sandbox's own pid namespace
  kNetwork,     // an empty network namespace (network = "none")
  kLandlock,    // file rights, TCP ports, scopes, to the host's ABI
  kSeccomp,     // the system call filter
  kKeyring,     // a new session keyring
  kCgroup,      // memory, pids and cpu limits by a delegated cgroup v2
  kIdmap,       // a root caller's project by an idmapped mount
};
inline constexpr Layer kAllLayers[] = {Layer::kNamespaces, Layer::kOwnProc, Layer::kNetwork, Layer::kLandlock,
                                       Layer::kSeccomp,    Layer::kKeyring, Layer::kCgroup,  Layer::kIdmap};
const char* name_of(Layer layer);  // "namespaces", "own-proc", "network", "landlock", …

enum class Need : uint8_t { kRequired, kBestEffort };

enum class Access : uint8_t {
  kRead,     // read and execute
  kWrite,    // also create, change, remove
  kHide,     // a folder appears empty, a file empty; nothing of it can be read
  kProtect,  // in a writable folder: can be read, and neither changed nor replaced; elsewhere it says nothing
};
enum class IfMissing : uint8_t {
  kError,
  kSkip,
  kCover,  // kProtect only: cannot be made either
};

// One path as the sandbox sees it; the same path inside and outside. `~`, `$PROJECT`, `$HOME` are already expanded;
// symbolic links are not yet resolved. A later rule wins over an earlier one on the same or a nested path.
struct PathRule {
  std::string path;
  Access access = Access::kRead;
  IfMissing if_missing = IfMissing::kSkip;
  Origin origin;
  bool operator==(const PathRule&) const = default;
};

// What of the system is there.
enum class System : uint8_t {
  kAbsent,     // only what `paths` names
  kReadOnly,   // the usual system folders (/usr, /etc, /opt, …), read-only
  kWholeRoot,  // one recursive read-only bind of / (profile bench; everything that the uid can read is readable)
};
enum class Project : uint8_t { kAbsent, kReadOnly, kWritable };
enum class Network : uint8_t { kNone, kHost };
// Which Landlock rights are handled: file rights forbid every later mount, so an agent that needs an inner
// sandbox gets scopes only.
enum class LandlockUse : uint8_t { kFilesAndScopes, kScopesOnly };
enum class InnerSandbox : uint8_t { kRefused, kAllowed };
enum class HidePid : uint8_t { kOff, kInvisible };
enum class ProcSubset : uint8_t { kAll, kPidOnly };

// The filter's name; seccomp/ knows what it allows.
enum class SyscallProfile : uint8_t { kTool, kAgent };
const char* name_of(SyscallProfile profile);

// Masked files of the project: a net, not a wall (docs/threat-model.md). `globs` are relative to the project, `*`
// within one name, `**` across folders; `exceptions` are names that stay visible.
struct Masks {
  bool untracked_env_files = true;  // `.env*` at the project's root that git does not track
  std::vector<std::string> globs;
  std::vector<std::string> exceptions;
  std::vector<std::string> always;  // globs of an administrator's: no exception lifts them
  enum class OnChange : uint8_t { kMaskAgain, kEndRun } on_change = OnChange::kMaskAgain;
  Origin origin;
  bool operator==(const Masks&) const = default;
};

// What follows when the output of a run with secrets holds one of them (docs/masking.md).
struct Output {
  // For encoded forms; others are masked and that is all. The strictest first.
  enum class OnLeak : uint8_t {
    kKill,      // masked, and the run ends
    kWithhold,  // masked, and nothing of that stream passes any more
    kMask,
  } on_leak = OnLeak::kMask;
  enum class Partial : uint8_t { kOn, kOff } partial = Partial::kOn;  // beginnings and ends of a secret
  std::vector<std::string> mask_anyway;  // names of secrets that are masked though short or common
  bool operator==(const Output&) const = default;
};

// What of the caller's environment passes (policy/environment.h applies it).
struct Environment {
  enum class Start : uint8_t { kCallerWithoutCredentials, kMinimal } start = Start::kCallerWithoutCredentials;
  std::vector<std::string> pass;           // put back by name, credentials included
  std::map<std::string, std::string> set;  // NAME=VALUE
  bool operator==(const Environment&) const = default;
};

struct Limits {
  std::optional<uint64_t> memory_bytes;
  std::optional<uint64_t> pids;
  std::optional<double> cpus;
  std::optional<int64_t> timeout_ms;
  int64_t grace_ms = 2000;  // between SIGTERM and SIGKILL
  uint64_t open_files = 0;  // RLIMIT_NOFILE, soft and hard; 0 keeps the caller's
  bool operator==(const Limits&) const = default;
};

// Powers that are never default; each is a type of its own so that its use is found by grep.
struct HostRoot {
  Origin origin;
  bool operator==(const HostRoot&) const = default;
};  // keep kernel uid 0
struct HostProc {
  Origin origin;
  bool operator==(const HostProc&) const = default;
};  // the host's /proc, read-only
struct HostSys {
  Origin origin;
  bool operator==(const HostSys&) const = default;
};  // /sys, read-only
struct WritableSystem {
  Origin origin;
  bool operator==(const WritableSystem&) const = default;
};

struct HostSshAgent {
  Origin origin;
  bool operator==(const HostSshAgent&) const = default;
};  // the socket of the caller's ssh-agent
struct HostDocker {
  Origin origin;
  bool operator==(const HostDocker&) const = default;
};  // the socket of docker or podman

struct Powers {
  std::optional<HostRoot> host_root;
  std::optional<HostProc> host_proc;
  std::optional<HostSys> host_sys;
  std::optional<WritableSystem> writable_system;
  std::optional<HostSshAgent> ssh_agent;
  std::optional<HostDocker> docker;
  bool operator==(const Powers&) const = default;
};

struct Policy {
  std::string profile = "tool";
  Origin profile_origin;

  System system = System::kReadOnly;
  Project project = Project::kWritable;
  // The caller's home: false is a private, empty one with only `paths` in it.
  bool home_visible = false;
  std::vector<PathRule> paths;  // toolchains of the home, then what the profile, the files and the flags name
  Masks masks;
  Output output;

  Network network = Network::kNone;
  Origin network_origin;
  HidePid hide_pid = HidePid::kOff;
  ProcSubset proc_subset = ProcSubset::kAll;
  LandlockUse landlock = LandlockUse::kFilesAndScopes;
  InnerSandbox inner_sandbox = InnerSandbox::kRefused;
  SyscallProfile syscalls = SyscallProfile::kTool;

  Environment environment;
  Limits limits;
  std::map<Layer, Need> needs;  // a layer that is absent here is best-effort
  Powers powers;

  // Where each scalar came from, by its key in confide.toml(5): "network", "limits.memory", "environment.pass.NAME".
  // A key that nothing set is absent: what holds then is the default of this struct.
  std::map<std::string, Origin, std::less<>> origins;

  Need need(Layer layer) const {
    const auto at = needs.find(layer);
    return at == needs.end() ? Need::kBestEffort : at->second;
  }
  // The origin of a key, or that of the profile where nothing set it.
  const Origin& origin_of(std::string_view key) const {
    const auto at = origins.find(key);
    return at == origins.end() ? profile_origin : at->second;
  }
  bool operator==(const Policy&) const = default;
};

}  // namespace confide::policy
