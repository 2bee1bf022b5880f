#include "launcher/plan/build.h"

#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <functional>
#include <set>
#include <utility>

#include "base/text.h"
#include "launcher/plan/landlock.h"
#include "launcher/plan/landlock_rules.h"
#include "launcher/plan/plan_writer.h"
#include "launcher/plan/root.h"
#include "launcher/plan/view.h"

namespace confide::launcher {
namespace {

using policy::Layer;
using policy::Need;
using What = ViewNode::What;

constexpr uint64_t kNamespaces =
    CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;

class Builder {
 public:
  explicit Builder(const BuildInput& in)
      : in_(in), policy_(in.policy), host_(in.host), caller_(in.scene.caller), out_(in.policy) {}

  // The order is the protection: mounts before Landlock (it forbids later ones), secrets once the child stands, then
  // what takes power away, then proof that it is gone, the filter last.
  Result<LaunchPlan> build() {
    if (in_.command.argv.empty()) return Error{ErrorKind::kUsage, 0, "no command given"};
    TRY(choose_namespaces());
    TRY(limit_by_cgroup());
    choose_identity();
    TRY(watch_masks());
    if (namespaces_ != 0) {
      root_ = TRY(build_root(in_, identity_, own_proc_ ? OwnProc::kYes : OwnProc::kNo, out_));
      if (policy_.network == policy::Network::kNone) {
        out_.add(LoopbackStep{}, kBuiltIn, Need::kBestEffort);
      }
    }
    out_.add(SessionStep{caller_.terminals}, kBuiltIn);
    join_keyring();
    set_limits();
    deliver_secrets();
    TRY(restrict_files());
    out_.add(PrivilegesStep{}, kBuiltIn);
    const bool sealed =
        namespaces_ != 0 && !(policy_.system == policy::System::kWholeRoot && policy_.powers.writable_system);
    out_.add(VerifyStep{.own_proc = own_proc_, .read_only = sealed ? "/" : ""}, kBuiltIn);
    change_directory();
    TRY(filter_calls());
    run_command();
    return out_.take();
  }

 private:
  Status choose_namespaces() {
    if (!host_.user_namespaces.available) {
      TRY(out_.lost(Layer::kNamespaces, host_.user_namespaces.why_not));
      TRY(out_.lost(Layer::kOwnProc, "it needs namespaces"));
      return check_without_namespaces();
    }
    namespaces_ = kNamespaces;
    out_.applied(Layer::kNamespaces, "user mount pid ipc uts cgroup");
    if (policy_.network == policy::Network::kNone && host_.network_namespace.available) {
      namespaces_ |= CLONE_NEWNET;
      out_.applied(Layer::kNetwork, "empty network namespace, loopback only");
    } else if (policy_.network == policy::Network::kNone) {
      refuse_sockets();
    }
    own_proc_ = !policy_.powers.host_proc && host_.own_proc.available;
    if (own_proc_)
      out_.applied(Layer::kOwnProc);
    else if (!policy_.powers.host_proc)
      TRY(out_.lost(Layer::kOwnProc, host_.own_proc.why_not));
    out_.add(CloneStep{namespaces_}, kBuiltIn, Need::kRequired, Layer::kNamespaces);
    return {};
  }

  // Without a mount namespace nothing can be hidden but by Landlock's file rights, and nothing delivered as a file.
  Status check_without_namespaces() {
    if (policy_.system == policy::System::kWholeRoot) {
      return Error{ErrorKind::kUnsupported, 0,
                   cat("system = \"whole-root\" (", policy_.origin_of("system").text,
                       ") needs a mount namespace, without which the host's own /dev and /tmp would be shown: ",
                       host_.user_namespaces.why_not)};
    }
    if (host_.landlock_abi == 0 || policy_.landlock == policy::LandlockUse::kScopesOnly) {
      return Error{
          ErrorKind::kUnsupported, 0,
          cat("neither namespaces nor Landlock file rights can be had here, so nothing would hold the command: ",
              host_.user_namespaces.why_not)};
    }
    for (const SecretSlot& slot : in_.secrets) {
      if (slot.deliver == Deliver::kFile) {
        return Error{ErrorKind::kUnsupported, 0,
                     cat(slot.name, ": delivery as a file needs a mount namespace, which cannot be had here (",
                         host_.user_namespaces.why_not, "); use deliver=fd")};
      }
    }
    out_.add(CloneStep{0}, kBuiltIn);
    if (policy_.network == policy::Network::kNone) refuse_sockets();
    return {};
  }

  void refuse_sockets() {
    sockets_ = Sockets::kLocalOnly;
    out_.applied(Layer::kNetwork,
                 "no network namespace: the system call filter refuses every socket family but AF_UNIX");
  }

  Status limit_by_cgroup() {
    const policy::Limits& limits = policy_.limits;
    if (!limits.memory_bytes && !limits.pids && !limits.cpus) return {};
    if (!host_.cgroup) {
      // RLIMIT_NPROC counts per user namespace since Linux 5.14, so pids alone can be held without a cgroup.
      if (!limits.memory_bytes && !limits.cpus && namespaces_ != 0) return {};
      return Error{
          ErrorKind::kUnsupported, 0,
          cat("limits on memory or cpu need a delegated cgroup v2, which is not here: ", host_.cgroup_why_not)};
    }
    out_.add(CgroupStep{*host_.cgroup, limits.memory_bytes, limits.pids, limits.cpus}, "limits", Need::kRequired,
             Layer::kCgroup);
    out_.applied(Layer::kCgroup, *host_.cgroup);
    return {};
  }

  void choose_identity() {
    identity_.inside = caller_.ids;
    identity_.kernel = caller_.ids;
    const bool changes = caller_.privilege == Privilege::kRoot && !policy_.powers.host_root;
    if (changes) {
      identity_.kernel = caller_.sudo_ids.value_or(Ids{kReservedId, kReservedId});
      // Without an idmapped mount the project's own owner is the only uid that can work in it.
      const bool owner_works = caller_.project && !can_idmap(in_, *caller_.project) && caller_.project->owner != 0;
      if (owner_works) identity_.kernel = {caller_.project->owner, caller_.project->group};
      identity_.inside = identity_.kernel;
    }
    if (namespaces_ != 0) {
      out_.add(IdentityStep{identity_.inside, identity_.kernel,
                            caller_.privilege == Privilege::kRoot ? MapWriter::kParent : MapWriter::kChild},
               policy_.powers.host_root ? policy_.powers.host_root->origin.text : kBuiltIn, Need::kRequired,
               Layer::kNamespaces);
    } else if (changes) {
      out_.add(ChangeIdsStep{identity_.kernel}, kBuiltIn);
    }
  }

  // The namespace is named before the new root is put together over the old /proc (child/mounts.cc).
  Status watch_masks() {
    remark_on_masks();
    const std::string& folder = in_.scene.mask_search.watched;
    if (folder.empty()) return {};
    const bool must = policy_.masks.on_change == policy::Masks::OnChange::kEndRun;
    if (namespaces_ != 0) {
      out_.add(WatchStep{folder, own_folder(policy_) + "/empty", policy_.masks.on_change}, policy_.masks.origin.text,
               must ? Need::kRequired : Need::kBestEffort);
    } else if (must) {
      return Error{ErrorKind::kUnsupported, 0,
                   cat("mask.on-change = \"end-run\" (", policy_.origin_of("mask.on-change").text,
                       ") needs a mount namespace: ", host_.user_namespaces.why_not)};
    }
    return {};
  }

  void remark_on_masks() {
    constexpr int64_t kLongMs = 1000;
    const MaskSearch& search = in_.scene.mask_search;
    if (search.walk_ms > kLongMs) {
      out_.remark(cat("looking through the project for mask.globs took ", search.walk_ms, " ms; ",
                      search.index == MaskSearch::Index::kKept ? "the next runs use what was found"
                                                               : "it cannot be kept, so every run will look again"));
    }
    if (search.reach == Reach::kCutShort) {
      out_.remark("the project is too large to be looked through for mask.globs: what was not reached is not masked");
    }
    if (namespaces_ == 0 && !in_.scene.masks.empty()) {
      std::string names;
      for (const PathFact& file : in_.scene.masks) names += cat(names.empty() ? "" : ", ", printable(file.canonical));
      out_.remark(cat("readable, because masks need a mount namespace: ", names));
    }
  }

  void join_keyring() {
    out_.add(KeyringStep{}, kBuiltIn, policy_.need(Layer::kKeyring), Layer::kKeyring);
    out_.applied(Layer::kKeyring);
  }

  void set_limits() {
    // 1, not 0: a piped core_pattern ignores 0 (core(5)); 1 is the kernel's special case for "none at all".
    LimitsStep step{{{RLIMIT_CORE, "core", 1}}};
    if (policy_.limits.pids && !host_.cgroup) step.limits.push_back({RLIMIT_NPROC, "processes", *policy_.limits.pids});
    if (policy_.limits.open_files != 0) step.limits.push_back({RLIMIT_NOFILE, "open files", policy_.limits.open_files});
    out_.add(std::move(step), kBuiltIn);
  }

  void deliver_secrets() {
    if (in_.secrets.empty()) return;
    std::vector<std::string> origins;  // each once, in order
    for (const SecretSlot& slot : in_.secrets)
      if (std::ranges::find(origins, slot.origin) == origins.end()) origins.push_back(slot.origin);
    out_.add(
        SecretsStep{{in_.secrets.begin(), in_.secrets.end()}, needs_secrets_folder(in_.secrets) ? kSecretsFolder : ""},
        join(origins, ", "));
    for (auto& [step, origin] : root_.file_views) out_.add(std::move(step), std::move(origin));
  }

  Status restrict_files() {
    if (host_.landlock_abi == 0)
      return out_.lost(Layer::kLandlock, "this kernel has no Landlock (needs 5.13 and lsm=landlock)");
    LandlockStep step = landlock_for(host_.landlock_abi, policy_.landlock,
                                     sockets_ == Sockets::kLocalOnly ? TcpRights::kDenied : TcpRights::kUntouched);
    if (step.handled_fs == 0 && step.handled_net == 0 && step.scoped == 0) {
      return out_.lost(Layer::kLandlock,
                       cat("a domain of scopes needs Landlock ABI 6, this kernel has ", host_.landlock_abi));
    }
    if (namespaces_ != 0)
      add_rules_for_view(step, policy_, root_);
    else
      TRY(add_rules_without_view(step, in_, out_));
    std::string note = cat("ABI ", host_.landlock_abi);
    if (!step.dropped.empty()) note += cat("; this kernel cannot handle: ", join(step.dropped, ", "));
    out_.applied(Layer::kLandlock, std::move(note));
    out_.add(std::move(step), kBuiltIn, Need::kRequired, Layer::kLandlock);
    return {};
  }

  Status filter_calls() {
    if (!host_.seccomp.available) return out_.lost(Layer::kSeccomp, host_.seccomp.why_not);
    out_.add(SeccompStep{policy_.syscalls, sockets_}, policy_.profile_origin.text, Need::kRequired, Layer::kSeccomp);
    out_.applied(Layer::kSeccomp, name_of(policy_.syscalls));
    return {};
  }

  void change_directory() {
    const std::string& cwd = caller_.cwd.canonical;
    std::string to = "/";
    const ViewNode* in = covering(root_.view.nodes, cwd);
    // Inside a private folder only what was put there exists.
    const bool shown =
        in != nullptr ? in->what == What::kBind || in->path == cwd : policy_.system == policy::System::kWholeRoot;
    if (namespaces_ == 0 || shown) {
      to = cwd;
    } else if (policy_.system == policy::System::kWholeRoot ||
               covering(root_.view.nodes, caller_.home.requested) != nullptr) {
      to = caller_.home.requested;
    }
    out_.add(DirectoryStep{to.empty() ? "/" : to}, "working directory");
  }

  void run_command() {
    std::set<std::string, std::less<>> secret_names;
    for (const SecretSlot& slot : in_.secrets) {
      secret_names.insert(slot.name);
      if (slot.deliver == Deliver::kFd) secret_names.insert(slot.name + "_FD");
    }
    for (const std::string& variable : in_.command.environment)
      if (!secret_names.contains(std::string_view(variable).substr(0, variable.find('=')))) out_.pass(variable);

    ExecStep exec{.argv = in_.command.argv};
    const std::string& name = in_.command.argv.front();
    if (name.empty()) {
      // Found nowhere.
    } else if (name.find('/') != std::string::npos) {
      exec.candidates.push_back(name);
    } else {
      const std::string path = search_path();  // split() views it
      for (const std::string_view folder : split(path, ':'))
        if (folder.starts_with('/')) exec.candidates.push_back(cat(folder, "/", name));
    }
    out_.add(std::move(exec), "command line");
  }

  std::string search_path() const {
    for (const std::string& variable : in_.command.environment)
      if (variable.starts_with("PATH=")) return variable.substr(5);
    return "/usr/local/bin:/usr/bin:/bin";
  }

  const BuildInput& in_;
  const policy::Policy& policy_;
  const HostFacts& host_;
  const Caller& caller_;
  PlanWriter out_;
  uint64_t namespaces_ = 0;
  bool own_proc_ = false;
  Sockets sockets_ = Sockets::kInternet;
  Identity identity_;
  Root root_;
};

}  // namespace

Result<LaunchPlan> build(const BuildInput& input) { return Builder(input).build(); }

}  // namespace confide::launcher
