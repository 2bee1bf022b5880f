#include "cli/run_record.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <tuple>
#include <vector>

#include "base/sys.h"

namespace confide::cli {
namespace {

namespace fs = std::filesystem;

class Records : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "confide-records.XXXXXX";
    base_ = ::mkdtemp(pattern.data());
    ::setenv("XDG_STATE_HOME", base_.c_str(), 1);
    prepared_.request.command.argv = {"deploy", "--token=CANARY-argv"};
    prepared_.request.command.environment = {"KEY=CANARY-environment"};
    prepared_.request.policy.profile = "tool";
    prepared_.removed = {{"DB_PASSWORD", "its name"}};
    plan_.steps.push_back({launcher::MaskStep{.path = "/p/.env", .empty = "/e"}, "profile tool"});
    plan_.steps.push_back(
        {launcher::CoverStep{"/p", {{".husky", launcher::CoverAs::kFolder, ""}}}, "what runs later (built in)"});
  }
  void TearDown() override {
    ::unsetenv("XDG_STATE_HOME");
    fs::remove_all(base_);
  }

  std::vector<fs::path> files() const {
    std::vector<fs::path> found;
    if (fs::exists(base_ + "/confide/runs"))
      for (const auto& entry : fs::directory_iterator(base_ + "/confide/runs")) found.push_back(entry.path());
    return found;
  }
  void end(std::string_view verb, int code, int signal = 0, bool time_limit = false) {
    RunRecorder recorder(verb, prepared_, Asker::kPerson);
    recorder.on_event(launcher::Planned{plan_});
    recorder.on_event(launcher::Ended{code, signal, time_limit});
  }
  nlohmann::json only_record() const {
    const auto found = files();
    EXPECT_EQ(found.size(), 1U);
    if (found.size() != 1) return {};
    EXPECT_EQ(fs::status(found[0]).permissions(), fs::perms::owner_read | fs::perms::owner_write);
    const std::string text = sys::read_file(found[0].string(), 1U << 20).value_or("");
    EXPECT_EQ(text.find("CANARY"), std::string::npos) << text;
    return nlohmann::json::parse(text, nullptr, false);
  }

  std::string base_;
  Prepared prepared_;
  launcher::LaunchPlan plan_;
};

TEST_F(Records, ARunThatEndsWellLeavesNothingUnlessItIsAnAgents) {
  end("run", 0);
  EXPECT_TRUE(files().empty());
  end("agent", 0);
  EXPECT_EQ(only_record()["ended"], "exit status 0");
}

TEST_F(Records, KeepNothingOfWhatAnotherProgramSaid) {
  RunRecorder("run", prepared_, Asker::kPerson)
      .failed(
          {ErrorKind::kRefused, 0, "V (--secret): exec:db: exec: failed: exit status 3", "exec:db said “CANARY-q”"});
  EXPECT_EQ(only_record()["ended"], "nothing was launched: V (--secret): exec:db: exec: failed: exit status 3");
}

TEST_F(Records, SayNamesPathsAndRulesAndNoValue) {
  end("run", 3);
  const auto record = only_record();
  EXPECT_EQ(record["command"], "deploy");
  EXPECT_EQ(record["exit"], 3);
  EXPECT_EQ(record["removed"][0]["name"], "DB_PASSWORD");
  EXPECT_EQ(record["paths"][0], (nlohmann::json{{"path", "/p/.env"}, {"as", "masked"}, {"by", "profile tool"}}));
  EXPECT_EQ(record["paths"][1]["path"], "/p/.husky");
  EXPECT_EQ(record["paths"][1]["as"], "covered");
  EXPECT_EQ(record["plan"].get<std::string>().size(), 64U);
}

TEST_F(Records, SayHowItEnded) {
  for (const auto& [signal, limit, words] :
       {std::tuple(9, false, "killed by signal 9"), std::tuple(9, true, "the time limit ended it")}) {
    end("run", 137, signal, limit);
    EXPECT_EQ(only_record()["ended"], words);
    fs::remove(files()[0]);
  }
}

TEST_F(Records, WhereNothingWasLaunchedSayWhyWithoutAPlan) {
  RunRecorder recorder("run", prepared_, Asker::kPerson);
  recorder.set_names({"API_KEY"});
  recorder.failed({ErrorKind::kRefused, 0, "vault://a/b cannot be had"});
  const auto record = only_record();
  EXPECT_EQ(record["ended"], "nothing was launched: vault://a/b cannot be had");
  EXPECT_EQ(record["exit"], 123);
  EXPECT_EQ(record["secrets"], nlohmann::json({"API_KEY"}));
  EXPECT_FALSE(record.contains("paths"));
}

TEST_F(Records, TheNewestFiftyAreKept) {
  for (int n = 0; n < 53; ++n) end("run", n + 1);
  EXPECT_EQ(files().size(), 50U);
  auto found = files();
  std::sort(found.begin(), found.end());
  const std::string oldest = sys::read_file(found.front().string(), 1U << 20).value_or("");
  EXPECT_EQ(nlohmann::json::parse(oldest, nullptr, false)["exit"], 4);
}

}  // namespace
}  // namespace confide::cli
