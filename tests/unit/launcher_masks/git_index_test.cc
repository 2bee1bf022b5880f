#include "launcher/host/git_index.h"

#include "tests/unit/launcher_masks/project.h"

namespace confide::launcher {
namespace {

using End = IndexScan::End;

const std::string kLong = "long/" + std::string(1000, '0');
const Names kAsked = {".env",
                      ".env.development",
                      ".envrc",
                      "README.md",
                      kLong,
                      "name with\ttab",
                      "packages/web/.env",
                      "packages/web/.env.test",
                      "src/main.c",
                      "zzz"};
const std::vector<bool> kTracked = {false, true, true, true, true, true, false, true, true, false};

struct Made {
  const char* name;
  ObjectFormat format;
};
constexpr Made kMade[] = {{"v2-sha1", ObjectFormat::kSha1},     {"v3-sha1", ObjectFormat::kSha1},
                          {"v4-sha1", ObjectFormat::kSha1},     {"v2-sha256", ObjectFormat::kSha256},
                          {"v3-sha256", ObjectFormat::kSha256}, {"v4-sha256", ObjectFormat::kSha256}};

TEST(GitIndex, ReadsEveryVersionAndFormatThatGitWrites) {
  for (const auto& [name, format] : kMade) {
    const IndexScan scan = scan_index(index_bytes(name), format, kAsked);
    EXPECT_EQ(scan.end, End::kDecided) << name;
    EXPECT_EQ(scan.tracked, kTracked) << name;
  }
}

TEST(GitIndex, TakesNoIndexForOneOfTheOtherFormat) {
  for (const auto& [name, format] : kMade) {
    const ObjectFormat other = format == ObjectFormat::kSha1 ? ObjectFormat::kSha256 : ObjectFormat::kSha1;
    EXPECT_EQ(scan_index(index_bytes(name), other, kAsked).end, End::kMalformed) << name;
  }
}

TEST(GitIndex, IsSureOfAPrefixOnlyWhenTheRestCannotMatter) {
  for (const auto& [name, format] : kMade) {
    const std::string bytes = index_bytes(name);
    size_t decided = 0;
    for (size_t size = 0; size <= bytes.size(); ++size) {
      const IndexScan scan = scan_index(std::string_view(bytes).substr(0, size), format, std::span(kAsked).first(3));
      ASSERT_NE(scan.end, End::kMalformed) << name << " cut at " << size;
      if (scan.end != End::kDecided) continue;
      ASSERT_EQ(scan.tracked, (std::vector<bool>{false, true, true})) << name << " cut at " << size;
      ++decided;
    }
    EXPECT_GT(decided, bytes.size() / 2) << name << ": the scan went on behind the last name";
  }
}

TEST(GitIndex, CountsAnUnmergedFileAsTracked) {
  const Names asked = {".env", ".env.local"};
  EXPECT_EQ(scan_index(index_bytes("conflict"), ObjectFormat::kSha1, asked).tracked, (std::vector<bool>{true, false}));
}

TEST(GitIndex, RefusesWhatItCannotRead) {
  const Names asked = {".envrc"};
  EXPECT_EQ(scan_index(index_bytes("split"), ObjectFormat::kSha1, asked).end, End::kMalformed);
  EXPECT_EQ(scan_index(index_bytes("empty"), ObjectFormat::kSha1, asked).end, End::kNeedsMore);
  EXPECT_EQ(scan_index(index_bytes("cut"), ObjectFormat::kSha1, asked).end, End::kNeedsMore);
  std::string bytes = index_bytes("v2-sha1");
  for (const int version : {0, 1, 5, 127}) {
    bytes[7] = static_cast<char>(version);
    EXPECT_EQ(scan_index(bytes, ObjectFormat::kSha1, asked).end, End::kMalformed) << version;
  }
}

TEST(GitIndex, RefusesEntriesOutOfOrder) {
  std::string bytes = index_bytes("v2-sha1");
  const size_t at = bytes.find(".envrc");
  bytes[at] = '!';  // before .env.development
  EXPECT_EQ(scan_index(bytes, ObjectFormat::kSha1, kAsked).end, End::kMalformed);
}

// Whatever one byte becomes: no crash, and an answer of the right size.
TEST(GitIndex, SurvivesEveryByteAtEveryPlace) {
  for (const char* name : {"v3-sha1", "v4-sha256"}) {
    const std::string good = index_bytes(name);
    for (size_t at = 0; at < good.size(); ++at) {
      for (const int value : {0x00, 0x01, 0x7F, 0x80, 0xFF}) {
        std::string bytes = good;
        bytes[at] = static_cast<char>(value);
        for (const ObjectFormat format : {ObjectFormat::kSha1, ObjectFormat::kSha256})
          ASSERT_EQ(scan_index(bytes, format, kAsked).tracked.size(), kAsked.size());
      }
    }
  }
}

TEST(GitIndex, ReadsTheObjectFormat) {
  EXPECT_EQ(object_format(""), ObjectFormat::kSha1);
  EXPECT_EQ(object_format("[core]\n\tbare = false\n"), ObjectFormat::kSha1);
  EXPECT_EQ(object_format("[core]\n\tbare = false\n[extensions]\n\tobjectformat = sha256\n"), ObjectFormat::kSha256);
  EXPECT_EQ(object_format("[Extensions]\r\n objectFormat=\"SHA256\"\r\n"), ObjectFormat::kSha256);
  EXPECT_EQ(object_format("[other]\n\tobjectformat = sha256\n"), ObjectFormat::kSha1);
}

TEST(GitRepository, IsThatOfTheFolderOrOneAboveIt) {
  const Project project;
  const Names asked = {".env", ".env.development"};
  EXPECT_EQ(tracked_names(project.fact(), asked), (std::vector<bool>{false, false})) << "no repository";
  project.track_by("v2-sha1");
  EXPECT_EQ(tracked_names(project.fact(), asked), (std::vector<bool>{false, true}));
  project.write("packages/web/confide.toml");
  const Names below = {".env", ".env.test"};
  EXPECT_EQ(tracked_names(look_at(project.path("packages/web")), below), (std::vector<bool>{false, true}));
}

TEST(GitRepository, OfAWorktreeIsWhereItsFilePoints) {
  const Project project;
  const Names asked = {".env.development"};
  const std::string main = project.outside() + "/main/.git";
  std::filesystem::create_directories(main + "/worktrees/shop");
  std::filesystem::copy_file(CONFIDE_SOURCE_DIR "/tests/fuzz/corpus/git_index/v2-sha256",
                             main + "/worktrees/shop/index");
  std::ofstream(main + "/worktrees/shop/commondir") << "../..\n";
  std::ofstream(main + "/config") << "[extensions]\n\tobjectformat = sha256\n";
  project.write(".git", "gitdir: " + main + "/worktrees/shop\n");
  EXPECT_EQ(tracked_names(project.fact(), asked), (std::vector<bool>{true}));
  project.write(".git", "gitdir: ../main/.git/worktrees/shop\n");
  EXPECT_EQ(tracked_names(project.fact(), asked), (std::vector<bool>{true}));
  for (const char* text : {"", "gitdir:", "gitdir: /nowhere\n", "gitdir: \n", "something else\n"}) {
    project.write(".git", text);
    EXPECT_EQ(tracked_names(project.fact(), asked), (std::vector<bool>{false})) << text;
  }
}

TEST(GitRepository, IsNotReadFromAFifoOrAnotherOwner) {
  const Project project;
  const Names asked = {".env.development"};
  std::filesystem::create_directories(project.path(".git"));
  ASSERT_EQ(::mkfifo(project.path(".git/index").c_str(), 0600), 0);
  EXPECT_EQ(tracked_names(project.fact(), asked), (std::vector<bool>{false})) << "and does not wait for a writer";
  std::filesystem::remove(project.path(".git/index"));
  project.track_by("v2-sha1");
  PathFact others = project.fact();
  others.owner += 1;
  EXPECT_EQ(tracked_names(others, asked), (std::vector<bool>{false}));
}

TEST(GitRepository, TellsThatItsIndexIsBeingWritten) {
  const Project project;
  EXPECT_EQ(index_write(project.fact()), IndexWrite::kNone);
  project.track_by("v2-sha1");
  EXPECT_EQ(index_write(project.fact()), IndexWrite::kNone);
  project.write(".git/index.lock");
  EXPECT_EQ(index_write(project.fact()), IndexWrite::kUnderWay);
}

}  // namespace
}  // namespace confide::launcher
