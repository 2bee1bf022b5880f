// Files of the repository as tests read them.
#pragma once

#include <cstdlib>
#include <fstream>
#include <string>

#include "base/sys.h"
#include "base/text.h"

namespace confide::policy {

// The text of a file below the repository, or nothing, which no test takes for an answer.
inline std::string source_text(std::string_view path) {
  auto text = sys::read_file(cat(CONFIDE_SOURCE_DIR "/", path), size_t{1} << 22);
  return text ? std::move(*text) : std::string();
}

// CONFIDE_UPDATE_GOLDEN=1 writes what the program says now over what is kept.
inline void update_golden(std::string_view path, const std::string& text) {
  if (std::getenv("CONFIDE_UPDATE_GOLDEN") != nullptr) std::ofstream(cat(CONFIDE_SOURCE_DIR "/", path)) << text;
}

}  // namespace confide::policy
