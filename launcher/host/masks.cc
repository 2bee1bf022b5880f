#include "launcher/host/masks.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <climits>

#include "base/kernel_abi.h"
#include "base/sys.h"
#include "base/text.h"
#include "launcher/host/git_index.h"
#include "launcher/host/listing.h"
#include "launcher/host/mask_index.h"
#include "policy/mask_names.h"

namespace confide::launcher {
namespace {

using policy::Tracked;

constexpr int64_t kOldestIndexMs = 3'600'000;

bool has_patterns(const policy::Masks& masks) { return !masks.globs.empty() || !masks.always.empty(); }

Result<UniqueFd> open_folder(const PathFact& folder) {
  return sys::openat2(AT_FDCWD, folder.canonical, O_RDONLY | O_DIRECTORY,
                      abi::kResolveNoSymlinks | abi::kResolveNoMagiclinks);
}

std::string path_of(int fd) {
  char buffer[PATH_MAX];
  const ssize_t size = ::readlink(cat("/proc/self/fd/", fd).c_str(), buffer, sizeof buffer);
  return size <= 0 ? std::string() : std::string(buffer, static_cast<size_t>(size));
}

// Names at the root that could be masked.
std::vector<std::string> names_at_root(int root, const policy::Masks& masks) {
  std::vector<std::string> names;
  each_entry(root, [&](const char* name, unsigned char type) {
    const bool may_be_file = type == DT_REG || type == DT_LNK || type == DT_UNKNOWN;
    if (may_be_file && policy::is_masked(name, Tracked::kNo, masks)) names.emplace_back(name);
    return Listing::kGoOn;
  });
  return names;
}

// The paths below the root that patterns name: from the index, or by a walk where there is none of this hour.
std::vector<std::string> paths_below_root(int root, const policy::Masks& masks, const PathFact& folder,
                                          const std::string& cache, MaskSearch& search) {
  if (auto index = load_mask_index(cache, folder.canonical, masks); index && index->age_ms < kOldestIndexMs) {
    search.by = MaskSearch::By::kIndex;
    search.index_age_ms = index->age_ms;
    search.reach = index->found.reach;
    return std::move(index->found.paths);
  }
  search.by = MaskSearch::By::kWalk;
  const int64_t start = sys::monotonic_ms();
  MaskPaths found = walk_for_masks(masks, root);
  search.walk_ms = sys::monotonic_ms() - start;
  search.reach = found.reach;
  // Without a place to keep it the next run walks again; nothing else is lost.
  if (!store_mask_index(cache, folder.canonical, masks, found)) search.index = MaskSearch::Index::kCannotBeKept;
  return std::move(found.paths);
}

// The regular file at `name`, a link's target if it lies in the folder.
std::optional<PathFact> file_at(int root, const PathFact& folder, const std::string& name) {
  constexpr uint64_t kInFolder = abi::kResolveBeneath | abi::kResolveNoSymlinks | abi::kResolveNoMagiclinks;
  auto fd = sys::openat2(root, name, O_PATH | O_NOFOLLOW, kInFolder);
  struct stat found {};
  if (!fd || ::fstat(fd->get(), &found) != 0) return {};
  PathFact fact{.requested = cat(folder.canonical, "/", name), .kind = FileKind::kFile};
  fact.canonical = fact.requested;
  if (S_ISLNK(found.st_mode)) {
    fd = sys::openat(root, name, O_PATH);
    if (!fd || ::fstat(fd->get(), &found) != 0) return {};
    fact.canonical = path_of(fd->get());
    if (!fact.canonical.starts_with(folder.canonical + "/")) return {};
  }
  if (!S_ISREG(found.st_mode)) return {};
  fact.device = found.st_dev;
  fact.inode = found.st_ino;
  fact.owner = found.st_uid;
  fact.group = found.st_gid;
  return fact;
}

// Those of `names` that are masked; git's index is only read where it decides.
std::vector<std::string> masked_among(const policy::Masks& masks, const PathFact& folder,
                                      const std::vector<std::string>& names) {
  std::vector<std::string> masked;
  std::vector<std::string> unless_tracked;
  for (const std::string& name : names) {
    if (policy::is_masked(name, Tracked::kYes, masks))
      masked.push_back(name);
    else if (policy::is_masked(name, Tracked::kNo, masks))
      unless_tracked.push_back(name);
  }
  std::ranges::sort(unless_tracked);
  unless_tracked.erase(std::ranges::unique(unless_tracked).begin(), unless_tracked.end());
  const std::vector<bool> tracked = tracked_names(folder, unless_tracked);
  for (size_t i = 0; i < unless_tracked.size(); ++i)
    if (!tracked[i]) masked.push_back(std::move(unless_tracked[i]));
  return masked;
}

std::vector<PathFact> files_of(int root, const policy::Masks& masks, const PathFact& folder,
                               const std::vector<std::string>& names) {
  std::vector<PathFact> files;
  for (const std::string& name : masked_among(masks, folder, names))
    if (auto file = file_at(root, folder, name)) files.push_back(std::move(*file));
  std::ranges::sort(files, {}, &PathFact::canonical);
  const auto twice = std::ranges::unique(files, {}, &PathFact::canonical);
  files.erase(twice.begin(), twice.end());
  return files;
}

}  // namespace

std::optional<MaskScope> mask_scope(const policy::Policy& policy, const Caller& caller) {
  if (!policy.masks.untracked_env_files && !has_patterns(policy.masks)) return {};
  const bool whole_root = policy.system == policy::System::kWholeRoot;
  if (policy.project == policy::Project::kAbsent && !whole_root) return {};
  if (caller.project) return MaskScope{MaskScope::Of::kProject, *caller.project, policy.masks};
  if (caller.cwd.kind != FileKind::kFolder || !policy.masks.untracked_env_files) return {};
  MaskScope scope{MaskScope::Of::kWorkingDirectory, caller.cwd, policy.masks};
  scope.masks.globs.clear();
  scope.masks.always.clear();
  return scope;
}

FoundMasks find_masks(const policy::Masks& masks, const PathFact& folder, const std::string& cache) {
  FoundMasks found;
  const auto root = open_folder(folder);
  if (!root) return found;  // the bind of the folder says why
  std::vector<std::string> names = names_at_root(root->get(), masks);
  if (has_patterns(masks))
    std::ranges::move(paths_below_root(root->get(), masks, folder, cache, found.search), std::back_inserter(names));
  if (!names.empty()) found.files = files_of(root->get(), masks, folder, names);
  return found;
}

std::vector<PathFact> files_to_mask(const policy::Masks& masks, const PathFact& folder,
                                    const std::vector<std::string>& names) {
  const auto root = open_folder(folder);
  return root ? files_of(root->get(), masks, folder, names) : std::vector<PathFact>();
}

void renew_mask_index(const policy::Masks& masks, const PathFact& folder, const std::string& cache) {
  const auto root = open_folder(folder);
  if (root) (void)store_mask_index(cache, folder.canonical, masks, walk_for_masks(masks, root->get()));
}

}  // namespace confide::launcher
