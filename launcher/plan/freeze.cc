#include "launcher/plan/freeze.h"

#include <sched.h>
#include <sys/mount.h>

#include <charconv>

#include "base/kernel_abi.h"
#include "base/overloaded.h"
#include "base/text.h"
#include "launcher/plan/landlock.h"
#include "seccomp/programs.h"

namespace confide::launcher {

using child::FrozenOp;
using child::OpKind;

class Freezer {
 public:
  Freezer(const LaunchPlan& plan, const LaunchDescriptors& descriptors)
      : plan_(plan), descriptors_(descriptors), out_(new FrozenLaunch) {}

  Result<std::unique_ptr<FrozenLaunch>> freeze() {
    out_->ops_.reserve(plan_.steps.size() + kUsualMore);
    for (step_ = 0; step_ < plan_.steps.size(); ++step_) {
      const Step& step = plan_.steps[step_];
      on_failure_ = step.need == policy::Need::kRequired ? child::OnFailure::kAbort : child::OnFailure::kNote;
      std::visit([this](const auto& action) { put(action); }, step.action);
    }
    child::FrozenPlan& frozen = out_->frozen_;
    frozen.ops = out_->ops_.data();
    frozen.op_count = out_->ops_.size();
    frozen.control_fd = descriptors_.control;
    frozen.supervisor_fd = descriptors_.supervisor;
    for (int n = 0; n < 3; ++n) frozen.stdio[n] = descriptors_.stdio[n];
    frozen.pid_namespace =
        (out_->namespaces_ & CLONE_NEWPID) != 0 ? child::PidNamespace::kOwn : child::PidNamespace::kShared;
    frozen.trace = descriptors_.trace;
    frozen.wipe = descriptors_.wipe.data();
    frozen.wipe_size = descriptors_.wipe.size();
    return std::move(out_);
  }

 private:
  static constexpr size_t kUsualMore = 32;  // operations of the steps that are several

  static std::string octal(uint32_t mode) {
    char digits[12];
    return {digits, std::to_chars(digits, std::end(digits), mode, 8).ptr};
  }
  const char* keep(std::string text) { return out_->strings_.emplace_back(std::move(text)).c_str(); }
  // A path inside, while the new root is being built: relative to it.
  static const char* inside(const std::string& path) { return path.size() <= 1 ? "." : path.c_str() + 1; }

  FrozenOp& op(OpKind kind) {
    FrozenOp made{};
    made.kind = kind;
    made.on_failure = on_failure_;
    made.step = static_cast<uint16_t>(step_);
    return out_->ops_.emplace_back(made);
  }

  void put(const CloneStep& step) { out_->namespaces_ = step.namespaces; }
  void put(const CgroupStep&) {}  // the launcher's work, before the clone

  void put(const IdentityStep& step) {
    if (step.writer == MapWriter::kParent) {
      out_->parent_maps_ = step;
      op(OpKind::kMapIds).map_ids = {nullptr, nullptr};
      op(OpKind::kSetIds).set_ids = {step.inside.uid, step.inside.gid};
      return;
    }
    const auto map = [this](uint32_t in, uint32_t kernel) { return keep(cat(in, " ", kernel, " 1")); };
    const char* uid_map = map(step.inside.uid, step.kernel.uid);
    const char* gid_map = map(step.inside.gid, step.kernel.gid);
    op(OpKind::kMapIds).map_ids = {uid_map, gid_map};
  }
  void put(const ChangeIdsStep& step) { op(OpKind::kSetIds).set_ids = {step.to.uid, step.to.gid}; }

  void put(const RootStep& step) {
    const bool whole = step.base == policy::System::kWholeRoot;
    op(OpKind::kNewRoot).new_root = {step.staging.c_str(), whole ? "/" : nullptr};
  }
  void put(const MakeFolder& step) { op(OpKind::kMakeDir).make_dir = {inside(step.path), step.mode}; }
  void put(const FileStep& step) {
    const char* content = step.content.c_str();
    op(OpKind::kMakeFile).make_file = {inside(step.path), content, step.content.size(), step.mode};
  }
  void put(const LinkStep& step) {
    op(OpKind::kMakeSymlink).make_symlink = {inside(step.path), step.points_to.c_str()};
  }

  void put(const BindStep& step) {
    const auto tree = descriptors_.trees.find(step_);
    // A source without a canonical path is a file of the new root itself.
    const char* source = step.source.canonical.empty() ? inside(step.source.requested) : step.source.canonical.c_str();
    const char* target = inside(step.target);
    const child::Walk contested = step.ground == Ground::kOwn ? child::Walk::kChecked : child::Walk::kCareful;
    op(OpKind::kBind).bind = {source,
                              target,
                              tree == descriptors_.trees.end() ? -1 : tree->second,
                              step.trust == Trust::kSystem ? child::Walk::kTrusted : contested,
                              step.source.device,
                              step.source.inode};
  }

  void put(const PrivateStep& step) {
    const char* target = inside(step.path);
    if (step.ground == Ground::kOwn)
      op(OpKind::kOwnFolder).own_folder = {target, step.mode};
    else
      op(OpKind::kMountFs).mount_fs = {"tmpfs", target, keep("mode=" + octal(step.mode)), MS_NOSUID | MS_NODEV};
  }

  void put(const FilesystemStep& step) {
    unsigned long flags = MS_NOSUID;
    if (step.type != "devpts") flags |= MS_NODEV;
    if (step.type == "proc" || step.type == "ramfs" || step.type == "devpts") flags |= MS_NOEXEC;
    const char* type = step.type.c_str();
    const char* target = inside(step.target);
    op(OpKind::kMountFs).mount_fs = {type, target, step.options.c_str(), flags};
  }

  void put(const SealStep& step) {
    using namespace abi;
    const auto attributes = [this](const std::string& path, uint64_t set, uint64_t clear, uint64_t propagation,
                                   child::Depth depth) {
      op(OpKind::kSetAttributes).set_attributes = {inside(path), set, clear, propagation, depth};
    };
    attributes("/", kMountAttrRdonly | kMountAttrNosuid | kMountAttrNodev, 0, MS_PRIVATE, child::Depth::kRecursive);
    for (const std::string& path : step.writable) attributes(path, 0, kMountAttrRdonly, 0, child::Depth::kOne);
    for (const std::string& path : step.read_only_again)
      attributes(path, kMountAttrRdonly, 0, 0, child::Depth::kRecursive);
  }

  void put(const DevicesStep& step) {
    for (const std::string& name : step.names) {
      const char* source = keep("/dev/" + name);
      op(OpKind::kBind).bind = {source, keep("dev/" + name), -1, child::Walk::kTrusted, 0, 0};
    }
  }
  void put(const MaskStep& step) {
    const char* empty = inside(step.empty);
    if (step.ground == Ground::kOwn)
      op(OpKind::kBind).bind = {empty, inside(step.path), -1, child::Walk::kTrusted, 0, 0};
    else
      op(OpKind::kPutFile).put_file = {empty, inside(step.path), child::IfGone::kPass};
  }
  void put(const CoverStep& step) {
    const char* folder = inside(step.folder);
    for (const CoveredName& name : step.names) {
      op(OpKind::kCover).cover = {folder, name.name.c_str(), name.as, name.content.c_str(), name.content.size()};
    }
  }
  void put(const NoNamespacesStep&) { op(OpKind::kForbidNamespaces); }
  void put(const WatchStep&) { op(OpKind::kKeepNamespace); }
  void put(const LoopbackStep&) { op(OpKind::kLoopbackUp); }
  void put(const PivotStep&) { op(OpKind::kPivotRoot); }
  void put(const SessionStep& step) {
    op(OpKind::kNewSession);
    if (step.terminals != 0) {
      const bool own_devpts = (out_->namespaces_ & CLONE_NEWNS) != 0;
      op(OpKind::kOpenTerminal).open_terminal = {own_devpts ? "/dev/pts/ptmx" : "/dev/ptmx", step.terminals};
    }
  }
  void put(const KeyringStep&) { op(OpKind::kJoinKeyring); }
  void put(const LimitsStep& step) {
    for (const Rlimit& limit : step.limits)
      op(OpKind::kSetRlimit).set_rlimit = {limit.resource, limit.value, limit.value};
  }
  void put(const SecretsStep& step) {
    op(OpKind::kReceiveSecrets).receive_secrets = {step.folder.empty() ? nullptr : step.folder.c_str()};
    if (!step.folder.empty()) {
      op(OpKind::kSetAttributes).set_attributes = {step.folder.c_str(), abi::kMountAttrRdonly, 0, 0,
                                                   child::Depth::kOne};
    }
    secret_slots_ = step.slots.size() * 2;
  }
  // The paths begin at the root: after the pivot the child stands there.
  void put(const ViewStep& step) {
    const char* source = inside(step.source);
    op(OpKind::kPutFile).put_file = {source, inside(step.target), child::IfGone::kFail};
  }
  void put(const LandlockStep& step) {
    auto& rules = out_->rules_.emplace_back();
    for (const LandlockPath& rule : step.rules) rules.push_back({rule.path.c_str(), rule.access});
    op(OpKind::kNoNewPrivs);  // landlock_restrict_self(2) wants it of a process without CAP_SYS_ADMIN
    op(OpKind::kLandlock).landlock = {step.handled_fs, step.handled_net, step.scoped, ruleset_attribute_size(step.abi),
                                      rules.data(),    rules.size()};
  }
  void put(const PrivilegesStep&) {
    op(OpKind::kNoNewPrivs);
    op(OpKind::kDropCapabilities);
  }
  void put(const VerifyStep& step) {
    const bool namespaces = out_->namespaces_ != 0;
    op(OpKind::kVerifyDropped).verify_dropped = {
        namespaces ? child::CapabilitySets::kHeldAndBounding : child::CapabilitySets::kHeld,
        step.own_proc ? child::PidNamespace::kOwn : child::PidNamespace::kShared,
        step.read_only.empty() ? nullptr : step.read_only.c_str()};
  }
  void put(const SeccompStep& step) {
    const auto profile =
        step.profile == policy::SyscallProfile::kAgent ? seccomp::Profile::kAgent : seccomp::Profile::kTool;
    const auto sockets =
        step.sockets == Sockets::kLocalOnly ? seccomp::Sockets::kLocalOnly : seccomp::Sockets::kInternet;
    const auto program = seccomp::program(profile, sockets);
    op(OpKind::kSeccomp).seccomp = {program.data(), static_cast<uint16_t>(program.size())};
  }
  void put(const DirectoryStep& step) { op(OpKind::kChangeDir).change_dir = {step.path.c_str()}; }

  void put(const ExecStep& step) {
    FrozenLaunch& out = *out_;
    for (const std::string& candidate : step.candidates) out.candidates_.push_back(candidate.c_str());
    for (const std::string& word : step.argv) out.argv_.push_back(const_cast<char*>(word.c_str()));
    out.argv_.push_back(nullptr);
    out.shell_argv_ = {const_cast<char*>("/bin/sh"), nullptr};
    out.shell_argv_.insert(out.shell_argv_.end(), out.argv_.begin() + 1, out.argv_.end());
    for (const std::string& variable : plan_.environment) out.envp_.push_back(const_cast<char*>(variable.c_str()));
    const size_t count = out.envp_.size();
    out.envp_.resize(count + secret_slots_ + 1, nullptr);
    out.frozen_.exec = {out.candidates_.data(), out.candidates_.size(),
                        out.argv_.data(),       out.shell_argv_.data(),
                        out.envp_.data(),       count,
                        secret_slots_,          static_cast<uint16_t>(step_)};
  }

  const LaunchPlan& plan_;
  const LaunchDescriptors& descriptors_;
  std::unique_ptr<FrozenLaunch> out_;
  size_t step_ = 0;
  size_t secret_slots_ = 0;
  child::OnFailure on_failure_ = child::OnFailure::kAbort;
};

Result<std::unique_ptr<FrozenLaunch>> FrozenLaunch::freeze(const LaunchPlan& plan,
                                                           const LaunchDescriptors& descriptors) {
  return Freezer(plan, descriptors).freeze();
}

}  // namespace confide::launcher
