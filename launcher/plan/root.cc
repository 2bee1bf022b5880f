#include "launcher/plan/root.h"

#include <algorithm>
#include <optional>
#include <unordered_set>

#include "base/text.h"
#include "launcher/plan/file_views.h"
#include "policy/paths.h"

namespace confide::launcher {
namespace {

using policy::Access;
using policy::is_within;
using policy::Layer;
using policy::Need;
using What = ViewNode::What;

constexpr const char* kDevices[] = {"null", "zero", "full", "random", "urandom", "tty"};
constexpr std::pair<const char*, const char*> kUsualLinks[] = {{"/var/tmp", "/tmp"}, {"/var/run", "/run"}};
constexpr std::pair<const char*, const char*> kDeviceLinks[] = {{"fd", "/proc/self/fd"},
                                                                {"stdin", "/proc/self/fd/0"},
                                                                {"stdout", "/proc/self/fd/1"},
                                                                {"stderr", "/proc/self/fd/2"},
                                                                {"ptmx", "pts/ptmx"}};

class RootBuilder {
 public:
  RootBuilder(const BuildInput& in, const Identity& identity, OwnProc own_proc, PlanWriter& out)
      : in_(in),
        policy_(in.policy),
        host_(in.host),
        caller_(in.scene.caller),
        identity_(identity),
        own_proc_(own_proc == OwnProc::kYes),
        out_(out) {}

  Result<Root> build() {
    root_.view = TRY(make_view(policy_, in_.scene));
    const bool host_proc = !own_proc_;
    out_.add(RootStep{policy_.system, !host_proc                ? "/proc"
                                      : policy_.powers.host_sys ? "/mnt"
                                                                : "/sys"},
             policy_.profile_origin.text, Need::kRequired, Layer::kNamespaces);
    lay_out_root();
    SealStep seal;
    if (policy_.system == policy::System::kWholeRoot && policy_.powers.writable_system) seal.writable.emplace_back("/");
    for (const ViewNode& node : root_.view.nodes) place(node, seal);
    for (const std::string& remark : root_.view.remarks) out_.remark(remark);
    TRY(tell_of_idmap());
    if (private_passwd()) {
      out_.add(BindStep{.source = {.requested = "/run/confide/passwd", .kind = FileKind::kFile},
                        .target = "/etc/passwd",
                        .trust = Trust::kSystem},
               kBuiltIn);
      out_.add(BindStep{.source = {.requested = "/run/confide/group", .kind = FileKind::kFile},
                        .target = "/etc/group",
                        .trust = Trust::kSystem},
               kBuiltIn);
    }
    TRY(place_file_views());
    if (needs_secrets_folder(in_.secrets)) {
      out_.add(FilesystemStep{"ramfs", kSecretsFolder, "mode=0700", Writable::kYes}, kBuiltIn);
      seal.writable.emplace_back(kSecretsFolder);  // until the secrets stand in it
    }
    if (policy_.powers.host_sys) bind_of_host("/sys", policy_.powers.host_sys->origin.text);
    if (host_proc)
      bind_of_host("/proc", policy_.powers.host_proc ? policy_.powers.host_proc->origin.text
                                                     : "no procfs of its own can be had here");
    out_.add(std::move(seal), kBuiltIn);
    for (const ViewNode& node : root_.view.nodes)
      if (node.what == What::kHidden)
        out_.add(mask(std::string(node.path), node.kind(), MaskReason::kHidden), std::string(node.origin));
    if (!root_.view.covered.empty()) {
      // Only a project has what is covered. NOLINTNEXTLINE(bugprone-unchecked-optional-access)
      out_.add(CoverStep{caller_.project->canonical, root_.view.covered}, policy_.profile_origin.text,
               Need::kBestEffort);
    }
    for (const PathFact& file : in_.scene.masks) put_masks_over(file);
    out_.add(DevicesStep{{std::begin(kDevices), std::end(kDevices)}}, kBuiltIn);
    out_.add(FilesystemStep{"devpts", "/dev/pts", "newinstance,ptmxmode=0666,mode=0620", Writable::kYes}, kBuiltIn);
    if (own_proc_) {
      std::string options = policy_.hide_pid == policy::HidePid::kInvisible ? "hidepid=invisible" : "";
      if (policy_.proc_subset == policy::ProcSubset::kPidOnly)
        options += options.empty() ? "subset=pid" : ",subset=pid";
      out_.add(FilesystemStep{"proc", "/proc", options, Writable::kYes}, kBuiltIn, Need::kRequired, Layer::kOwnProc);
      hide_kernel_lists();
    }
    out_.add(PivotStep{}, kBuiltIn);
    TRY(forbid_namespaces());
    return std::move(root_);
  }

 private:
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
    out_.add(NoNamespacesStep{}, origin);
    return {};
  }

  // /proc/keys names the keys of every process of this uid. Not where an inner sandbox must be able to mount a procfs
  // of its own: the kernel refuses one while anything lies over parts of this (mount_too_revealing).
  void hide_kernel_lists() {
    if (policy_.inner_sandbox == policy::InnerSandbox::kAllowed || policy_.proc_subset == policy::ProcSubset::kPidOnly)
      return;
    for (const char* path : {"/proc/keys", "/proc/key-users"}) {
      MaskStep step = mask(path, FileKind::kFile, MaskReason::kHidden);
      step.ground = Ground::kOwn;
      out_.add(std::move(step), kBuiltIn, Need::kBestEffort);
    }
  }

  MaskStep mask(std::string path, FileKind kind, MaskReason reason) const {
    return {std::move(path), cat(own_folder(policy_), kind == FileKind::kFolder ? "/nothing" : "/empty"), kind, reason};
  }
  static PathFact system_folder(std::string_view path) {
    return {.requested = std::string(path), .canonical = std::string(path), .kind = FileKind::kFolder};
  }
  void bind_of_host(const char* path, std::string origin) {
    if (policy_.system != policy::System::kWholeRoot) make_folder(path);
    out_.add(BindStep{.source = system_folder(path), .target = path, .trust = Trust::kSystem}, std::move(origin));
  }

  // The fixed parts: a /dev of our own, and in a root of our own the folders that every program expects.
  void lay_out_root() {
    if (policy_.system == policy::System::kWholeRoot) {
      out_.add(FilesystemStep{"tmpfs", "/dev", "mode=0755", Writable::kNo}, kBuiltIn);
      made_.emplace("/dev");
    } else {
      for (const char* folder : {"/dev", "/proc", "/run", "/tmp", "/var"}) make_folder(folder);
      // Folders instead of links where something is shown below them.
      for (const auto& [path, target] : kUsualLinks) {
        const bool taken =
            std::ranges::any_of(root_.view.nodes, [&](const ViewNode& node) { return is_within(node.path, path); });
        if (!taken) out_.add(LinkStep{path, target}, kBuiltIn);
      }
    }
    for (const char* folder : {"/dev/pts", "/dev/shm"}) make_folder(folder);
    for (const char* device : kDevices) out_.add(FileStep{cat("/dev/", device), "", 0444}, kBuiltIn);
    for (const auto& [name, target] : kDeviceLinks) out_.add(LinkStep{cat("/dev/", name), target}, kBuiltIn);
    make_folder(own_folder(policy_));
    if (masks_folders()) out_.add(MakeFolder{own_folder(policy_) + "/nothing", 0555}, kBuiltIn);
    out_.add(FileStep{own_folder(policy_) + "/empty", "", 0444}, kBuiltIn);
    if (policy_.system == policy::System::kReadOnly) {
      for (const SystemEntry& entry : in_.scene.system)
        if (!entry.link_target.empty()) out_.add(LinkStep{entry.path, entry.link_target}, policy_.profile_origin.text);
    }
    if (private_passwd()) {
      const std::string& home = caller_.home.requested;
      out_.add(FileStep{"/run/confide/passwd",
                        cat("root:x:0:0:root:/nonexistent:/usr/sbin/nologin\nconfide:x:", identity_.inside.uid, ":",
                            identity_.inside.gid, ":confide sandbox:", home,
                            ":/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"),
                        0444},
               kBuiltIn);
      out_.add(FileStep{"/run/confide/group",
                        cat("root:x:0:\nconfide:x:", identity_.inside.gid, ":\nnogroup:x:65534:\n"), 0444},
               kBuiltIn);
    }
    if (needs_secrets_folder(in_.secrets)) make_folder(kSecretsFolder);
  }

  // Files alone need no empty folder to put over them.
  bool masks_folders() const {
    return std::ranges::find(in_.scene.masks, FileKind::kFolder, &PathFact::kind) != in_.scene.masks.end() ||
           std::ranges::any_of(root_.view.nodes, [](const ViewNode& node) {
             return node.what == What::kHidden && node.kind() == FileKind::kFolder;
           });
  }

  // The reserved uid has no account on the host; programs that ask for its name get one of ours (node's os.userInfo).
  bool private_passwd() const {
    return identity_.inside.uid == kReservedId && caller_.privilege == Privilege::kRoot && !policy_.powers.host_root &&
           policy_.system == policy::System::kReadOnly;
  }

  void make_folder(const std::string& path) {
    if (!made_.insert(path).second) return;
    out_.add(MakeFolder{path, 0755}, kBuiltIn);
  }

  // The folders above `path`, and `path` itself as what `kind` is, where they lie in a file system of ours. Inside a
  // bind they are there already: what is outside is the same path. Says what the way to `path` leads through.
  Ground make_mount_point(std::string_view path, FileKind kind) {
    const ViewNode* in = nullptr;  // among those placed so far; what is above it was made for it
    bool through_bind = policy_.system == policy::System::kWholeRoot && !path.starts_with("/dev/");
    for (const ViewNode* node : placed_) {
      if (!is_within(path, node->path)) continue;
      through_bind = through_bind || node->what == What::kBind;
      if (in == nullptr || node->path.size() >= in->path.size()) in = node;
    }
    const bool ours = in == nullptr ? !through_bind : in->what == What::kPrivate && in->path != path;
    if (!ours) return Ground::kShared;
    const size_t from = in == nullptr ? 1 : in->path.size() + 1;
    for (size_t at = path.find('/', from); at != std::string_view::npos; at = path.find('/', at + 1))
      make_folder(std::string(path.substr(0, at)));
    if (kind == FileKind::kFolder) {
      make_folder(std::string(path));
    } else if (const auto [made, is_new] = made_.emplace(path); is_new) {
      out_.add(FileStep{*made, "", 0444}, kBuiltIn);
    }
    return through_bind ? Ground::kShared : Ground::kOwn;
  }

  void place(const ViewNode& node, SealStep& seal) {
    switch (node.what) {
      case What::kPrivate: {
        const Ground ground = make_mount_point(node.path, FileKind::kFolder);
        out_.add(PrivateStep{std::string(node.path), node.mode, ground}, std::string(node.origin));
        seal.writable.emplace_back(node.path);
        break;
      }
      case What::kBind: {
        const Ground ground = make_mount_point(node.path, node.kind());
        out_.add(BindStep{.source = node.source != nullptr ? *node.source : system_folder(node.path),
                          .target = std::string(node.path),
                          .ground = ground,
                          .access = node.access,
                          .trust = node.contested ? Trust::kContested : Trust::kSystem,
                          .opened_by = is_roots_own(node) ? OpenedBy::kLauncher : OpenedBy::kChild,
                          .idmap = idmap_for(node)},
                 std::string(node.origin));
        if (node.access == Access::kWrite) {
          seal.writable.emplace_back(node.path);
        } else if (inside_writable_bind(node.path)) {
          seal.read_only_again.emplace_back(node.path);
        }
        break;
      }
      case What::kHidden: break;  // after the seal
    }
    placed_.push_back(&node);
  }

  // Mount points are made now; the files are put there once they hold their values, over masks too.
  Status place_file_views() {
    if (needs_secrets_folder(in_.secrets) && policy_.system == policy::System::kWholeRoot) {
      return Error{ErrorKind::kRefused, 0,
                   cat("profile ", policy_.profile, " shows the host's own ", kSecretsFolder,
                       ", so nothing can be delivered as a file in it; use deliver=fd, or another profile")};
    }
    auto at = in_.scene.file_views.begin();
    for (const SecretSlot& slot : in_.secrets) {
      if (slot.path.empty()) continue;
      const FileView found = TRY(find_file_view(slot, *at++, root_.view, in_.scene));
      for (const std::string& target : found.targets) {
        if (found.on == FileView::On::kOwn) {
          (void)make_mount_point(target, FileKind::kFile);
          root_.own_file_views.push_back(target);
        }
        root_.file_views.emplace_back(ViewStep{slot.name, cat(kSecretsFolder, "/", slot.name), target}, slot.origin);
      }
    }
    return {};
  }

  bool inside_writable_bind(std::string_view path) const {
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
      return out_.lost(Layer::kIdmap, kWhy);
    }
    if (wants_idmap_ && !host_.idmapped_mounts.available)
      return out_.lost(Layer::kIdmap, host_.idmapped_mounts.why_not);
    if (!in_.scene.not_idmapped.empty())
      return out_.lost(Layer::kIdmap, cat(join(in_.scene.not_idmapped, ", "),
                                          ": no idmapped mounts on that file system, so files stay their owner's"));
    if (wants_idmap_) out_.applied(Layer::kIdmap, "root's own files as the sandbox's uid");
    return {};
  }

  bool is_roots_own(const ViewNode& node) const {
    return node.contested && caller_.privilege == Privilege::kRoot && !policy_.powers.host_root &&
           node.source->owner != identity_.kernel.uid;
  }

  // A root caller's own files, seen by the uid that its sandbox runs as.
  std::optional<Idmap> idmap_for(const ViewNode& node) {
    if (!is_roots_own(node)) return {};
    wants_idmap_ = true;
    if (!can_idmap(in_, *node.source)) return {};
    return Idmap{{node.source->owner, node.source->group}, identity_.kernel};
  }

  // Wherever the file shows: a path that leads through a link shows it a second time.
  void put_masks_over(const PathFact& file) {
    const auto put = [&](const std::string& path) {
      out_.add(mask(path, file.kind, MaskReason::kMasked), policy_.masks.origin.text);
    };
    if (policy_.system == policy::System::kWholeRoot && covering(root_.view.nodes, file.canonical) == nullptr)
      put(file.canonical);
    for (const ViewNode& node : root_.view.nodes) {
      if (node.what != What::kBind || !is_within(file.canonical, node.outside())) continue;
      const std::string path = cat(node.path, file.canonical.substr(node.outside().size()));
      if (covering(root_.view.nodes, path) == &node) put(path);
    }
  }

  const BuildInput& in_;
  const policy::Policy& policy_;
  const HostFacts& host_;
  const Caller& caller_;
  const Identity& identity_;
  const bool own_proc_;
  PlanWriter& out_;
  Root root_;
  bool wants_idmap_ = false;
  std::unordered_set<std::string> made_;
  std::vector<const ViewNode*> placed_;
};

}  // namespace

std::string own_folder(const policy::Policy& policy) {
  return policy.system == policy::System::kWholeRoot ? kOwnFolderInWholeRoot : kOwnFolder;
}

bool can_idmap(const BuildInput& in, const PathFact& fact) {
  return in.host.idmapped_mounts.available &&
         std::ranges::find(in.scene.not_idmapped, fact.canonical) == in.scene.not_idmapped.end();
}

bool needs_secrets_folder(std::span<const SecretSlot> secrets) {
  return std::ranges::any_of(secrets, [](const SecretSlot& slot) { return slot.deliver == Deliver::kFile; });
}

Result<Root> build_root(const BuildInput& in, const Identity& identity, OwnProc own_proc, PlanWriter& out) {
  return RootBuilder(in, identity, own_proc, out).build();
}

}  // namespace confide::launcher
