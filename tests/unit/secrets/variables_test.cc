#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>

#include "policy/reference.h"

namespace confide::policy {
namespace {

std::optional<std::string> lookup(std::string_view name) {
  static const std::map<std::string, std::string, std::less<>> kVariables = {
      {"APP_ENV", "prod"}, {"my_var", "mine"}, {"EMPTY", ""}, {"TRICK", "$APP_ENV"}, {"n2", "two"}};
  const auto at = kVariables.find(name);
  if (at == kVariables.end()) return std::nullopt;
  return at->second;
}

struct Case {
  std::string_view text;
  std::string_view expanded;
};
constexpr Case kExpanded[] = {
    {"", ""},
    {"plain", "plain"},
    {"op://$APP_ENV/i/f", "op://prod/i/f"},
    {"op://${APP_ENV}/i/f", "op://prod/i/f"},
    {"op://${ APP_ENV\t}/i/f", "op://prod/i/f"},
    {"op://${VAULT:-dev}/i/f", "op://dev/i/f"},
    {"op://${APP_ENV:-dev}/i/f", "op://prod/i/f"},
    {"op://${VAULT:-}/i/f", "op:///i/f"},
    {"op://${VAULT:-two words}/i/f", "op://two words/i/f"},
    {"${EMPTY:-default}", ""},  // set, if to nothing: the default is for what is not set
    {"$EMPTY.", "."},
    {"$my_var-x", "mine-x"},
    {"$n2$n2", "twotwo"},
    {"${n2}n2", "twon2"},
    {"$", "$"},
    {"a$", "a$"},
    {"$$", "$$"},
    {"$1", "$1"},
    {"$2nd", "$2nd"},
    {"${}", "${}"},
    {"${1}", "${1}"},
    {"${#a}", "${#a}"},
    {"$(cmd)", "$(cmd)"},
    {"$-x", "$-x"},
    {"$TRICK", "$APP_ENV"},  // what was put in is not looked at again
    {"cost: 5$", "cost: 5$"},
};

TEST(Variables, Expand) {
  for (const auto& [text, expanded] : kExpanded) {
    const auto result = expand_variables(text, lookup);
    ASSERT_TRUE(result.has_value()) << text << ": " << result.error().what;
    EXPECT_EQ(*result, expanded) << text;
  }
}

constexpr Case kRefused[] = {
    {"op://$NOPE/i/f", "column 6: the variable NOPE is not set; set it or write ${NOPE:-default}"},
    {"op://${NOPE}/i/f", "column 6: the variable NOPE is not set; set it or write ${NOPE:-default}"},
    {"pa$sword", "column 3: the variable here is not set and has no default"},
    {"${APP_ENV:?x}", "column 1: only ${NAME} and ${NAME:-default} are understood here"},
    {"${APP_ENV-x}", "column 1: only ${NAME} and ${NAME:-default} are understood here"},
    {"x${APP_ENV%y}", "column 2: only ${NAME} and ${NAME:-default} are understood here"},
    {"${APP_ENV", "column 1: only ${NAME} and ${NAME:-default} are understood here"},
    {"${APP_ENV APP_ENV}", "column 1: only ${NAME} and ${NAME:-default} are understood here"},
    {"${my_var\\}", "column 1: only ${NAME} and ${NAME:-default} are understood here"},
    {"${A:-x", "column 1: the variable's closing brace is missing"},
    {"${A:-x\n}", "column 1: the variable's closing brace is missing"},
    {"${A:-$APP_ENV}", "column 1: a default has no '$', '{' or backslash"},
    {"${A:-${APP_ENV}}", "column 1: a default has no '$', '{' or backslash"},
    {"${A:-x\\}", "column 1: a default has no '$', '{' or backslash"},
};

TEST(Variables, WhatWouldBeTakenWronglyIsRefused) {
  for (const auto& [text, error] : kRefused) {
    const auto result = expand_variables(text, lookup);
    ASSERT_FALSE(result.has_value()) << text;
    EXPECT_EQ(result.error(), (Error{ErrorKind::kRefused, 0, std::string(error)})) << text;
  }
}

TEST(Variables, TagsKnowTheirLength) {
  EXPECT_EQ(variable_at("${ A :-b}c").value(), (VariableTag{"A", "b", 9}));
  EXPECT_EQ(variable_at("$Ab/").value(), (VariableTag{"Ab", std::nullopt, 3}));
  EXPECT_EQ(variable_at("$/").value(), std::nullopt);
  EXPECT_EQ(variable_at("").value(), std::nullopt);
}

}  // namespace
}  // namespace confide::policy
