// A project in a folder of its own, gone at the end of the test; with a repository whose index is one that git made.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "launcher/host/masks.h"
#include "launcher/host/survey.h"

namespace confide::launcher {

inline std::string slurp(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}
// An index file made by git (make-indexes).
inline std::string index_bytes(const std::string& name) {
  const std::string bytes = slurp(CONFIDE_SOURCE_DIR "/tests/fuzz/corpus/git_index/" + name);
  EXPECT_TRUE(!bytes.empty() || name == "empty") << name;
  return bytes;
}

class Project {
 public:
  Project() {
    std::string pattern =
        std::string(std::getenv("TMPDIR") != nullptr ? std::getenv("TMPDIR") : "/tmp") + "/masks.XXXXXX";
    base_ = std::filesystem::canonical(::mkdtemp(pattern.data()));
    std::filesystem::create_directories(root());
    ::mkdir(cache().c_str(), 0700);
  }
  ~Project() { std::filesystem::remove_all(base_); }
  Project(const Project&) = delete;
  Project& operator=(const Project&) = delete;

  std::string root() const { return base_ + "/project"; }
  std::string outside() const { return base_; }
  std::string cache() const { return base_ + "/cache"; }
  std::string path(const std::string& name) const { return root() + "/" + name; }
  PathFact fact() const { return look_at(root()); }

  void write(const std::string& name, const std::string& text = "KEY=1\n") const {
    std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
    std::ofstream(path(name), std::ios::binary) << text;
  }
  // Atomically, as editors do.
  void replace(const std::string& name, const std::string& text = "KEY=2\n") const {
    std::ofstream(base_ + "/fresh", std::ios::binary) << text;
    std::filesystem::rename(base_ + "/fresh", path(name));
  }
  void track_by(const std::string& index) const { write(".git/index", index_bytes(index)); }

  FoundMasks find(const policy::Masks& masks) const { return find_masks(masks, fact(), cache()); }
  // Names below the project.
  std::vector<std::string> masked(const policy::Masks& masks) const { return names(find(masks).files); }
  std::vector<std::string> names(const std::vector<PathFact>& files) const {
    std::vector<std::string> names;
    for (const PathFact& file : files) names.push_back(file.canonical.substr(root().size() + 1));
    return names;
  }

 private:
  std::string base_;
};

using Names = std::vector<std::string>;

}  // namespace confide::launcher
