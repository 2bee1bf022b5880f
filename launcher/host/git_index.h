// Which names git tracks, read from its index file without running git (which would execute what the repository's
// configuration says). The format is gitformat-index(5): versions 2, 3 and 4, SHA-1 and SHA-256.
//
// Every byte of it may be hostile: whoever can write the project can write `.git`, and so can call a file tracked that
// is not. That takes a mask away and does nothing else; masks are a net (docs/threat-model.md).
// Whatever cannot be read (no repository, a malformed or split index, one of another owner) tracks nothing, so that
// its files are masked.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "launcher/plan/scene.h"

namespace confide::launcher {

enum class ObjectFormat : uint8_t { kSha1, kSha256 };

struct IndexScan {
  enum class End : uint8_t {
    kDecided,    // the rest of the file cannot change the answer
    kNeedsMore,  // the bytes end before it is certain
    kMalformed,
  };
  End end = End::kMalformed;
  std::vector<bool> tracked;  // one for each name; meaningful with kDecided
};

// Looks for `names` (in byte order, each once) in the first `bytes` of an index file. Entries stand in byte order, so
// that the scan stops behind the last name.
IndexScan scan_index(std::string_view bytes, ObjectFormat format, std::span<const std::string> names);

// extensions.objectFormat of a repository's config file.
ObjectFormat object_format(std::string_view config);

// Which of `names` (paths below `folder`, in byte order, each once) are tracked by the repository that `folder` lies
// in: its own `.git` or that of a folder above it, a worktree's `.git` file included.
std::vector<bool> tracked_names(const PathFact& folder, std::span<const std::string> names);

// Whether git is writing that repository's index right now (`index.lock`), so that what it has just put into the tree
// is not yet in the index.
enum class IndexWrite : uint8_t { kNone, kUnderWay };
IndexWrite index_write(const PathFact& folder);

}  // namespace confide::launcher
