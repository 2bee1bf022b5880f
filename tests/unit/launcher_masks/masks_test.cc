#include "launcher/host/masks.h"

#include "tests/unit/launcher_masks/project.h"

namespace confide::launcher {
namespace {

policy::Masks by_globs(std::vector<std::string> globs) {
  policy::Masks masks;
  masks.globs = std::move(globs);
  return masks;
}

TEST(Masks, AreUntrackedEnvFilesAtTheRoot) {
  const Project project;
  project.track_by("v2-sha1");
  for (const char* name :
       {".env", ".env.local", ".env.development", ".env.example", ".env.sample", ".env.template", "env", "src/.env"})
    project.write(name);
  EXPECT_EQ(project.masked({}), (Names{".env", ".env.local"}));
}

TEST(Masks, CoverEverythingWhereNothingTellsWhatIsTracked) {
  const Project project;
  project.write(".env.development");
  EXPECT_EQ(project.masked({}), Names{".env.development"});
  project.write(".git/index", "DIRC, or so it says");
  EXPECT_EQ(project.masked({}), Names{".env.development"});
}

TEST(Masks, SayWhatTheyAreOf) {
  const Project project;
  project.write(".env");
  const auto files = project.find({}).files;
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(files[0], look_at(project.path(".env")));
}

TEST(Masks, FollowALinkWithinTheProject) {
  const Project project;
  project.write("config/real.env");
  std::filesystem::create_symlink("config/real.env", project.path(".env"));
  std::filesystem::create_symlink(".env", project.path(".env.local"));
  const auto files = project.find({}).files;
  EXPECT_EQ(project.names(files), Names{"config/real.env"}) << "once, however many links lead there";
  ASSERT_EQ(files.size(), 1U);
  EXPECT_NE(files[0].requested, files[0].canonical);
}

TEST(Masks, LeaveLinksOutOfTheProjectFoldersAndFifosAlone) {
  const Project project;
  std::ofstream(project.outside() + "/elsewhere") << "KEY=1\n";
  std::filesystem::create_symlink(project.outside() + "/elsewhere", project.path(".env.out"));
  std::filesystem::create_symlink("nowhere", project.path(".env.dangling"));
  std::filesystem::create_symlink(".env.loop", project.path(".env.loop"));
  std::filesystem::create_directory(project.path(".env.d"));
  ASSERT_EQ(::mkfifo(project.path(".env").c_str(), 0600), 0);
  EXPECT_EQ(project.masked({}), Names{});
}

TEST(Masks, TakeNamesAsTheyCome) {
  const Project project;
  const Names odd = {".env\n", ".env \xff", ".env'\"$x"};
  for (const std::string& name : odd) project.write(name);
  EXPECT_EQ(project.masked({}), odd);
}

TEST(Masks, OfPatternsComeFromAWalkAndThenFromTheIndex) {
  const Project project;
  project.write("secrets/a/deep/key.pem");
  project.write("secrets/readme");
  project.write("other/key.pem");
  project.write("top.pem");
  const policy::Masks masks = by_globs({"secrets/**/*.pem", "*.pem"});
  auto found = project.find(masks);
  EXPECT_EQ(project.names(found.files), (Names{"secrets/a/deep/key.pem", "top.pem"}));
  EXPECT_EQ(found.search.by, MaskSearch::By::kWalk);
  EXPECT_EQ(found.search.index, MaskSearch::Index::kKept);
  project.write("secrets/b.pem");
  project.write("new.pem");
  std::filesystem::remove(project.path("secrets/a/deep/key.pem"));
  found = project.find(masks);
  EXPECT_EQ(found.search.by, MaskSearch::By::kIndex);
  EXPECT_EQ(project.names(found.files), (Names{"new.pem", "top.pem"}))
      << "what is gone is dropped, the root is always read";
  renew_mask_index(masks, project.fact(), project.cache());
  EXPECT_EQ(project.masked(masks), (Names{"new.pem", "secrets/b.pem", "top.pem"}));
}

TEST(Masks, ObeyTheExceptions) {
  const Project project;
  project.write(".env.test");
  project.write("secrets/a.pem");
  project.write("secrets/public.pem");
  policy::Masks masks = by_globs({"secrets/*.pem"});
  masks.exceptions = {".env.test", "public.pem"};
  EXPECT_EQ(project.masked(masks), Names{"secrets/a.pem"});
  masks.always = {"secrets/public.pem"};
  EXPECT_EQ(project.masked(masks), (Names{"secrets/a.pem", "secrets/public.pem"}));
}

TEST(Masks, WalkAgainWhereNoIndexCanBeKept) {
  const Project project;
  project.write("secrets/a.pem");
  for (int run = 0; run < 2; ++run) {
    const auto found = find_masks(by_globs({"secrets/*.pem"}), project.fact(), "");
    EXPECT_EQ(project.names(found.files), Names{"secrets/a.pem"});
    EXPECT_EQ(found.search.by, MaskSearch::By::kWalk);
    EXPECT_EQ(found.search.index, MaskSearch::Index::kCannotBeKept);
  }
}

TEST(MaskScope, IsTheProjectOrTheWorkingDirectory) {
  const Project project;
  policy::Policy policy;
  policy.masks.globs = {"*.pem"};
  Caller caller{.cwd = project.fact(), .project = project.fact()};
  auto scope = mask_scope(policy, caller);
  ASSERT_TRUE(scope);
  EXPECT_EQ(scope->of, MaskScope::Of::kProject);
  EXPECT_EQ(scope->masks, policy.masks);
  caller.project.reset();
  scope = mask_scope(policy, caller);
  ASSERT_TRUE(scope);
  EXPECT_EQ(scope->of, MaskScope::Of::kWorkingDirectory);
  EXPECT_TRUE(scope->masks.globs.empty());
}

TEST(MaskScope, IsNothingWhereMasksAreOffOrNothingIsShown) {
  const Project project;
  const Caller caller{.cwd = project.fact(), .project = project.fact()};
  policy::Policy policy;
  policy.masks.untracked_env_files = false;
  EXPECT_FALSE(mask_scope(policy, caller));
  policy.masks.always = {"*.pem"};
  EXPECT_TRUE(mask_scope(policy, caller));
  policy.project = policy::Project::kAbsent;
  EXPECT_FALSE(mask_scope(policy, caller));
  policy.system = policy::System::kWholeRoot;
  EXPECT_TRUE(mask_scope(policy, caller)) << "the whole root shows the project too";
}

}  // namespace
}  // namespace confide::launcher
