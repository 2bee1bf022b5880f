#include "agents/patch.h"

#include "base/text.h"

namespace confide::agents {

std::vector<std::string> files_of_patch(std::string_view patch) {
  constexpr std::string_view kHeads[] = {"*** Add File:", "*** Update File:", "*** Delete File:", "*** Move to:"};
  std::vector<std::string> files;
  for (const std::string_view line : split(patch, '\n')) {
    const std::string_view text = trim(line);
    for (const std::string_view head : kHeads)
      if (text.starts_with(head)) files.emplace_back(trim(text.substr(head.size())));
  }
  return files;
}

}  // namespace confide::agents
