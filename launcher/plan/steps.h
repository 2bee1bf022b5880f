// The launch plan: an ordered list of typed steps, each with where it came from. It is data: explain prints it, freeze
// turns it into what the child executes, golden tests compare it. A new step does not compile until every visitor
// (explain.cc, freeze.cc) knows it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "launcher/child/frozen_plan.h"
#include "launcher/plan/scene.h"
#include "policy/policy.h"

namespace confide::launcher {

// Namespaces of the clone (CLONE_NEW… of clone(2)); 0: none could be had.
struct CloneStep {
  uint64_t namespaces = 0;
  bool operator==(const CloneStep&) const = default;
};
enum class MapWriter : uint8_t { kChild, kParent };
struct IdentityStep {
  Ids inside;
  Ids kernel;
  MapWriter writer = MapWriter::kChild;
  bool operator==(const IdentityStep&) const = default;
};
// Without a user namespace a root caller still changes to another uid.
struct ChangeIdsStep {
  Ids to;
  bool operator==(const ChangeIdsStep&) const = default;
};
struct RootStep {
  policy::System base = policy::System::kReadOnly;  // kWholeRoot: / itself, else an empty tmpfs
  std::string staging = "/proc";  // where the new root is put together: a folder that no later step reads from
  bool operator==(const RootStep&) const = default;
};
struct MakeFolder {
  std::string path;
  uint32_t mode = 0755;
  bool operator==(const MakeFolder&) const = default;
};
struct FileStep {
  std::string path;
  std::string content;
  uint32_t mode = 0444;
  bool operator==(const FileStep&) const = default;
};
struct LinkStep {
  std::string path;
  std::string points_to;
  bool operator==(const LinkStep&) const = default;
};
// On-disk owner shown as the sandbox's uid, and the other way round.
struct Idmap {
  Ids disk;
  Ids kernel;
  bool operator==(const Idmap&) const = default;
};
enum class Trust : uint8_t { kSystem, kContested };  // kContested: others may be changing the path right now
// Where a target lies: in a file system that the sandbox alone has, or in one that others may be changing as well.
enum class Ground : uint8_t { kOwn, kShared };
// With whose rights a source is opened: a root caller's may lie where the uid of its sandbox cannot go.
enum class OpenedBy : uint8_t { kChild, kLauncher };
struct BindStep {
  PathFact source;
  std::string target;
  Ground ground = Ground::kShared;
  policy::Access access = policy::Access::kRead;
  Trust trust = Trust::kContested;
  OpenedBy opened_by = OpenedBy::kChild;
  std::optional<Idmap> idmap;  // kLauncher
  bool operator==(const BindStep&) const = default;
};
// An empty folder that the sandbox alone has, writable. Where `path` lies in its own root's file system, a part of
// that, mounted on itself: half the price of a tmpfs, and the ones that a program can fill share one limit.
struct PrivateStep {
  std::string path;
  uint32_t mode = 0700;
  Ground ground = Ground::kShared;
  bool operator==(const PrivateStep&) const = default;
};
enum class Writable : uint8_t { kNo, kYes };
struct FilesystemStep {
  std::string type;  // tmpfs, ramfs, proc, devpts
  std::string target;
  std::string options;
  Writable writable = Writable::kYes;
  bool operator==(const FilesystemStep&) const = default;
};
// Everything mounted so far read-only, nosuid, nodev and private; then the writable ones writable again.
struct SealStep {
  std::vector<std::string> writable;
  std::vector<std::string> read_only_again;  // read-only places inside writable ones
  bool operator==(const SealStep&) const = default;
};
struct DevicesStep {
  std::vector<std::string> names;
  bool operator==(const DevicesStep&) const = default;
};
enum class MaskReason : uint8_t { kMasked, kHidden };
struct MaskStep {
  std::string path;
  std::string empty;  // what is put over it
  FileKind kind = FileKind::kFile;
  MaskReason reason = MaskReason::kMasked;
  Ground ground = Ground::kShared;
  bool operator==(const MaskStep&) const = default;
};
// Names below `folder` that are not there and that nobody shall make: something stands in the place of each during the
// run, mounted on itself and read-only. The launcher takes it away again.
using child::CoverAs;
// A folder that a cover is: nobody gives one of theirs such a mode. `mode` as stat(2) has it.
constexpr bool is_cover_folder(uint32_t mode) {
  return (mode & 0170000U) == 0040000U && (mode & 01000U) != 0 && (mode & 0222U) == 0;
}
static_assert(is_cover_folder(0040000U | child::kCoverFolderMode));
struct CoveredName {
  std::string name;
  // A socket, which git, grep and most tools pass by; an empty folder, for a name that programs open as one (Claude
  // Code asks its person what to do about a `.claude` that is none); such a folder with a private one, writable,
  // mounted on it; a file with `content`.
  CoverAs as = CoverAs::kSocket;
  std::string content;
  bool operator==(const CoveredName&) const = default;
};
struct CoverStep {
  std::string folder;
  std::vector<CoveredName> names;
  bool operator==(const CoverStep&) const = default;
};
// No process of the sandbox can make a user namespace.
struct NoNamespacesStep {
  bool operator==(const NoNamespacesStep&) const = default;
};
// Masked names in `folder` are watched during the run, from outside: the supervisor needs the sandbox's mount
// namespace.
struct WatchStep {
  std::string folder;
  std::string empty;  // what is put over a name that appears
  policy::Masks::OnChange on_change = policy::Masks::OnChange::kMaskAgain;
  bool operator==(const WatchStep&) const = default;
};
struct LoopbackStep {
  bool operator==(const LoopbackStep&) const = default;
};
struct PivotStep {
  bool operator==(const PivotStep&) const = default;
};
struct SessionStep {
  uint32_t terminals = 0;  // stdio that becomes the sandbox's own pty
  bool operator==(const SessionStep&) const = default;
};
struct KeyringStep {
  bool operator==(const KeyringStep&) const = default;
};
struct Rlimit {
  int resource = 0;
  std::string name;
  uint64_t value = 0;
  bool operator==(const Rlimit&) const = default;
};
struct LimitsStep {
  std::vector<Rlimit> limits;
  bool operator==(const LimitsStep&) const = default;
};
// Limits by cgroup v2: a folder made before the clone, removed after the run.
struct CgroupStep {
  std::string parent;
  std::optional<uint64_t> memory_bytes;
  std::optional<uint64_t> pids;
  std::optional<double> cpus;
  bool operator==(const CgroupStep&) const = default;
};
struct SecretsStep {
  std::vector<SecretSlot> slots;
  std::string folder;  // where files appear; empty: none is delivered as a file
  bool operator==(const SecretsStep&) const = default;
};
// A secret's file over what stands at `target` in the sandbox: the host's own file there stays as it is.
struct ViewStep {
  std::string secret;
  std::string source;  // in the secrets' folder
  std::string target;
  bool operator==(const ViewStep&) const = default;
};
struct LandlockPath {
  std::string path;
  uint64_t access = 0;
  bool operator==(const LandlockPath&) const = default;
};
struct LandlockStep {
  int abi = 0;
  uint64_t handled_fs = 0;
  uint64_t handled_net = 0;
  uint64_t scoped = 0;
  std::vector<LandlockPath> rules;
  std::vector<std::string> dropped;  // rights that the host's ABI does not know
  bool operator==(const LandlockStep&) const = default;
};
struct PrivilegesStep {  // no_new_privs, five capability sets, securebits
  bool operator==(const PrivilegesStep&) const = default;
};
struct VerifyStep {
  bool own_proc = false;
  std::string read_only;  // a path that must be on a read-only mount; empty: none
  bool operator==(const VerifyStep&) const = default;
};
enum class Sockets : uint8_t { kInternet, kLocalOnly };
struct SeccompStep {
  policy::SyscallProfile profile = policy::SyscallProfile::kTool;
  Sockets sockets = Sockets::kInternet;  // kLocalOnly: no network namespace, so the filter refuses the families
  bool operator==(const SeccompStep&) const = default;
};
struct DirectoryStep {
  std::string path;
  bool operator==(const DirectoryStep&) const = default;
};
struct ExecStep {
  std::vector<std::string> candidates;
  std::vector<std::string> argv;
  bool operator==(const ExecStep&) const = default;
};

using Action =
    std::variant<CloneStep, CgroupStep, IdentityStep, ChangeIdsStep, RootStep, MakeFolder, FileStep, LinkStep, BindStep,
                 PrivateStep, FilesystemStep, SealStep, DevicesStep, MaskStep, CoverStep, WatchStep, NoNamespacesStep,
                 LoopbackStep, PivotStep, SessionStep, KeyringStep, LimitsStep, SecretsStep, ViewStep, LandlockStep,
                 PrivilegesStep, VerifyStep, SeccompStep, DirectoryStep, ExecStep>;

struct Step {
  Action action;
  std::string origin;
  policy::Need need = policy::Need::kRequired;  // kBestEffort: its failure is noted and the run goes on
  std::optional<policy::Layer> layer;           // the layer that is lost with it
  bool operator==(const Step&) const = default;
};

// What became of a layer.
struct LayerState {
  policy::Layer layer = policy::Layer::kNamespaces;
  bool applied = false;
  std::string note;  // what it is, or what was lost and how to get it
  bool operator==(const LayerState&) const = default;
};

struct LaunchPlan {
  std::vector<Step> steps;
  std::vector<LayerState> layers;
  std::vector<std::string> environment;
  std::vector<std::string> remarks;  // what a person should know and no step or layer says
  bool operator==(const LaunchPlan&) const = default;
};

}  // namespace confide::launcher
