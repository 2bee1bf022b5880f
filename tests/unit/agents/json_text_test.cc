#include "agents/json_text.h"

#include <gtest/gtest.h>

namespace confide::agents {
namespace {

JsonValue scanned(std::string_view text) {
  auto value = scan_json(text, "f");
  EXPECT_TRUE(value) << text << (value ? "" : value.error().what);
  return value ? *value : JsonValue{};
}

std::string complaint(std::string_view text) {
  const auto value = scan_json(text, "f.json");
  return value ? "none" : value.error().what;
}

TEST(Scan, SaysWhereThingsStand) {
  const std::string_view text = " {\"a\": [1, \"x\\u00e9\\ud83d\\udd11\\n\", {}], \"a\": true} ";
  const JsonValue value = scanned(text);
  ASSERT_EQ(value.entries.size(), 2U);
  const JsonValue& list = value.entries[0].value;
  EXPECT_EQ(text.substr(list.begin, 2), "[1");
  EXPECT_EQ(list.entries[0].value.text, "1");
  EXPECT_EQ(list.entries[1].value.text, "x\xc3\xa9\xf0\x9f\x94\x91\n");
  EXPECT_EQ(list.entries[2].value.kind, JsonValue::Kind::kObject);
  EXPECT_EQ(value.member("a")->text, "true");
  EXPECT_EQ(value.member("b"), nullptr);
  EXPECT_EQ(text[value.end - 1], '}');
}

TEST(Scan, ComplainsWithItsPlace) {
  EXPECT_EQ(complaint(""), "f.json:1:1: the JSON text ends here, too early");
  EXPECT_EQ(complaint("{\n  \"a\": 1,\n}"), "f.json:3:1: a comma with nothing behind it");
  EXPECT_EQ(complaint("{\n  // note\n}"), "f.json:2:3: here should be a name in quotes");
  EXPECT_EQ(complaint("{\"\xc3\xa9\" 1}"), "f.json:1:6: here should be a colon");
  EXPECT_EQ(complaint("[1 2]"), "f.json:1:4: here should be a comma or `]`");
  EXPECT_EQ(complaint("{} x"), "f.json:1:4: something follows the end of the JSON text");
  for (const char* text :
       {"[01]", "[1.]", "[.5]", "[1e]", "[+1]", "[nul]", "[\"\\x\"]", "[\"\\ud800\"]", "[\"\\udc00\"]", "[\"\\u12g4\"]",
        "[\"a\nb\"]", "[\"a", "[", "{\"a\":", "{\"a\"", "[,]", "{,}", "'a'", "\xef\xbb\xbf{}"})
    EXPECT_NE(complaint(text), "none") << text;
  for (const char* text : {"[-0, 0.5e-3, 10E+2]", "\"x\"", "null", "{\"\": {}}"})
    EXPECT_EQ(complaint(text), "none") << text;
  EXPECT_NE(complaint(std::string(500, '[')), "none");
}

std::string add_member(std::string_view text) {
  return with_member(text, scanned(text), "b", "{\n  \"c\": [\n    1\n  ]\n}");
}

TEST(With, FollowsTheFilesOwnStyle) {
  EXPECT_EQ(add_member("{}"), "{\n  \"b\": {\n    \"c\": [\n      1\n    ]\n  }\n}");
  EXPECT_EQ(add_member("{\n}\n"), "{\n  \"b\": {\n    \"c\": [\n      1\n    ]\n  }\n}\n");
  EXPECT_EQ(add_member("{\n    \"a\": 1\n}\n"),
            "{\n    \"a\": 1,\n    \"b\": {\n        \"c\": [\n            1\n        ]\n    }\n}\n");
  EXPECT_EQ(add_member("{\n\t\"a\": 1\n}"), "{\n\t\"a\": 1,\n\t\"b\": {\n\t\t\"c\": [\n\t\t\t1\n\t\t]\n\t}\n}");
  EXPECT_EQ(add_member("{\"a\": 1}"), "{\"a\": 1,\n  \"b\": {\n    \"c\": [\n      1\n    ]\n  }\n}");
}

TEST(With, Elements) {
  const std::string text = "{\n  \"a\": [\n    1\n  ]\n}";
  EXPECT_EQ(with_element(text, *scanned(text).member("a"), "{\n  \"x\": 2\n}"),
            "{\n  \"a\": [\n    1,\n    {\n      \"x\": 2\n    }\n  ]\n}");
  const std::string empty = "{\n  \"a\": []\n}";
  EXPECT_EQ(with_element(empty, *scanned(empty).member("a"), "2"), "{\n  \"a\": [\n    2\n  ]\n}");
}

TEST(Without, TakesTheCommaAlong) {
  const std::string text = "{ \"a\": 1, \"b\": 2,\n \"c\": 3 }";
  EXPECT_EQ(without_entry(text, scanned(text), 0), "{ \"b\": 2,\n \"c\": 3 }");
  EXPECT_EQ(without_entry(text, scanned(text), 1), "{ \"a\": 1,\n \"c\": 3 }");
  EXPECT_EQ(without_entry(text, scanned(text), 2), "{ \"a\": 1, \"b\": 2 }");
  EXPECT_EQ(without_entry("[ 1 ]", scanned("[ 1 ]"), 0), "[]");
}

TEST(Without, UndoesWith) {
  for (const std::string text :
       {"{\n  \"a\": 1\n}\n", "{\n\t\"a\": {\"x\": []}\n}", "{\n  \"a\": 1,\n\n  \"z\": [\n  ]\n}"}) {
    const std::string more = add_member(text);
    const JsonValue value = scanned(more);
    EXPECT_EQ(without_entry(more, value, value.entries.size() - 1), text);
  }
}

TEST(Quoted, IsReadBack) {
  const std::string all = "a\"b\\c\n\t\x01\xc3\xa9/";
  EXPECT_EQ(scanned(json_quoted(all)).text, all);
}

}  // namespace
}  // namespace confide::agents
