// The index of files below the project's root that mask patterns name, kept outside the hot path: one small file a
// project and set of patterns, in the caller's cache folder (CACHE/confide/masks, folders of mode 0700, files 0600).
//
// Nothing that stands in it is trusted: each path is matched against the patterns again, and looked at again, before it
// is masked. Whoever can write the caller's own cache can take masks away by it and can do nothing else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "launcher/plan/scene.h"
#include "policy/policy.h"

namespace confide::launcher {

struct MaskPaths {
  std::vector<std::string> paths;  // below the project, never in its root itself
  Reach reach = Reach::kWhole;
  bool operator==(const MaskPaths&) const = default;
};

struct MaskIndex {
  MaskPaths found;
  int64_t age_ms = 0;
};

struct WalkBounds {
  size_t entries = 2'000'000;
  size_t matches = 4096;  // each costs a mount at every launch
  long depth = 64;
  int64_t milliseconds = 10'000;
};
// Looks through everything below `root` (a descriptor of the project's folder) where a pattern may match, without
// following links, leaving out `.git` and `node_modules` unless a pattern names them.
MaskPaths walk_for_masks(const policy::Masks& masks, int root, const WalkBounds& bounds = {});

// The index of `project` for these patterns; nothing if there is none or if it is not the caller's own.
std::optional<MaskIndex> load_mask_index(const std::string& cache, const std::string& project,
                                         const policy::Masks& masks);

// Puts a new index in the place of the old one, at once. Also removes those that nobody has renewed for 30 days.
// Errors: kSystem, kRefused where a folder on the way is another's or open to others.
Status store_mask_index(const std::string& cache, const std::string& project, const policy::Masks& masks,
                        const MaskPaths& found);

// The file's name and bytes, for tests.
std::string mask_index_name(const std::string& project, const policy::Masks& masks);
std::string encode_mask_index(const std::string& project, const policy::Masks& masks, const MaskPaths& found);
std::optional<MaskPaths> decode_mask_index(std::string_view bytes, const std::string& project,
                                           const policy::Masks& masks);

}  // namespace confide::launcher
