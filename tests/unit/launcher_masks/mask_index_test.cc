#include "launcher/host/mask_index.h"

#include <fcntl.h>

#include <chrono>

#include "base/unique_fd.h"
#include "tests/unit/launcher_masks/project.h"

namespace confide::launcher {
namespace {

namespace fs = std::filesystem;

policy::Masks pems() {
  policy::Masks masks;
  masks.globs = {"secrets/**/*.pem"};
  return masks;
}
MaskPaths walk(const Project& project, const policy::Masks& masks, const WalkBounds& bounds = {}) {
  const UniqueFd root(::open(project.root().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return walk_for_masks(masks, root.get(), bounds);
}
const MaskPaths kTwo{{"secrets/a.pem", "secrets/x/b.pem"}};

TEST(MaskWalk, LooksOnlyWhereAPatternMayMatch) {
  const Project project;
  for (const char* name :
       {"secrets/a.pem", "secrets/x/b.pem", "secrets/node_modules/c.pem", "secrets/.git/d.pem", "src/e.pem", "f.pem"})
    project.write(name);
  fs::create_directory_symlink("secrets", project.path("linked"));
  fs::create_directory_symlink("..", project.path("secrets/up"));
  EXPECT_EQ(walk(project, pems()), kTwo);
  policy::Masks masks;
  masks.globs = {"**/*.pem"};
  EXPECT_EQ(walk(project, masks).paths, (Names{"secrets/a.pem", "secrets/x/b.pem", "src/e.pem"}))
      << "the root is listed at each launch";
  masks.globs = {"secrets/node_modules/*.pem", "**/.git/*.pem"};
  EXPECT_EQ(walk(project, masks).paths, (Names{"secrets/.git/d.pem", "secrets/node_modules/c.pem"}));
}

TEST(MaskWalk, SaysWhereItWasCutShort) {
  const Project project;
  for (const char* name : {"secrets/a.pem", "secrets/b.pem", "secrets/x/y/c.pem"}) project.write(name);
  EXPECT_EQ(walk(project, pems()).reach, Reach::kWhole);
  EXPECT_EQ(walk(project, pems(), {.entries = 3}).reach, Reach::kCutShort);
  const MaskPaths two = walk(project, pems(), {.matches = 2});
  EXPECT_EQ(two.reach, Reach::kCutShort);
  EXPECT_EQ(two.paths.size(), 2U);
  const MaskPaths shallow = walk(project, pems(), {.depth = 2});
  EXPECT_EQ(shallow.reach, Reach::kCutShort);
  EXPECT_EQ(shallow.paths, (Names{"secrets/a.pem", "secrets/b.pem"}));
  EXPECT_EQ(walk(project, pems(), {.milliseconds = -1}).reach, Reach::kCutShort);
}

TEST(MaskIndex, ComesBackAsItWasStored) {
  const Project project;
  for (const Reach reach : {Reach::kWhole, Reach::kCutShort}) {
    const MaskPaths found{{"secrets/a.pem", "secrets/new\nline.pem"}, reach};
    ASSERT_TRUE(store_mask_index(project.cache(), project.root(), pems(), found));
    const auto loaded = load_mask_index(project.cache(), project.root(), pems());
    ASSERT_TRUE(loaded);
    EXPECT_EQ(loaded->found, found);
    EXPECT_LT(loaded->age_ms, 60'000);
  }
}

TEST(MaskIndex, IsForNobodyElse) {
  const Project project;
  ASSERT_TRUE(store_mask_index(project.cache(), project.root(), pems(), kTwo));
  const fs::path folder = project.cache() + "/confide/masks";
  Names names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    names.push_back(entry.path().filename());
    EXPECT_EQ(entry.status().permissions(), fs::perms(0600));
  }
  EXPECT_EQ(names, Names{mask_index_name(project.root(), pems())}) << "and nothing is left beside it";
  EXPECT_EQ(fs::status(folder).permissions(), fs::perms(0700));
  EXPECT_EQ(fs::status(folder.parent_path()).permissions(), fs::perms(0700));
}

TEST(MaskIndex, IsOfOneProjectAndOneSetOfPatterns) {
  const Project project;
  ASSERT_TRUE(store_mask_index(project.cache(), project.root(), pems(), kTwo));
  EXPECT_FALSE(load_mask_index(project.cache(), project.root() + "2", pems()));
  policy::Masks other = pems();
  other.exceptions = {"a.pem"};
  EXPECT_FALSE(load_mask_index(project.cache(), project.root(), other));
  other = pems();
  other.always = {"x"};
  EXPECT_FALSE(load_mask_index(project.cache(), project.root(), other));
  // A file of another key under this one's name.
  EXPECT_FALSE(decode_mask_index(encode_mask_index(project.root(), other, kTwo), project.root(), pems()));
}

TEST(MaskIndex, OfAnotherKindIsNotRead) {
  const Project project;
  ASSERT_TRUE(store_mask_index(project.cache(), project.root(), pems(), kTwo));
  const std::string path = project.cache() + "/confide/masks/" + mask_index_name(project.root(), pems());
  const std::string bytes = slurp(path);
  const auto loads = [&] { return load_mask_index(project.cache(), project.root(), pems()).has_value(); };
  ASSERT_TRUE(loads());
  fs::permissions(path, fs::perms(0666));
  EXPECT_FALSE(loads()) << "others can write it";
  fs::rename(path, project.cache() + "/copy");
  fs::permissions(project.cache() + "/copy", fs::perms(0600));
  fs::create_symlink(project.cache() + "/copy", path);
  EXPECT_FALSE(loads()) << "a link";
  fs::remove(path);
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_FALSE(loads()) << "a FIFO, and nobody waits for a writer";
  fs::remove(path);
  std::ofstream(path, std::ios::binary) << bytes;
  fs::permissions(path, fs::perms(0600));
  ASSERT_TRUE(loads());
  fs::last_write_time(path, fs::file_time_type::clock::now() + std::chrono::hours(1));
  EXPECT_FALSE(loads()) << "from the future";
  fs::last_write_time(path, fs::file_time_type::clock::now());
  fs::permissions(project.cache() + "/confide", fs::perms(0777));
  EXPECT_FALSE(loads()) << "others can replace it";
  EXPECT_FALSE(store_mask_index(project.cache(), project.root(), pems(), kTwo));
}

TEST(MaskIndex, ThatWasTamperedWithNamesNothingThatNoPatternNames) {
  const Project project;
  const MaskPaths hostile{{"secrets/a.pem", "../outside.pem", "/etc/passwd", "secrets/../b.pem", "secrets//c.pem",
                           "src/main.c", "", "secrets/" + std::string(5000, 'x') + ".pem"}};
  const auto decoded = decode_mask_index(encode_mask_index(project.root(), pems(), hostile), project.root(), pems());
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->paths, Names{"secrets/a.pem"});
}

TEST(MaskIndex, SurvivesEveryCutAndEveryByte) {
  const Project project;
  const std::string good = encode_mask_index(project.root(), pems(), kTwo);
  for (size_t at = 0; at < good.size(); ++at) {
    const auto cut = decode_mask_index(std::string_view(good).substr(0, at), project.root(), pems());
    EXPECT_TRUE(!cut || cut->paths.size() < kTwo.paths.size());
    for (const char value : {'\0', '\n', '/', '\xff'}) {
      std::string bytes = good;
      bytes[at] = value;
      const auto decoded = decode_mask_index(bytes, project.root(), pems());
      EXPECT_TRUE(!decoded || decoded->paths.size() <= 4);
    }
  }
}

TEST(MaskIndex, LeavesNoFolderWhereTheHomeIsAnothers) {
  const Project project;
  EXPECT_FALSE(store_mask_index("", project.root(), pems(), kTwo));
  EXPECT_FALSE(store_mask_index("relative", project.root(), pems(), kTwo));
  EXPECT_FALSE(store_mask_index("/proc/1/cache", project.root(), pems(), kTwo));
  fs::permissions(project.outside(), fs::perms(0777));
  EXPECT_FALSE(store_mask_index(project.outside() + "/fresh", project.root(), pems(), kTwo));
  EXPECT_FALSE(fs::exists(project.outside() + "/fresh"));
}

TEST(MaskIndex, RemovesWhatNobodyRenewsAndWhatAKilledWriterLeft) {
  const Project project;
  ASSERT_TRUE(store_mask_index(project.cache(), project.root(), pems(), kTwo));
  const std::string folder = project.cache() + "/confide/masks/";
  const std::string fresh = folder + mask_index_name(project.root(), pems()) + ".new";
  std::ofstream(folder + "old") << "x";
  fs::last_write_time(folder + "old", fs::file_time_type::clock::now() - std::chrono::hours(24 * 31));
  std::ofstream(fresh) << "half";
  EXPECT_TRUE(store_mask_index(project.cache(), project.root(), pems(), kTwo));
  EXPECT_FALSE(fs::exists(fresh));
  EXPECT_FALSE(fs::exists(folder + "old"));
}

}  // namespace
}  // namespace confide::launcher
