#include "launcher/supervise/mask_watch.h"

#include <poll.h>

#include "tests/unit/launcher_masks/project.h"

namespace confide::launcher {
namespace {

class Watched : public testing::Test {
 protected:
  // As a launch does: what is masked is looked for, then the command runs, then the watch begins.
  void prepare(policy::Masks masks = {}) {
    masks_ = std::move(masks);
    watch_ = std::make_unique<MaskWatch>(masks_, project_.fact());
    watch_->follow(project_.find(masks_).files);
  }
  void begin() {
    const auto begun = watch_->begin();
    ASSERT_TRUE(begun) << to_text(begun.error());
  }
  void start(policy::Masks masks = {}) {
    prepare(std::move(masks));
    begin();
    EXPECT_EQ(changed(), Names{});
  }
  // What is in doubt now, below the project. Far apart, so that the watch has rested in between.
  Names changed() {
    now_ += 10'000;
    Names names;
    for (const std::string& path : watch_->changed(now_)) names.push_back(path.substr(project_.root().size() + 1));
    return names;
  }
  bool heard() const {
    pollfd ready{watch_->fd(), POLLIN, 0};
    return ::poll(&ready, 1, 0) == 1;
  }

  Project project_;
  policy::Masks masks_;
  std::unique_ptr<MaskWatch> watch_;
  int64_t now_ = 0;
};

TEST_F(Watched, SaysNothingWhereNothingChanges) {
  project_.write(".env");
  start();
  EXPECT_FALSE(heard());
  EXPECT_EQ(changed(), Names{});
  EXPECT_FALSE(watch_->deadline_ms());
}

TEST_F(Watched, SeesAFileRenamedOntoAMask) {
  project_.write(".env");
  start();
  project_.replace(".env");
  EXPECT_TRUE(heard());
  EXPECT_EQ(changed(), Names{".env"});
  EXPECT_EQ(changed(), Names{}) << "once for each change";
  project_.replace(".env");
  EXPECT_EQ(changed(), Names{".env"});
}

TEST_F(Watched, SeesAFileRemovedAndMadeAnew) {
  project_.write(".env");
  start();
  std::filesystem::remove(project_.path(".env"));
  EXPECT_EQ(changed(), Names{});
  project_.write(".env");
  EXPECT_EQ(changed(), Names{".env"});
}

TEST_F(Watched, SeesANameThatWasNotThereAtLaunch) {
  start();
  project_.write("main.c");
  project_.write(".env.example");
  EXPECT_EQ(changed(), Names{});
  project_.write(".env");
  std::filesystem::create_directory(project_.path(".env.d"));
  EXPECT_EQ(changed(), Names{".env"});
}

TEST_F(Watched, LosesNoChangeBetweenLookingAndBeginning) {
  project_.write(".env");
  project_.write(".env.kept");
  project_.write(".env.gone");
  prepare();
  EXPECT_LT(watch_->fd(), 0);
  EXPECT_EQ(changed(), Names{}) << "not yet";
  project_.replace(".env");
  project_.write(".env.new");
  std::filesystem::remove(project_.path(".env.gone"));
  begin();
  EXPECT_EQ(changed(), (Names{".env", ".env.new"}));
}

TEST_F(Watched, LeavesTrackedFilesAlone) {
  project_.track_by("v2-sha1");
  start();
  project_.write(".env.development");
  EXPECT_EQ(changed(), Names{});
}

TEST_F(Watched, WaitsForGitToSayWhatItTracks) {
  project_.write(".git/index.lock");
  start();
  project_.write(".env.development");
  project_.write(".env");
  EXPECT_EQ(changed(), Names{}) << "a checkout may be under way";
  ASSERT_TRUE(watch_->deadline_ms());
  EXPECT_LE(*watch_->deadline_ms(), now_ + 100);
  std::filesystem::remove(project_.path(".git/index.lock"));
  project_.track_by("v2-sha1");
  EXPECT_EQ(changed(), Names{".env"});
  EXPECT_FALSE(watch_->deadline_ms());
}

TEST_F(Watched, DoesNotWaitForGitForever) {
  project_.write(".git/index.lock");
  start();
  project_.write(".env");
  EXPECT_EQ(changed(), Names{});
  now_ = *watch_->deadline_ms() - 10'000;
  EXPECT_EQ(changed(), Names{});
  now_ += 5000 - 10'000;
  EXPECT_EQ(changed(), Names{".env"});
}

TEST_F(Watched, RestsBetweenTwoLooks) {
  start();
  project_.write("main.c");
  EXPECT_EQ(watch_->changed(1000), Names{});
  project_.write(".env");
  EXPECT_EQ(watch_->changed(1000), Names{}) << "a folder is not listed again at once";
  ASSERT_TRUE(watch_->deadline_ms());
  EXPECT_EQ(watch_->changed(*watch_->deadline_ms()), Names{project_.path(".env")});
}

TEST_F(Watched, SeesTheTargetOfALinkReplaced) {
  project_.write("config/real.env");
  std::filesystem::create_symlink("config/real.env", project_.path(".env"));
  start();
  EXPECT_EQ(changed(), Names{});
  project_.replace("config/real.env");
  EXPECT_EQ(changed(), Names{"config/real.env"});
}

TEST_F(Watched, WatchesTheFoldersOfPatterns) {
  project_.write("secrets/deep/a.pem");
  project_.write("certs/readme");
  policy::Masks masks;
  masks.globs = {"secrets/**/*.pem", "certs/*.pem", "later/*.pem"};
  start(masks);
  project_.replace("secrets/deep/a.pem");
  EXPECT_EQ(changed(), Names{"secrets/deep/a.pem"});
  project_.write("certs/b.pem");
  EXPECT_EQ(changed(), Names{"certs/b.pem"});
  project_.write("later/c.pem");
  EXPECT_EQ(changed(), Names{"later/c.pem"}) << "the folder is new";
  std::filesystem::remove_all(project_.path("secrets"));
  project_.write("secrets/deep/a.pem");
  EXPECT_EQ(changed(), Names{"secrets/deep/a.pem"}) << "the folder was replaced";
  project_.write("secrets/deep/d.pem");
  EXPECT_EQ(changed(), Names{"secrets/deep/d.pem"}) << "and is watched again";
}

TEST_F(Watched, GivesTheSignalsBackAsTheyWere) {
  sigset_t before;
  ::sigprocmask(SIG_SETMASK, nullptr, &before);
  ASSERT_FALSE(sigismember(&before, SIGIO));
  start();
  project_.write(".env");
  watch_.reset();  // with a signal that nobody took: unblocked, it would end this process
  sigset_t after;
  ::sigprocmask(SIG_SETMASK, nullptr, &after);
  EXPECT_FALSE(sigismember(&after, SIGIO));
}

TEST_F(Watched, FailsWhereTheProjectIsGoneOrAnother) {
  prepare();
  std::filesystem::rename(project_.root(), project_.outside() + "/moved");
  EXPECT_FALSE(watch_->begin());
  std::filesystem::create_directory(project_.root());
  EXPECT_FALSE(watch_->begin());
}

}  // namespace
}  // namespace confide::launcher
