// What an idle stream lets go of: so little, and once.
#include <algorithm>

#include "encoders.h"
#include "masking_support.h"

namespace confide::masking::testing {
namespace {

class Idle : public ::testing::Test {
 protected:
  static constexpr StreamOptions kLive = {.liveness = Liveness::kReleaseIdle};

  // Feeds each piece and waits `pause_ms` after it; what has left after each pause.
  static std::vector<std::string> seen(const Tables& tables, const std::vector<std::string>& pieces,
                                       int64_t pause_ms = 30) {
    StreamMasker masker = masker_of(tables, kLive);
    Output output;
    int64_t now = 1000;
    std::vector<std::string> out;
    for (const std::string& piece : pieces) {
      EXPECT_TRUE(masker.feed(bytes_of(piece), now, output));
      for (auto deadline = masker.deadline_ms(); deadline && *deadline <= now + pause_ms;
           deadline = masker.deadline_ms())
        masker.flush_idle(*deadline, output);
      now += pause_ms;
      out.push_back(output.text);
    }
    masker.finish(output);
    out.push_back(output.text);
    return out;
  }
  static std::vector<std::string> one_by_one(const std::string& text) {
    std::vector<std::string> out;
    for (const char c : text) out.emplace_back(1, c);
    return out;
  }
  const std::string value_ = "kP8vQ2mZ7wR4xT9nB3hJ6";  // 21: a quarter is 5, four characters are let go of
};

TEST_F(Idle, APromptLeavesAtOnceWhereNothingIsOpen) {
  const Tables tables = tables_of({{"S", value_}});
  StreamMasker masker = masker_of(tables, kLive);
  Output output;
  ASSERT_TRUE(masker.feed(bytes_of("Password: "), 5, output));
  EXPECT_EQ(output.text, "Password: ");
  EXPECT_EQ(masker.deadline_ms(), std::nullopt);
}

TEST_F(Idle, AShortBeginningLeavesAfterTwentyMilliseconds) {
  const Tables tables = tables_of({{"S", value_}});
  StreamMasker masker = masker_of(tables, kLive);
  Output output;
  ASSERT_TRUE(masker.feed(bytes_of("say kP8v"), 5, output));
  EXPECT_EQ(output.text, "say ");
  EXPECT_EQ(masker.deadline_ms(), 5 + kIdleMs);
  masker.flush_idle(5 + kIdleMs - 1, output);
  EXPECT_EQ(output.text, "say ");
  masker.flush_idle(5 + kIdleMs, output);
  EXPECT_EQ(output.text, "say kP8v");
  EXPECT_EQ(masker.deadline_ms(), std::nullopt);
}

TEST_F(Idle, ALongerBeginningWaits) {
  const Tables tables = tables_of({{"S", value_}});
  EXPECT_EQ(seen(tables, {"say kP8vQ", "!"}), (std::vector<std::string>{"say ", "say kP8vQ!", "say kP8vQ!"}));
  // Of a short secret only a quarter is let go of.
  const Tables short_one = tables_of({{"S", "kP8vQ2mZ"}});
  EXPECT_EQ(seen(short_one, {"kP", "8", "!"}), (std::vector<std::string>{"kP", "kP", "kP8!", "kP8!"}));
  EXPECT_EQ(seen(short_one, {"kP8", "!"}), (std::vector<std::string>{"", "kP8!", "kP8!"}));
}

TEST_F(Idle, ASlowWriterLeaksNoMore) {
  const Tables tables = tables_of({{"S", value_}});
  EXPECT_EQ(seen(tables, one_by_one("a" + value_ + "b")).back(), "ak" + marker() + "b");
  EXPECT_EQ(seen(tables, one_by_one("a" + value_ + value_ + "b")).back(), "ak" + marker() + "k" + marker() + "b");
  EXPECT_EQ(seen(tables, {"kP8v", value_.substr(4)}).back(), "kP8v" + marker());
  EXPECT_EQ(seen(tables, {"kP", "8vQ", value_.substr(5)}).back(), "kP" + marker());
  EXPECT_EQ(seen(tables, one_by_one(to_hex(value_))).back().size(), 1 + marker().size());
  EXPECT_LE(seen(tables, one_by_one(to_base64("user:" + value_))).back().size(), 8 + 4 + marker().size());
}

TEST_F(Idle, ASlowWriterOfOneCharacterALineLeaksNoMore) {
  const Tables tables = tables_of({{"S", value_}});
  std::vector<std::string> lines;
  for (const char c : value_) lines.push_back(std::string(1, c) + "\n");
  EXPECT_EQ(replace_all(seen(tables, lines).back(), "\n", ""), "k" + marker());
}

TEST_F(Idle, ASlowWriterOfSelfOverlappingText) {
  const Tables tables = tables_of({{"S", "aaaaaaab"}});
  EXPECT_EQ(seen(tables, one_by_one("aaaaaaaaab")).back(), "aa" + marker());
  const Tables tok = tables_of({{"S", "tok-tok-1"}});
  EXPECT_EQ(seen(tok, one_by_one("tok-tok-tok-1")).back(), "t" + marker());
}

TEST_F(Idle, ACompleteLineIsNotHeldForWhatMayFollow) {
  // "localhost" stands in the middle of the value, long enough a part to wait for more.
  const Tables tables = tables_of({{"URL", "postgres://app:x7Kq9Lm2@localhost:5432/shop?application_name=api"}});
  EXPECT_EQ(seen(tables, {"listening on localhost\n"}).front(), "listening on localhost\n");
  EXPECT_EQ(seen(tables, {"listening on localhost"}).front(), "listening on ");
  // Once: the rest of a value cut by line ends stays hidden.
  const std::string value = "x7Kq9Lm2aB4cD6eF8gH1jK3";
  const Tables cut = tables_of({{"S", value}});
  std::vector<std::string> lines;
  for (size_t at = 0; at < value.size(); at += 6) lines.push_back(value.substr(at, 6) + "\n");
  EXPECT_EQ(seen(cut, lines).back(), "x7Kq9L\n" + marker() + "\n");
}

// Nearly every line ends with a character that begins something: nobody waits 20 ms for each.
TEST_F(Idle, AFewCharactersAtTheEndOfALineLeaveSooner) {
  const Tables tables = tables_of({{"S", value_}});
  StreamMasker masker = masker_of(tables, kLive);
  Output output;
  ASSERT_TRUE(masker.feed(bytes_of("status kP\n"), 5, output));
  EXPECT_EQ(output.text, "status ");
  EXPECT_EQ(masker.deadline_ms(), 5 + kLineIdleMs);
  masker.flush_idle(5 + kLineIdleMs, output);
  EXPECT_EQ(output.text, "status kP\n");
  EXPECT_EQ(masker.deadline_ms(), std::nullopt);
  ASSERT_TRUE(masker.feed(bytes_of(value_.substr(2) + "\n"), 9, output));
  masker.finish(output);
  EXPECT_EQ(output.text, "status kP\n" + marker() + "\n");
  // Those that are more than it may give up, or whose line goes on, wait as long as before.
  for (const char* text : {"\nstatus kP8vQ\n", "\nstatus kP"}) {
    StreamMasker other = masker_of(tables, kLive);
    ASSERT_TRUE(other.feed(bytes_of(text), 5, output));
    EXPECT_EQ(other.deadline_ms(), 5 + kIdleMs) << text;
    other.flush_idle(5 + kLineIdleMs, output);
    EXPECT_GT(other.held(), 0U);
  }
}

TEST_F(Idle, AFoundSecretIsAnnouncedThoughMoreOfItMayCome) {
  const Tables tables = tables_of({{"SHORT", "kP8vQ2mZ"}, {"LONG", "kP8vQ2mZ7wR4xT9nB3hJ6"}});
  EXPECT_EQ(seen(tables, {"token kP8vQ2mZ", " next"}),
            (std::vector<std::string>{"token " + marker("SHORT"), "token " + marker("SHORT") + " next",
                                      "token " + marker("SHORT") + " next"}));
  // What makes it longer adds nothing.
  EXPECT_EQ(seen(tables, {"token kP8vQ2mZ", "7wR4xT9", "nB3hJ6", "!"}).back(), "token " + marker("SHORT") + "!");
}

TEST_F(Idle, IncompleteEscapesWait) {
  const Tables tables = tables_of({{"S", value_}});
  EXPECT_EQ(seen(tables, {"50%", " done"}), (std::vector<std::string>{"50%", "50% done", "50% done"}));
  EXPECT_EQ(seen(tables, {"a\x1b[3", "1mred"}), (std::vector<std::string>{"a\x1b[3", "a\x1b[31mred", "a\x1b[31mred"}));
}

TEST_F(Idle, HoldingNeverLetsGo) {
  const Tables tables = tables_of({{"S", value_}});
  StreamMasker masker = masker_of(tables, {.liveness = Liveness::kHold});
  Output output;
  ASSERT_TRUE(masker.feed(bytes_of("kP"), 0, output));
  EXPECT_EQ(masker.deadline_ms(), std::nullopt);
  masker.flush_idle(1000, output);
  EXPECT_EQ(output.text, "");
  masker.finish(output);
  EXPECT_EQ(output.text, "kP");
}

// Whatever the pauses, what has left is never more than let go of: each secret's characters are missing but for four.
TEST_F(Idle, RandomPausesLeakAtMostFourCharactersOfAMatch) {
  const std::vector<oracle::Secret> secrets = {{"S", value_}};
  const Tables tables = tables_of(secrets);
  unsigned state = 9;
  for (int round = 0; round < 2000; ++round) {
    const auto below = [&](unsigned bound) {
      state = state * 1664525U + 1013904223U;
      return (state >> 16) % bound;
    };
    const std::string input = "x" + value_ + "y" + value_.substr(0, below(10)) + "z" + value_;
    std::vector<std::string> pieces;
    for (size_t at = 0; at < input.size();) {
      const size_t length = 1 + below(6);
      pieces.push_back(input.substr(at, length));
      at += length;
    }
    const std::string text = seen(tables, pieces, below(2) == 0 ? 30 : 10).back();
    EXPECT_EQ(text.find(value_.substr(4, 8)), std::string::npos) << text;
    EXPECT_EQ(text.find(value_.substr(0, 5) + "<"), std::string::npos) << text;
    size_t markers = 0;
    for (size_t at = text.find(marker()); at != std::string::npos; at = text.find(marker(), at + 1)) ++markers;
    EXPECT_EQ(markers, 2U) << text;
  }
}

}  // namespace
}  // namespace confide::masking::testing
