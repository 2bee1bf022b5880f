#include "launcher/plan/file_views.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "launcher/plan/build.h"
#include "policy/paths.h"

namespace confide::launcher {
namespace {

using policy::is_within;
using What = ViewNode::What;

Error refuse(const SecretSlot& secret, std::string_view what, std::string_view why) {
  return {ErrorKind::kRefused, 0, cat(printable(secret.name), ": ", printable(what), " ", why)};
}

// What the sandbox itself puts into its root.
bool is_taken(const std::string& path, const Scene& scene) {
  constexpr const char* kLinks[] = {"/var/run", "/var/tmp"};
  const auto in = [&](const char* folder) { return is_within(path, folder); };
  return is_of_sandbox(path) || std::ranges::any_of(kLinks, in) ||
         std::ranges::any_of(scene.system, [&](const SystemEntry& entry) {
           return !entry.link_target.empty() && is_within(path, entry.path);
         });
}

Result<FileView> in_own_file_system(const SecretSlot& secret, const View& view, const Scene& scene) {
  const auto below = [&](const ViewNode& node) { return is_within(node.path, secret.path); };
  if (std::ranges::any_of(view.nodes, below)) return refuse(secret, secret.path, "is a folder in the sandbox");
  if (is_taken(secret.path, scene))
    return refuse(secret, secret.path, "is a place that the sandbox fills itself, or a link; choose another path");
  return FileView{{secret.path}, FileView::On::kOwn};
}

}  // namespace

Result<FileView> find_file_view(const SecretSlot& secret, const PathFact& at, const View& view, const Scene& scene) {
  const ViewNode* above = covering(view.nodes, secret.path);
  if (above != nullptr && above->what == What::kHidden)
    return refuse(secret, secret.path, "is hidden in this sandbox; choose another path");
  // A path in the sandbox's own /tmp means that one, whatever the host has there.
  if (above == nullptr || above->what == What::kPrivate) return in_own_file_system(secret, view, scene);
  if (at.kind == FileKind::kMissing) {
    return refuse(secret, secret.path,
                  cat("does not exist, and a file view makes nothing on the host: make that file first (it may be "
                      "empty, or hold the references), or leave the path out, and the file is ",
                      kSecretsFolder, "/", printable(secret.name)));
  }
  if (at.kind == FileKind::kFolder) return refuse(secret, secret.path, "is a folder; a file view needs a file's path");
  FileView found;
  for (const ViewNode& node : view.nodes) {
    if (node.what != What::kBind || !is_within(at.canonical, node.outside())) continue;
    std::string path = cat(node.path, at.canonical.substr(node.outside().size()));
    if (covering(view.nodes, path) == &node) found.targets.push_back(std::move(path));
  }
  if (found.targets.empty()) {
    return refuse(secret, secret.path,
                  cat("leads to ", printable(at.canonical), ", which this sandbox does not show (--read shows it)"));
  }
  return found;
}

}  // namespace confide::launcher
