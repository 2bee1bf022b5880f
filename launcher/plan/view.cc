#include "launcher/plan/view.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "launcher/plan/build.h"
#include "policy/paths.h"
#include "policy/runs_later.h"

namespace confide::launcher {
namespace {

using policy::Access;
using policy::is_within;
using What = ViewNode::What;

class ViewMaker {
 public:
  ViewMaker(const policy::Policy& policy, const Scene& scene) : policy_(policy), scene_(scene) {}

  Result<View> make() {
    const std::string& profile = policy_.profile_origin.text;
    nodes_.reserve(policy_.paths.size() + scene_.system.size() + kUsualNodes);
    add_project(profile);  // before the paths that a person named inside it, which therefore win
    add_private("/tmp", 01777, profile);
    add_private("/dev/shm", 01777, profile);
    if (policy_.system == policy::System::kReadOnly) {
      for (const SystemEntry& entry : scene_.system)
        if (entry.link_target.empty()) add_system(entry.path, profile);
      if (scene_.resolver) add_bind(*scene_.resolver, Access::kRead, "name resolution", false);
    }
    if (policy_.home_visible)
      show_home(profile);
    else if (policy_.system != policy::System::kWholeRoot)
      add_home(profile);
    TRY(add_paths());
    TRY(add_sockets());
    pin_above_protected();
    order_and_reduce();
    cover_missing();
    return View{std::move(nodes_), std::move(covered_), std::move(remarks_), std::move(skipped_)};
  }

 private:
  static constexpr size_t kUsualNodes = 16;

  void add_private(std::string_view path, uint32_t mode, std::string_view origin) {
    nodes_.push_back({.what = What::kPrivate, .path = path, .access = Access::kWrite, .mode = mode, .origin = origin});
  }

  void add_system(std::string_view path, std::string_view origin) {
    nodes_.push_back({.path = path,
                      .access = policy_.powers.writable_system ? Access::kWrite : Access::kRead,
                      .contested = false,
                      .origin = origin});
  }

  void add_bind(const PathFact& fact, Access access, std::string_view origin, bool contested = true) {
    const What what = access == Access::kHide ? What::kHidden : What::kBind;
    nodes_.push_back({.what = what,
                      .path = fact.canonical,
                      .source = &fact,
                      .access = access,
                      .contested = contested,
                      .origin = origin});
    // A path that leads through a link is also there under the name by which it was asked for; in a whole root the link
    // itself is.
    if (fact.requested != fact.canonical && what == What::kBind && policy_.system != policy::System::kWholeRoot &&
        !through_system_link(fact.requested))
      nodes_.push_back({.what = what,
                        .path = fact.requested,
                        .source = &fact,
                        .access = access,
                        .contested = contested,
                        .origin = origin});
  }

  // Below a link of the system's (/bin, /lib) the name leads to the same place inside as outside.
  bool through_system_link(const std::string& path) const {
    return std::ranges::any_of(scene_.system, [&](const SystemEntry& entry) {
      return !entry.link_target.empty() && is_within(path, entry.path);
    });
  }

  void add_home(std::string_view origin) {
    const PathFact& home = scene_.caller.home;
    // A system account's home may be `/`, or where the sandbox has things of its own that nobody may exchange.
    const std::string& path = home.requested;
    if (path.size() < 2 || path == "/run" || path == "/tmp" || is_of_sandbox(path)) return;
    add_private(home.requested, 0700, origin);
    if (home.kind == FileKind::kFolder && home.canonical != home.requested) add_private(home.canonical, 0700, origin);
  }

  // The caller's own home, read-only; rules on paths inside it say more.
  void show_home(std::string_view origin) {
    const PathFact& home = scene_.caller.home;
    if (home.requested.size() >= 2 && home.kind == FileKind::kFolder) add_bind(home, Access::kRead, origin);
  }

  Status add_paths() {
    for (size_t i = 0; i < policy_.paths.size(); ++i) {
      const policy::PathRule& rule = policy_.paths[i];
      const PathFact& fact = scene_.paths[i];
      if (rule.access == Access::kProtect && fact.kind != FileKind::kMissing) {
        add_protected(fact, rule.origin.text);
        continue;
      }
      if (fact.kind == FileKind::kMissing) {
        if (rule.if_missing == policy::IfMissing::kError) {
          return Error{ErrorKind::kRefused, 0, cat(printable(rule.path), " (", rule.origin.text, ") does not exist")};
        }
        skipped_.push_back(rule.path);
        continue;
      }
      if (fact.kind == FileKind::kOther && rule.access != Access::kHide) {
        return Error{ErrorKind::kRefused, 0,
                     cat(printable(rule.path), " (", rule.origin.text, ") is neither a file nor a folder")};
      }
      if (fact.canonical == "/") {
        return Error{ErrorKind::kRefused, 0,
                     cat(rule.origin.text, ": / cannot be given as a path; name folders below it")};
      }
      if ((fact.canonical == "/run" || is_within(fact.canonical, kOwnFolder)) && rule.access != Access::kHide &&
          policy_.system != policy::System::kWholeRoot) {
        return Error{ErrorKind::kRefused, 0,
                     cat(printable(rule.path), " (", rule.origin.text,
                         "): the sandbox has its own /run; name what you need of the host's")};
      }
      add_bind(fact, rule.access, rule.origin.text);
    }
    return {};
  }

  // A link would be replaced by what it names; nothing can be mounted on it.
  void add_protected(const PathFact& fact, std::string_view origin) {
    if (fact.requested != fact.canonical) {
      remarks_.push_back(cat(printable(fact.requested), " is reached through a symbolic link and so is not protected"));
      return;
    }
    if (fact.kind == FileKind::kOther) return;  // a cover that another run of ours put there: covered again
    nodes_.push_back({.path = fact.canonical, .source = &fact, .origin = origin, .pin = ViewNode::Pin::kProtected});
  }

  // What a rename of the folder above would take away is held by that folder's being a mount itself.
  void pin_above_protected() {
    for (const PathFact& fact : scene_.above_protected) {
      if (fact.kind != FileKind::kFolder || fact.requested != fact.canonical) continue;
      // Whoever named the folder itself, and not for writing, has said more.
      const bool narrower = std::ranges::any_of(nodes_, [&](const ViewNode& node) {
        return node.path == fact.canonical && (node.what != What::kBind || node.access != Access::kWrite);
      });
      if (narrower) continue;
      nodes_.push_back({.path = fact.canonical,
                        .source = &fact,
                        .access = Access::kWrite,
                        .origin = "above what is protected",
                        .pin = ViewNode::Pin::kSelf});
    }
  }

  // The outermost part of the path that is not there yet: where something could be made.
  const PathFact& first_missing(const PathFact& fact) const {
    for (const PathFact& above : scene_.above_protected)
      if ((above.kind == FileKind::kMissing || above.kind == FileKind::kOther) &&
          is_within(fact.requested, above.requested))
        return above;
    return fact;
  }

  // `above`: something below it is what the rule names.
  static CoverAs cover_as(const policy::RunsLater* known, bool above) {
    using Kind = policy::RunsLater::Kind;
    if (above || (known != nullptr && known->kind == Kind::kFolder)) return CoverAs::kFolder;
    if (known == nullptr || (known->kind == Kind::kFile && known->stand_in.empty())) return CoverAs::kSocket;
    return known->kind == Kind::kState ? CoverAs::kPrivateFolder : CoverAs::kFile;
  }

  void cover_missing() {
    const auto& project = scene_.caller.project;
    if (!project) return;
    for (size_t i = 0; i < policy_.paths.size(); ++i) {
      const policy::PathRule& rule = policy_.paths[i];
      const PathFact& fact = scene_.paths[i];
      const bool absent = fact.kind == FileKind::kMissing || fact.kind == FileKind::kOther;
      if (rule.access != Access::kProtect || rule.if_missing != policy::IfMissing::kCover || !absent) continue;
      const std::string& path = first_missing(fact).requested;
      if (!is_within(path, project->canonical) || path == project->canonical) continue;
      const ViewNode* in = covering(nodes_, path);
      if (in == nullptr || in->what != What::kBind || in->access != Access::kWrite) continue;
      std::string name = path.substr(project->canonical.size() + 1);
      if (std::ranges::find(covered_, name, &CoveredName::name) != covered_.end()) continue;
      const policy::RunsLater* known = policy::find_runs_later(name);
      std::string content(known != nullptr ? known->stand_in : "");
      const CoverAs as = cover_as(known, path != fact.requested);
      covered_.push_back({std::move(name), as, std::move(content)});
    }
  }

  Status add_sockets() {
    const auto add = [this](const auto& power, const std::optional<PathFact>& socket, const char* cure) -> Status {
      if (!power) return {};
      if (!socket) return Error{ErrorKind::kRefused, 0, cat(power->origin.text, ": there is no such socket; ", cure)};
      add_bind(*socket, Access::kRead, power->origin.text);
      return {};
    };
    TRY(add(policy_.powers.ssh_agent, scene_.ssh_agent, "SSH_AUTH_SOCK must name the agent's"));
    return add(policy_.powers.docker, scene_.docker, "DOCKER_HOST=unix://… names one in another place");
  }

  void add_project(std::string_view origin) {
    const Caller& caller = scene_.caller;
    if (policy_.project == policy::Project::kAbsent) return;
    if (caller.project) {
      const bool writable = policy_.project == policy::Project::kWritable;
      nodes_.push_back({.path = caller.project->canonical,
                        .source = &*caller.project,
                        .access = writable ? Access::kWrite : Access::kRead,
                        .origin = origin});
    } else if (caller.cwd.kind == FileKind::kFolder && may_show_cwd()) {
      nodes_.push_back({.path = caller.cwd.canonical, .source = &caller.cwd, .origin = "working directory"});
    }
  }

  // Never the home, the root, or what holds the home.
  bool may_show_cwd() const {
    const std::string& cwd = scene_.caller.cwd.canonical;
    const PathFact& home = scene_.caller.home;
    if (cwd == "/" || cwd == "/tmp" || cwd == "/var" || cwd == "/dev" || cwd == "/dev/shm" || cwd == "/proc" ||
        cwd == "/sys" || is_within(cwd, "/proc") || is_within(cwd, "/sys") || is_within(cwd, "/dev")) {
      return false;
    }
    return !is_within(home.requested, cwd) && (home.canonical.empty() || !is_within(home.canonical, cwd));
  }

  // Path order, the last node of each path, without what says nothing new.
  void order_and_reduce() {
    std::vector<const ViewNode*> order;
    order.reserve(nodes_.size());
    for (const ViewNode& node : nodes_) order.push_back(&node);
    std::ranges::stable_sort(order, policy::path_less, &ViewNode::path);
    std::vector<ViewNode> kept;
    kept.reserve(nodes_.size());
    std::vector<size_t> above;  // of `kept`: those that hold the path looked at, the innermost last
    for (size_t i = 0; i < order.size(); ++i) {
      const ViewNode& node = *order[i];
      if (i + 1 < order.size() && order[i + 1]->path == node.path) continue;
      while (!above.empty() && !is_within(node.path, kept[above.back()].path)) above.pop_back();
      if (is_redundant(node, above.empty() ? nullptr : &kept[above.back()])) continue;
      above.push_back(kept.size());
      kept.push_back(node);
    }
    nodes_ = std::move(kept);
  }

  bool is_redundant(const ViewNode& node, const ViewNode* parent) const {
    const bool in_writable = parent != nullptr && parent->what == What::kBind && parent->access == Access::kWrite;
    if (node.pin != ViewNode::Pin::kNo && !in_writable) return true;
    // What the whole root shows already, but for root's own files, which only a mount of their own opens to its
    // sandbox.
    if (parent == nullptr && policy_.system == policy::System::kWholeRoot && !policy_.powers.writable_system &&
        node.what == What::kBind && node.access == Access::kRead && node.path == node.outside() &&
        !is_within(node.path, "/dev") && !is_within(node.path, "/proc") &&
        (scene_.caller.privilege == Privilege::kOrdinary || policy_.powers.host_root))
      return true;
    const bool same_view = parent != nullptr && parent->what == What::kBind && node.what == What::kBind &&
                           node.pin == ViewNode::Pin::kNo && parent->access == node.access &&
                           node.path == node.outside() && parent->path == parent->outside();
    // Nothing can be shown, or need be hidden, inside what is hidden.
    const bool inside_hidden = parent != nullptr && parent->what == What::kHidden;
    const bool hides_nothing = node.what == What::kHidden && (parent == nullptr || parent->what == What::kPrivate) &&
                               policy_.system != policy::System::kWholeRoot;
    return same_view || inside_hidden || hides_nothing;
  }

  const policy::Policy& policy_;
  const Scene& scene_;
  std::vector<ViewNode> nodes_;
  std::vector<CoveredName> covered_;
  std::vector<std::string> remarks_;
  std::vector<std::string> skipped_;
};

}  // namespace

bool is_of_sandbox(std::string_view path) {
  constexpr const char* kFolders[] = {"/proc", "/sys", "/dev", kOwnFolder, kSecretsFolder};
  return std::ranges::any_of(kFolders, [&](const char* folder) { return is_within(path, folder); });
}

const ViewNode* covering(const std::vector<ViewNode>& nodes, std::string_view path) {
  const ViewNode* best = nullptr;
  for (const ViewNode& node : nodes)
    if (policy::is_within(path, node.path) && (best == nullptr || node.path.size() >= best->path.size())) best = &node;
  return best;
}

Result<View> make_view(const policy::Policy& policy, const Scene& scene) { return ViewMaker(policy, scene).make(); }

}  // namespace confide::launcher
