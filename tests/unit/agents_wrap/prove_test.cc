#include "agents/prove.h"

#include <gtest/gtest.h>

#include <set>

#include "base/text.h"

namespace confide::agents {
namespace {

using What = Outcome::What;
using Place = Standing::Place;

Outcome outcome(const char* attempt, Stake stake, What what) {
  return {.attempt = attempt, .about = {}, .layer = {}, .stake = stake, .what = what, .answer = {}, .detail = {}};
}

TEST(Scene, TravelsAsOneWordAndComesBackAsItWas) {
  const ProveScene scene{.pid = "12",
                         .held = "7f00",
                         .memfd = "3",
                         .home_file = "/home/me/x",
                         .tmp_file = "/tmp/x",
                         .socket = "/tmp/s",
                         .abstract = "a",
                         .port = "99",
                         .posix = "/p",
                         .needle = "00ff"};
  EXPECT_EQ(decode_scene(encode(scene)), scene);
  EXPECT_EQ(decode_scene(""), ProveScene{});
  EXPECT_EQ(encode({}), "");
  for (const char* text : {"pid", "pid=", "none=1", "pid=1,", "pid=1=2", "pid=1\n"})
    EXPECT_FALSE(decode_scene(text)) << text;
  EXPECT_FALSE(decode_scene("pid=" + std::string(5000, '1')));
}

TEST(Attempts, NameAFieldOfTheSceneOrNone) {
  const ProveScene whole{.pid = "1",
                         .held = "2",
                         .memfd = "3",
                         .home_file = "/h",
                         .tmp_file = "/t",
                         .socket = "/s",
                         .abstract = "a",
                         .port = "4",
                         .posix = "/p",
                         .needle = "00"};
  for (const Attempt& attempt : attempts()) {
    const auto words = words_of(attempt, whole);
    ASSERT_TRUE(words) << attempt.probe;
    for (const std::string& word : *words) EXPECT_FALSE(word.starts_with('@')) << attempt.probe;
    EXPECT_FALSE(attempt.about.empty() || attempt.layer.empty()) << attempt.probe;
    bool needs = false;
    for (const std::string_view word : attempt.words) needs = needs || word.starts_with('@');
    EXPECT_EQ(words_of(attempt, {}).has_value(), !needs) << attempt.probe;
  }
}

TEST(Assurance, IsThatOfThePlaceWhereNothingOfItLeaks) {
  EXPECT_EQ(assure({.place = Place::kUnconfined}, {}).level, 0);
  EXPECT_EQ(assure({.place = Place::kForeignSandbox}, {}).level, 1);
  EXPECT_EQ(assure({.place = Place::kCommand}, {}).level, 1);
  EXPECT_EQ(assure({.place = Place::kAgent}, {}).level, 2);
  EXPECT_EQ(assure({.place = Place::kAgent, .made_by_root = true}, {}).level, 3);
  EXPECT_EQ(assure({.place = Place::kCommand, .made_by_root = true}, {}).level, 1);
}

TEST(Assurance, ALeakOfAValueMakesItNothingAndIsNamed) {
  const Standing agent{.place = Place::kAgent};
  const auto leaky =
      assure(agent, {outcome("proc-environ", Stake::kValue, What::kLeak), outcome("read", Stake::kValue, What::kLeak),
                     outcome("kill", Stake::kValue, What::kRefused)});
  EXPECT_EQ(leaky.level, 0);
  EXPECT_EQ(leaky.leaks, 2U);
  EXPECT_NE(leaky.why.find("should be level 2, and is not: proc-environ, read"), std::string::npos) << leaky.why;
  const auto stated = assure(
      agent, {outcome("tcp", Stake::kReach, What::kLeak), outcome("io-uring-setup", Stake::kSurface, What::kLeak),
              outcome("kill", Stake::kValue, What::kUntried)});
  EXPECT_EQ(stated.level, 2);
  EXPECT_EQ(stated.leaks, 0U);
  // Of an unconfined shell all is known to leak, and none of it is forbidden by level 0.
  EXPECT_EQ(assure({}, {outcome("read", Stake::kValue, What::kLeak)}).leaks, 0U);
}

TEST(Notes, SayWhatAMountNamespaceUndoesInAWrappedAgentAlone) {
  const std::vector<Outcome> open = {outcome("nested-mount-ns", Stake::kSurface, What::kLeak)};
  const auto notes = notes_on({.place = Place::kAgent}, open);
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_NE(notes[0].find("--no-inner-sandbox"), std::string::npos);
  EXPECT_TRUE(
      notes_on({.place = Place::kAgent}, {outcome("nested-mount-ns", Stake::kSurface, What::kRefused)}).empty());
  EXPECT_TRUE(notes_on({.place = Place::kUnconfined}, open).empty());
}

TEST(Words, OfPlacesAndStakesAreToldApart) {
  std::set<std::string> names;
  for (const Place place : {Place::kUnconfined, Place::kForeignSandbox, Place::kCommand, Place::kAgent})
    names.insert(name_of(place));
  for (const Stake stake : {Stake::kValue, Stake::kReach, Stake::kSurface}) names.insert(name_of(stake));
  EXPECT_EQ(names.size(), 7U);
}

}  // namespace
}  // namespace confide::agents
