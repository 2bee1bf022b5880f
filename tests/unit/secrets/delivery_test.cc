#include "secrets/delivery.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/unit/secrets/support.h"

namespace confide::secrets {
namespace {

using namespace std::string_view_literals;
using policy::Deliver;
using policy::Scheme;
using testing::secret;
using testing::text_of;

class DeliveryTest : public ::testing::Test {
 protected:
  void add(std::string_view name, Deliver how, std::string_view value = "v", std::string_view target = "") {
    secrets_.push_back({std::string(name), how, secret(value), std::string(target)});
  }
  std::vector<std::string> check() {
    std::vector<std::string> texts;
    for (const Error& error : check_delivery(secrets_)) {
      EXPECT_EQ(error.kind, ErrorKind::kRefused);
      EXPECT_EQ(error.what.find("CANARY"), std::string::npos) << error.what;
      texts.push_back(error.what);
    }
    secrets_.clear();
    return texts;
  }
  using Texts = std::vector<std::string>;
  std::vector<PreparedSecret> secrets_;
  SecretArena arena_;
};

TEST_F(DeliveryTest, WhatMayBeDelivered) {
  EXPECT_EQ(check(), Texts{});
  add("A", Deliver::kEnv, "");
  add("B", Deliver::kFile, "\0\n"sv);
  add("C", Deliver::kFile, "x", ".env");
  add("D", Deliver::kFd, std::string(1 << 20, '\0'));
  add("E", Deliver::kStdin);
  EXPECT_EQ(check(), Texts{});
}

TEST_F(DeliveryTest, NamesAreValidAndUsedOnce) {
  add("1A", Deliver::kEnv);
  add("A=B", Deliver::kFile);
  add("A\nB", Deliver::kFd);
  add("", Deliver::kStdin);
  EXPECT_EQ(check(), (Texts{"1A: the name begins with a digit", "A=B: the name has a '='",
                            "A\\x0aB: the name has a line break", ": the name is empty"}));
  add("A", Deliver::kEnv);
  add("A", Deliver::kFile);
  EXPECT_EQ(check(), Texts{"A: is given twice"});
  add("A", Deliver::kFd);
  add("A_FD", Deliver::kEnv);
  EXPECT_EQ(check(), Texts{"A_FD: this variable carries another secret's descriptor"});
  add("A_FD", Deliver::kEnv);
  add("A", Deliver::kFd);
  EXPECT_EQ(check(), Texts{"A: its variable NAME_FD is given twice"});
}

TEST_F(DeliveryTest, EnvironmentHasNoNulByte) {
  add("A", Deliver::kEnv, "CANARY\0x"sv);
  EXPECT_EQ(check(), Texts{"A: has a NUL byte, which the environment cannot carry: use deliver=file"});
}

TEST_F(DeliveryTest, OneStringOfTheEnvironmentFitsTheKernel) {
  add("ABC", Deliver::kEnv, std::string(131072 - 5, 'x'));  // "ABC=" and the NUL byte
  EXPECT_EQ(check(), Texts{});
  add("ABC", Deliver::kEnv, std::string(131072 - 4, 'x'));
  EXPECT_EQ(check(),
            Texts{"ABC: has 131068 bytes; NAME=value in the environment has at most 131071: use deliver=file"});
  add("ABC", Deliver::kFile, std::string(131072, 'x'));
  EXPECT_EQ(check(), Texts{});
}

TEST_F(DeliveryTest, FilesHavePlacesOfTheirOwn) {
  add("A", Deliver::kFile, "x", ".env");
  add("B", Deliver::kFile, "x", ".env");
  EXPECT_EQ(check(), Texts{"B: another secret has the same file"});
  add("A", Deliver::kFile, "x", "/run/secrets/B");
  add("B", Deliver::kFile);
  EXPECT_EQ(check(), (Texts{"A: in /run/secrets/ a file has its secret's name; leave the path out",
                            "B: another secret has the same file"}));
  add("A", Deliver::kFile, "x", "/run/secrets/A");
  add("B", Deliver::kFile, "x", "/srv/app");
  add("C", Deliver::kFile, "x", "/srv/app.env");
  EXPECT_EQ(check(), Texts{});
  add("A", Deliver::kFile, "x", "/srv/app");
  add("B", Deliver::kFile, "x", "/srv/app/env");
  EXPECT_EQ(check(), Texts{"B: another secret's file would be its folder"});
  add("A", Deliver::kFile, "x", "/srv/app/env");
  add("B", Deliver::kFile, "x", "/srv/app");
  EXPECT_EQ(check(), Texts{"B: another secret's file would be its folder"});
  add("A", Deliver::kFile, "x", "a/../b");
  add("B", Deliver::kFile, "x", "a/");
  add("C", Deliver::kFile, "x", ".");
  add("D", Deliver::kFile, "x", "a\nb");
  EXPECT_EQ(check(), (Texts{"A: the file's path has '..' in it", "B: the file's path names a folder",
                            "C: the file's path names a folder", "D: the file's path has a control character"}));
}

TEST_F(DeliveryTest, ThereIsOneStandardInput) {
  add("A", Deliver::kStdin);
  add("B", Deliver::kStdin);
  EXPECT_EQ(check(), Texts{"B: there is only one standard input"});
}

TEST_F(DeliveryTest, TotalsAreBounded) {
  for (int i = 0; i < 9; ++i) add("A" + std::to_string(i), Deliver::kEnv, std::string(120'000, 'x'));
  EXPECT_EQ(check(),
            Texts{"the values for the environment have 1080036 bytes, more than 1048576; deliver large ones as files"});
  for (size_t i = 0; i <= kMaxSecrets; ++i) {
    secrets_.push_back({"A" + std::to_string(i), Deliver::kFile, SecretBuffer(), {}});
  }
  EXPECT_EQ(check(), Texts{"more than 1024 secrets for one run"});
}

TEST_F(DeliveryTest, ALineBreakIsDroppedForTheEnvironmentOnly) {
  const auto delivered = [&](Scheme from, Deliver how, std::string_view value) {
    return text_of(for_delivery(from, how, secret(value), arena_).value());
  };
  for (const auto from : {Scheme::kFile, Scheme::kFd, Scheme::kStdin}) {
    EXPECT_EQ(delivered(from, Deliver::kEnv, "v\n"), "v");
    EXPECT_EQ(delivered(from, Deliver::kEnv, "v\r\n"), "v");
    EXPECT_EQ(delivered(from, Deliver::kEnv, "v\n\n"), "v\n");
    EXPECT_EQ(delivered(from, Deliver::kEnv, "v\r"), "v\r");
    EXPECT_EQ(delivered(from, Deliver::kEnv, "\n"), "");
    EXPECT_EQ(delivered(from, Deliver::kEnv, ""), "");
    for (const auto how : {Deliver::kFile, Deliver::kFd, Deliver::kStdin})
      EXPECT_EQ(delivered(from, how, "v\n"), "v\n");
  }
  EXPECT_EQ(delivered(Scheme::kEnv, Deliver::kEnv, "v\n"), "v\n");
  EXPECT_EQ(delivered(Scheme::kOp, Deliver::kEnv, "v\n"), "v\n");
}

}  // namespace
}  // namespace confide::secrets
