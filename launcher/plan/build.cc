#include "launcher/plan/build.h"

#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/text.h"
#include "launcher/plan/file_views.h"
#include "launcher/plan/landlock.h"
#include "launcher/plan/view.h"

namespace confide::launcher {
namespace {

using policy::Access;
using policy::Layer;
using policy::Need;
using What = ViewNode::What;

constexpr uint64_t kNamespaces =
    CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;

const char* const kBuiltIn = "built in";

constexpr const char* kDevices[] = {"null", "zero", "full", "random", "urandom", "tty"};
constexpr std::pair<const char*, const char*> kUsualLinks[] = {{"/var/tmp", "/tmp"}, {"/var/run", "/run"}};
constexpr std::pair<const char*, const char*> kDeviceLinks[] = {{"fd", "/proc/self/fd"},
                                                                {"stdin", "/proc/self/fd/0"},
                                                                {"stdout", "/proc/self/fd/1"},
                                                                {"stderr", "/proc/self/fd/2"},
                                                                {"ptmx", "pts/ptmx"}};

class Builder {
 public:
  explicit Builder(const BuildInput& in) : in_(in), policy_(in.policy), host_(in.host), caller_(in.scene.caller) {}

  // The order is the protection: mounts before Landlock (it forbids later ones), secrets once the child stands, then
  // what takes power away, then proof that it is gone, the filter last.
  Result<LaunchPlan> build() {
    if (in_.command.argv.empty()) return Error{ErrorKind::kUsage, 0, "no command given"};
    constexpr size_t kUsualSteps = 96;
    plan_.steps.reserve(kUsualSteps);
    TRY(choose_namespaces());
    TRY(limit_by_cgroup());
    choose_identity();
    TRY(watch_masks());
    if (namespaces_ != 0) {
      TRY(build_root());
      if (policy_.network == policy::Network::kNone) {
        add(LoopbackStep{}, kBuiltIn, Need::kBestEffort);
      }
    }
    add(SessionStep{caller_.terminals}, kBuiltIn);
    join_keyring();
    set_limits();
    deliver_secrets();
    TRY(restrict_files());
    add(PrivilegesStep{}, kBuiltIn);
    const bool sealed =
        namespaces_ != 0 && !(policy_.system == policy::System::kWholeRoot && policy_.powers.writable_system);
    add(VerifyStep{.own_proc = own_proc_, .read_only = sealed ? "/" : ""}, kBuiltIn);
    change_directory();
    TRY(filter_calls());
    run_command();
    return std::move(plan_);
  }

 private:
  // A planned layer is required, whatever the policy says: where it fails the launcher plans again without it
  // (launcher.cc), so that what is lost is stated and weighed here, and never passed over.
  void add(Action action, std::string origin, Need need = Need::kRequired, std::optional<Layer> layer = {}) {
    plan_.steps.push_back({std::move(action), std::move(origin), need, layer});
  }
  void applied(Layer layer, std::string note = {}) { plan_.layers.push_back({layer, true, std::move(note)}); }
  // A layer that cannot be had: an error if it is required, else a statement.
  Status lost(Layer layer, const std::string& why) {
    if (policy_.need(layer) == Need::kRequired) {
      return Error{ErrorKind::kUnsupported, 0,
                   cat("profile ", policy_.profile, " requires the layer ", name_of(layer),
                       ", which cannot be had here: ", why)};
    }
    plan_.layers.push_back({layer, false, why});
    return {};
  }

  Status choose_namespaces() {
    if (!host_.user_namespaces.available) {
      TRY(lost(Layer::kNamespaces, host_.user_namespaces.why_not));
      TRY(lost(Layer::kOwnProc, "it needs namespaces"));
      return check_without_namespaces();
    }
    namespaces_ = kNamespaces;
    applied(Layer::kNamespaces, "user mount pid ipc uts cgroup");
    if (policy_.network == policy::Network::kNone && host_.network_namespace.available) {
      namespaces_ |= CLONE_NEWNET;
      applied(Layer::kNetwork, "empty network namespace, loopback only");
    } else if (policy_.network == policy::Network::kNone) {
      refuse_sockets();
    }
    own_proc_ = !policy_.powers.host_proc && host_.own_proc.available;
    if (own_proc_)
      applied(Layer::kOwnProc);
    else if (!policy_.powers.host_proc)
      TRY(lost(Layer::kOwnProc, host_.own_proc.why_not));
    add(CloneStep{namespaces_}, kBuiltIn, Need::kRequired, Layer::kNamespaces);
    return {};
  }

  // Without a mount namespace nothing can be hidden but by Landlock's file rights, and nothing delivered as a file.
  Status check_without_namespaces() {
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
    add(CloneStep{0}, kBuiltIn);
    if (policy_.network == policy::Network::kNone) refuse_sockets();
    return {};
  }

  void refuse_sockets() {
    sockets_ = Sockets::kLocalOnly;
    applied(Layer::kNetwork, "no network namespace: the system call filter refuses every socket family but AF_UNIX");
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
    add(CgroupStep{*host_.cgroup, limits.memory_bytes, limits.pids, limits.cpus}, "limits", Need::kRequired,
        Layer::kCgroup);
    applied(Layer::kCgroup, *host_.cgroup);
    return {};
  }

  void choose_identity() {
    inside_ = caller_.ids;
    kernel_ = caller_.ids;
    const bool changes = caller_.privilege == Privilege::kRoot && !policy_.powers.host_root;
    if (changes) {
      kernel_ = caller_.sudo_ids.value_or(Ids{kReservedId, kReservedId});
      // Without idmapped mounts the project's own owner is the only uid that can work in it.
      const bool owner_works = !host_.idmapped_mounts.available && caller_.project && caller_.project->owner != 0;
      if (owner_works) kernel_ = {caller_.project->owner, caller_.project->group};
      inside_ = kernel_;
    }
    if (namespaces_ != 0) {
      add(IdentityStep{inside_, kernel_,
                       caller_.privilege == Privilege::kRoot ? MapWriter::kParent : MapWriter::kChild},
          policy_.powers.host_root ? policy_.powers.host_root->origin.text : kBuiltIn, Need::kRequired,
          Layer::kNamespaces);
    } else if (changes) {
      add(ChangeIdsStep{kernel_}, kBuiltIn);
    }
  }

  // The namespace is named before the new root is put together over the old /proc (child/mounts.cc).
  Status watch_masks() {
    remark_on_masks();
    const std::string& folder = in_.scene.mask_search.watched;
    if (folder.empty()) return {};
    const bool must = policy_.masks.on_change == policy::Masks::OnChange::kEndRun;
    if (namespaces_ != 0) {
      add(WatchStep{folder, own_folder() + "/empty", policy_.masks.on_change}, policy_.masks.origin.text,
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
      plan_.remarks.push_back(cat("looking through the project for mask.globs took ", search.walk_ms, " ms; ",
                                  search.index == MaskSearch::Index::kKept
                                      ? "the next runs use what was found"
                                      : "it cannot be kept, so every run will look again"));
    }
    if (search.reach == Reach::kCutShort) {
      plan_.remarks.emplace_back(
          "the project is too large to be looked through for mask.globs: what was not reached is not masked");
    }
    if (namespaces_ == 0 && !in_.scene.masks.empty()) {
      std::string names;
      for (const PathFact& file : in_.scene.masks) names += cat(names.empty() ? "" : ", ", printable(file.canonical));
      plan_.remarks.push_back(cat("readable, because masks need a mount namespace: ", names));
    }
  }

  Status build_root() {
    view_ = TRY(make_view(policy_, in_.scene));
    const bool host_proc = !own_proc_;
    add(RootStep{policy_.system, !host_proc                ? "/proc"
                                 : policy_.powers.host_sys ? "/mnt"
                                                           : "/sys"},
        policy_.profile_origin.text, Need::kRequired, Layer::kNamespaces);
    lay_out_root();
    SealStep seal;
    if (policy_.system == policy::System::kWholeRoot && policy_.powers.writable_system) seal.writable.emplace_back("/");
    for (const ViewNode& node : view_.nodes) place(node, seal);
    for (const std::string& remark : view_.remarks) plan_.remarks.push_back(remark);
    TRY(tell_of_idmap());
    if (private_passwd()) {
      add(BindStep{.source = {.requested = "/run/confide/passwd", .kind = FileKind::kFile},
                   .target = "/etc/passwd",
                   .trust = Trust::kSystem},
          kBuiltIn);
      add(BindStep{.source = {.requested = "/run/confide/group", .kind = FileKind::kFile},
                   .target = "/etc/group",
                   .trust = Trust::kSystem},
          kBuiltIn);
    }
    TRY(place_file_views());
    if (needs_secrets_folder()) {
      add(FilesystemStep{"ramfs", kSecretsFolder, "mode=0700", Writable::kYes}, kBuiltIn);
      seal.writable.emplace_back(kSecretsFolder);  // until the secrets stand in it
    }
    if (policy_.powers.host_sys) bind_of_host("/sys", policy_.powers.host_sys->origin.text);
    if (host_proc)
      bind_of_host("/proc", policy_.powers.host_proc ? policy_.powers.host_proc->origin.text
                                                     : "no procfs of its own can be had here");
    add(std::move(seal), kBuiltIn);
    for (const ViewNode& node : view_.nodes)
      if (node.what == What::kHidden) add(mask(node.path, node.source.kind, MaskReason::kHidden), node.origin);
    if (!view_.covered.empty())
      add(CoverStep{caller_.project->canonical, view_.covered}, policy_.profile_origin.text, Need::kBestEffort);
    for (const PathFact& file : in_.scene.masks) put_masks_over(file);
    add(DevicesStep{{std::begin(kDevices), std::end(kDevices)}}, kBuiltIn);
    add(FilesystemStep{"devpts", "/dev/pts", "newinstance,ptmxmode=0666,mode=0620", Writable::kYes}, kBuiltIn);
    if (own_proc_) {
      std::string options = policy_.hide_pid == policy::HidePid::kInvisible ? "hidepid=invisible" : "";
      if (policy_.proc_subset == policy::ProcSubset::kPidOnly)
        options += options.empty() ? "subset=pid" : ",subset=pid";
      add(FilesystemStep{"proc", "/proc", options, Writable::kYes}, kBuiltIn, Need::kRequired, Layer::kOwnProc);
      hide_kernel_lists();
    }
    add(PivotStep{}, kBuiltIn);
    return forbid_namespaces();
  }

  // The filter tool refuses namespaces by itself.
  Status forbid_namespaces() {
    if (policy_.inner_sandbox == policy::InnerSandbox::kAllowed || policy_.syscalls == policy::SyscallProfile::kTool)
      return {};
    const std::string& origin = policy_.origin_of("inner-sandbox").text;
    if (!own_proc_) {
      return Error{ErrorKind::kUnsupported, 0,
                   cat("inner-sandbox = \"refused\" (", origin,
                       ") needs a procfs of its own, which cannot be had here; syscalls = \"tool\" refuses namespaces "
                       "without one")};
    }
    add(NoNamespacesStep{}, origin);
    return {};
  }

  // /proc/keys names the keys of every process of this uid. Not where an inner sandbox must be able to mount a procfs
  // of its own: the kernel refuses one while anything lies over parts of this (mount_too_revealing).
  void hide_kernel_lists() {
    if (policy_.inner_sandbox == policy::InnerSandbox::kAllowed || policy_.proc_subset == policy::ProcSubset::kPidOnly)
      return;
    for (const char* path : {"/proc/keys", "/proc/key-users"})
      add(mask(path, FileKind::kFile, MaskReason::kHidden), kBuiltIn, Need::kBestEffort);
  }

  std::string own_folder() const {
    return policy_.system == policy::System::kWholeRoot ? kOwnFolderInWholeRoot : kOwnFolder;
  }
  MaskStep mask(const std::string& path, FileKind kind, MaskReason reason) const {
    return {path, cat(own_folder(), kind == FileKind::kFolder ? "/nothing" : "/empty"), kind, reason};
  }
  void bind_of_host(const char* path, std::string origin) {
    if (policy_.system != policy::System::kWholeRoot) make_folder(path);
    add(BindStep{.source = {.requested = path, .canonical = path, .kind = FileKind::kFolder},
                 .target = path,
                 .trust = Trust::kSystem},
        std::move(origin));
  }

  // The fixed parts: a /dev of our own, and in a root of our own the folders that every program expects.
  void lay_out_root() {
    if (policy_.system == policy::System::kWholeRoot) {
      add(FilesystemStep{"tmpfs", "/dev", "mode=0755", Writable::kNo}, kBuiltIn);
    } else {
      for (const char* folder : {"/dev", "/proc", "/run", "/tmp", "/var"}) make_folder(folder);
      // Folders instead of links where something is shown below them.
      for (const auto& [path, target] : kUsualLinks) {
        const bool taken =
            std::ranges::any_of(view_.nodes, [&](const ViewNode& node) { return is_within(node.path, path); });
        if (!taken) add(LinkStep{path, target}, kBuiltIn);
      }
    }
    for (const char* folder : {"/dev/pts", "/dev/shm"}) make_folder(folder);
    for (const char* device : kDevices) add(FileStep{cat("/dev/", device), "", 0444}, kBuiltIn);
    for (const auto& [name, target] : kDeviceLinks) add(LinkStep{cat("/dev/", name), target}, kBuiltIn);
    make_folder(own_folder());
    add(MakeFolder{own_folder() + "/nothing", 0555}, kBuiltIn);
    add(FileStep{own_folder() + "/empty", "", 0444}, kBuiltIn);
    made_.insert({own_folder() + "/nothing", own_folder() + "/empty"});
    if (policy_.system == policy::System::kReadOnly) {
      for (const SystemEntry& entry : in_.scene.system)
        if (!entry.link_target.empty()) add(LinkStep{entry.path, entry.link_target}, policy_.profile_origin.text);
    }
    if (private_passwd()) {
      const std::string& home = caller_.home.requested;
      add(FileStep{"/run/confide/passwd",
                   cat("root:x:0:0:root:/nonexistent:/usr/sbin/nologin\nconfide:x:", inside_.uid, ":", inside_.gid,
                       ":confide sandbox:", home,
                       ":/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"),
                   0444},
          kBuiltIn);
      add(FileStep{"/run/confide/group", cat("root:x:0:\nconfide:x:", inside_.gid, ":\nnogroup:x:65534:\n"), 0444},
          kBuiltIn);
    }
    if (needs_secrets_folder()) make_folder(kSecretsFolder);
  }

  // The reserved uid has no account on the host; programs that ask for its name get one of ours (node's os.userInfo).
  bool private_passwd() const {
    return inside_.uid == kReservedId && caller_.privilege == Privilege::kRoot && !policy_.powers.host_root &&
           policy_.system == policy::System::kReadOnly;
  }
  bool needs_secrets_folder() const {
    return std::ranges::any_of(in_.secrets, [](const SecretSlot& slot) { return slot.deliver == Deliver::kFile; });
  }

  void make_folder(const std::string& path) {
    if (!made_.insert(path).second) return;
    add(MakeFolder{path, 0755}, kBuiltIn);
  }

  // The folders above `path`, and `path` itself as what `kind` is, where they lie in a file system of ours. Inside a
  // bind they are there already: what is outside is the same path.
  void make_mount_point(const std::string& path, FileKind kind) {
    if (policy_.system == policy::System::kWholeRoot) return;
    for (size_t at = path.find('/', 1); at != std::string::npos; at = path.find('/', at + 1)) {
      const std::string above = path.substr(0, at);
      if (ours(above)) make_folder(above);
    }
    if (!ours(path)) return;
    if (kind == FileKind::kFolder) {
      make_folder(path);
    } else if (made_.insert(path).second) {
      add(FileStep{path, "", 0444}, kBuiltIn);
    }
  }

  // True if `path` lies in our root or a private folder among those placed so far, not in a bind.
  bool ours(const std::string& path) const {
    const ViewNode* best = nullptr;
    for (const ViewNode* node : placed_)
      if (is_within(path, node->path) && (best == nullptr || node->path.size() >= best->path.size())) best = node;
    return best == nullptr || (best->what == What::kPrivate && best->path != path);
  }

  void place(const ViewNode& node, SealStep& seal) {
    switch (node.what) {
      case What::kPrivate: {
        make_mount_point(node.path, FileKind::kFolder);
        add(FilesystemStep{"tmpfs", node.path, cat("mode=", node.mode), Writable::kYes}, node.origin);
        seal.writable.push_back(node.path);
        break;
      }
      case What::kBind: {
        make_mount_point(node.path, node.source.kind);
        add(BindStep{.source = node.source,
                     .target = node.path,
                     .access = node.access,
                     .trust = node.contested ? Trust::kContested : Trust::kSystem,
                     .idmap = idmap_for(node)},
            node.origin);
        if (node.access == Access::kWrite) {
          seal.writable.push_back(node.path);
        } else if (inside_writable_bind(node.path)) {
          seal.read_only_again.push_back(node.path);
        }
        break;
      }
      case What::kHidden: break;  // after the seal
    }
    placed_.push_back(&node);
  }

  // Mount points are made now; the files are put there once they hold their values, over masks too.
  Status place_file_views() {
    if (needs_secrets_folder() && policy_.system == policy::System::kWholeRoot) {
      return Error{ErrorKind::kRefused, 0,
                   cat("profile ", policy_.profile, " shows the host's own ", kSecretsFolder,
                       ", so nothing can be delivered as a file in it; use deliver=fd, or another profile")};
    }
    auto at = in_.scene.file_views.begin();
    for (const SecretSlot& slot : in_.secrets) {
      if (slot.path.empty()) continue;
      const FileView found = TRY(find_file_view(slot, *at++, view_, in_.scene));
      for (const std::string& target : found.targets) {
        if (found.on == FileView::On::kOwn) {
          make_mount_point(target, FileKind::kFile);
          own_file_views_.push_back(target);
        }
        file_views_.emplace_back(ViewStep{slot.name, cat(kSecretsFolder, "/", slot.name), target}, slot.origin);
      }
    }
    return {};
  }

  bool inside_writable_bind(const std::string& path) const {
    return std::ranges::any_of(placed_, [&](const ViewNode* node) {
      return node->what == What::kBind && node->access == Access::kWrite && is_within(path, node->path);
    });
  }

  Status tell_of_idmap() {
    if (caller_.privilege == Privilege::kRootAlone && !policy_.powers.host_root) {
      constexpr const char* kWhy =
          "uid 0 is kept: this user namespace maps no other (map more ids, or start as a user)";
      // A full procfs and uid 0 would be the host's settings in the agent's hands.
      if (policy_.inner_sandbox == policy::InnerSandbox::kAllowed)
        return Error{ErrorKind::kUnsupported, 0, cat("profile ", policy_.profile, " does not run as root: ", kWhy)};
      return lost(Layer::kIdmap, kWhy);
    }
    if (idmapped_) applied(Layer::kIdmap, "root's own files as the sandbox's uid");
    if (wants_idmap_ && !idmapped_) return lost(Layer::kIdmap, host_.idmapped_mounts.why_not);
    return {};
  }

  // A root caller's own files, seen by the uid that its sandbox runs as.
  std::optional<Idmap> idmap_for(const ViewNode& node) {
    if (!node.contested || caller_.privilege != Privilege::kRoot || policy_.powers.host_root) return {};
    if (node.source.owner == kernel_.uid) return {};
    wants_idmap_ = true;
    if (!host_.idmapped_mounts.available) return {};
    idmapped_ = true;
    return Idmap{{node.source.owner, node.source.group}, kernel_};
  }

  // Wherever the file shows: a path that leads through a link shows it a second time.
  void put_masks_over(const PathFact& file) {
    const auto put = [&](const std::string& path) {
      add(mask(path, file.kind, MaskReason::kMasked), policy_.masks.origin.text);
    };
    if (policy_.system == policy::System::kWholeRoot && covering(view_.nodes, file.canonical) == nullptr)
      put(file.canonical);
    for (const ViewNode& node : view_.nodes) {
      if (node.what != What::kBind || !is_within(file.canonical, node.source.canonical)) continue;
      const std::string path = node.path + file.canonical.substr(node.source.canonical.size());
      if (covering(view_.nodes, path) == &node) put(path);
    }
  }

  void join_keyring() {
    add(KeyringStep{}, kBuiltIn, policy_.need(Layer::kKeyring), Layer::kKeyring);
    applied(Layer::kKeyring);
  }

  void set_limits() {
    // 1, not 0: a piped core_pattern ignores 0 (core(5)); 1 is the kernel's special case for "none at all".
    LimitsStep step{{{RLIMIT_CORE, "core", 1}}};
    if (policy_.limits.pids && !host_.cgroup) step.limits.push_back({RLIMIT_NPROC, "processes", *policy_.limits.pids});
    if (policy_.limits.open_files != 0) step.limits.push_back({RLIMIT_NOFILE, "open files", policy_.limits.open_files});
    add(std::move(step), kBuiltIn);
  }

  void deliver_secrets() {
    if (in_.secrets.empty()) return;
    std::vector<std::string> origins;  // each once, in order
    for (const SecretSlot& slot : in_.secrets)
      if (std::ranges::find(origins, slot.origin) == origins.end()) origins.push_back(slot.origin);
    add(SecretsStep{in_.secrets, needs_secrets_folder() ? kSecretsFolder : ""}, join(origins, ", "));
    for (auto& [step, origin] : file_views_) add(std::move(step), std::move(origin));
  }

  Status restrict_files() {
    if (host_.landlock_abi == 0)
      return lost(Layer::kLandlock, "this kernel has no Landlock (needs 5.13 and lsm=landlock)");
    LandlockStep step = landlock_for(host_.landlock_abi, policy_.landlock,
                                     sockets_ == Sockets::kLocalOnly ? TcpRights::kDenied : TcpRights::kUntouched);
    if (step.handled_fs == 0 && step.handled_net == 0 && step.scoped == 0) {
      return lost(Layer::kLandlock,
                  cat("a domain of scopes needs Landlock ABI 6, this kernel has ", host_.landlock_abi));
    }
    if (namespaces_ != 0)
      rules_for_view(step);
    else
      TRY(rules_without_view(step));
    std::string note = cat("ABI ", host_.landlock_abi);
    if (!step.dropped.empty()) note += cat("; this kernel cannot handle: ", join(step.dropped, ", "));
    applied(Layer::kLandlock, std::move(note));
    add(std::move(step), kBuiltIn, Need::kRequired, Layer::kLandlock);
    return {};
  }

  void rules_for_view(LandlockStep& step) const {
    const bool whole = policy_.system == policy::System::kWholeRoot;
    if (whole)
      add_rule(step, "/", policy_.powers.writable_system ? kLandlockWrite : kLandlockRead, FileKind::kFolder);
    else
      add_rule(step, "/", abi::kFsReadDir, FileKind::kFolder);  // listing; the mount namespace bounds it
    for (const ViewNode& node : view_.nodes) {
      if (node.what == What::kHidden) continue;
      add_rule(step, node.path, node.access == Access::kWrite ? kLandlockWrite : kLandlockRead,
               node.what == What::kPrivate ? FileKind::kFolder : node.source.kind);
    }
    for (const std::string& path : own_file_views_) add_rule(step, path, kLandlockRead, FileKind::kFile);
    add_rule(step, "/dev", kLandlockDevices, FileKind::kFolder);
    add_rule(step, "/proc", kLandlockRead, FileKind::kFolder);
    if (!whole) add_rule(step, "/run", kLandlockRead, FileKind::kFolder);
  }

  // No mount namespace: the host's tree as it is, cut by Landlock alone. No private home and /tmp, so neither is there.
  Status rules_without_view(LandlockStep& step) {
    view_ = TRY(make_view(policy_, in_.scene));
    TRY(leave_out_what_holds_hidden());
    // For a program's own entry. Landlock shuts the others' memory, environment and descriptors, not their names.
    add_rule(step, "/proc", kLandlockRead, FileKind::kFolder);
    for (const ViewNode& node : view_.nodes) {
      if (node.what != What::kBind) continue;
      add_rule(step, node.source.canonical, node.access == Access::kWrite ? kLandlockWrite : kLandlockRead,
               node.source.kind);
    }
    for (const char* device : {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"})
      add_rule(step, device, kLandlockDevices, FileKind::kOther);
    return {};
  }

  // Landlock cannot take back a path below one that it allows: what need not be shown is not, the rest is an error.
  Status leave_out_what_holds_hidden() {
    for (size_t i = 0; i < view_.nodes.size(); ++i) {
      const ViewNode hidden = view_.nodes[i];
      if (hidden.what != What::kHidden) continue;
      for (size_t above = view_.nodes.size(); above-- > 0;) {
        const ViewNode& node = view_.nodes[above];
        if (node.what != What::kBind || !is_within(hidden.path, node.path)) continue;
        if (!is_optional(node.path)) {
          return Error{ErrorKind::kUnsupported, 0,
                       cat(printable(hidden.path), " is to be hidden, which inside ", printable(node.path),
                           " needs a mount namespace: ", host_.user_namespaces.why_not)};
        }
        plan_.remarks.push_back(cat("not shown, because ", printable(hidden.path),
                                    " in it cannot be hidden without a mount namespace: ", printable(node.path)));
        view_.nodes.erase(view_.nodes.begin() + static_cast<ptrdiff_t>(above));
        if (above < i) --i;
      }
    }
    return {};
  }

  bool is_optional(const std::string& path) const {
    return std::ranges::any_of(policy_.paths, [&](const policy::PathRule& rule) {
      return rule.path == path && rule.access == Access::kRead && rule.if_missing == policy::IfMissing::kSkip;
    });
  }

  Status filter_calls() {
    if (!host_.seccomp.available) return lost(Layer::kSeccomp, host_.seccomp.why_not);
    add(SeccompStep{policy_.syscalls, sockets_}, policy_.profile_origin.text, Need::kRequired, Layer::kSeccomp);
    applied(Layer::kSeccomp, name_of(policy_.syscalls));
    return {};
  }

  void change_directory() {
    const std::string& cwd = caller_.cwd.canonical;
    std::string to = "/";
    const ViewNode* above = covering(view_.nodes, cwd);
    const bool in_whole_root = policy_.system == policy::System::kWholeRoot &&
                               (above == nullptr || above->what == What::kBind || above->path == cwd);
    if (namespaces_ == 0 || in_whole_root) {
      to = cwd;
    } else if (!cwd.empty() && covering(view_.nodes, cwd) != nullptr && reachable(cwd)) {
      to = cwd;
    } else if (covering(view_.nodes, caller_.home.requested) != nullptr) {
      to = caller_.home.requested;
    }
    add(DirectoryStep{to.empty() ? "/" : to}, "working directory");
  }

  // Inside a private folder only what was put there exists.
  bool reachable(const std::string& path) const {
    const ViewNode* node = covering(view_.nodes, path);
    return node->what == What::kBind || node->path == path;
  }

  void run_command() {
    std::set<std::string> secret_names;
    for (const SecretSlot& slot : in_.secrets) {
      secret_names.insert(slot.name);
      if (slot.deliver == Deliver::kFd) secret_names.insert(slot.name + "_FD");
    }
    for (const std::string& variable : in_.command.environment)
      if (!secret_names.contains(variable.substr(0, variable.find('=')))) plan_.environment.push_back(variable);

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
    add(std::move(exec), "command line");
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
  LaunchPlan plan_;
  uint64_t namespaces_ = 0;
  bool own_proc_ = false;
  bool wants_idmap_ = false;
  bool idmapped_ = false;
  Sockets sockets_ = Sockets::kInternet;
  Ids inside_;
  Ids kernel_;
  View view_;
  std::set<std::string> made_;
  std::vector<const ViewNode*> placed_;
  std::vector<std::pair<ViewStep, std::string>> file_views_;  // with their origins
  std::vector<std::string> own_file_views_;                   // those that lie in no bind, so in no rule of one
};

}  // namespace

Result<LaunchPlan> build(const BuildInput& input) { return Builder(input).build(); }

}  // namespace confide::launcher
