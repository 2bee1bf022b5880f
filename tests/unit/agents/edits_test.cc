#include "agents/edits.h"

#include <gtest/gtest.h>

namespace confide::agents {
namespace {

TEST(Edits, TheSmallestAndBack) {
  for (const auto& [before, after] : {std::pair<std::string, std::string>{"", "abc"},
                                      {"abc", ""},
                                      {"abc", "abXc"},
                                      {"aaa", "aaaa"},
                                      {"abcd", "aXYd"},
                                      {"x", "x"}}) {
    const Edit edit = edit_between(before, after);
    EXPECT_EQ(undone(after, {edit}), before);
    EXPECT_LE(edit.inserted.size(), after.size());
  }
  EXPECT_EQ(edit_between("abc", "abXc"), (Edit{2, "", "X"}));
}

TEST(Edits, AreFoundWhereTheyMovedTo) {
  const std::vector<Edit> edits = {edit_between("a\nb\n", "a\nNEW\nb\n")};
  EXPECT_EQ(undone("more\na\nNEW\nb\n", edits), "more\na\nb\n");
  EXPECT_EQ(undone("a\nb\n", edits), std::nullopt);
  EXPECT_EQ(undone("x  NEW\n NEW\n", edits), std::nullopt);  // which one cannot be told
}

TEST(Edits, SeveralAreTakenBackInTurn) {
  const std::string a = "b\n", b = "b\nend\n", c = "top\nb\nend\n";
  EXPECT_EQ(undone(c, {edit_between(a, b), edit_between(b, c)}), a);
}

TEST(Records, AreReadBack) {
  const Record record{.path = "/a \n b",
                      .existed = false,
                      .folders = {"/x", "/x/y"},
                      .edits = {{3, "re\nmoved", ""}, {0, "", "edit 5\n"}}};
  const auto read = decode_record(encode(record));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, record);
}

TEST(Records, AreCompleteOrRefused) {
  const std::string text = encode({.path = "/a", .existed = true, .folders = {}, .edits = {{3, "x", "yz"}}});
  const size_t head = encode({.path = "/a"}).size();
  for (size_t size = 0; size < text.size(); ++size) {
    EXPECT_EQ(decode_record(text.substr(0, size)).has_value(), size == head) << size;
  }
  EXPECT_FALSE(decode_record(text + "x"));
}

TEST(Difference, ShowsWhatChangesAndALittleAround) {
  EXPECT_EQ(show_difference("/f", "1\n2\n3\n4\n5\n", "1\n2\n3\n4\nX\n5\n"),
            "--- /f\n+++ /f\n@@ line 5 @@\n 2\n 3\n 4\n+X\n 5\n");
  EXPECT_EQ(show_difference("/f", std::nullopt, "a\n"), "--- (no file)\n+++ /f\n@@ line 1 @@\n+a\n");
}

}  // namespace
}  // namespace confide::agents
