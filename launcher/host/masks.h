// Which files a run masks: untracked `.env*` at the project's root, found by one listing of it, and what the policy's
// patterns name, found through an index (mask_index.h) that is renewed outside the hot path.
//
// Only regular files are masked. A link is followed, and what it leads to is masked if that is a regular file of the
// project; folders, FIFOs and sockets are left alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "launcher/plan/scene.h"
#include "policy/policy.h"

namespace confide::launcher {

// The folder whose files a run masks. Outside a project that is the working directory, without the patterns, which are
// relative to a project.
struct MaskScope {
  enum class Of : uint8_t { kProject, kWorkingDirectory } of = Of::kProject;
  PathFact folder;
  policy::Masks masks;
};
// Nothing where no file can be masked: masks are off, or nothing is shown of the folder.
std::optional<MaskScope> mask_scope(const policy::Policy& policy, const Caller& caller);

struct FoundMasks {
  std::vector<PathFact> files;  // in path order; what a link leads to instead of the link
  MaskSearch search;
};
// `cache`: the caller's cache folder; empty where it has none, and then patterns cost a walk at every launch.
FoundMasks find_masks(const policy::Masks& masks, const PathFact& folder, const std::string& cache);

// The files behind those of `names` (paths below `folder`) that are to be masked now.
std::vector<PathFact> files_to_mask(const policy::Masks& masks, const PathFact& folder,
                                    const std::vector<std::string>& names);

// Walks, and puts the result in the place of the index. For a child process of its own.
void renew_mask_index(const policy::Masks& masks, const PathFact& folder, const std::string& cache);

}  // namespace confide::launcher
