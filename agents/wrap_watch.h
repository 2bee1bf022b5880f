// What decides which commands run later outside (git hooks, agents' settings, editors' tasks): looked at before a run
// and after it. The sandbox keeps most of it from being changed; this tells of what changed all the same, by whoever
// did it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace confide::agents {

// One number for all that is at a path: names, kinds, modes, sizes, inodes and times of change (ctime, which no owner
// can set back), folders with what is in them. Links are not followed. 0: nothing is there.
struct Looked {
  uint64_t digest = 0;
  bool whole = true;  // false: more entries than are looked at
  bool operator==(const Looked&) const = default;
};
using Look = std::map<std::string, Looked>;

Look look_at_all(const std::vector<std::string>& paths);

struct Change {
  std::string path;
  enum class Kind : uint8_t { kMade, kChanged, kRemoved } kind = Kind::kChanged;
  bool operator==(const Change&) const = default;
};
std::vector<Change> changes(const Look& before, const Look& after);

}  // namespace confide::agents
